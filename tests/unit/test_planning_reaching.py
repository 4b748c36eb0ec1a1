"""What of the source's water bounds a plan's loops: under way, at the valve, in the exchanger; or why not."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.config.sources import SourceRules
from controller.image import StationImage
from controller.knowing.belief import Introduced, first_belief
from controller.planning.question import question, times_of
from controller.planning.reaching import GAP_MOST_S, SourceHistory, Waters, reaching
from controller.planning.rules import NO_SOURCE
from controller.wiring import plan_rules
from optimizer.estimate.state import LAW
from optimizer.explain import foretell
from optimizer.identify.delay import Delay
from optimizer.identify.exchanger import ExchangerTrend
from optimizer.plan.solving import solve
from optimizer.plan.status import PlanStatus
from optimizer.reach import NEEDED, SLACK
from optimizer.reach_told import told_of_plan
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.guard_world import NOW, loop_traits
from tests.support.planned_town import RULES, SCENE, known_town, published, weather
from tests.support.source_city import BASE, PEAK, city

HOUR = 3600.0
ONE, TWO = loop_traits(1), loop_traits(2)
LOOPS = [ONE, TWO]
TOWN = {one.key: one for one in LOOPS}
KNOWN = known_town(TOWN)
TIMES = times_of(NOW)
AREA, HEAT = KNOWN.buildings.area, np.maximum(KNOWN.state.q, 0.0)
MEAN_K = 12.0
"""Of the logarithmic mean in the exchanger as read below."""


def station(T_primary=80.0, y=1.0, dp=80.0, **without):
    """What a station reads whose exchanger gives the loop's heat now, at the same difference at both ends."""
    q, area = float(HEAT[0]), float(AREA[0])
    T_supply, T_return = T_primary - MEAN_K, T_primary - 30.0
    m_p = q * area / 1000.0 / 4.18 / (T_primary - T_return - MEAN_K)
    told = {
        Point(0, "T_supply_primary"): T_primary,
        Point(0, "T_return_primary"): T_return + MEAN_K,
        Point(0, "m_flow_primary"): m_p,
        Point(0, "p_supply_primary"): 600.0 + dp,
        Point(0, "p_return_primary"): 600.0,
        Point(0, "y_valve_primary"): y,
        Point(1, "T_supply_secondary"): T_supply,
        Point(1, "T_return_secondary"): T_return,
        Point(1, "m_flow_secondary"): q * area / 1000.0 / 4.18 / (T_supply - T_return),
    }
    return {point: good(value, NOW) for point, value in told.items() if without.get(point.name, True)}


def waters(readings=None, beliefs=None, T_sent=(90.0,), sent_at=(NOW,)):
    images = {
        name: StationImage(station=name, readings=station() if readings is None else readings, polled_at=NOW)
        for name in ("S001", "S002")
    }
    return Waters(images=images, beliefs=beliefs or {}, sent_at=np.array(sent_at), T_sent=np.array(T_sent))


def reached(*, rules=RULES, **told):
    return reaching(KNOWN, LOOPS, waters(**told), rules, TIMES)


def belief(**found):
    introduced = Introduced(NOW, KNOWN.buildings.take([0]), True)
    return {ONE.key: replace(first_belief(ONE.key, introduced), **found)}


FREE = question(KNOWN, TOWN, weather(), NO_SOURCE, RULES, NOW, SCENE).problem
STILL = replace(RULES, T_source_max_degC=80.0)


def test_an_open_valve_gives_no_more_than_it_gives():
    found = reached(rules=STILL)
    assert found.unknown == (None, None)
    # by the logarithmic mean, where the product has effectiveness: what both sides agree on at design flow
    b, q = KNOWN.buildings, float(found.q[0, 0]) / SLACK
    C_p, C_s = float(HEAT[0]) / (30.0 - MEAN_K), 4180.0 * float(b.flow_design[0])
    UA = float(HEAT[0]) / MEAN_K / (0.55 + 0.45 * (C_s / C_p) ** -0.7)
    excess = float(b.excess_n[0]) * (q / float(b.q_n[0])) ** (1.0 / (1.0 + float(b.exponent[0])))
    back = float(KNOWN.state.T_indoor[0] + KNOWN.state.mean[0, LAW]) + q / C_s / math.expm1(q / C_s / excess)
    hot, cold = 80.0 - back - q / C_s, 80.0 - q / C_p - back
    assert q == pytest.approx(UA * (hot - cold) / math.log(hot / cold), rel=1e-3)
    throttled = reached(rules=STILL, readings=station(y=0.5))
    assert throttled.q[0, 0] > 1.15 * found.q[0, 0]


def test_the_source_warms_no_faster_than_it_may_and_to_no_more_than_it_can():
    rules = replace(RULES, T_source_max_degC=100.0, T_source_change_K_per_h=10.0)
    T = reached(rules=rules).T_arrives[0]
    assert T[0] == pytest.approx(80.0)
    kept = (80.0 - 5.0) / (90.0 - 5.0)
    assert T[2] == pytest.approx(80.0 + kept * 5.0)
    assert T[4:] == pytest.approx(80.0 + kept * 10.0)


def test_water_that_left_cooler_arrives_one_delay_later_and_gives_less():
    late = belief(delay=Delay(seconds=HOUR, correlation=0.9))
    sent = {"sent_at": (NOW - 2 * HOUR, NOW - HOUR, NOW), "T_sent": (90.0, 90.0, 70.0)}
    rules = replace(RULES, T_source_max_degC=70.0)
    found = reached(rules=rules, beliefs=late, **sent)
    assert found.T_arrives[0, 0] == pytest.approx(80.0)
    assert found.T_arrives[0, 4:] == pytest.approx(80.0 - 20.0 * 75.0 / 85.0)
    assert found.q[0, 4] < 0.8 * found.q[0, 0]
    # a delay that was never identified binds by what arrives now, not by what may be under way
    assert found.T_arrives[1] == pytest.approx(80.0)


def test_what_an_exchanger_has_shown_is_remembered_and_one_that_was_cleaned_is_believed():
    UA = float(HEAT[0] * AREA[0]) / 1000.0 / MEAN_K
    m = {point.name: reading.value for point, reading in station().items()}

    def shown(part, readings=None, **more):
        trend = ExchangerTrend(
            UA_kW_per_K=part * UA, change_30_days=0.0, change_low=-0.1, change_high=0.1, days=20, fouls=False,
            m_flow_primary=m["m_flow_primary"], m_flow_secondary=m["m_flow_secondary"], **more,
        )  # fmt: skip
        return reached(rules=STILL, beliefs=belief(exchanger=trend), readings=readings)

    now = reached(rules=STILL).q[0]
    assert shown(1.0).q[0] == pytest.approx(now, rel=1e-6)
    assert shown(0.5).q[0] == pytest.approx(now), "it shows more now"
    assert shown(2.0).q[0, 0] > 1.1 * now[0]
    assert shown(2.0, loops=2).q[0] == pytest.approx(now), "of two exchangers together: nothing of this one"
    blind = station(T_return_primary=False)
    assert reached(rules=STILL, readings=blind).unknown[0] == "UA_exchanger"
    assert shown(1.0, blind).q[0] == pytest.approx(now, rel=1e-6), "what it has shown stands in"
    drawn = {"m_flow_primary_most": 2.0 * m["m_flow_primary"]}
    assert shown(1.0, **drawn).q[0, 0] > 1.1 * now[0], "it has drawn twice as much before"
    short = shown(1.0, station(dp=12.5), **drawn)
    assert short.q[0] == pytest.approx(now), "with a quarter of the pressure it draws half of that"


def test_what_a_station_has_shown_to_draw_bounds_nothing_by_itself():
    """After mild weeks it may have to draw more than ever."""
    shown = ExchangerTrend(
        UA_kW_per_K=100.0, change_30_days=0.0, change_low=0.0, change_high=0.0, days=20, fouls=False,
        m_flow_primary=5.0, m_flow_secondary=20.0, m_flow_primary_most=6.0,
    )  # fmt: skip
    found = reached(beliefs=belief(exchanger=shown), readings=station(y_valve_primary=False))
    assert np.isposinf(found.q).all()


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        ("T_source", {"T_sent": (), "sent_at": ()}),
        ("T_arrives", {"readings": station(T_supply_primary=False)}),
        ("UA_exchanger", {"readings": station(T_return_secondary=False)}),
        ("m_flow_primary_most", {"readings": station(y_valve_primary=False)}),
    ],
)
def test_what_lacks_binds_no_loop_changes_no_question_and_is_named(lacking, told):
    found = reached(**told)
    assert found.unknown == (lacking, lacking)
    assert np.isposinf(found.q).all()
    same = question(
        KNOWN, TOWN, weather(), NO_SOURCE, RULES, NOW, replace(SCENE, waters=waters(**told))
    ).problem
    assert (same.q_max == FREE.q_max).all()
    assert (same.q_min == FREE.q_min).all()
    plan = published(TOWN, scene=replace(SCENE, waters=waters(**told)))
    (why,) = [one for one in plan.binding() if one.id == "plan.reach_unknown"]
    assert why.params == {"loops": 2, "quantity": lacking}


def test_a_loop_that_is_bound_says_by_which_water_and_how_much():
    cold = replace(RULES, T_source_max_degC=70.0)
    scene = replace(SCENE, waters=waters(readings=station(T_primary=70.0), T_sent=(70.0,)))
    plan = published(TOWN, T_indoor=19.0, rules=cold, scene=scene)
    assert plan.plan.status in (PlanStatus.OPTIMAL, PlanStatus.USABLE)
    assert plan.plan.q[0].max() <= plan.problem.q_max[0].max() + 1e-6
    foretold = foretell(plan.plan, NOW, plan.known.state.T_indoor, plan.curve, plan.problem, plan.reach)
    said = next(one for one in foretold.bounds[0] if one.id == "explain.reach")
    at = int(np.argmin(plan.reach.q[0]))
    assert said.params["q"] == pytest.approx(plan.reach.q[0, at])
    assert said.params["T_arrives"] == pytest.approx(70.0)
    (whole,) = [one for one in plan.binding() if one.id == "plan.reach"]
    assert whole.params["loops"] == 2


def test_less_than_may_be_told_is_planned_with_the_least_and_said():
    scene = replace(SCENE, waters=waters(readings=station(T_primary=38.0), T_sent=(38.0,)))
    plan = published(TOWN, rules=replace(RULES, T_source_max_degC=38.0), scene=scene)
    assert plan.plan.status in (PlanStatus.OPTIMAL, PlanStatus.USABLE), "never without a plan"
    assert (plan.problem.q_max > plan.problem.q_min).all()
    assert any(one.id == "plan.reach_below_least" for one in plan.binding())


def test_a_plan_that_moved_on_is_told_by_the_steps_that_are_left():
    found = reached(rules=STILL)
    q = np.where(np.arange(96) < 4, found.q, 0.5 * found.q)
    least = np.zeros_like(q)
    assert [one.id for one in told_of_plan(q, least, found, 0, 0.25)] == ["plan.reach"]
    assert told_of_plan(q[:, 4:], least, found, 4, 0.25) == ()


def test_the_sources_past_is_kept_for_hours_and_begins_anew_after_a_gap():
    history = SourceHistory()
    assert history.series()[0].size == 0
    for quarter in range(60):
        history.note(NOW + 900.0 * quarter, 80.0 + quarter)
    at, T = history.series()
    assert at[-1] - at[0] == pytest.approx(8.0 * HOUR)
    assert T[-1] == 139.0
    history.note(at[-1] + 900.0, None)
    assert len(history.series()[0]) == len(at) - 1, "silence adds nothing"
    history.note(at[-1] + 2.0 * GAP_MOST_S, 70.0)
    assert history.series()[1].tolist() == [70.0]


BROKEN = st.one_of(st.floats(-50.0, 200.0), st.sampled_from([0.0, 1e9, -1e9]))


@settings(max_examples=25, deadline=None)
@given(values=st.lists(BROKEN, min_size=9, max_size=9), T_sent=BROKEN, UA=BROKEN, delay=st.floats(0.0, 1e5))
def test_whatever_is_read_the_question_stays_one_that_has_an_answer(values, T_sent, UA, delay):
    readings = {point: good(value, NOW) for point, value in zip(station(), values, strict=True)}
    trend = ExchangerTrend(
        UA_kW_per_K=UA, change_30_days=0.0, change_low=0.0, change_high=0.0, days=20, fouls=False,
        m_flow_primary=values[0], m_flow_secondary=values[1], m_flow_primary_most=values[2],
    )  # fmt: skip
    told = belief(exchanger=trend, delay=Delay(seconds=delay, correlation=0.9))
    scene = replace(SCENE, waters=waters(readings=readings, beliefs=told, T_sent=(T_sent,)))
    asked = question(KNOWN, TOWN, weather(), NO_SOURCE, RULES, NOW, scene)
    problem, found = asked.problem, asked.reach
    assert not np.isnan(found.q).any()
    assert all(name is None or name in NEEDED for name in found.unknown)
    assert (problem.q_max > problem.q_min).all()
    assert (problem.q_max <= FREE.q_max).all()
    assert (problem.q_min == FREE.q_min).all()


def test_a_bound_that_falls_within_the_hour_still_has_a_plan():
    late = belief(delay=Delay(seconds=HOUR, correlation=0.9))
    sent = {"sent_at": (NOW - 2 * HOUR, NOW - HOUR, NOW), "T_sent": (90.0, 90.0, 45.0)}
    rules = replace(RULES, T_source_max_degC=45.0)
    scene = replace(SCENE, waters=waters(beliefs=late, **sent))
    plan = solve(question(KNOWN, TOWN, weather(), NO_SOURCE, rules, NOW, scene).problem)
    assert plan.status in (PlanStatus.OPTIMAL, PlanStatus.USABLE)
    assert np.isfinite(plan.q).all()


def test_a_source_without_a_section_counts_with_its_defaults(tmp_path):
    site = city(tmp_path)
    assert set(site.planning.sources) == {PEAK}, "the other one has none"
    cool = SourceRules(role="peak", T_supply_max_degC=90.0, change_K_per_h=5.0)
    site = replace(site, planning=replace(site.planning, sources={PEAK: cool}))
    rules = plan_rules(site, {}, {})
    assert (rules.T_source_max_degC, rules.T_source_change_K_per_h) == (120.0, 15.0)
    both = replace(site.planning, sources={PEAK: cool, BASE: cool})
    rules = plan_rules(replace(site, planning=both), {}, {})
    assert (rules.T_source_max_degC, rules.T_source_change_K_per_h) == (90.0, 5.0)
