"""Mass-change guard: a network is not moved at once, not in slices and not as a creep."""

from dataclasses import replace

import pytest

from controller.decisions import Action, Rule, Sent
from controller.guard import guard
from stations.model.reading import good
from stations.model.setpoint import StationClass
from tests.support.guard_oracle import breaks
from tests.support.guard_world import (
    MONOTONIC,
    NOW,
    context,
    floor_curve,
    key,
    many,
    observation,
    sent,
    wish,
)

SET, RENEW = Action.SET, Action.RENEW


def network(wishes, traits=None, history=None, **changes):
    """Ten equal loops held at 60 degC since two hours; `wishes` are temperatures in their order."""
    traits = traits or many(10)
    history = history or {t.key: (sent(120),) for t in traits}
    whole = context(traits, history=history, **changes)
    return guard([wish(T, number=n) for n, T in enumerate(wishes, start=1)], whole), whole


def actions(verdict):
    return [decision.action for decision in verdict.decisions.values()]


@pytest.mark.parametrize(
    ("wishes", "trips"),
    [
        pytest.param([66.0] * 10, True, id="all up"),
        pytest.param([54.0] * 10, True, id="all down"),
        pytest.param([66.0] * 3 + [60.0] * 7, True, id="30 % up"),
        pytest.param([66.0] * 2 + [60.0] * 8, False, id="20 % up"),
        pytest.param([66.0] * 2 + [54.0] * 2 + [60.0] * 6, False, id="20 % each way"),
        pytest.param([62.9] * 3 + [57.1] * 3 + [60.0] * 4, False, id="less than 3 K"),
        pytest.param([63.0] * 3 + [60.0] * 7, False, id="just 3 K"),
    ],
)
def test_more_than_a_fifth_of_the_area_by_more_than_three_kelvin(wishes, trips):
    verdict, _ = network(wishes)
    assert (verdict.mass_change is not None) is trips


def test_the_movers_are_held_and_an_operator_is_asked():
    verdict, _ = network([66.0, 66.0, 66.0, 58.0, 60.2, 61.0, 60.0, 60.0, 60.0, 60.0])
    assert actions(verdict) == [RENEW, RENEW, RENEW, SET, RENEW, RENEW, RENEW, RENEW, RENEW, RENEW]
    assert verdict.mass_change.share_of_area == pytest.approx(0.3)
    held = verdict.decisions[key(1)]
    assert held.T_supply == 60.0
    assert [cut.rule for cut in held.cuts] == [Rule.MASS_CHANGE]
    assert held.reason.endswith("an operator must confirm")


@pytest.mark.parametrize(("flow", "trips"), [(40.0, False), (24.0, True), (36.0, False)])
def test_a_tenth_of_the_heat_by_flow_alone(flow, trips):
    traits = many(10)
    proposals = [wish(60.0, flow, n) for n in range(1, 11)]
    verdict = guard(proposals, context(traits))
    assert (verdict.mass_change is not None) is trips
    if trips:
        assert verdict.mass_change.Q_flow_change_share < -0.1
        assert set(actions(verdict)) == {RENEW}


def test_floor_heating_moves_a_tenth_of_its_heat_with_less_than_three_kelvin():
    traits = many(10, emitter="floor", own_curve=floor_curve)
    seen = [
        observation(n, T_supply=good(38.0, NOW - 5.0), T_return=good(31.0, NOW - 5.0)) for n in range(1, 11)
    ]
    history = {t.key: (sent(120, 38.0, 40.0, 38.0),) for t in traits}
    verdict, _ = network([40.5] * 10, traits, history, observations=seen)
    assert verdict.mass_change.share_of_area == 0.0
    assert verdict.mass_change.Q_flow_change_share == pytest.approx(2.5 / 18.0)


def test_what_weather_moves_along_the_curves_is_no_mass_change():
    """It got 3 K colder within the hour: the curves ask for 4.5 K more, and so may everybody."""
    colder = {"T_outdoor_centre": good(-3.0, NOW - 5.0), "T_outdoor_past": {60: 0.0, 30: -1.5}}
    verdict, _ = network([64.5] * 10, **colder)
    assert verdict.mass_change is None
    assert set(actions(verdict)) == {SET}
    assert network([68.0] * 10, **colder)[0].mass_change is not None


def test_weather_excuses_no_move_against_it():
    warmer = {"T_outdoor_centre": good(3.0, NOW - 5.0), "T_outdoor_past": {60: 0.0, 30: 1.5}}
    assert network([63.4] * 10, **warmer)[0].mass_change is not None


def test_weather_of_before_the_take_over_excuses_nothing():
    colder = {"T_outdoor_centre": good(-3.0, NOW - 5.0), "T_outdoor_past": {60: 0.0, 30: -1.5}}
    history = {t.key: (sent(2, 64.5, 40.0, 64.5),) for t in many(10)}
    assert network([68.0] * 10, history=history, **colder)[0].mass_change is not None


def test_a_declared_shortage_exempts_moves_down_only():
    assert network([54.0] * 10, shortage_declared=True)[0].mass_change is None
    assert network([66.0] * 10, shortage_declared=True)[0].mass_change is not None


def test_a_confirmation_lifts_it():
    verdict, _ = network([66.0] * 10, mass_change_confirmed=True)
    assert verdict.mass_change is None
    assert {d.T_supply for d in verdict.decisions.values()} == {61.0}


def test_hard_limits_bind_even_while_the_network_is_held():
    traits = [replace(t, T_supply_max_degC=58.0) if i == 0 else t for i, t in enumerate(many(10))]
    verdict, _ = network([66.0] * 10, traits)
    assert verdict.decisions[key(1)].T_supply == 58.0
    assert actions(verdict)[1:] == [RENEW] * 9


def test_one_wrong_area_does_not_blind_the_rule():
    traits = [replace(t, A_heated_m2=t.A_heated_m2 * 100.0) if i == 9 else t for i, t in enumerate(many(10))]
    verdict, _ = network([66.0] * 9 + [60.0], traits)
    assert verdict.mass_change is not None


def test_loops_being_taken_over_move_nothing():
    traits = many(10)
    verdict, _ = network([66.0] * 10, traits, {t.key: () for t in traits} | {key(11): ()})
    assert verdict.mass_change is None
    assert {d.T_supply for d in verdict.decisions.values()} == {60.0}


def test_a_site_of_one_station_is_no_network():
    verdict = guard([wish(66.0)], context())
    assert verdict.mass_change is None
    assert verdict.decisions[key()].action is SET


def test_nothing_to_guard_is_no_mass_change():
    assert guard([], context([])).mass_change is None


def run(plan, minutes, traits):
    """Close the loop: `plan(minute)` is wanted of all, what is set becomes the history."""
    history = {t.key: (sent(120),) for t in traits}
    tripped = []
    for minute in range(minutes):
        now = MONOTONIC + 60.0 * minute
        whole = replace(context(traits, history=history), monotonic=now)
        proposals = [wish(plan(minute), number=n) for n in range(1, len(traits) + 1)]
        verdict = guard(proposals, whole)
        assert breaks(verdict, proposals, whole) == []
        for loop, decision in verdict.decisions.items():
            if decision.action is SET:
                written = Sent(
                    at=now,
                    T_supply=decision.T_supply,
                    m_flow=decision.m_flow,
                    T_own_curve=decision.T_own_curve,
                )
                history[loop] = (*history[loop], written)
        if verdict.mass_change is not None:
            tripped.append(minute)
    return tripped, {loop: [s.T_supply for s in past] for loop, past in history.items()}


def test_a_bad_plan_that_moves_all_stations_moves_none_of_them():
    tripped, held = run(lambda _: 67.0, 90, many(5))
    assert tripped == list(range(90))
    assert list(held.values()) == [[60.0]] * 5


@pytest.mark.parametrize("station_class", [StationClass.A, StationClass.B, StationClass.T])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_a_bad_plan_that_creeps_is_stopped_within_three_kelvin(station_class, sign):
    """0.1 K a minute: each write is small, and none of them breaks a rate."""
    sure = {"offset_lower_K": -1.0} if station_class is StationClass.B and sign < 0 else {}
    tripped, held = run(
        lambda minute: 60.0 + sign * 0.1 * minute, 60, many(5, station_class=station_class, **sure)
    )
    assert {abs(values[-1] - 60.0) <= 3.0 for values in held.values()} == {True}
    if station_class is not StationClass.B or sign > 0:  # down, its offset bound of -1 K stops it before
        assert tripped
        assert tripped[0] in (30, 31)
