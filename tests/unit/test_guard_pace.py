"""Pace: how fast a loop follows, and which changes are not worth a write."""

from dataclasses import replace

import pytest

from controller.decisions import Action, Rule, Sent
from controller.guard import guard
from controller.outbox import channel_values
from stations.model.quality import Reason
from stations.model.reading import good, uncertain
from stations.model.setpoint import StationClass
from tests.support.guard_world import (
    MONOTONIC,
    NOW,
    context,
    key,
    loop_traits,
    no_value,
    observation,
    sent,
    wish,
)

SET, RENEW = Action.SET, Action.RENEW
FRESH = NOW - 5.0
HELD = (sent(120),)


def decide(T_supply=60.0, m_flow=40.0, history=HELD, traits=None, seen=None, **changes):
    of = loop_traits(**(traits or {}))
    whole = context([of], [seen or observation()], {of.key: history}, **changes)
    return guard([wish(T_supply, m_flow)], whole).decisions[of.key]


def climb(*steps, m_flow=40.0):
    return tuple(sent(minutes, T, m_flow) for minutes, T in steps)


@pytest.mark.parametrize("held", [52.15, 52.25, 52.149, 51.951])
@pytest.mark.parametrize("wanted", [45.0, 60.0])
def test_a_write_moves_a_register_of_tenths_by_no_more_than_a_kelvin(held, wanted):
    decision = decide(wanted, history=climb((120, held)))
    assert abs(round(10.0 * decision.T_supply) - round(held / 0.1)) <= 10
    assert abs(decision.T_supply - held) <= 1.0 + 1e-9


@pytest.mark.parametrize(
    ("wanted", "history", "allowed"),
    [
        (67.0, climb((120, 60)), 61.0),
        (53.0, climb((120, 60)), 59.0),
        (60.5, climb((120, 60)), 60.5),
        (67.0, climb((120, 60), (3, 61), (2, 62), (1, 62.5)), 63.0),
        (67.0, climb((120, 60), (3, 61), (2, 62), (1, 63)), 63.0),
        (67.0, climb((120, 60), (14.9, 63)), 63.0),
        (67.0, climb((120, 60), (15, 63)), 64.0),
        (67.0, climb((120, 60), (20, 61), (10, 62), (5, 63)), 64.0),
        (53.0, climb((120, 60), (3, 59), (2, 58), (1, 57)), 57.0),
        (60.0, climb((120, 60), (3, 61), (2, 62), (1, 63)), 62.0),  # back is no further
        (57.0, climb((120, 67), (5, 60)), 60.0),  # after a cut at once: hold until the window is clear
    ],
)
def test_at_most_one_kelvin_a_write_and_three_in_any_15_min(wanted, history, allowed):
    assert decide(wanted, history=history).T_supply == pytest.approx(allowed)


def test_a_declared_shortage_may_take_six_kelvin_down_but_no_more_up():
    down = climb((120, 65), (4, 64), (3, 63), (2, 62), (1, 61))
    assert decide(53.0, history=down, shortage_declared=True).T_supply == 60.0
    assert decide(53.0, history=down).T_supply == 61.0
    up = climb((120, 58), (3, 59), (2, 60), (1, 61))
    assert decide(67.0, history=up, shortage_declared=True).T_supply == 61.0


@pytest.mark.parametrize(
    ("wanted", "history", "allowed"),
    [
        (30.0, [(120, 40.0)], 38.0),
        (30.0, [(120, 40.0), (4.9, 38.0)], 38.0),
        (30.0, [(120, 40.0), (5, 38.0)], 36.0),
        (30.0, [(120, 40.0), (12, 38.0), (6, 36.0)], 36.0),
        (30.0, [(120, 40.0), (15, 38.0), (6, 36.0)], 34.0),
        (40.0, [(120, 30.0)], 32.0),
    ],
)
def test_flow_changes_by_5_percent_in_5_min_and_10_in_15(wanted, history, allowed):
    past = tuple(sent(minutes, 60.0, m_flow) for minutes, m_flow in history)
    assert decide(m_flow=wanted, history=past).m_flow == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("wanted", "history", "allowed"),
    [
        (36.0, [(120, 34.0), (29, 35.0)], 36.0),
        (30.0, [(120, 34.0), (29, 35.0)], 35.0),
        (30.0, [(120, 34.0), (30, 35.0)], 33.0),
        (40.0, [(120, 36.0), (20, 35.0)], 35.0),
        (40.0, [(120, 36.0), (40, 35.0), (20, 35.0)], 37.0),  # the last write changed temperature only
        (40.0, [(120, 36.0), (40, 35.0), (20, 36.0), (18, 35.5)], 35.5),
    ],
)
def test_flow_turns_only_after_30_min(wanted, history, allowed):
    past = tuple(sent(minutes, 60.0, m_flow) for minutes, m_flow in history)
    assert decide(m_flow=wanted, history=past).m_flow == pytest.approx(allowed)


@pytest.mark.parametrize(
    ("T_supply", "m_flow", "action", "values"),
    [
        (60.29, 39.21, RENEW, (60.0, 40.0)),
        (60.3, 39.21, SET, (60.3, 40.0)),
        (60.29, 39.2, SET, (60.0, 39.2)),
        (59.7, 39.2, SET, (59.7, 39.2)),
    ],
)
def test_each_channel_has_its_dead_band(T_supply, m_flow, action, values):
    decision = decide(T_supply, m_flow)
    assert decision.action is action
    assert (decision.T_supply, decision.m_flow) == pytest.approx(values)


def test_a_coarse_register_has_a_coarse_dead_band():
    coarse = {"heat_resolution_K": 0.5}
    assert decide(60.4, traits=coarse).action is RENEW
    assert decide(60.5, traits=coarse).action is SET


@pytest.mark.parametrize(
    ("T_supply", "m_flow", "last_min", "changes", "action"),
    [
        (60.49, 38.01, 120, {key(): 0}, RENEW),
        (60.5, 40.0, 120, {key(): 0}, SET),
        (60.0, 38.0, 120, {key(): 0}, SET),
        (61.0, 40.0, 15, {key(): 47}, SET),
        (61.0, 40.0, 14.9, {key(): 0}, RENEW),
        (61.0, 40.0, 120, {key(): 48}, RENEW),
        (61.0, 40.0, 29.9, {}, RENEW),
        (61.0, 40.0, 30, {}, SET),
    ],
)
def test_a_memory_that_wears_out_is_written_seldom(T_supply, m_flow, last_min, changes, action):
    wearing = {"wears_out": True}
    history = (sent(last_min),)
    assert decide(T_supply, m_flow, history, wearing, changes_24h=changes).action is action


def test_a_worn_register_is_not_even_taken_over():
    worn = decide(61.0, history=(), traits={"wears_out": True}, changes_24h={key(): 48})
    assert worn.action is Action.NONE
    assert worn.cuts[-1].rule is Rule.WEAR


@pytest.mark.parametrize(("seconds", "action"), [(54.0, RENEW), (60.0, SET)])
def test_no_memory_is_written_more_than_once_a_minute(seconds, action):
    assert decide(61.0, history=(sent(120), sent(seconds / 60.0, 60.5))).action is action


@pytest.mark.parametrize(
    ("seen", "values"),
    [
        ({"T_supply_effective": good(57.3, FRESH), "m_flow_effective": good(31.0, FRESH)}, (57.3, 31.0)),
        ({"T_supply_effective": no_value(), "m_flow_effective": no_value()}, (60.0, 40.0)),
        ({"T_supply_effective": uncertain(40.0, Reason.SPIKE, FRESH)}, (60.0, 40.0)),
        ({"T_supply_effective": uncertain(57.3, Reason.CLOCK_SKEW, FRESH)}, (57.3, 40.0)),
        ({"m_flow_effective": uncertain(31.0, Reason.ESTIMATED, FRESH)}, (60.0, 31.0)),
        ({"T_supply_effective": good(57.3, NOW - 700.0)}, (60.0, 40.0)),
        ({"T_supply_effective": good(69.0, FRESH), "m_flow_effective": good(2.0, FRESH)}, (68.0, 12.0)),
    ],
)
def test_a_loop_is_taken_over_with_what_it_holds(seen, values):
    decision = decide(66.0, 20.0, history=(), seen=observation(remote=False, **seen))
    assert (decision.action, decision.takes_over) == (SET, True)
    assert (decision.T_supply, decision.m_flow) == pytest.approx(values)


@pytest.mark.parametrize(
    "doubted", [uncertain(57.3, Reason.SPIKE, FRESH), no_value(), good(57.3, NOW - 700.0)]
)
def test_a_loop_that_follows_a_setpoint_which_it_does_not_tell_for_sure_is_left_to_itself(doubted):
    """A controller was killed and its lease still runs: at the own curve the take-over would be a jump."""
    decision = decide(60.0, history=(), seen=observation(T_supply_effective=doubted))
    assert (decision.action, decision.takes_over) == (Action.NONE, False)
    assert decision.why[0].id == "guard.take_over_unknown"
    alone = decide(60.0, history=(), seen=observation(T_supply_effective=doubted, remote=False))
    assert alone.takes_over


def test_a_limited_loop_that_follows_a_setpoint_is_taken_over_with_that_and_not_with_what_it_reaches():
    """Its limiter holds it 2.3 K below; a controller that is killed again and again would lead it down."""
    limited = {"T_supply_effective": good(57.7, FRESH), "T_supply_readback": good(60.0, FRESH)}
    assert decide(64.0, history=(), seen=observation(**limited)).T_supply == 60.0
    alone = observation(remote=False, **limited)
    assert decide(64.0, history=(), seen=alone).T_supply == 57.7
    doubted = limited | {"T_supply_readback": uncertain(60.0, Reason.SPIKE, FRESH)}
    assert decide(64.0, history=(), seen=observation(**doubted)).action is Action.NONE


def test_a_loop_whose_flow_follows_a_setpoint_is_taken_over_with_that_and_not_with_what_acts_just_now():
    moving = {"m_flow_effective": good(30.0, FRESH), "m_flow_readback": good(24.0, FRESH)}
    assert decide(60.0, history=(), seen=observation(**moving)).m_flow == 24.0
    assert decide(60.0, history=(), seen=observation(remote=False, **moving)).m_flow == 30.0
    unknown = moving | {"m_flow_readback": no_value()}
    decision = decide(60.0, history=(), seen=observation(**unknown))
    assert (decision.action, decision.why[0].id) == (Action.NONE, "guard.take_over_unknown")
    advised = decide(60.0, history=(), seen=observation(**unknown), traits={"circulation": None})
    assert advised.takes_over


@pytest.mark.parametrize("holds", [50.9, 69.1, 41.2])
def test_a_loop_that_holds_what_we_may_not_ask_is_left_to_itself(holds):
    """Its limiter holds it far from its own curve: the band of 8 K would make the take-over a jump."""
    decision = decide(60.0, history=(), seen=observation(T_supply_effective=good(holds, FRESH)))
    assert (decision.action, decision.takes_over) == (Action.NONE, False)
    assert decision.cuts[-1].rule is Rule.RATE_TEMPERATURE
    assert decision.why[0].id == "guard.take_over_far"


def test_a_worn_register_is_taken_over_inside_the_limit_but_by_no_more_than_a_step():
    seen = observation(T_supply_effective=good(51.5, FRESH))
    decision = decide(60.0, history=(), seen=seen, traits={"wears_out": True})
    assert (decision.action, decision.T_supply) == (SET, 52.5)


def test_a_loop_is_taken_over_even_if_nothing_changes():
    assert decide(60.0, history=()).action is SET
    assert decide(60.0, history=(sent(1),)).action is RENEW


@pytest.mark.parametrize("station_class", [StationClass.T, StationClass.B])
def test_without_a_circulation_channel_the_flow_is_advice_that_causes_no_write(station_class):
    decision = decide(60.1, 20.0, traits={"station_class": station_class})
    assert (decision.action, decision.T_supply, decision.m_flow) == (RENEW, 60.0, 20.0)


def test_what_a_controller_before_a_restart_has_sent_counts_for_the_rates():
    """It moved the loop from 57 to 58.3 degC ten minutes ago; this one took over and may go to 59.1."""
    of = loop_traits()
    before = {of.key: (sent(60, T_supply=57.0), sent(10, T_supply=57.8), sent(9, T_supply=58.3))}
    after = {of.key: (sent(2, T_supply=58.3), sent(1, T_supply=58.6))}
    whole = replace(context([of], None, after), sent_before=before)
    assert guard([wish(63.0)], whole).decisions[of.key].T_supply == pytest.approx(59.1)
    assert guard([wish(63.0)], replace(whole, sent_before={})).decisions[of.key].T_supply == 59.6


def test_the_quarter_of_an_hour_of_a_take_over_is_narrower_by_what_the_loop_may_have_moved_before_it():
    of = loop_traits()
    since = {of.key: (sent(6), sent(5, T_supply=61.0), sent(4, T_supply=61.5))}
    whole = context([of], None, since)
    assert guard([wish(66.0)], whole).decisions[of.key].T_supply == pytest.approx(62.1)
    longer_ago = {of.key: (sent(16), *since[of.key][1:])}
    assert guard([wish(66.0)], context([of], None, longer_ago)).decisions[of.key].T_supply == 62.5


@pytest.mark.parametrize(("reached", "taken"), [(59.4, True), (57.7, False)])
def test_a_loop_that_does_not_say_who_decides_is_taken_over_where_register_and_loop_agree(reached, taken):
    """Some devices are asked every few minutes only; a limiter may hold this one below its register."""
    told = {"T_supply_effective": good(reached, FRESH), "T_supply_readback": good(60.0, FRESH)}
    assert decide(64.0, history=(), seen=observation(remote=None, **told)).takes_over is taken


def test_class_b_is_taken_over_with_the_offset_that_its_register_holds():
    """Its own sensor and its limiter put its supply 2 K above our idea of its curve: that is no offset."""
    of = loop_traits(station_class=StationClass.B)
    for dT_held in (0.0, 0.7):
        seen = observation(remote=None, T_supply_effective=good(62.0, FRESH), dT_held=dT_held)
        whole = replace(context([of], [seen], {of.key: ()}), T_outdoor_centre=good(0.0, FRESH))
        taken = guard([wish(63.0)], whole).decisions[of.key]
        assert (taken.action, taken.T_supply) == (SET, of.own_curve(0.0) + dT_held)


@pytest.mark.parametrize(("T_outdoor", "dT_held"), [(-2.75, -0.35), (1.37, 2.25), (0.0, 1.15)])
@pytest.mark.parametrize("wanted", [40.0, 80.0])
def test_an_offset_register_of_tenths_is_moved_by_no_more_than_a_kelvin(dT_held, T_outdoor, wanted):
    of = loop_traits(station_class=StationClass.B)
    own = of.own_curve(T_outdoor)
    held = Sent(at=MONOTONIC - 7200.0, T_supply=own + dT_held, m_flow=40.0, T_own_curve=own)
    whole = replace(context([of], None, {of.key: (held,)}), T_outdoor_centre=good(T_outdoor, FRESH))
    decision = guard([wish(wanted)], whole).decisions[of.key]
    assert decision.action is SET
    (before, _), (after, _) = (
        channel_values(one, of, T_outdoor) for one in (replace(decision, T_supply=held.T_supply), decision)
    )
    assert abs(after - before) <= 1.0 + 1e-9


def test_class_b_is_judged_on_its_offset():
    """It got 4 K warmer outdoors: an offset of +2 K is held, not the 62 degC of that time."""
    held = Sent(at=MONOTONIC - 7200.0, T_supply=62.0, m_flow=40.0, T_own_curve=60.0)
    of = loop_traits(station_class=StationClass.B)
    whole = replace(context([of], None, {of.key: (held,)}), T_outdoor_centre=good(4.0, FRESH))
    decisions = [guard([wish(T)], whole).decisions[of.key] for T in (56.0, 54.0, 62.0)]
    assert [(d.action, d.T_supply) for d in decisions] == [(RENEW, 56.0), (SET, 55.0), (SET, 57.0)]
