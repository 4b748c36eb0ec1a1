"""Plan beside actual, by hand; what is not known is told as not known."""

import numpy as np
import pytest

from optimizer.compliance import FLOW, SUPPLY_K, Steps, compared

NAN = float("nan")


def steps(**changes):
    """Four steps of one loop: 30 W/m2, 20 degC, 50 degC of supply at 70 % of design."""
    full = {"q": [30.0] * 4, "T_indoor": [20.0] * 4, "T_supply": [50.0] * 4, "flow": [0.7] * 4} | changes
    return Steps(**{name: np.array(values, dtype=float)[:, np.newaxis] for name, values in full.items()})


def test_a_loop_that_did_as_it_was_told_is_off_by_nothing():
    found = compared(steps(), steps())
    assert (found.known, found.obeyed, found.heat, found.heat_off) == (1.0, 1.0, 0.0, 0.0)
    assert (found.room_K, found.room_bias_K) == (0.0, 0.0)


def test_heat_is_told_with_its_sign_and_its_scatter():
    found = compared(steps(), steps(q=[33.0, 33.0, 27.0, 33.0]))
    assert found.heat == pytest.approx(0.05)
    assert found.heat_off == pytest.approx(0.10)


def test_rooms_are_told_as_they_scatter_and_as_they_lean():
    found = compared(steps(), steps(T_indoor=[20.5, 19.5, 20.5, 20.5]))
    assert found.room_K == pytest.approx(0.5)
    assert found.room_bias_K == pytest.approx(0.25)


@pytest.mark.parametrize(
    ("actual", "obeyed"),
    [
        ({"T_supply": [50.0 + SUPPLY_K] * 4}, 1.0),
        ({"T_supply": [50.1 + SUPPLY_K, 50.0, 50.0, 50.0]}, 0.75),
        ({"flow": [0.7 + 1.01 * FLOW, 0.7, 0.7, 0.7]}, 0.75),
        ({"flow": [NAN] * 4}, 1.0),
        ({"T_supply": [NAN, 50.0, 52.0, 50.0]}, 2.0 / 3.0),
        ({"T_supply": [NAN, NAN, NAN, 50.0]}, NAN),
    ],
    ids=["just", "too warm once", "flow once", "flow not measured", "supply missing once", "hardly measured"],
)
def test_a_step_obeys_within_what_sensors_and_valves_can(actual, obeyed):
    assert compared(steps(), steps(**actual)).obeyed == pytest.approx([obeyed], nan_ok=True)


def test_too_little_that_is_known_is_no_figure():
    found = compared(steps(), steps(q=[30.0, NAN, NAN, NAN]))
    assert found.known == 0.25
    assert np.isnan([found.heat, found.heat_off]).all()
    assert found.room_K == 0.0


def test_heat_of_steps_without_a_measurement_is_not_held_against_the_plan():
    planned = steps(q=[60.0, 30.0, 30.0, 30.0])
    assert compared(planned, steps(q=[NAN, 30.0, 30.0, 30.0])).heat == 0.0


def test_a_plan_without_heat_has_no_share():
    assert np.isnan(compared(steps(q=[0.0] * 4), steps()).heat).all()
