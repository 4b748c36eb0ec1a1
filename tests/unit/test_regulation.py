"""Regulation laws against the check values of the textbook and against the emitter's own heat balance."""

import math

import pytest

from optimizer.regulation import (
    FlowBand,
    RegulationLaw,
    flow_fraction,
    load_fraction,
    return_temperature,
    supply_temperature,
)

RADIATOR = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=75.0, T_return_design=50.0, exponent=0.3
)
FLOOR = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=45.0, T_return_design=35.0, exponent=0.1
)
STAGES = (FlowBand(above_degC=3.0, fraction=0.6), FlowBand(above_degC=-3.0, fraction=0.8))


def law(**changes):
    return RegulationLaw(
        **{
            "T_indoor": 20.0,
            "T_outdoor_design": -10.1,
            "T_supply_design": 75.0,
            "T_return_design": 50.0,
            "exponent": 0.3,
        }
        | changes
    )


@pytest.mark.parametrize(
    ("of", "T_outdoor", "T_supply", "T_return"),
    [
        (RADIATOR, 5.0, 51.1, 38.6),
        (RADIATOR, 0.0, 59.3, 42.7),
        (RADIATOR, -5.0, 67.2, 46.5),
        (RADIATOR, -10.1, 75.0, 50.0),
        (FLOOR, 5.0, 33.1, 28.1),
        (FLOOR, 0.0, 37.1, 30.5),
        (FLOOR, -5.0, 41.0, 32.7),
        (FLOOR, -10.1, 45.0, 35.0),
    ],
)
def test_quality_regulation_meets_the_textbook(of, T_outdoor, T_supply, T_return):
    assert supply_temperature(of, T_outdoor) == pytest.approx(T_supply, abs=0.06)
    assert return_temperature(of, T_outdoor) == pytest.approx(T_return, abs=0.06)


@pytest.mark.parametrize("of", [RADIATOR, FLOOR])
@pytest.mark.parametrize("flow", [0.4, 0.6, 0.8, 1.0])
@pytest.mark.parametrize("T_outdoor", [12.0, 5.0, 0.0, -10.0, -16.0])
def test_less_flow_gives_the_same_heat(of, flow, T_outdoor):
    def log_mean(supply, return_):
        return (supply - return_) / math.log((supply - of.T_indoor) / (return_ - of.T_indoor))

    full = supply_temperature(of, T_outdoor), return_temperature(of, T_outdoor)
    less = supply_temperature(of, T_outdoor, flow), return_temperature(of, T_outdoor, flow)
    assert flow * (less[0] - less[1]) == pytest.approx(full[0] - full[1])
    assert log_mean(*less) == pytest.approx(log_mean(*full))


def test_the_arithmetic_mean_would_give_too_little_heat_at_low_flow():
    arithmetic = 31.03 + 20.0 + 25.0 * load_fraction(RADIATOR, 0.0) / (2 * 0.6)
    assert supply_temperature(RADIATOR, 0.0, 0.6) - arithmetic > 1.0


@pytest.mark.parametrize("T_outdoor", [20.0, 25.0])
def test_no_load_asks_for_water_at_room_temperature(T_outdoor):
    assert supply_temperature(RADIATOR, T_outdoor, 0.6) == 20.0
    assert return_temperature(RADIATOR, T_outdoor, 0.6) == 20.0


def test_the_operators_offset_shifts_the_supply():
    assert supply_temperature(law(offset_K=2.0), 0.0) == supply_temperature(RADIATOR, 0.0) + 2.0


def test_supply_rises_as_it_gets_colder():
    supplies = [supply_temperature(RADIATOR, 20.0 - 0.5 * i, 0.7) for i in range(80)]
    assert supplies == sorted(supplies)


@pytest.mark.parametrize(
    ("T_outdoor", "fraction"),
    [(10.0, 0.6), (4.0, 0.6), (3.0, 0.7), (2.0, 0.8), (0.0, 0.8), (-3.0, 0.9), (-4.0, 1.0), (-20.0, 1.0)],
)
def test_flow_stages_are_joined_by_ramps(T_outdoor, fraction):
    assert flow_fraction(law(flow_bands=STAGES), T_outdoor) == pytest.approx(fraction)


def test_flow_is_constant_without_stages():
    assert {flow_fraction(RADIATOR, T) for T in (-20.0, 0.0, 20.0)} == {1.0}


def test_staged_flow_moves_the_supply_no_faster_than_the_mass_change_guard_takes():
    """A heavy filter moves by 0.7 K an hour at most; 3 K of supply within that hour would be held."""
    staged = law(flow_bands=STAGES)
    steps = [i / 100 for i in range(-1200, 1200)]
    supply = [supply_temperature(staged, T, flow_fraction(staged, T)) for T in steps]
    assert max(abs(a - b) for a, b in zip(supply, supply[70:], strict=False)) < 3.0


@pytest.mark.parametrize(
    "changes",
    [
        {"T_return_design": 75.0},
        {"T_return_design": 20.0},
        {"T_outdoor_design": 20.0},
        {"exponent": -0.1},
        {"exponent": float("nan")},
        {"T_supply_design": float("nan")},
        {"flow_bands": (FlowBand(above_degC=0.0, fraction=0.0),)},
        {"flow_bands": (FlowBand(above_degC=0.0, fraction=1.1),)},
        {"flow_bands": STAGES[::-1]},
        {"flow_bands": (STAGES[0], STAGES[0])},
    ],
)
def test_a_law_that_describes_no_heating_is_refused(changes):
    with pytest.raises(ValueError, match=r"needs|must"):
        law(**changes)
