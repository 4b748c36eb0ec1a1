"""Strategy optimizer: what it asks of loops by a plan, at which pace, and why it sometimes does not."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from controller.deciding import Rules
from controller.deciding import propose as propose_all
from controller.decisions import Mode, Sent
from controller.modes import PlanChoice, PlanOrder
from controller.planning.question import Scene
from controller.planning.reached import PROBE_K
from controller.strategies import curve
from controller.strategies.holding import INSIDE_K, MOVE_K
from controller.strategies.optimizer import propose
from controller.strategies.pace import FLOW_PACE, SHORT_K
from controller.strategies.registry import STRATEGIES
from optimizer.instructions import OWN_BAND_K
from optimizer.plan.status import AGE_MAX_S, no_plan
from optimizer.reason import because
from stations.model.reading import good
from stations.model.setpoint import StationClass
from tests.support.guard_world import MONOTONIC, NOW, loop_traits, observation
from tests.support.planned_town import FILTERS_S, LAWS, SCENE, inputs, published

ONE, TWO = loop_traits(1), loop_traits(2)
TOWN = {one.key: one for one in (ONE, TWO)}
DESIGN = ONE.m_flow_design


@cache
def plan(T_indoor=21.5):
    return published(TOWN, T_indoor=T_indoor)


def held(T_supply, flow=0.6, minutes=120.0):
    """What a loop was told two hours ago and holds since."""
    at = MONOTONIC - 60.0 * minutes
    return (Sent(at=at, T_supply=T_supply, m_flow=flow * DESIGN, T_own_curve=60.0),)


def wish_of(traits, whole, town=TOWN):
    return next(one for one in propose(list(town.values()), whole).proposals if one.key == traits.key)


def test_it_is_a_strategy_that_a_district_may_choose():
    assert STRATEGIES["optimizer"] is propose


def test_a_loop_is_told_temperature_and_flow_with_the_plan_as_reason():
    wish = wish_of(ONE, inputs(TOWN, plan()))
    assert wish.author == "strategy:optimizer"
    assert wish.reason.id == "plan.instruction"
    assert 30.0 < wish.T_supply < 70.0
    assert 0.6 * DESIGN <= wish.m_flow <= DESIGN


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda p: None, "plan.not_yet"),
        (lambda p: replace(p, plan=no_plan(2, NOW, 0.25, because("plan.no_loops"))), "plan.no_loops"),
        (lambda p: replace(p, plan=replace(p.plan, made_from=NOW - AGE_MAX_S - 1.0)), "plan.too_old"),
    ],
)
def test_without_a_plan_to_follow_the_curve_answers_as_it_is_and_says_why(spoil, told):
    whole = inputs(TOWN, plan())
    wishes = propose(list(TOWN.values()), replace(whole, published=spoil(plan()))).proposals
    for mine, by_curve in zip(wishes, curve.propose_all(TOWN.values(), whole).proposals, strict=True):
        assert (mine.T_supply, mine.m_flow) == (by_curve.T_supply, by_curve.m_flow)
        assert mine.reason.id == "plan.on_curve"
        assert mine.reason.params["why"].id == told
        assert mine.reason.params["wish"] == by_curve.reason


def test_off_the_curve_asks_what_it_asks_without_anything_known_or_planned_bit_for_bit():
    knowing = inputs(TOWN, plan())
    bare = replace(knowing, published=None, known=None, records={}, readings={}, plan_orders={})
    assert knowing.known is not None
    for town in (TOWN, {ONE.key: ONE}):
        told, alone = (curve.propose_all(town.values(), one).proposals for one in (knowing, bare))
        assert told == alone
        assert [wish.author for wish in told] == ["strategy:curve"] * len(town)
    assert wish_of(ONE, knowing).T_supply != told[0].T_supply, "the plan would ask for something else"


def test_a_plan_is_followed_until_it_is_three_quarters_of_an_hour_old():
    late = NOW + AGE_MAX_S - 1.0
    assert wish_of(ONE, inputs(TOWN, plan(), now=late)).reason.id == "plan.instruction"
    assert wish_of(ONE, inputs(TOWN, plan(), now=late + 2.0)).reason.id == "plan.on_curve"


@pytest.mark.parametrize(("off_K", "step_K"), [(-6.0, 1.3), (6.0, -1.3), (-0.4, 0.4)])
def test_where_a_plan_ends_a_loop_goes_back_to_the_curve_below_the_pace_at_which_a_person_is_asked(
    off_K, step_K
):
    whole = inputs(TOWN, plan(), now=NOW + AGE_MAX_S + 1.0)
    (by_curve,) = curve.propose_all([ONE], whole).proposals
    T_held = by_curve.T_supply + off_K
    wish = wish_of(ONE, replace(whole, sent={ONE.key: held(T_held, 0.7)}))
    assert wish.T_supply == pytest.approx(T_held + step_K)
    assert wish.m_flow == pytest.approx((0.7 + FLOW_PACE) * DESIGN)
    told = wish.reason.params
    assert (told["T_supply"], told["flow_percent"]) == (wish.T_supply, 100.0 * wish.m_flow / DESIGN)
    assert f"{wish.T_supply:.1f} °C" in wish.reason.en
    assert told["wish"] == by_curve.reason, "where it goes"


def test_a_loop_that_is_left_out_follows_the_curve_and_says_why():
    scene = replace(SCENE, modes={TWO.key: Mode.MANUAL})
    told = published(TOWN, scene=scene)
    assert wish_of(ONE, inputs(TOWN, told)).reason.id == "plan.instruction"
    other = wish_of(TWO, inputs(TOWN, told))
    assert other.reason.params["why"].id == "plan.loop_mode"


def test_a_loop_that_a_person_holds_back_keeps_the_curve_and_says_by_whose_order():
    hold = PlanOrder(order=7, author="olga", reason="test", choice=PlanChoice.HOLD, until=NOW + 60.0)
    whole = inputs(TOWN, plan(), plan_orders={TWO.key: hold})
    assert wish_of(ONE, whole).reason.id == "plan.instruction"
    mine = wish_of(TWO, whole)
    (by_curve,) = curve.propose_all([TWO], whole).proposals
    assert (mine.T_supply, mine.m_flow) == (by_curve.T_supply, by_curve.m_flow)
    assert "olga holds it back from plans (order 7)" in mine.reason.en


def test_a_loop_that_follows_plans_by_itself_does_so_in_a_district_on_the_curve():
    rules = Rules(
        traits=TOWN,
        strategy_of=dict.fromkeys((ONE.district, TWO.district), "curve"),
        laws=LAWS,
        outdoor_filter_s=FILTERS_S,
        poll_s=10.0,
    )
    follow = PlanOrder(order=7, author="eva", reason="test", choice=PlanChoice.FOLLOW, until=NOW + 60.0)
    proposed = propose_all(rules, inputs(TOWN, plan(), plan_orders={TWO.key: follow})).proposals
    assert {wish.key: wish.author for wish in proposed} == {
        ONE.key: "strategy:curve",
        TWO.key: "strategy:optimizer",
    }
    assert next(wish for wish in proposed if wish.key == TWO.key).reason.id == "plan.instruction"


def test_houses_that_are_too_warm_get_less_from_hour_to_hour_than_cold_ones():
    cold, warm = (plan(T).plan.q[0] for T in (19.0, 24.0))
    assert warm[0] > cold[0], "it begins with what each of them took"
    assert warm[24] < cold[24] - 3.0


@pytest.mark.parametrize(("T_held", "sign"), [(66.0, -1.0), (35.0, 1.0)])
def test_a_loop_moves_towards_the_plan_below_the_pace_at_which_the_guard_asks_a_person(T_held, sign):
    wish = wish_of(ONE, inputs(TOWN, plan(), sent={ONE.key: held(T_held)}))
    assert 0.5 <= sign * (wish.T_supply - T_held) <= 1.3 + 1e-9


def test_within_an_hour_it_moves_by_no_more_than_2_3_kelvin():
    sent = (*held(66.0), Sent(at=MONOTONIC - 2400.0, T_supply=64.8, m_flow=0.6 * DESIGN, T_own_curve=60.0))
    wish = wish_of(ONE, inputs(TOWN, plan(), sent={ONE.key: sent}))
    assert wish.T_supply == pytest.approx(66.0 - 2.3)


def test_what_weather_moved_the_own_curve_by_does_not_count_as_a_move():
    calm = inputs(TOWN, plan(), sent={ONE.key: held(66.0)})
    milder = replace(calm, T_outdoor_past={30: -5.0, 60: -5.0})  # the own curve came down since
    assert wish_of(ONE, milder).T_supply < wish_of(ONE, calm).T_supply - 1.0


def test_small_moves_and_those_soon_after_another_are_left_out():
    aim = wish_of(ONE, inputs(TOWN, plan()))
    near = held(aim.T_supply + 0.8 * MOVE_K, aim.m_flow / DESIGN)
    assert wish_of(ONE, inputs(TOWN, plan(), sent={ONE.key: near})).T_supply == near[0].T_supply
    just_now = held(aim.T_supply + 3.0, aim.m_flow / DESIGN, minutes=10.0)
    assert wish_of(ONE, inputs(TOWN, plan(), sent={ONE.key: just_now})).T_supply == just_now[0].T_supply


@pytest.mark.parametrize(
    ("off_K", "minutes", "moves"),
    [(0.7, 60.0, False), (0.7, 95.0, True), (2.2, 20.0, False), (2.2, 30.0, True), (0.4, 600.0, False)],
)
def test_a_loop_is_moved_when_what_it_is_off_has_lasted(off_K, minutes, moves):
    aim = wish_of(ONE, inputs(TOWN, plan()))
    sent = held(aim.T_supply + off_K, aim.m_flow / DESIGN, minutes=minutes)
    told = wish_of(ONE, inputs(TOWN, plan(), sent={ONE.key: sent}))
    assert (told.T_supply < sent[0].T_supply) is moves


@pytest.mark.parametrize(("T_indoor", "sign"), [(17.0, 1.0), (25.0, -1.0)])
def test_a_loop_that_the_band_about_its_own_curve_has_passed_goes_a_little_inside_at_once(T_indoor, sign):
    edge = ONE.own_curve(-3.0) + sign * OWN_BAND_K
    at_edge = held(edge + sign * 0.1, minutes=10.0)
    told = wish_of(ONE, inputs(TOWN, plan(T_indoor), sent={ONE.key: at_edge}))
    assert INSIDE_K <= sign * (edge - told.T_supply) <= 1.3, "at its pace"
    within = held(edge - sign * 0.1, minutes=10.0)
    assert wish_of(ONE, inputs(TOWN, plan(T_indoor), sent={ONE.key: within})).T_supply == within[0].T_supply


def seen_at(T_reached, T_told):
    return observation(1, T_supply=good(T_reached, NOW - 5.0), T_supply_effective=good(T_told, NOW - 5.0))


@pytest.mark.parametrize(
    ("short_K", "minutes", "pump", "asked"),
    [
        (5.0, 90.0, True, "a little more than it gives"),
        (0.3, 90.0, True, "what the plan wants"),
        (5.0, 5.0, True, "what it holds"),
        (5.0, 90.0, False, "what the plan wants"),
    ],
)
def test_a_loop_that_stays_short_is_asked_for_a_little_more_than_it_gives(short_K, minutes, pump, asked):
    one = replace(
        ONE, own_curve=lambda T: ONE.own_curve(T) - 6.0
    )  # less is not the coolest that it may be told
    town = TOWN | {one.key: one}
    made = published(town)
    free = wish_of(one, inputs(town, made), town)
    T_held = free.T_supply - 0.2
    seen = replace(seen_at(T_held - short_K, T_held), pump_running=pump)
    whole = inputs(town, made, sent={one.key: held(T_held, free.m_flow / DESIGN, minutes=minutes)})
    heard = replace(whole, observations={**whole.observations, one.key: seen})
    told = wish_of(one, heard, town).T_supply
    given = max(T_held - short_K + PROBE_K, T_held - 1.3)  # at its pace
    assert told == pytest.approx(given if asked == "a little more than it gives" else T_held)


def test_flow_gives_way_by_a_twentieth_in_half_an_hour():
    wish = wish_of(ONE, inputs(TOWN, plan(), sent={ONE.key: held(55.0, flow=1.0)}))
    assert wish.m_flow == pytest.approx(0.95 * DESIGN)


@pytest.mark.parametrize(("sure", "low_K"), [(False, -1.0), (True, -3.0)])
def test_a_class_b_station_is_told_within_its_offset(sure, low_K):
    offset = loop_traits(1, station_class=StationClass.B)
    town = {offset.key: offset}
    far = frozenset(town) if sure else frozenset()
    told = replace(published(town, T_indoor=24.0, scene=replace(SCENE, far_down=far)), far_down=far)
    wish = wish_of(offset, inputs(town, told), town)
    assert wish.T_supply == pytest.approx(offset.own_curve(-3.0) + low_K, abs=0.01), "houses are too warm"
    assert wish.m_flow == pytest.approx(DESIGN)


def test_a_loop_that_takes_no_setpoints_is_not_planned_for():
    only_read = loop_traits(2, station_class=StationClass.C)
    town = {ONE.key: ONE, only_read.key: only_read}
    told = published(town)
    assert told.excluded[only_read.key].id == "plan.loop_not_driven"
    assert np.isfinite(told.plan.q[told.keys.index(ONE.key)]).all()


def test_it_hands_on_what_is_known_of_its_own_loops_and_of_no_others():
    whole = inputs(TOWN, plan())
    first = propose([ONE, TWO], whole).records
    assert set(first) == {ONE.key, TWO.key}
    assert set(propose([ONE], replace(whole, records=first)).records) == {ONE.key}
    assert propose([], replace(whole, records=first)).records == {}


def test_a_scene_without_news_leaves_nobody_out():
    assert published(TOWN, scene=Scene(T_outdoor_filtered=SCENE.T_outdoor_filtered)).excluded == {}


def test_heat_for_the_rooms_leaves_a_station_as_much_earlier_as_its_water_needs():
    whole = plan()
    rising = replace(whole.plan, q=38.0 + 2.0 * np.arange(96.0) * np.ones((2, 1)))
    away = replace(whole, plan=rising, to_rooms_s=np.array([240.0, 0.0]))
    far, near = (wish_of(loop, inputs(TOWN, away)) for loop in (ONE, TWO))
    at_once, later = (
        wish_of(ONE, inputs(TOWN, replace(away, to_rooms_s=None), now=now)) for now in (NOW, NOW + 240.0)
    )
    assert far.T_supply == pytest.approx(later.T_supply)
    assert far.T_supply > at_once.T_supply + 0.05
    assert near.T_supply == wish_of(TWO, inputs(TOWN, replace(away, to_rooms_s=None))).T_supply


def test_in_a_declared_shortage_a_loop_goes_down_by_what_the_guard_lets_it_and_up_at_the_usual_pace():
    """A quarter of an hour ago it held 66 degC; the plan wants much less."""
    sent = {ONE.key: held(66.0, minutes=20.0)}
    usual = wish_of(ONE, inputs(TOWN, plan(), sent=sent))
    short = wish_of(ONE, inputs(TOWN, plan(), sent=sent, shortage=True))
    assert usual.T_supply > 66.0 - 2.5
    assert short.T_supply == pytest.approx(66.0 - SHORT_K, abs=1e-6)
    warm = {ONE.key: held(40.0, minutes=20.0)}
    assert wish_of(ONE, inputs(TOWN, plan(), sent=warm, shortage=True)).T_supply == pytest.approx(
        wish_of(ONE, inputs(TOWN, plan(), sent=warm)).T_supply
    )
