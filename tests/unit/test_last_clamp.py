"""The last look before the wire refuses whatever the guard should never have let through."""

import pytest

from controller.last_clamp import clamp_fault
from stations.model.setpoint import CirculationChannel, HeatChannel, StationClass
from tests.support.field_world import intent, traits_of


def told(heat, flow=32.0):
    channel = None if flow is None else CirculationChannel.M_FLOW
    return intent(heat_value=heat, circulation_value=flow, circulation_channel=channel)


@pytest.mark.parametrize(
    ("traits", "heat", "allowed"),
    [
        ({}, 25.0, True),
        ({}, 24.9, False),
        ({}, 85.0, True),
        ({}, 85.1, False),
        ({"T_supply_max_degC": 70.0}, 70.0, True),
        ({"T_supply_max_degC": 70.0}, 70.1, False),
        ({"T_supply_max_degC": 200.0}, 85.1, False),  # a wrong site file does not lift the hard limit
        ({"emitter": "floor"}, 55.0, True),
        ({"emitter": "floor"}, 55.1, False),
        ({"emitter": "floor", "T_supply_max_degC": 85.0}, 56.0, False),
        ({"emitter": "dhw"}, 56.0, False),
        ({"proven": False}, 56.0, False),
        ({"station_class": StationClass.C}, 56.0, False),
        ({"station_class": StationClass.T, "circulation": CirculationChannel.M_FLOW}, 56.0, True),
        ({"heat": HeatChannel.Q_FLOW}, 56.0, False),
        ({"heat": None}, 56.0, False),
    ],
)
def test_supply_temperature_stays_within_what_the_loop_bears(traits, heat, allowed):
    assert (clamp_fault(traits_of(**traits), told(heat)) is None) is allowed


@pytest.mark.parametrize(
    ("flow", "allowed"),
    [(11.9, False), (12.0, True), (40.0, True), (40.1, False), (0.0, False), (None, True)],
)
def test_circulation_stays_between_thirty_and_a_hundred_percent_of_design(flow, allowed):
    assert (clamp_fault(traits_of(), told(56.0, flow)) is None) is allowed


def test_a_flow_for_a_loop_without_that_channel_is_refused():
    assert "circulation channel" in clamp_fault(traits_of(circulation=CirculationChannel.DP), told(56.0))
    assert "circulation channel" in clamp_fault(traits_of(circulation=None), told(56.0))


@pytest.mark.parametrize(
    ("offset", "allowed"), [(-3.0, True), (-3.1, False), (5.0, True), (5.1, False), (56.0, False)]
)
def test_a_class_b_offset_stays_within_its_bounds(offset, allowed):
    traits = traits_of(station_class=StationClass.B, heat=HeatChannel.DT_OFFSET, circulation=None)

    assert (clamp_fault(traits, told(offset, None)) is None) is allowed


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -float("inf")])
def test_what_is_not_a_number_is_refused(number):
    sound = told(56.0)
    object.__setattr__(sound, "heat_value", number)  # the record refuses it as well
    assert "not a number" in clamp_fault(traits_of(), sound)
    sound = told(56.0)
    object.__setattr__(sound, "circulation_value", number)
    assert "not a number" in clamp_fault(traits_of(), sound)


def test_rounding_in_the_last_place_is_no_fault():
    assert clamp_fault(traits_of(), told(85.0 + 1e-9, 40.0 + 1e-9)) is None
