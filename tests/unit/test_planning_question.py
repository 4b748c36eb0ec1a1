"""From what is known to what is asked: bounds, comfort, who is left out, and what the source can give."""

from dataclasses import replace

import numpy as np
import pytest

from controller.decisions import Mode
from controller.planning.bounds import band_of, heat_bounds
from controller.planning.judging import sane
from controller.planning.question import STEPS, question
from controller.planning.rules import NO_SOURCE, SourceSeen
from optimizer.emitters import heat_from
from optimizer.forecast.calendar import opening
from optimizer.inversion import log_mean_excess
from optimizer.plan.solving import solve
from optimizer.plan.status import PlanStatus
from stations.model.setpoint import StationClass
from tests.support.guard_world import NOW, floor_curve, loop_traits
from tests.support.planned_town import RULES, SCENE, T_OUTDOOR, known_town, weather

ONE, TWO = loop_traits(1), loop_traits(2, emitter="floor", own_curve=floor_curve)
TOWN = {one.key: one for one in (ONE, TWO)}
KNOWN = known_town(TOWN)


def asked(rules=RULES, source=NO_SOURCE, scene=SCENE, series=None):
    return question(KNOWN, TOWN, weather() if series is None else series, source, rules, NOW, scene)


def test_the_heat_of_a_supply_and_a_flow_is_what_emitters_and_water_agree_on():
    one = KNOWN.buildings.take([0])
    q = float(heat_from(one, np.array([[55.0]]), np.array([0.8]), np.array([20.0]))[0, 0])
    drop = q / (4180.0 * float(one.flow_design[0]) * 0.8)
    excess = log_mean_excess(55.0, 55.0 - drop, 20.0)
    by_emitter = float(one.q_n[0]) * (excess / float(one.excess_n[0])) ** (1.0 + float(one.exponent[0]))
    assert by_emitter == pytest.approx(q, rel=1e-4)


def test_heat_is_bound_by_what_the_guard_lets_through_around_the_own_curve():
    own = ONE.own_curve(T_OUTDOOR)
    rooms = KNOWN.state.T_indoor + KNOWN.state.mean[:, 4]
    low, high = (
        heat_from(KNOWN.buildings, np.array([[own + band] * 2]), np.array([flow] * 2), rooms)[0, 0]
        for band, flow in ((-8.0, 0.6), (8.0, 1.0))
    )
    problem = asked().problem
    assert problem.q_min[0] == pytest.approx(low)
    assert problem.q_max[0] == pytest.approx(high)
    assert (problem.ramp > 0.0).all()


@pytest.mark.parametrize(
    ("share_taken", "scaled"),
    [(0.8, False), (0.97, True)],
    ids=["enough", "the source gives nearly all it has"],
)
def test_the_least_heats_hold_while_there_is_enough_and_leave_room_to_share_in_a_shortage(
    share_taken, scaled
):
    """Of a source whose heat the least heats take seven tenths of."""
    free = asked().problem
    most = float((free.area @ free.q_min).max()) / 1000.0 / 0.7
    takes = share_taken * most * 1000.0 / float(free.area.sum())
    state = replace(KNOWN.state, q=np.full(2, takes))
    known = replace(KNOWN, state=state)
    source = SourceSeen(Q_flow_max=most / 0.995, Q_flow=share_taken * most)
    problem = question(known, TOWN, weather(), source, RULES, NOW, SCENE).problem
    least = float((problem.area @ problem.q_min).max()) / 1000.0
    assert least == pytest.approx((0.6 if scaled else 0.7) * most, rel=0.01)


def heats(place=0, *, arrives=np.nan, reached=np.nan, blind=False, T_outdoor=T_OUTDOOR):
    rooms, T = KNOWN.state.T_indoor, np.full(4, T_outdoor)
    given = heat_bounds(
        [(ONE, TWO)[place]],
        KNOWN.buildings.take([place]),
        rooms[[place]],
        T,
        np.array([arrives]),
        np.array([reached]),
        np.full((1, 4), np.inf),
        np.array([blind]),
    )
    assert (given.high > given.low).all()
    return given


def most_heat(**seen):
    return heats(**seen).high[0, 0]


@pytest.mark.parametrize(("T_outdoor", "binds"), [(2.5, True), (3.5, False)])
def test_a_loop_whose_water_nobody_sees_is_planned_warm_in_frost_as_the_guard_keeps_it(T_outdoor, binds):
    seen, unseen = (heats(1, blind=blind, T_outdoor=T_outdoor).low[0, 0] for blind in (False, True))
    floor, room = KNOWN.buildings.take([1]), KNOWN.state.T_indoor[1:]
    at_35 = heat_from(floor, np.array([[35.0]]), np.array([0.7]), room)[0, 0]
    assert seen < at_35
    assert unseen == pytest.approx(at_35 if binds else seen)


def test_what_an_exchanger_does_not_reach_is_not_planned_with_even_below_the_own_curve():
    own = ONE.own_curve(T_OUTDOOR)
    at = heat_from(KNOWN.buildings.take([0]), np.array([[own - 4.0]]), np.ones(1), KNOWN.state.T_indoor[:1])
    assert most_heat(reached=own - 4.0) == pytest.approx(at[0, 0])
    assert most_heat(reached=own + 20.0) == most_heat()
    assert 0.0 < most_heat(reached=20.0) < most_heat(reached=own - 4.0), "colder than it may be told"


def test_cool_water_from_the_source_bounds_it_but_never_below_the_own_curve():
    rooms = KNOWN.state.T_indoor
    free, cool, cold = (
        most_heat(arrives=arrives) for arrives in (np.nan, ONE.own_curve(T_OUTDOOR) + 7.0, 40.0)
    )
    own = heat_from(KNOWN.buildings.take([0]), np.array([[ONE.own_curve(T_OUTDOOR)]]), np.ones(1), rooms[:1])[
        0, 0
    ]
    assert free > cool > cold == pytest.approx(own)


def test_a_class_b_station_has_the_band_of_its_offset():
    offset = loop_traits(1, station_class=StationClass.B)
    assert band_of(offset) == (-1.0, 5.0)
    assert band_of(offset, far_down=True) == (-3.0, 5.0)
    assert band_of(ONE) == band_of(ONE, far_down=True) == (-8.0, 8.0)


def test_a_register_that_wears_out_is_planned_for_where_the_guard_keeps_it():
    assert band_of(loop_traits(1, wears_out=True)) == (-6.0, 6.0)


def test_nights_and_closed_buildings_may_be_cooler():
    night = asked(replace(RULES, night_setback_K=1.0)).problem.T_min
    # 23:00 to 05:00 in Shanghai is six of the day's 24 hours
    assert (night[0] < night[0].max() - 0.9).sum() == STEPS / 4
    school = opening(((8.0, 18.0),) * 7)
    closed = asked(replace(RULES, calendars={TWO.key: school})).problem.T_min
    assert (closed[1] < closed[1].max() - 1.9).sum() == STEPS * 14 / 24
    assert np.ptp(closed[0]) < np.ptp(closed[1]), "the other loop is none"


@pytest.mark.parametrize(
    ("T_outdoor", "wanted_K"), [(-15.0, 2.891), (-2.0, 2.891), (6.5, 2.276), (9.0, 2.130)]
)
def test_in_mild_weather_dwellings_are_less_apart_and_rooms_nearer_to_the_least(T_outdoor, wanted_K):
    # 97 % of a spread of 1.2 K by load, of 0.6 K for the hours and 0.75 K of doubt
    problem = asked(series=weather(T_outdoor)).problem
    breath = problem.T_max - problem.T_max.min(axis=1, keepdims=True)
    level = (problem.T_min - breath + breath.mean(axis=1, keepdims=True)).mean(axis=1)
    np.testing.assert_allclose(level - 18.0, wanted_K, atol=0.01)


def test_a_hospital_is_kept_warmer_by_as_much_as_the_site_says():
    usual, warmer = asked(RULES).problem, asked(replace(RULES, warmer_K={TWO.key: 2.0})).problem
    for band in ("T_min", "T_max"):
        np.testing.assert_allclose(
            getattr(warmer, band) - getattr(usual, band), [[0.0] * STEPS, [2.0] * STEPS]
        )


def test_who_is_left_out_is_named_and_the_others_are_planned_for():
    state = KNOWN.state
    covariance = state.covariance.copy()
    covariance[1, 0, 0] = 25.0
    trust = replace(state.trust, level_sd=np.full(2, 5.0), sensor_sd=np.full(2, 5.0))
    unknown = replace(KNOWN, state=replace(state, covariance=covariance, trust=trust))
    found = question(unknown, TOWN, weather(), NO_SOURCE, RULES, NOW, SCENE).excluded
    assert {str(key): why.id for key, why in found.items()}["S002/1"] == "plan.loop_unknown"
    scene = replace(SCENE, modes={ONE.key: Mode.LOCAL}, lost=frozenset([TWO.key]))
    assert [why.id for why in asked(scene=scene).excluded.values()] == ["plan.loop_mode", "plan.loop_no_link"]
    one_left = solve(asked(scene=replace(scene, lost=frozenset())).problem)
    assert np.isnan(one_left.q[0]).all()
    assert np.isfinite(one_left.q[1]).all()


def test_what_pipes_lose_is_taken_off_what_the_source_can_give():
    heat = float(KNOWN.buildings.area @ KNOWN.state.q) / 1000.0
    source = SourceSeen(Q_flow=1.1 * heat, Q_flow_max=2.0 * heat)
    assert asked(source=source).problem.P_max == pytest.approx(0.995 * 1.9 * heat)
    assert np.isinf(asked().problem.P_max).all()


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_weather_and_sources_that_are_no_numbers_ask_a_question_whose_answer_is_refused(number):
    source = SourceSeen(Q_flow=number, Q_flow_max=number)
    assert solve(asked(source=source).problem).status is PlanStatus.NONE
    assert solve(asked(series=weather(number)).problem).status is PlanStatus.NONE


def test_prices_follow_the_hours_of_the_local_day():
    rules = replace(RULES, tariff=tuple(float(hour) for hour in range(24)))
    tariff = asked(rules).problem.tariff
    hour = int((NOW + 8 * 3600.0) % 86_400.0 // 3600.0)
    assert tariff[0] == hour
    assert sorted(set(tariff)) == [float(one) for one in range(24)]


def test_a_plan_far_from_the_curves_heat_is_not_believed_unless_there_is_a_shortage():
    whole = asked()
    plan = solve(whole.problem)
    assert sane(plan, whole) is None
    nothing = replace(plan, q=0.2 * plan.q)
    assert sane(nothing, whole).id == "plan.not_sane"
    short = plan.why if plan.why is not None else type(sane(nothing, whole))("plan.rationed")
    assert sane(replace(nothing, why=short._replace(id="plan.rationed")), whole) is None
    assert sane(replace(plan, q=3.0 * plan.q), whole).params["share_percent"] > 140.0


@pytest.mark.parametrize("T_outdoor", [5.0, 9.0, 12.0])
def test_a_plan_of_a_sunny_day_of_spring_is_believed_though_the_curve_would_give_twice_as_much(T_outdoor):
    hours = np.arange(STEPS) * 0.25
    sun = 300.0 * np.clip(np.sin(np.pi * (hours - 7.0) / 11.0), 0.0, None)
    whole = asked(series=replace(weather(T_outdoor), sun=sun))
    plan = solve(whole.problem)
    share = float(whole.problem.area @ plan.q.sum(axis=1)) / float(
        whole.problem.area @ whole.curve.q.sum(axis=1)
    )
    assert share < 0.62
    assert sane(plan, whole) is None
    assert sane(replace(plan, q=0.3 * plan.q), whole).id == "plan.not_sane"
    assert sane(replace(plan, q=4.5 * plan.q), whole).id == "plan.not_sane"


def test_in_a_shortage_loops_outside_of_the_plan_count_with_their_share_and_leave_the_others_theirs():
    local = replace(SCENE, modes={TWO.key: Mode.LOCAL})
    free = asked(scene=local)
    need = free.curve.q.mean(axis=1)
    whole = float(KNOWN.buildings.area @ need) / 1000.0
    half = asked(scene=local, source=SourceSeen(Q_flow_max=0.5 * whole / 0.995))
    assert half.problem.q_before[1] == pytest.approx(0.5 * need[1], rel=1e-6)
    assert half.problem.q_before[0] == free.problem.q_before[0], "of who is planned for nothing is changed"
    plan = solve(half.problem)
    assert plan.q[0].mean() == pytest.approx(0.5 * need[0], rel=0.02)
    assert (
        asked(scene=local, source=SourceSeen(Q_flow_max=1.2 * whole)).problem.q_before[1]
        == (free.problem.q_before[1])
    )


def test_a_source_of_which_no_number_is_known_changes_nobody_s_heat():
    wrong = asked(source=SourceSeen(Q_flow_max=float("nan"))).problem
    assert np.array_equal(wrong.q_before, asked().problem.q_before)


@pytest.mark.parametrize("share", [0.0, 0.03])
def test_a_source_below_frost_protection_is_named_the_plan_moves_on_and_then_the_curve_answers(share):
    before = solve(asked().problem)
    source = SourceSeen(Q_flow_max=share * needed(), Q_flow=share * needed())
    none = solve(asked(source=source).problem)
    assert none.status is PlanStatus.NONE
    assert none.why.id == "plan.source_below_frost"
    assert none.why.params["P_max_kW"] < none.why.params["needed_kW"] < 0.2 * needed()
    later = solve(replace(asked(source=source).problem, start=NOW + 900.0), before)
    assert later.status is PlanStatus.STALE
    assert later.why.id == "plan.source_below_frost"


@pytest.mark.parametrize("share", [0.7, 0.3, 0.2])
def test_what_is_above_frost_protection_is_shared_out(share):
    source = SourceSeen(Q_flow_max=share * needed(), Q_flow=share * needed())
    problem = asked(source=source).problem
    plan = solve(problem)
    assert plan.why.id == "plan.rationed"
    assert float((problem.area @ problem.q_min).max()) / 1000.0 < share * needed()


def needed():
    """What the town takes now."""
    return float(KNOWN.buildings.area @ KNOWN.state.q) / 1000.0
