"""What is told of a loop stands in the arrays: every number of every sentence is looked up there."""

import math
import re
from dataclasses import replace

import numpy as np
import pytest

from controller.words.phrase import PHRASES
from controller.words.plan import instruction, on_curve, reasoned
from optimizer.explain import DAY_H, SOON_H, curve_of, effect_of, explain, foretell, source_of
from optimizer.instructions import OWN_BAND_K, Held, Limit, instruct
from optimizer.on_curve import Course
from optimizer.plan.interior import Effort
from optimizer.plan.solving import solve
from optimizer.plan.status import PlanStatus, moved_on
from optimizer.reason import because
from tests.support.explained import LOOPS, curve_course, emitters, known_rooms, problem

NUMBER = re.compile(r"[-+−]?\d+(?:\.\d+)?")
LANGUAGES = ("en", "zh")
STEP_S = 900.0


@pytest.fixture(scope="module")
def question():
    return problem()


@pytest.fixture(scope="module")
def plan(question):
    made = solve(question, effort=Effort())
    assert made.status in (PlanStatus.OPTIMAL, PlanStatus.USABLE)
    return made


@pytest.fixture(scope="module")
def course(question):
    return curve_course(question)


def numbers(text):
    """Numbers of a sentence in their order; ``m²`` and ``W/m²`` are units, not numbers."""
    return [float(found.replace("−", "-")) for found in NUMBER.findall(text)]


def quoted(reason, *values):
    """Every language quotes exactly these numbers, each to the digits with which it stands there."""
    for language in LANGUAGES:
        text = reasoned(reason).text(language)
        found = NUMBER.findall(text)
        assert len(found) == len(values), text
        # in Chinese clauses may stand in another order, so each number is looked for
        left = list(found)
        for value in values:
            near = [n for n in left if abs(float(n) - value) <= 0.5 * 10.0 ** -decimals(n) + 1e-9]
            assert near, (text, value)
            left.remove(max(near, key=decimals))


def decimals(text):
    return len(text.partition(".")[2])


def held(n):
    nothing = np.full(n, math.nan)
    long_ago = np.full(n, math.inf)
    return Held(
        T_supply=nothing,
        flow=nothing,
        since_move_s=long_ago,
        since_flow_s=long_ago,
        flow_rose=np.zeros(n, dtype=bool),
    )


def told_of(plan, **changes):
    e = emitters(**changes)
    return instruct(plan.q[:, 0], known_rooms(), e, held(LOOPS)), e


# ------------------------------------------------------------------------------------- what is expected


@pytest.mark.parametrize("later_s", [0.0, 400.0, 4 * STEP_S])
def test_rooms_and_heat_are_those_of_the_plan_from_that_step_on(plan, question, course, later_s):
    now = plan.start + later_s
    foretold = foretell(plan, now, known_rooms(), course, question)
    step = int(later_s // STEP_S)
    hours = 24.0 - 0.25 * step
    for i in range(LOOPS):
        T_soon, T_end = plan.T_indoor[i, step + 11], plan.T_indoor[i, -1]
        q = plan.q[i, step:].mean()
        quoted(effect_of(i, foretold), known_rooms()[i], SOON_H, T_soon, hours, T_end, q)


@pytest.mark.parametrize("later_s", [0.0, 4 * STEP_S])
def test_the_curve_is_told_by_its_own_course(plan, question, course, later_s):
    foretold = foretell(plan, plan.start + later_s, known_rooms(), course, question)
    step = int(later_s // STEP_S)
    for i in range(LOOPS):
        more = 100.0 * (course.q[i, step:].mean() / plan.q[i, step:].mean() - 1.0)
        numbers_told = (
            course.T_supply[i, step],
            100.0 * course.flow[i, step],
            more,
            course.T_indoor[i, -1],
            DAY_H - 0.25 * step,
        )
        quoted(curve_of(i, foretold), *numbers_told)
        assert foretold.saved[i] == pytest.approx(1.0 - plan.q[i, step:].mean() / course.q[i, step:].mean())


def test_a_plan_that_was_moved_on_is_held_against_the_same_hours_of_the_question(plan, question, course):
    now = plan.start + 2 * STEP_S
    moved = moved_on(plan, now, because("plan.solver_died", how="SIGKILL"))
    whole, later = (foretell(each, now, known_rooms(), course, question) for each in (plan, moved))
    np.testing.assert_array_equal(whole.curve_q, later.curve_q)
    np.testing.assert_array_equal(whole.q, later.q)
    assert whole.bounds == later.bounds
    assert reasoned(source_of(moved, now)).en == "plan of 30 min ago, moved on because the solver died"


def test_an_old_plan_beside_a_newer_question_is_told_by_the_hours_that_both_have(plan, question, course):
    moved = moved_on(plan, plan.start + 1000.0, because("plan.solver_memory"))
    newer = replace(question, start=plan.start + 1000.0)
    foretold = foretell(moved, plan.start + 1000.0, known_rooms(), course, newer)
    assert foretold.hours == 23.75
    np.testing.assert_array_equal(foretold.curve_T_supply, course.T_supply[:, 0])


def test_nothing_is_foretold_beyond_a_plan(plan, question, course):
    after = plan.start + 96 * STEP_S
    assert foretell(plan, after, known_rooms(), course, question) is None


def test_an_excluded_loop_is_told_no_numbers(question, course):
    hole = replace(question, T_min=question.T_min.copy())
    hole.T_min[1] = np.nan
    made = solve(hole)
    foretold = foretell(made, made.start, known_rooms(), course, hole)
    assert np.isnan([foretold.q[1], foretold.T_now[1], foretold.curve_q[1], foretold.saved[1]]).all()
    assert foretold.bounds[1] == ()
    assert np.isfinite(np.delete(foretold.q, 1)).all()


def test_without_a_known_curve_nothing_is_said_of_it(plan, question, course):
    unknown = Course(*(np.full_like(part, np.nan) for part in course))
    foretold = foretell(plan, plan.start, known_rooms(), unknown, question)
    told, e = told_of(plan)
    explanation = explain(0, plan=plan, now=plan.start, foretold=foretold, told=told, emitters=e)
    assert explanation.curve is None
    assert "curve" not in instruction(explanation).en


# --------------------------------------------------------------------------------------- what is asked


KINDS = {
    "sets both": {},
    "temperature only": {"sets_flow": False},
    "an offset": {"offset_min": -3.0, "offset_max": 5.0},
}


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_asked_is_what_the_instruction_says(plan, question, course, kind):
    told, e = told_of(plan, **KINDS[kind])
    foretold = foretell(plan, plan.start, known_rooms(), course, question)
    for i in range(LOOPS):
        asked = explain(i, plan=plan, now=plan.start, foretold=foretold, told=told, emitters=e).asked
        numbers_told = {
            "sets both": (told.T_supply[i], 100.0 * told.flow[i], told.q[i]),
            "temperature only": (told.T_supply[i], 100.0 * told.flow[i], told.q[i]),
            "an offset": (told.offset[i], told.T_supply[i], told.q[i]),
        }
        quoted(asked, *numbers_told[kind])


LIMITS = {
    Limit.NONE: lambda told, e: None,
    Limit.SUPPLY_MAX: lambda told, e: (e.T_supply_max[0],),
    Limit.SUPPLY_MIN: lambda told, e: (e.T_supply_min[0],),
    Limit.OWN_CURVE: lambda told, e: (OWN_BAND_K, e.T_own[0]),
    Limit.OFFSET: lambda told, e: (e.offset_min[0], e.offset_max[0], e.T_own[0]),
    Limit.FLOW_MIN: lambda told, e: (100.0 * told.flow_advised[0],),
    Limit.FLOW_MAX: lambda told, e: (100.0 * told.flow_advised[0],),
}


@pytest.mark.parametrize("limit", list(Limit))
def test_each_limit_is_told_with_its_own_numbers(plan, question, course, limit):
    told, e = told_of(plan, offset_min=-3.0, offset_max=5.0)
    bound = replace(told, limit=np.full(LOOPS, limit, dtype=np.int8))
    foretold = replace(foretell(plan, plan.start, known_rooms(), course, question), bounds=((),) * LOOPS)
    limits = explain(0, plan=plan, now=plan.start, foretold=foretold, told=bound, emitters=e).limits
    expected = LIMITS[limit](told, e)
    assert len(limits) == (expected is not None)
    if expected is not None:
        quoted(limits[0], *expected)


def test_less_water_than_keeps_dwellings_even_is_told_beside_the_coolest_supply(plan, question, course):
    told, e = told_of(plan, flow_even=0.9, T_own=75.0)
    foretold = replace(foretell(plan, plan.start, known_rooms(), course, question), bounds=((),) * LOOPS)
    limits = explain(0, plan=plan, now=plan.start, foretold=foretold, told=told, emitters=e).limits
    assert [one.id for one in limits] == ["explain.own_curve", "explain.flow_less"]
    assert 60.0 <= 100.0 * told.flow[0] < 90.0
    quoted(limits[1], 100.0 * told.flow[0])


def test_rooms_outside_their_band_are_told_with_the_worst_and_how_long(question, course):
    tight = replace(question, q_max=question.q_max.copy(), T_max=question.T_max.copy())
    tight.q_max[0] = 0.7 * question.q_before[0]  # nothing more reaches the first
    tight.T_max[1] = tight.T_min[1] + 0.01
    tight.q_min[1] = 0.9 * tight.q_max[1]  # the second can not be cooler
    made = solve(tight)
    foretold = foretell(made, made.start, known_rooms(), course, tight)
    short, over = tight.T_min[0] - made.T_indoor[0], made.T_indoor[1] - tight.T_max[1]
    (cold,), (warm,) = foretold.bounds[0], foretold.bounds[1]
    assert (cold.id, warm.id) == ("explain.out_of_reach", "explain.warm")
    quoted(cold, short.max(), 0.25 * (short > 0.05).sum())
    quoted(warm, over.max(), 0.25 * (over > 0.05).sum())


def test_a_shortage_is_told_as_cold_rooms(question, course):
    need = question.area @ question.q_before / 1000.0
    short = replace(question, P_max=np.full(96, 0.75 * need))
    made = solve(short)
    assert made.why.id == "plan.rationed"
    foretold = foretell(made, made.start, known_rooms(), course, short)
    cold = 0
    for i in range(LOOPS):
        below = short.T_min[i] - made.T_indoor[i]
        told = [reason for reason in foretold.bounds[i] if reason.id == "explain.cold"]
        assert len(told) == (below.max() > 0.05)
        for reason in told:
            quoted(reason, below.max(), 0.25 * (below > 0.05).sum())
            cold += 1
    assert cold >= 2
    p = dict(made.why.params)
    quoted(made.why, p["share_percent"], p["hours"], p["horizon_h"], p["cold_K"])


def test_what_binds_a_plan_is_told_with_its_numbers(question):
    made = solve(replace(question, P_max=np.full(96, 0.97 * question.area @ question.q_before / 1000.0)))
    assert made.binding
    for reason in made.binding:
        quoted(reason, *reason.params.values())


# ------------------------------------------------------------------------------------- the whole sentence


def test_the_whole_is_one_sentence_of_its_parts_in_both_languages(plan, question, course):
    told, e = told_of(plan)
    foretold = foretell(plan, plan.start, known_rooms(), course, question)
    explanation = explain(2, plan=plan, now=plan.start + 420.0, foretold=foretold, told=told, emitters=e)
    e = explanation
    parts = (e.asked, e.source, *e.limits, e.effect, e.curve)
    whole = instruction(explanation)
    for language in LANGUAGES:
        text = whole.text(language)
        assert "{" not in text
        assert "\n" not in text
        at = [text.index(reasoned(part).text(language)) for part in parts]
        assert at == sorted(at)
        assert sorted(numbers(text)) == sorted(
            number for part in parts for number in numbers(reasoned(part).text(language))
        )
    assert "plan of 7 min ago" in whole.en


def test_a_loop_that_keeps_the_curve_says_why_and_what_the_curve_says():
    wish = reasoned(because("explain.flow_max", flow_percent=100.0))
    told = on_curve(because("plan.loop_hole", what="gains"), wish)
    assert told.en == "stays on the curve, the free heat is not known: all 100 % of design flow are needed"
    assert told.zh.startswith("保持供热曲线，因自由得热未知：")


def test_the_same_numbers_stand_in_both_languages():
    for name, (en, zh) in PHRASES.items():
        if name.startswith(("explain.", "plan.", "estimate.", "identify.")):
            bare = [re.sub(r"\{[^}]*\}", "", text) for text in (en, zh)]
            assert sorted(numbers(bare[0])) == sorted(numbers(bare[1])), name
