"""The radiator law for many loops at once is that of one loop, both ways, and smooth to its end."""

import numpy as np
import pytest

from optimizer import emitters
from optimizer.building_prior import prior
from optimizer.inversion import log_mean_excess, supply_above_room


def loops():
    kinds = {"building_type": ["residential"] * 2, "insulation": ["saving"] * 2}
    return prior(**kinds, emitter=["radiator", "floor"], area=[6e4, 6e4])


@pytest.mark.parametrize(
    ("T_supply", "T_return", "T_room"), [(75.0, 50.0, 20.0), (38.0, 31.0, 21.0), (30.0, 29.999, 20.0)]
)
def test_heat_is_that_of_the_logarithmic_mean(T_supply, T_return, T_room):
    b = loops()
    L = log_mean_excess(T_supply, T_return, T_room)
    expected = b.q_n * (L / b.excess_n) ** (1.0 + b.exponent)
    given = emitters.heat(b, np.full(2, T_supply), np.full(2, T_return), np.full(2, T_room))
    assert given == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("drop", [0.0, 1e-7, 0.5, 8.0, 30.0])
def test_supply_above_room_is_that_of_one_loop(drop):
    excess = np.array([5.0, 25.0])
    told = emitters.supply_above_room(excess, np.full(2, drop))
    assert told == pytest.approx([supply_above_room(float(L), drop) for L in excess], rel=1e-5)


@pytest.mark.parametrize("T_room", [12.0, 20.0, 27.0])
def test_heat_and_water_tell_the_room_that_took_it(T_room):
    b, T_supply, T_return = loops(), np.full(2, 45.0), np.full(2, 36.0)
    q = emitters.heat(b, T_supply, T_return, np.full(2, T_room))
    assert emitters.room(b, T_supply, T_return, q) == pytest.approx(np.full(2, T_room), abs=1e-6)


def test_no_heat_needs_no_excess_and_water_that_gives_none_is_as_warm_as_the_room():
    b = loops()
    assert emitters.excess(b, np.array([0.0, -5.0])) == pytest.approx([0.0, 0.0])
    assert emitters.room(b, np.full(2, 30.0), np.full(2, 30.0), np.zeros(2)) == pytest.approx([30.0, 30.0])


def test_heat_falls_smoothly_to_nothing_as_the_room_reaches_the_return():
    b = loops().take([0])
    rooms = np.linspace(25.0, 45.0, 400)[:, None]
    q = emitters.heat(b, np.array([40.0]), np.array([32.0]), rooms)[:, 0]
    assert (np.diff(q) < 0.0).all()
    assert np.isfinite(q).all()
    assert q[-1] < 0.1 * q[0]
    assert np.abs(np.diff(q, 2)).max() < 0.2
