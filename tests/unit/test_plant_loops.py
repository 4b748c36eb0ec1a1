import dataclasses
import time

import numpy as np
import pytest

from simulators.assembly import loop_params
from simulators.plant import loops, secondary
from simulators.plant.building import Surroundings
from simulators.plant.loops import LoopInputs
from simulators.plant.water import C_WATER
from simulators.plc.curve import HeatingCurve
from simulators.sitefile import SimLoop, SimStation
from simulators.truth import draw_loop
from simulators.warmup import settled_loops, settled_secondary
from simulators.weather import steady

N = 50
SKY = Surroundings(T_outdoor=-8.0, wind=2.0, irradiation=60.0)
CURVE = HeatingCurve((-20.0, 10.0), (68.0, 36.0))


def _truths(n=N):
    result = []
    for number in range(n):
        emitter = "floor" if number % 3 == 0 else "radiator"
        A = 5_000.0 + 3_000.0 * number
        m = {"floor": 3.7, "radiator": 2.5}[emitter] * A / 3600.0
        loop = SimLoop(number=1, emitter=emitter, A_heated=A, m_flow_design=m, T_supply_max=85.0, curve=CURVE)
        station = SimStation(
            id=f"X{number}",
            name_en="",
            district="",
            kind="station",
            profile="plc-a",
            host="127.0.0.1",
            port=1,
            unit=1,
            security="none",
            certificate=None,
            loops=(loop,),
        )
        result.append(draw_loop(7, station, loop))
    return result


TRUTHS = _truths()
PARAMS = loop_params(TRUTHS, list(range(N)))
FLOOR = np.array([truth.emitter == "floor" for truth in TRUTHS])
T_SUPPLY = np.where(FLOOR, 37.0, 55.0)
T_PRIMARY, DP = 98.0 * np.ones(N), 120.0 * np.ones(N)


def _settled():
    beyond = settled_secondary(PARAMS, lambda _T: T_SUPPLY, steady(-8.0, irradiation=60.0), 1_736_899_200.0)
    return settled_loops(PARAMS, beyond, T_SUPPLY, T_PRIMARY, DP)


def _inputs(state, **changes):
    inputs = LoopInputs(
        valve=state.y_valve, pump=state.y_pump, T_supply_primary=T_PRIMARY, dp_primary=DP, sky=SKY
    )
    return dataclasses.replace(inputs, **changes)


@pytest.mark.parametrize("dt", [1.0, 5.0, 10.0])
def test_energy_of_the_secondary_side_closes_through_a_rough_hour(dt):
    rng = np.random.default_rng(3)
    state = _settled()
    before, entered, left = loops.stored_heat(state, PARAMS), np.zeros(N), np.zeros(N)
    building = PARAMS.secondary.building
    for _ in range(round(3600.0 / dt)):
        inputs = _inputs(state, valve=rng.uniform(0.0, 1.0, N), pump=rng.uniform(0.2, 1.0, N))
        state, out = loops.step(state, inputs, PARAMS, dt)
        gains = building.gains + building.aperture * SKY.irradiation / 1000.0
        entered += dt * (out.Q_exchanger + gains)
        left += dt * (out.Q_lost_return + out.beyond.Q_lost_pipe + out.beyond.Q_lost_building)
    change = loops.stored_heat(state, PARAMS) - before
    np.testing.assert_allclose(change, entered - left, atol=1e-6 * np.abs(entered).max())


def test_settled_loops_stay_where_they_are():
    state = _settled()
    for _ in range(360):
        following, out = loops.step(state, _inputs(state), PARAMS, 10.0)
        assert np.abs(following.T_supply - T_SUPPLY).max() < 0.5
        state = following
    np.testing.assert_allclose(out.Q_primary, out.Q_exchanger, rtol=1e-3)
    np.testing.assert_allclose(
        out.Q_exchanger, out.m_flow * C_WATER * (state.T_supply - state.T_return), rtol=1e-3
    )


def test_a_cold_day_looks_right_to_a_heating_engineer():
    state = _settled()
    _, out = loops.step(state, _inputs(state), PARAMS, 1.0)
    q = out.Q_exchanger / PARAMS.secondary.building.A_heated * 1000.0
    assert 25.0 < q.mean() < 45.0
    assert ((state.T_supply - state.T_return) > 2.0).all()
    assert 38.0 < state.T_return[~FLOOR].mean() < 48.0
    assert 26.0 < state.T_return[FLOOR].mean() < 33.0
    assert (state.T_return_primary > state.T_return).all()
    assert (state.T_return_primary < state.T_return + 8.0).all()
    assert ((state.y_valve > 0.3) & (state.y_valve < 0.9)).all()
    kWh_per_m2_month = out.P_pump.sum() * 730.0 / PARAMS.secondary.building.A_heated.sum()
    assert 0.1 < kWh_per_m2_month < 0.4


@pytest.mark.parametrize("dt", [0.0, 10.1, 60.0])
def test_steps_that_valves_and_exchangers_cannot_follow_are_refused(dt):
    state = _settled()
    with pytest.raises(AssertionError):
        loops.step(state, _inputs(state), PARAMS, dt)


def test_still_water_and_shut_valves_break_nothing():
    state = _settled()
    shut = _inputs(state, valve=np.zeros(N), pump=np.zeros(N), dp_primary=np.zeros(N))
    for _ in range(720):
        state, out = loops.step(state, shut, PARAMS, 10.0)
    assert np.isfinite(loops.stored_heat(state, PARAMS)).all()
    assert (out.m_flow == 0.0).all()
    assert (out.Q_exchanger == 0.0).all()
    assert (state.beyond.T_building[:, 0] > -8.0).all()


@pytest.mark.serial
def test_fifty_loops_step_within_a_millisecond():
    state = _settled()
    inputs = _inputs(state)
    best = min(_timed(state, inputs) for _ in range(20))
    assert best <= 1.0e-3


def _timed(state, inputs, n=20):
    begin = time.perf_counter()
    for _ in range(n):
        state, _out = loops.step(state, inputs, PARAMS, 5.0)
    return (time.perf_counter() - begin) / n


def test_the_return_pipe_is_slower_than_the_longest_step():
    carry = PARAMS.m_flow_max * C_WATER
    assert (PARAMS.secondary.C_pipe / carry > loops.DT_MAX_S).all()
    assert secondary.stored_heat(_settled().beyond, PARAMS.secondary).min() > 0.0
