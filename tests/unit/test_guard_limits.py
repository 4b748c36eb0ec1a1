"""Limits: between which values anybody may move a loop, and how they bind at once."""

import pytest

from controller.decisions import Action, Rule, Sent
from controller.guard import guard
from stations.model.quality import Reason
from stations.model.reading import good, uncertain
from stations.model.setpoint import StationClass
from tests.support.guard_world import (
    MONOTONIC,
    NOW,
    context,
    loop_traits,
    no_value,
    observation,
    own_curve,
    sent,
    wish,
)

FRESH = NOW - 5.0


def advice(T_supply, m_flow=40.0, seen=None, traits=None, **changes):
    """The limits alone, without pace: what an unproven loop would be advised."""
    of = loop_traits(proven=False, **(traits or {}))
    whole = context([of], [observation(**(seen or {}))], {of.key: ()}, **changes)
    decision = guard([wish(T_supply, m_flow)], whole).decisions[of.key]
    return decision.T_supply, decision.m_flow


def level(T):
    return lambda _: T


@pytest.mark.parametrize(
    ("wanted", "traits", "allowed"),
    [
        (99.0, {"own_curve": level(84.0)}, 85.0),
        (99.0, {"own_curve": level(54.0), "emitter": "floor"}, 55.0),
        (99.0, {"own_curve": level(54.0), "emitter": "floor", "T_supply_max_degC": 80.0}, 55.0),
        (99.0, {"own_curve": level(54.0), "T_supply_max_degC": 58.0}, 58.0),
        (10.0, {"own_curve": level(27.0)}, 25.0),
        (10.0, {"own_curve": level(27.0), "T_supply_min_degC": 0.0}, 25.0),
        (10.0, {"own_curve": level(31.0), "T_supply_min_degC": 30.0}, 30.0),
        (50.0, {"T_supply_min_degC": 60.0, "T_supply_max_degC": 50.0}, 50.0),
        (99.0, {"own_curve": level(60.0)}, 68.0),
        (10.0, {"own_curve": level(60.0)}, 52.0),
        (60.0, {"own_curve": level(60.0), "T_supply_max_degC": 45.0}, 45.0),
        (40.0, {"own_curve": level(12.0)}, 25.0),
        (60.0, {}, 60.0),
    ],
)
def test_hard_temperatures_and_the_own_curve(wanted, traits, allowed):
    warm = {"T_return": good(30.0, FRESH)}
    assert advice(wanted, seen=warm, traits=traits)[0] == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("its", "traits", "allowed"),
    [
        (no_value(), {}, own_curve(-5.0) - 8.0),
        (good(-3.0, FRESH), {}, own_curve(-3.0) - 8.0),
        (good(3.0, FRESH), {}, own_curve(0.0) - 8.0),
        (good(-3.0, NOW - 700.0), {}, own_curve(-5.0) - 8.0),
        (uncertain(-20.0, Reason.RATE, FRESH, FRESH), {}, own_curve(-5.0) - 8.0),
        (good(-3.0, FRESH), {"wears_out": True}, own_curve(-3.0) - 6.0),
        (good(-20.0, FRESH), {}, own_curve(0.0) + 8.0),
        (good(-3.0, FRESH), {"takes_outdoor": True}, own_curve(0.0) - 8.0),
    ],
)
def test_a_station_that_goes_by_colder_weather_is_kept_near_where_it_would_fall_back_to(its, traits, allowed):
    of = {"station_class": StationClass.T} | traits
    assert advice(30.0, seen={"T_outdoor": its}, traits=of)[0] == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("its", "allowed"),
    [
        (good(8.0, FRESH), own_curve(8.0) + 8.0),  # the sun stands on its sensor
        (good(-3.0, FRESH), own_curve(0.0) + 8.0),
        (good(20.0, FRESH), own_curve(0.0) - 8.0),  # so far off that both bands do not meet: ours counts
        (no_value(), own_curve(0.0) + 8.0),
    ],
)
def test_a_station_that_goes_by_warmer_weather_is_not_led_far_above_its_fallback_either(its, allowed):
    of = {"station_class": StationClass.T}
    assert advice(80.0, seen={"T_outdoor": its}, traits=of)[0] == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("holds", "its", "action"),
    [
        (67.0, good(-20.0, FRESH), Action.RENEW),
        (68.5, good(-20.0, FRESH), Action.RELEASE),
        (None, good(-20.0, FRESH), Action.NONE),
        (66.0, good(-10.0, FRESH), Action.SET),
        (53.0, good(20.0, FRESH), Action.SET),
    ],
)
def test_a_station_whose_fallback_is_far_warmer_is_not_written_to(holds, its, action):
    """In a mild autumn one without a sensor, which goes by -5 degC, was led 12 K below its fallback."""
    of = loop_traits(station_class=StationClass.T)
    seen = observation(T_outdoor=its, T_supply_effective=good(67.0, FRESH))
    whole = context([of], [seen], {of.key: () if holds is None else (sent(120, holds),)})
    decision = guard([wish(60.0)], whole).decisions[of.key]
    assert decision.action is action
    assert (decision.cuts[0].detail.id == "guard.fallback_warmer") is (action is not Action.SET)


def test_a_station_whose_fallback_is_far_colder_is_taken_over_there_and_led_up_at_the_usual_rate():
    """Without a sensor it goes by -5 degC in hard frost, too: 8 K below our band, and its homes are cold."""
    of = loop_traits(station_class=StationClass.T)
    seen = observation(T_outdoor=good(8.0, FRESH), T_supply_effective=good(48.0, FRESH))
    first = guard([wish(60.0)], context([of], [seen], {of.key: ()})).decisions[of.key]
    assert (first.action, first.T_supply) == (Action.SET, 48.0)
    held = context([of], [seen], {of.key: (sent(20, 48.0),)})
    assert guard([wish(60.0)], held).decisions[of.key].T_supply == pytest.approx(49.0)
    at_the_end = context([of], [seen], {of.key: (sent(20, 55.8),)})
    assert guard([wish(60.0)], at_the_end).decisions[of.key].action is Action.RENEW, "8 K above its fallback"


def test_a_sensor_that_fails_moves_a_held_loop_by_the_usual_step_only():
    of = loop_traits(station_class=StationClass.T)
    seen = observation(T_outdoor=no_value())
    held = context([of], [seen], {of.key: (sent(120, 53.0),)})
    assert guard([wish(53.0)], held).decisions[of.key].T_supply == pytest.approx(54.0)


@pytest.mark.parametrize(
    ("wanted", "allowed"), [(0.0, 12.0), (12.0, 12.0), (40.0, 40.0), (41.0, 40.0), (-5.0, 12.0)]
)
def test_circulation_stays_within_30_to_100_percent(wanted, allowed):
    assert advice(60.0, wanted)[1] == pytest.approx(allowed)


SURE = {"link_availability_24h": {"S001": 0.99}, "T_outdoor_forecast_min": -5.0}


@pytest.mark.parametrize(
    ("wanted", "traits", "changes", "allowed"),
    [
        (70.0, {}, SURE, 65.0),
        (50.0, {}, SURE, 57.0),
        (50.0, {}, {}, 59.0),
        (50.0, {}, SURE | {"link_availability_24h": {"S001": 0.989}}, 59.0),
        (50.0, {}, SURE | {"link_availability_24h": {"S002": 1.0}}, 59.0),
        (50.0, {}, SURE | {"T_outdoor_forecast_min": -5.1}, 59.0),
        (50.0, {}, SURE | {"T_outdoor_forecast_min": None}, 59.0),
        (50.0, {"offset_lower_K": -9.0}, SURE, 57.0),
        (50.0, {"offset_lower_K": -2.0}, SURE, 58.0),
        (70.0, {"offset_upper_K": 9.0}, {}, 65.0),
        (70.0, {"offset_upper_K": 2.0}, {}, 62.0),
    ],
)
def test_the_offset_of_class_b(wanted, traits, changes, allowed):
    of = {"station_class": StationClass.B, "own_curve": level(60.0)} | traits
    assert advice(wanted, traits=of, **changes)[0] == allowed


@pytest.mark.parametrize("wears_out", [True, False])
@pytest.mark.parametrize(("dT_held", "steps"), [(-3.0, 3), (-2.35, 2), (-1.15, 1)])
def test_an_offset_that_is_no_longer_safe_comes_back_by_steps_of_a_kelvin_and_rests_between(
    dT_held, steps, wears_out
):
    """The forecast fell below -5 degC: an offset of -3 K, forced to -1 K at once, would be a jump of 2 K."""
    of = loop_traits(
        station_class=StationClass.B, own_curve=level(60.0), wears_out=wears_out, heat_resolution_K=0.1
    )

    def decided(T_held, seconds_ago, **changes):
        last = Sent(at=MONOTONIC - seconds_ago, T_supply=T_held, m_flow=40.0, T_own_curve=60.0)
        whole = context([of], None, {of.key: (last,)}, changes_24h={of.key: 3}, **changes)
        return guard([], whole).decisions[of.key]

    T, writes = 60.0 + dT_held, 0
    while T < 59.0:
        assert decided(T, 30.0).action is Action.RENEW, "it rests"
        moved = decided(T, 1000.0)
        assert (moved.action, moved.cuts[0].rule) == (Action.SET, Rule.OFFSET)
        assert 0.2 < round(moved.T_supply, 1) - round(T, 1) <= 1.0 + 1e-9
        T, writes = moved.T_supply, writes + 1
    assert writes == steps
    assert decided(60.0 + dT_held, 1000.0, **SURE).action is Action.RENEW


@pytest.mark.parametrize(
    ("seen", "T_outdoor", "allowed"),
    [
        ({"T_return": good(9.9, FRESH)}, 10.0, 35.0),
        ({"T_return": good(10.0, FRESH)}, 10.0, 27.0),
        ({"T_return": good(40.0, FRESH), "T_supply": good(9.0, FRESH)}, 10.0, 35.0),  # swapped sensors
        ({"T_return": no_value()}, 2.9, 35.0),
        ({"T_return": no_value()}, 3.0, 27.0),
        ({"T_return": good(40.0, NOW - 700.0)}, 2.9, 35.0),
    ],
)
def test_a_loop_with_cold_or_unknown_water_is_kept_warm(seen, T_outdoor, allowed):
    traits = {"own_curve": level(32.0)}
    assert advice(27.0, seen=seen, traits=traits, T_outdoor_centre=good(T_outdoor, FRESH))[0] == allowed


def test_unknown_water_is_warmed_at_the_usual_rate_and_cold_water_at_once():
    cold = {"own_curve": level(32.0)}
    unknown = decide(27.0, 27.0, cold, T_return=no_value())
    assert (unknown.action, unknown.T_supply) == (Action.SET, 28.0)
    assert decide(27.0, 27.0, cold, T_return=good(9.0, FRESH)).T_supply == 35.0


def test_the_own_curve_outranks_frost():
    assert advice(20.0, seen={"T_return": good(5.0, FRESH)}, traits={"own_curve": level(26.0)})[0] == 34.0


@pytest.mark.parametrize(
    ("p_return", "allowed"),
    [
        (good(29.0, FRESH), 30.0),
        (good(30.0, FRESH), 38.0),
        (no_value(), 38.0),
        (good(9.0, NOW - 700.0), 38.0),
    ],
)
def test_lost_pressure_lets_nobody_circulate_more(p_return, allowed):
    seen = {"p_return": p_return, "m_flow_effective": good(30.0, FRESH)}
    assert advice(60.0, 38.0, seen=seen)[1] == allowed


@pytest.mark.parametrize(
    ("primary", "allowed"),
    [
        (good(95.0, FRESH), 66.0),
        (good(65.0, FRESH), 62.0),
        (no_value(), 60.0),
        (good(95.0, NOW - 700.0), 60.0),
    ],
)
def test_nobody_asks_more_than_the_source_can_give(primary, allowed):
    assert advice(66.0, seen={"T_supply_primary": primary})[0] == allowed


@pytest.mark.parametrize(("elsewhere", "allowed"), [(95.0, 61.0), (67.5, 60.5), (60.0, 60.0), (None, 60.0)])
def test_a_station_that_does_not_show_its_primary_supply_goes_by_the_others_less_what_pipes_lose(
    elsewhere, allowed
):
    of = loop_traits()
    unseen = observation(T_supply_primary=no_value())
    whole = context([of], [unseen], {of.key: (sent(120),)}, T_primary_elsewhere=elsewhere)
    assert guard([wish(66.0)], whole).decisions[of.key].T_supply == allowed


def decide(T_supply, held, traits, m_held=40.0, m_flow=40.0, **seen):
    of = loop_traits(**traits)
    whole = context([of], [observation(**seen)], {of.key: (sent(120, held, m_held),)})
    return guard([wish(T_supply, m_flow)], whole).decisions[of.key]


@pytest.mark.parametrize(
    ("held", "traits", "expected"),
    [
        (70.0, {"T_supply_max_degC": 62.0}, 62.0),
        (40.0, {}, 52.0),
        (68.1, {}, 67.8),  # one dead-band inside, or a creeping limit would cut in every cycle
        (68.1, {"wears_out": True}, 67.1),  # further, but by no more than one write may move
        (51.9, {}, 52.2),
        (68.1, {"T_supply_max_degC": 68.0, "own_curve": level(75.95)}, 67.95),
    ],
)
def test_a_held_value_outside_the_limits_is_moved_inside_at_once(held, traits, expected):
    decision = decide(held, held, traits)
    assert decision.action is Action.SET
    assert decision.T_supply == pytest.approx(expected)


@pytest.mark.parametrize(
    ("holds", "wears_out", "expected"),
    [(52.1, True, 52.9), (52.1, False, 52.1), (66.9, True, 65.9), (60.0, True, 60.0)],
)
def test_a_take_over_of_a_worn_register_begins_away_from_the_creeping_limits(holds, wears_out, expected):
    of = loop_traits(wears_out=wears_out)
    seen = observation(T_supply_effective=good(holds, FRESH))
    whole = context([of], [seen], {of.key: ()}, changes_24h={of.key: 0})
    decision = guard([wish(holds)], whole).decisions[of.key]
    assert (decision.action, decision.takes_over) == (Action.SET, True)
    assert decision.T_supply == pytest.approx(expected)


@pytest.mark.parametrize(("holds", "action"), [(67.2, Action.NONE), (51.2, Action.SET)])
def test_a_worn_register_is_not_taken_over_where_the_first_creep_down_would_force_a_write(holds, action):
    """Found by half of the links flapping: the write came 10 min after the take-over, 15 are asked.

    Below the band it is taken over all the same: its homes are cold until somebody leads it.
    """
    of = loop_traits(wears_out=True)
    seen = observation(T_supply_effective=good(holds, FRESH))
    whole = context([of], [seen], {of.key: ()}, changes_24h={of.key: 0})
    decision = guard([wish(60.0)], whole).decisions[of.key]
    assert decision.action is action
    assert ("guard.take_over_far" in {why.id for why in decision.why}) is (action is Action.NONE)


@pytest.mark.parametrize(
    ("wanted", "traits", "expected"),
    [
        (40.0, {"wears_out": True}, 54.0),
        (90.0, {"wears_out": True}, 66.0),
        (40.0, {"wears_out": False}, 52.0),
        (40.0, {"wears_out": True, "station_class": StationClass.B, "offset_lower_K": -3.0}, 59.0),
    ],
)
def test_a_wish_beyond_the_moving_band_stays_inside_where_the_register_wears_out(wanted, traits, expected):
    assert advice(wanted, traits=traits)[0] == pytest.approx(expected)


def test_a_held_flow_outside_the_limits_is_moved_inside_at_once():
    decision = decide(60.0, 60.0, {}, m_held=6.0, m_flow=6.0)
    assert (decision.action, decision.m_flow) == (Action.SET, 12.0)


def test_a_short_source_takes_the_setpoint_down_at_the_usual_rate_only():
    decision = decide(60.0, 60.0, {}, T_supply_primary=good(50.0, FRESH))
    assert (decision.action, decision.T_supply) == (Action.SET, 59.0)
    assert decision.cuts[0].rule is Rule.SOURCE


def test_each_cut_names_its_rule_and_both_values():
    of = loop_traits()
    whole = context([of], None, {of.key: (sent(120, 67.5),)})
    decision = guard([wish(90.0, 60.0)], whole).decisions[of.key]
    assert [(c.rule, c.channel, c.wanted, c.allowed) for c in decision.cuts] == [
        (Rule.HARD_TEMPERATURE, "T_supply", 90.0, 85.0),
        (Rule.HARD_FLOW, "m_flow", 60.0, 40.0),
        (Rule.OWN_CURVE, "T_supply", 85.0, 68.0),
    ]
    assert decision.T_supply == 68.0
    assert decision.reason == "a test asks; within 8 K of the station's own curve (60.0 °C)"
    assert decision.T_own_curve == own_curve(0.0)
