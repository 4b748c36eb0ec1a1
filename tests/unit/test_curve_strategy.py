"""Strategy `curve`: one wish per loop from the law of its emitter."""

import pytest

from controller.strategies.curve import propose, propose_all
from controller.strategies.registry import STRATEGIES
from optimizer.regulation import FlowBand, RegulationLaw, supply_temperature
from stations.model.setpoint import StationClass
from tests.support.guard_world import loop_traits

RADIATOR = RegulationLaw(
    T_indoor=20.0,
    T_outdoor_design=-10.1,
    T_supply_design=75.0,
    T_return_design=50.0,
    exponent=0.3,
    flow_bands=(FlowBand(above_degC=-3.0, fraction=0.8),),
)
FLOOR = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=45.0, T_return_design=35.0, exponent=0.1
)
LAWS = {"radiator": RADIATOR, "floor": FLOOR}


def test_each_loop_gets_the_law_of_its_emitter():
    wishes = propose([loop_traits(1), loop_traits(2, emitter="floor")], LAWS, 0.0)
    assert [w.T_supply for w in wishes] == [
        supply_temperature(RADIATOR, 0.0, 0.8),
        supply_temperature(FLOOR, 0.0),
    ]
    assert [w.m_flow for w in wishes] == [pytest.approx(32.0), 40.0]
    assert {w.author for w in wishes} == {"strategy:curve"}


def test_a_loop_without_circulation_channel_runs_at_design_flow():
    (wish,) = propose([loop_traits(station_class=StationClass.B)], LAWS, 0.0)
    assert wish.T_supply == pytest.approx(59.34, abs=0.01)
    assert wish.m_flow == 40.0


def test_the_reason_is_a_sentence_with_its_numbers():
    (wish,) = propose([loop_traits()], LAWS, -1.25)
    assert wish.reason.en == (
        "the radiator curve asks 64.0 °C and 80 % of design flow at -1.2 °C outdoors (filtered)"
    )


def test_nothing_is_proposed_without_a_law_or_an_outdoor_temperature():
    assert propose([loop_traits(emitter="dhw")], LAWS, 0.0) == []
    assert propose([loop_traits()], LAWS, None) == []


def test_the_curve_is_known_by_its_name():
    assert STRATEGIES["curve"] is propose_all
