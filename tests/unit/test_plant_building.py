import dataclasses

import numpy as np
import pytest
from scipy.linalg import expm

from simulators.plant import building
from simulators.plant.building import AIR, FURNITURE, SLAB, WALL, BuildingParams, Surroundings

A = np.array([1000.0, 60_000.0])
PARAMS = BuildingParams(
    A_heated=A,
    C=np.array([[2.0, 18.0, 90.0, 45.0]]) * 3.6 * A[:, None],
    G_window=0.35e-3 * A,
    G_air_furniture=8e-3 * A,
    G_air_wall=6e-3 * A,
    G_wall_outdoor=0.55e-3 * A,
    G_slab_air=9e-3 * A,
    ach=np.array([0.5, 0.5]),
    gains=4e-3 * A,
    aperture=0.03 * A,
    split=np.tile([0.4, 0.2, 0.1, 0.3], (2, 1)),
)
SKY = Surroundings(T_outdoor=-6.0, wind=2.0, irradiation=120.0, gains_share=1.1)
T0 = np.array([[20.0, 20.5, 15.0, 24.0], [18.0, 18.5, 13.0, 20.0]])
Q = 30e-3 * A


def _analytic(hours):
    """Exact solution of the first loop's linear network by the matrix exponential."""
    G_out = PARAMS.G_window[0] + building.ventilation(PARAMS, T0[:, AIR], SKY.wind)[0]
    M, c = np.zeros((4, 4)), np.zeros(4)
    for i, j, G in (
        (AIR, FURNITURE, PARAMS.G_air_furniture[0]),
        (AIR, WALL, PARAMS.G_air_wall[0]),
        (AIR, SLAB, PARAMS.G_slab_air[0]),
    ):
        M[i, i] -= G
        M[j, j] -= G
        M[i, j] += G
        M[j, i] += G
    M[AIR, AIR] -= G_out
    M[WALL, WALL] -= PARAMS.G_wall_outdoor[0]
    people, solar = PARAMS.gains[0] * 1.1, PARAMS.aperture[0] * 120.0 / 1000.0
    c += PARAMS.split[0] * Q[0]
    c[AIR] += G_out * -6.0 + 0.5 * people + 0.3 * solar
    c[FURNITURE] += 0.5 * people + 0.7 * solar
    c[WALL] += PARAMS.G_wall_outdoor[0] * -6.0
    C = PARAMS.C[0]
    settled = np.linalg.solve(-M, c)
    return settled + expm(M / C[:, None] * 3600.0 * hours) @ (T0[0] - settled)


def test_small_steps_follow_the_analytic_solution():
    T = T0
    for _ in range(6 * 360):
        T, _lost = building.step(T, Q, PARAMS, SKY, 10.0)
    np.testing.assert_allclose(T[0], _analytic(6.0), atol=0.01)


def test_hour_steps_reach_the_analytic_steady_state():
    T = T0
    for _ in range(24 * 60):
        T, _lost = building.step(T, Q, PARAMS, SKY, 3600.0)
    np.testing.assert_allclose(T[0], _analytic(24 * 60), atol=1e-6)


@pytest.mark.parametrize("dt", [1.0, 10.0, 3600.0])
def test_what_enters_is_stored_or_lost(dt):
    T, lost = building.step(T0, Q, PARAMS, SKY, dt)
    entered = Q + PARAMS.gains * 1.1 + PARAMS.aperture * 120.0 / 1000.0
    stored = (PARAMS.C * (T - T0)).sum(axis=1)
    np.testing.assert_allclose(stored, dt * (entered - lost), rtol=1e-9)


def test_wind_and_open_windows_cost_heat():
    calm = building.ventilation(PARAMS, np.array([20.0, 20.0]), 0.0)
    windy = building.ventilation(PARAMS, np.array([20.0, 20.0]), 8.0)
    warm = building.ventilation(PARAMS, np.array([26.0, 40.0]), 0.0)
    assert (windy > 3.0 * calm).all()
    per_ach = building.AIR_HEAT_Wh_PER_m3K * building.ROOM_HEIGHT_m * A / 1000.0
    np.testing.assert_allclose(warm - calm, np.array([0.12, building.WINDOW_ACH_MAX]) * per_ach)


def test_size_does_not_matter_per_square_metre():
    alike = dataclasses.replace(PARAMS)
    T, _lost = building.step(np.tile(T0[0], (2, 1)), Q, alike, SKY, 600.0)
    np.testing.assert_allclose(T[0], T[1], rtol=1e-12)
