"""The steady-state estimate in a preview, and what the cycle makes of an order: guarded and bumpless."""

from dataclasses import replace

import pytest

from controller.decisions import Action, Mode
from controller.guard import guard
from controller.modes import LoopOrder, Orders, loop_subject
from optimizer.effect import load, steady_indoor
from optimizer.regulation import FlowBand, RegulationLaw, flow_fraction, supply_temperature
from tests.support.guard_world import context, key, many, observation, sent, wish

LAW = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=75.0, T_return_design=50.0, exponent=0.3
)
STAGED = replace(LAW, flow_bands=(FlowBand(above_degC=0.0, fraction=0.6),))


@pytest.mark.parametrize("T_outdoor", [-10.1, -5.0, 0.0, 8.0])
@pytest.mark.parametrize("law", [LAW, STAGED])
def test_what_the_regulation_law_asks_keeps_the_indoor_temperature_it_aims_at(law, T_outdoor):
    flow = flow_fraction(law, T_outdoor)
    T_supply = supply_temperature(law, T_outdoor, flow)
    assert steady_indoor(law, T_outdoor, T_supply, flow) == pytest.approx(20.0, abs=0.01)


def test_more_supply_and_more_flow_are_warmer_and_cold_water_heats_nothing():
    indoor = [steady_indoor(LAW, 0.0, T, 1.0) for T in (40.0, 50.0, 59.0, 70.0)]
    assert indoor == sorted(indoor)
    assert steady_indoor(LAW, 0.0, 59.0, 0.6) < steady_indoor(LAW, 0.0, 59.0, 1.0)
    assert steady_indoor(LAW, 10.0, 5.0, 1.0) == pytest.approx(10.0)


def test_three_kelvin_of_supply_at_freezing_are_about_one_indoors():
    # By hand: dT_m' = 42.5 K, at 0 degC q = 0.664: T_m = 51.0; 3 K more raise T_in by 1.2 to 1.4 K.
    change = steady_indoor(LAW, 0.0, 62.3, 1.0) - steady_indoor(LAW, 0.0, 59.3, 1.0)
    assert 1.1 < change < 1.5
    assert load(LAW, 0.0, 20.0) == pytest.approx(20.0 / 30.1)


# ------------------------------------------------------------------ in the cycle


def ordered(mode, until=None, T_supply=66.0, **changes):
    fields = {
        "order": 3,
        "author": "olga",
        "reason": "cold flats",
        "base": Mode.AUTO,
        "configured": Mode.AUTO,
    }
    values = {"T_supply": T_supply, "m_flow": 40.0, "until": until} if mode is Mode.MANUAL else {}
    return LoopOrder(**(fields | values | {"mode": mode} | changes))


def test_an_operators_wish_begins_with_what_is_held_and_moves_at_the_rates():
    scene = context(observations=[observation(mode=Mode.MANUAL)])
    verdict = guard([wish(66.0, author="operator:olga")], scene)
    assert verdict.decisions[key()].T_supply == 61.0  # held 60: one kelvin a write
    assert verdict.decisions[key()].action is Action.SET


@pytest.mark.parametrize("back", [Mode.AUTO, Mode.LOCAL])
def test_the_end_of_a_manual_order_is_no_jump(back):
    orders = Orders(modes={key(): Mode.AUTO})
    orders.put(loop_subject(key()), ordered(Mode.MANUAL, until=100.0, base=back))
    assert orders.loop_at(key(), 99.9).mode is Mode.MANUAL
    assert orders.loop_at(key(), 100.0).mode is back
    held = {key(): (sent(20, T_supply=66.0),)}
    scene = context(observations=[observation(mode=back)], history=held)
    decision = guard([wish(60.0)], scene).decisions[key()]
    if back is Mode.AUTO:
        assert (decision.action, decision.T_supply) == (Action.SET, 65.0)
    else:
        assert decision.action is Action.RELEASE  # the station itself ramps to its own curve


def test_taking_a_local_loop_over_begins_with_what_the_station_does():
    scene = context(observations=[observation(mode=Mode.MANUAL, remote=False)], history={})
    decision = guard([wish(66.0, author="operator:olga")], scene).decisions[key()]
    assert decision.takes_over
    assert decision.T_supply == 60.0


def test_operators_who_move_a_third_of_the_city_are_held_until_a_person_confirms():
    traits = many(9)
    seen = [observation(n, mode=Mode.MANUAL) for n in range(1, 10)]
    wishes = [wish(65.0, number=n, author="operator:olga") for n in range(1, 4)]
    scene = context(traits, seen)
    verdict = guard(wishes, scene)
    assert verdict.mass_change is not None
    assert {verdict.decisions[key(n)].T_supply for n in range(1, 4)} == {60.0}
    confirmed = guard(wishes, replace(scene, mass_change_confirmed=True))
    assert {confirmed.decisions[key(n)].T_supply for n in range(1, 4)} == {61.0}
    local = [observation(n, mode=Mode.LOCAL) for n in range(1, 10)]
    back = guard([], context(traits, local))
    assert {decision.action for decision in back.decisions.values()} == {Action.RELEASE}
