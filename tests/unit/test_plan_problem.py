"""Questions with something wrong in them: what is wrong is named, and the rest is planned for."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.plan.problem import PlanProblem, Weights, examine
from optimizer.plan.solving import solve
from optimizer.plan.status import AGE_MAX_S, PlanStatus, moved_on
from optimizer.reason import because
from tests.support.plan_cities import a_step_later, city

N = 4


def question(**changes):
    return replace(city(N, steps=24), **changes)


def spoilt(name, index, value):
    problem = question()
    values = getattr(problem, name).copy()
    values[index] = value
    return replace(problem, **{name: values})


WRONG = {
    "a price series too short": (
        lambda: question(tariff=np.ones(10)),
        "plan.series_short",
        {"series": "tariff"},
    ),
    "a forecast too short": (
        lambda: question(T_outdoor=np.zeros(23)),
        "plan.series_short",
        {"steps": 23, "needed": 24},
    ),
    "a hole in the forecast": (
        lambda: spoilt("T_outdoor", slice(5, 7), np.nan),
        "plan.forecast_hole",
        {"step": 5, "steps": 2},
    ),
    "a forecast in kelvin": (
        lambda: question(T_outdoor=np.full(24, 268.0)),
        "plan.forecast_hole",
        {"steps": 24},
    ),
    "a price that is no number": (lambda: spoilt("tariff", 3, np.nan), "plan.tariff", {"step": 3}),
    "a negative price": (lambda: spoilt("tariff", 3, -1.0), "plan.tariff", {"step": 3}),
    "prices that are all 0": (lambda: question(tariff=np.zeros(24)), "plan.tariff", {}),
    "a source limit that is no number": (
        lambda: spoilt("P_max", 2, np.nan),
        "plan.source_unknown",
        {"step": 2},
    ),
    "a source limit below frost protection": (
        lambda: spoilt("P_max", 9, 10.0),
        "plan.source_below_frost",
        {"step": 9, "P_max_kW": 10.0},
    ),
    "a source that can not change": (lambda: question(P_ramp=0.0), "plan.source_ramp", {}),
    "a ramp that is no number": (lambda: question(P_ramp=np.nan), "plan.source_ramp", {}),
    "a horizon of an hour": (
        lambda: question(T_min=np.full((N, 4), 20.0)),
        "plan.horizon_short",
        {"steps": 4},
    ),
    "a table of another size": (lambda: question(gains=np.zeros((N, 23))), "plan.shape", {"table": "gains"}),
    "areas of fewer loops": (lambda: question(area=np.ones(N - 1)), "plan.shape", {"table": "area"}),
    "no loops": (lambda: question(T_min=np.empty((0, 24))), "plan.no_loops", {}),
    "a start that is no number": (lambda: question(start=np.nan), "plan.time", {"start_s": "nan"}),
    "a weight of 0": (lambda: question(weights=Weights(cold=0.0)), "plan.weight", {"weight": "cold"}),
    "rooms that are no numbers": (
        lambda: question(x0=np.full((N, 2), np.nan)),
        "plan.no_loop_left",
        {"loops": N},
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_for_all_leaves_no_plan_and_is_named(case):
    make, reason, params = WRONG[case]
    plan = solve(make())
    assert plan.status is PlanStatus.NONE
    assert plan.q.shape[1] == 0
    assert plan.why.id == reason
    assert params.items() <= dict(plan.why.params).items()


@pytest.mark.parametrize(
    "case", [case for case in WRONG if case not in ("no loops", "a start that is no number")]
)
def test_the_last_good_plan_moves_on_in_its_place(case):
    make, reason, _ = WRONG[case]
    before = solve(question())
    later = replace(make(), start=before.start + 1800.0)
    plan = solve(later, replace(before, start=before.start - 1800.0))
    assert plan.status is PlanStatus.STALE
    assert plan.why.id == reason
    assert np.array_equal(plan.q, before.q[:, 1:])
    assert plan.made_from == before.made_from


LOOP_WRONG = {
    "a room without a number": ("x0", (1, 0), np.nan, "plan.loop_hole", "x0"),
    "an area of nothing": ("area", 1, 0.0, "plan.loop_area", None),
    "an area in cm2": ("area", 1, 6e8, "plan.loop_area", None),
    "free heat without end": ("gains", (1, 3), np.inf, "plan.loop_hole", "gains"),
    "a comfort band upside down": ("T_min", (1, 4), 23.0, "plan.comfort_band", None),
    "heat bounds upside down": ("q_min", (1, 4), 90.0, "plan.heat_bounds", None),
    "negative heat": ("q_min", (1, 4), -5.0, "plan.loop_heat", None),
    "heat in W": ("q_max", (1, 4), 3e6, "plan.loop_heat", None),
    "a ramp of 0": ("ramp", 1, 0.0, "plan.loop_ramp", None),
    "a house that gains heat by itself": ("A", (1, 0, 0), 1.4, "plan.loop_model", None),
    "heat that cools": ("B", (1, 0, 0), -0.01, "plan.loop_model", None),
    "rooms in kelvin": ("x0", (1, 0), 293.0, "plan.loop_temperature", None),
    "heat before that is not known": ("q_before", 1, np.nan, "plan.loop_hole", "q_before"),
}


@pytest.mark.parametrize("case", LOOP_WRONG)
def test_what_is_wrong_with_one_loop_excludes_this_loop(case):
    name, index, value, reason, what = LOOP_WRONG[case]
    plan = solve(spoilt(name, index, value))
    assert plan.status in (PlanStatus.OPTIMAL, PlanStatus.USABLE)
    (excluded,) = plan.excluded
    assert excluded.loop == 1
    assert excluded.why.id == reason
    assert what is None or excluded.why.params["what"] == what
    others = np.delete(np.arange(N), 1)
    assert np.isnan(plan.q[1]).all()
    assert np.isfinite(plan.q[others]).all()
    assert np.isfinite(plan.price).all()
    assert np.isfinite(plan.P).all()


def test_an_excluded_loop_goes_on_taking_heat_from_the_source():
    problem = spoilt("x0", (1, 0), np.nan)
    examined = examine(problem)
    assert examined.P_held == pytest.approx(problem.area[1] * problem.q_before[1] / 1000.0)
    plan = solve(problem)
    assert (problem.P_max - examined.P_held + 1e-6 >= plan.P).all()
    unknown = replace(problem, q_before=np.where(np.arange(N) == 1, np.nan, problem.q_before))
    assert examine(unknown).P_held == pytest.approx(
        problem.area[1] * np.median(np.delete(problem.q_before, 1)) / 1000.0
    )


def test_a_plan_moves_on_by_whole_steps_until_it_is_too_old():
    plan = solve(city(N))
    why = because("plan.forecast_hole", step=0, steps=1)
    later = moved_on(plan, plan.start + 2000.0, why)
    assert later.status is PlanStatus.STALE
    assert later.start == plan.start + 1800.0
    assert np.array_equal(later.q, plan.q[:, 2:])
    assert later.age_s(plan.start + 2000.0) == 2000.0
    assert later.step_at(plan.start + 2000.0) == 0
    assert later.step_at(plan.start) is None
    again = moved_on(later, plan.start + AGE_MAX_S, why)
    assert np.array_equal(again.q, plan.q[:, 3:])
    old = moved_on(again, plan.start + AGE_MAX_S + 1.0, why)
    assert old.status is PlanStatus.NONE
    assert old.why.id == "plan.too_old"
    assert old.why.params["because"] == "plan.forecast_hole"
    early = moved_on(plan, plan.start - 1.0, why)
    assert early.status is PlanStatus.NONE


def test_nothing_moves_on_from_nothing():
    none = solve(question(tariff=np.ones(3)))
    later = solve(question(tariff=np.ones(3)), none)
    assert later.status is PlanStatus.NONE
    assert later.why.id == "plan.series_short"


def test_a_previous_plan_of_another_city_or_with_holes_is_no_beginning():
    problem = question()
    plain = solve(problem)
    for previous in (solve(city(N + 1, steps=24)), solve(spoilt("x0", (1, 0), np.nan)), solve(city(N))):
        assert np.array_equal(solve(problem, previous).q, plain.q)


def test_a_source_without_a_limit_and_a_heat_bound_that_drops_at_once_are_planned():
    problem = question(P_max=np.full(24, np.inf), P_ramp=np.inf)
    falling = problem.q_max.copy()
    falling[:, 6:9] = problem.q_min[:, 6:9]
    plan = solve(replace(problem, q_max=falling))
    assert plan.status in (PlanStatus.OPTIMAL, PlanStatus.USABLE)
    assert (plan.q[:, 6:9] <= falling[:, 6:9] + 2e-3).all()
    none = solve(replace(problem, q_max=np.zeros((N, 24)), q_min=np.zeros((N, 24))))
    assert none.status in (PlanStatus.OPTIMAL, PlanStatus.USABLE)
    assert none.q.max() < 2e-3
    assert "plan.out_of_reach" in [each.id for each in none.binding]


def test_steps_of_another_length_are_planned_as_well():
    for steps in (24, 48, 96):
        plan = solve(city(N, steps=steps))
        assert plan.status is PlanStatus.OPTIMAL
        assert plan.dt_h == 24.0 / steps
    later = a_step_later(city(N), solve(city(N)).q[:, 0])
    assert isinstance(later, PlanProblem)


def test_lists_and_whole_numbers_are_taken_as_well():
    problem = question()
    listed = replace(problem, tariff=[1] * 24, q_min=np.zeros((N, 24), dtype=int), critical=[0, 1, 0, 0])
    plan = solve(listed)
    assert plan.status is PlanStatus.OPTIMAL
    assert listed.critical.dtype == np.bool_


def test_an_hour_of_free_heat_is_planned():
    tariff = np.ones(96)
    tariff[10:14] = 0.0
    plan = solve(replace(city(N), tariff=tariff))
    assert plan.status is PlanStatus.OPTIMAL
    assert "plan.cap" in [each.id for each in plan.binding]
