"""Gates: who may be written to, renewed, or must be given back."""

import pytest

from controller.decisions import Action, Mode, Rule, Season
from controller.guard import guard
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
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

SET, RENEW, RELEASE, NONE = Action.SET, Action.RENEW, Action.RELEASE, Action.NONE
HELD, FREE = (sent(120),), ()


def decide(proposals=None, traits=None, seen=None, history=HELD, **changes):
    traits = traits or loop_traits()
    proposals = [wish(61.0)] if proposals is None else proposals
    whole = context([traits], [seen or observation()], {traits.key: history}, **changes)
    return guard(proposals, whole).decisions[traits.key]


@pytest.mark.parametrize(
    ("seen", "held", "free"),
    [
        pytest.param({}, SET, SET, id="sound"),
        pytest.param({"mode": Mode.LOCAL}, RELEASE, NONE, id="local"),
        pytest.param({"readmitted": False}, NONE, NONE, id="re-entry still running"),
        pytest.param({"season": Season.TRIAL}, SET, SET, id="trial"),
        *[
            pytest.param({"season": season}, RELEASE, NONE, id=season)
            for season in Season
            if season not in (Season.TRIAL, Season.HEATING)
        ],
        pytest.param({"pump_running": False}, RENEW, NONE, id="pump stopped"),
        pytest.param({"pump_running": None}, RENEW, NONE, id="pump unknown"),
        pytest.param({"polled_at": NOW - 120.0}, SET, SET, id="poll just fresh"),
        pytest.param({"polled_at": NOW - 121.0}, RENEW, NONE, id="poll old"),
        pytest.param({"polled_at": NOW - 600.0}, RENEW, NONE, id="poll just renewable"),
        pytest.param({"polled_at": NOW - 601.0}, RELEASE, NONE, id="poll lost"),
        pytest.param({"polled_at": NOW + 5.0}, SET, SET, id="poll a little ahead"),
        pytest.param({"polled_at": NOW + 3600.0}, RENEW, NONE, id="clock jumped back"),
        pytest.param({"polled_at": None}, RELEASE, NONE, id="never polled"),
        pytest.param({"T_supply": no_value()}, RENEW, NONE, id="supply sensor lost"),
        pytest.param({"T_supply": uncertain(60.0, Reason.SPIKE, NOW)}, SET, SET, id="supply in doubt"),
    ],
)
def test_what_a_loop_may_do_held_and_on_its_own_curve(seen, held, free):
    assert decide(seen=observation(**seen)).action is held
    assert decide(seen=observation(**seen | {"remote": False}), history=FREE).action is free


@pytest.mark.parametrize(
    ("age", "poll_s", "action"), [(179.0, 60.0, SET), (181.0, 60.0, RENEW), (121.0, 30.0, RENEW)]
)
def test_a_slow_poll_is_fresh_for_three_periods(age, poll_s, action):
    seen = observation(polled_at=NOW - age)
    assert decide(seen=seen, poll_s=poll_s).action is action
    assert decide(seen=seen, poll_s_by_station={seen.key.station: poll_s}).action is action


@pytest.mark.parametrize(
    ("T_outdoor", "held", "free"),
    [
        (good(0.0, NOW - 1800.0), SET, SET),
        (uncertain(0.0, Reason.ESTIMATED, NOW - 60.0), SET, SET),
        (good(0.0, NOW - 1801.0), RENEW, NONE),
        (uncertain(0.0, Reason.SUBSTITUTED, NOW - 21_600.0), RENEW, NONE),
        (uncertain(0.0, Reason.STALE, NOW - 21_601.0), RELEASE, NONE),
        (bad(Reason.STALE, NOW), RELEASE, NONE),
        (good(0.0, NOW + 60.0), RENEW, NONE),
    ],
)
def test_the_age_of_the_outdoor_temperature_decides(T_outdoor, held, free):
    assert decide(T_outdoor_centre=T_outdoor).action is held
    assert decide(T_outdoor_centre=T_outdoor, history=FREE).action is free


@pytest.mark.parametrize(
    "changes",
    [
        {"station_class": StationClass.C, "heat": None},
        {"proven": False},
        {"emitter": "dhw"},
        {"m_flow_design": 0.0},
        {"m_flow_design": float("nan")},
    ],
)
def test_what_is_not_driven_gets_advice_within_the_limits(changes):
    decision = decide([wish(99.0, 60.0)], loop_traits(**changes), history=FREE)
    assert decision.action is NONE
    assert decision.T_supply == 68.0
    assert decision.cuts[0].rule is Rule.NOT_DRIVEN
    assert decision.reason.endswith("a test asks")


def test_advice_has_both_values_clamped():
    decision = decide([wish(99.0, 4.0)], loop_traits(proven=False), history=FREE)
    assert (decision.T_supply, decision.m_flow) == (68.0, 12.0)


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_wish_that_is_no_number_holds_what_is_held_and_takes_nothing_over(number):
    for proposal in (wish(number), wish(61.0, number)):
        held = decide([proposal])
        assert (held.action, held.T_supply, held.m_flow) == (RENEW, 60.0, 40.0)
        assert [cut.rule for cut in held.cuts] == [Rule.NOT_A_NUMBER]
        assert decide([proposal], history=FREE).action is NONE


def test_a_broken_own_curve_is_no_outdoor_temperature():
    assert decide(traits=loop_traits(own_curve=lambda _: float("nan"))).action is RELEASE


def test_nobody_asking_renews_what_is_held_and_takes_nothing_over():
    assert (decide([]).action, decide([]).T_supply) == (RENEW, 60.0)
    free = decide([], history=FREE)
    assert (free.action, free.T_supply, free.m_flow) == (NONE, None, None)


def test_a_loop_without_an_observation_is_given_back():
    whole = context(observations=[])
    assert guard([wish(61.0)], whole).decisions[key()].action is RELEASE


def test_a_loop_that_nobody_knows_is_left_alone():
    decision = guard([wish(61.0, number=9)], context()).decisions[key(9)]
    assert (decision.action, decision.T_supply) == (NONE, None)


@pytest.mark.parametrize(
    ("seconds_since_write", "taken_over_anew"), [(5.0, False), (24.0, False), (26.0, True), (3600.0, True)]
)
def test_a_station_on_its_own_curve_is_taken_over_anew_once_it_had_time_to_say_so(
    seconds_since_write, taken_over_anew
):
    history = (sent(120), sent(seconds_since_write / 60.0, 62.0))
    seen = observation(remote=False, T_supply_effective=good(57.0, NOW - 5.0))
    decision = decide([wish(63.0)], seen=seen, history=history)
    assert decision.takes_over is taken_over_anew
    assert (decision.T_supply == 57.0) is taken_over_anew


def test_a_held_value_that_left_the_limits_and_may_not_be_corrected_is_released():
    colder = loop_traits(own_curve=lambda _: 50.0)
    assert decide(traits=colder, seen=observation(pump_running=False)).action is RELEASE
    assert decide(traits=colder).action is SET


@pytest.mark.parametrize(
    ("authors", "mode", "winner"),
    [
        (["strategy:curve", "plan:4", "operator:li"], Mode.AUTO, "operator:li"),
        (["strategy:curve", "plan:4"], Mode.AUTO, "plan:4"),
        (["script", "strategy:curve"], Mode.AUTO, "strategy:curve"),
        (["strategy:curve", "strategy:other"], Mode.AUTO, "strategy:curve"),
        (["strategy:curve", "plan:4"], Mode.MANUAL, ""),
        (["strategy:curve", "operator:li"], Mode.MANUAL, "operator:li"),
    ],
)
def test_who_is_heard_first(authors, mode, winner):
    wishes = [wish(61.0, author=author) for author in authors]
    assert decide(wishes, seen=observation(mode=mode)).author == winner


def test_history_from_the_future_holds_instead_of_raising():
    assert MONOTONIC > 0
    assert decide(history=(sent(-10),)).action is RENEW
