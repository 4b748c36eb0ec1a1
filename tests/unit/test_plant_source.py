import dataclasses

import numpy as np
import pytest

from simulators.plant import source
from simulators.plant.source import SourceParams, SourceState
from simulators.plant.water import C_WATER

PARAMS = SourceParams(
    T_outdoor=np.array([-20.0, 10.0]),
    T_supply=np.array([115.0, 70.0]),
    Q_max=20_000.0,
    ramp_per_s=0.05 / 900.0,
    m_flow_design=100.0,
    dp=300.0,
    p_return=350.0,
    station=np.array([0, 1, 1]),
    dp_path=np.array([50.0, 200.0]),
    lag_s=np.array([300.0, 1200.0]),
    loss_K=np.array([0.5, 2.0]),
)
FLOWS, RETURNS = np.array([40.0, 20.0, 20.0]), np.array([45.0, 45.0, 45.0])


def _state(**changes):
    state = SourceState(
        T_supply=100.0,
        T_return=44.5,
        Q_firing=80.0 * C_WATER * 55.5,
        T_outdoor_smooth=-10.0,
        m_flow_smooth=80.0,
        T_station=np.array([99.4, 97.5]),
    )
    return dataclasses.replace(state, **changes)


def _run(state, seconds, flows=FLOWS, returns=RETURNS, T_outdoor=-10.0):
    for _ in range(int(seconds / 5.0)):
        state = source.step(state, PARAMS, flows, returns, T_outdoor, 5.0)
    return state


def test_supply_holds_the_curve_and_stations_see_it_late_and_cooler():
    state = _run(_state(), 6 * 3600)
    assert state.T_supply == pytest.approx(source.supply_wanted(PARAMS, -10.0), abs=0.2)
    np.testing.assert_allclose(state.T_station, state.T_supply - np.array([0.5, 2.0]) / 0.8, atol=0.1)
    assert source.heat_delivered(state) == pytest.approx(80.0 * C_WATER * (state.T_supply - 44.5), rel=1e-3)


def test_capacity_limits_heat_and_the_supply_gives_way():
    state = _run(_state(), 12 * 3600, flows=1.3 * FLOWS)
    assert state.Q_firing == PARAMS.Q_max
    assert source.heat_delivered(state) == pytest.approx(PARAMS.Q_max, rel=0.01)
    assert state.T_supply < source.supply_wanted(PARAMS, -10.0) - 5.0


def test_firing_never_moves_faster_than_its_ramp():
    state = _state()
    for _ in range(200):
        following = source.step(state, PARAMS, 1.3 * FLOWS, RETURNS, -18.0, 5.0)
        assert abs(following.Q_firing - state.Q_firing) <= PARAMS.ramp_per_s * PARAMS.Q_max * 5.0 + 1e-9
        state = following


def test_more_flow_leaves_less_pressure_to_the_far_station():
    little, much = source.path_loss(_state(m_flow_smooth=50.0), PARAMS), source.path_loss(_state(), PARAMS)
    np.testing.assert_allclose(little, 0.25 * PARAMS.dp_path)
    assert (much > little).all()
    assert source.path_loss(_state(m_flow_smooth=900.0), PARAMS).max() <= 0.95 * PARAMS.dp


def test_a_network_without_flow_breaks_nothing():
    state = _run(_state(), 3600, flows=0.0 * FLOWS)
    assert np.isfinite(state.T_station).all()
    assert state.T_supply < 130.0
    assert source.pump_power(state, PARAMS) >= 0.0
