"""Rooms under even heat: how they go with the day, and that a band which goes along asks for even heat."""

import numpy as np
import pytest

from controller.planning.breathing import SWING, breathing
from optimizer.building import steady_heat, steady_state, transition
from optimizer.building_prior import prior

HOURS = 0.25 * np.arange(96)
DAY = -5.0 + 4.0 * np.cos(2.0 * np.pi * (HOURS - 15.0) / 24.0)
HOUSES = prior(
    building_type=["residential"] * 2, emitter=["radiator"] * 2, insulation=["old", "saving"], area=[5e4] * 2
)
A, B = transition(HOUSES, 0.25, 2.0)
GAINS = HOUSES.gain[:, None] * np.ones((2, 96))
SD_K = 0.6


def test_rooms_swing_about_their_mean_some_hours_behind_the_weather():
    breath = breathing(A, B, DAY, GAINS, SD_K)
    assert np.abs(breath.mean(axis=1)).max() < 0.02
    assert (breath.max(axis=1) > 0.2).all()
    warmest = HOURS[breath.argmax(axis=1)]
    assert ((warmest > 16.0) & (warmest < 23.0)).all()


def test_nothing_swings_in_even_weather_and_no_swing_is_wider_than_comfort_counts_with():
    assert np.abs(breathing(A, B, np.full(96, -8.0), GAINS, SD_K)).max() < 1e-9
    wild = breathing(A, B, -5.0 + 10.0 * (DAY + 5.0), GAINS, SD_K)
    assert np.abs(wild).max() == pytest.approx(SWING * SD_K)


@pytest.mark.parametrize("fall_K", [-10.0, 10.0])
def test_a_change_from_day_to_day_moves_no_band(fall_K):
    changing = DAY - fall_K * HOURS / 24.0
    usual = breathing(A, B, DAY, GAINS, SD_K)
    assert breathing(A, B, changing, GAINS, SD_K) == pytest.approx(usual, abs=0.08)


def test_even_heat_keeps_rooms_on_the_band_and_a_straight_band_takes_uneven_heat():
    T = 21.0
    even = steady_heat(HOUSES, np.full(2, T), float(DAY.mean()), HOUSES.gain, 2.0)
    x = steady_state(HOUSES, even, float(DAY.mean()), HOUSES.gain, 2.0)
    rooms = np.zeros((2, 96))
    for step in range(10 * 96):
        u = np.stack([even, np.full(2, DAY[step % 96]), HOUSES.gain], axis=1)
        x = np.einsum("nij,nj->ni", A, x) + np.einsum("nij,nj->ni", B, u)
        rooms[:, step % 96] = x[:, 0]
    assert rooms == pytest.approx(T + breathing(A, B, DAY, GAINS, SD_K), abs=0.05)
