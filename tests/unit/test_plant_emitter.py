import numpy as np
import pytest

from simulators.plant import emitter
from simulators.plant.water import C_WATER

ONE = np.ones(1)
RADIATOR = {"Q_nominal": 1000.0 * ONE, "dT_nominal": 41.24 * ONE, "b": 0.3 * ONE}


def _settled(T_in, m_flow, T_room=20.0, dt=30.0, law=RADIATOR):
    T_out, Q = T_in * ONE, 0.0 * ONE
    for _ in range(2000):
        T_out, Q = emitter.step(T_out, T_in * ONE, T_room * ONE, m_flow * ONE, 4000.0 * ONE, dt=dt, **law)
    return T_out[0], Q[0]


def test_rated_temperatures_give_rated_heat():
    Q = emitter.heat_flow(75.0 * ONE, 50.0 * ONE, 20.0 * ONE, **RADIATOR)
    assert Q[0] == pytest.approx(1000.0, rel=1e-3)


def test_heat_follows_the_exponent():
    full = emitter.heat_flow(70.0 * ONE, 60.0 * ONE, 20.0 * ONE, **RADIATOR)[0]
    half = emitter.heat_flow(45.0 * ONE, 40.0 * ONE, 20.0 * ONE, **RADIATOR)[0]
    assert full / half == pytest.approx(2.0**1.3)


@pytest.mark.parametrize("m_flow", [15.0, 5.0, 0.5])
def test_settled_water_balances_settled_heat(m_flow):
    T_out, Q = _settled(60.0, m_flow, dt=600.0)
    assert m_flow * C_WATER * (60.0 - T_out) == pytest.approx(Q, rel=1e-6)
    assert emitter.heat_flow(60.0 * ONE, T_out * ONE, 20.0 * ONE, **RADIATOR)[0] == pytest.approx(Q, rel=1e-6)


def test_a_trickle_gives_all_its_heat_and_leaves_at_room_temperature():
    T_out, Q = _settled(60.0, 0.01, dt=600.0)
    assert T_out == pytest.approx(20.0, abs=0.05)
    assert pytest.approx(0.01 * C_WATER * 40.0, rel=0.02) == Q


@pytest.mark.parametrize("dt", [1.0, 10.0, 300.0, 3600.0])
def test_any_step_ends_at_the_same_place(dt):
    assert _settled(60.0, 10.0, dt=dt)[0] == pytest.approx(_settled(60.0, 10.0, dt=5.0)[0], abs=1e-4)


def test_energy_closes_in_every_step():
    rng = np.random.default_rng(5)
    n = 2000
    T_out, T_in = rng.uniform(5.0, 80.0, n), rng.uniform(5.0, 90.0, n)
    T_room, m = rng.uniform(10.0, 28.0, n), 10.0 ** rng.uniform(-4.0, 1.5, n)
    C, dt = 4000.0 * np.ones(n), 10.0
    nominal = {name: float(value[0]) * np.ones(n) for name, value in RADIATOR.items()}
    T_next, Q = emitter.step(T_out, T_in, T_room, m, C, dt=dt, **nominal)
    stored = C * (T_next - T_out)
    np.testing.assert_allclose(stored, dt * (m * C_WATER * (T_in - T_next) - Q), atol=1e-6)
    assert (Q >= 0.0).all()
    assert np.isfinite(T_next).all()


def test_a_cold_emitter_never_cools_the_room():
    T_out, Q = emitter.step(15.0 * ONE, 18.0 * ONE, 20.0 * ONE, 5.0 * ONE, 4000.0 * ONE, dt=10.0, **RADIATOR)
    assert Q[0] == 0.0
    assert T_out[0] < 18.0
