"""Plug flow against the analytic step: when the front arrives, and what the ground has taken by then.

Tolerances: arrival within one time step (one and a half through seven pipes); settled temperature 1e-4 of the
excess over the ground in the mean and 1e-3 at each moment, which shows the parcels; balance 1e-9.
"""

from dataclasses import replace

import numpy as np
import pytest

from simulators.plant.network import transport
from simulators.plant.network.graph import Consumer, Place, Source, Trench, network
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.operation import operation
from simulators.plant.network.transport import Inlets, transport_params
from simulators.plant.water import C_WATER, density
from tests.support.heat_networks import city_network

T_GROUND, U = 5.0, 0.4


def line(length, diameter=0.2, pieces=1):
    """A plant, a trench of some pieces, a station."""
    return network(
        places=[Place(name=f"N{i}") for i in range(pieces + 1)],
        trenches=[
            Trench(name=f"P{i}", start=f"N{i}", end=f"N{i + 1}", length=length / pieces, diameter=diameter)
            for i in range(pieces)
        ],
        consumers=[Consumer(name="S", place=f"N{pieces}")],
        sources=[Source(name="plant", place="N0")],
    )


def flows(net, m):
    return np.full(net.n_links, float(m))


def arrivals(net, m, T_supply, dt, steps, wall=None, T_start=60.0):
    """Temperature at the station after each step, from pipes filled with ``T_start``."""
    params = transport_params(net, U, T_GROUND, wall)
    state = transport.filled(params, T_start, 40.0)
    seen = []
    for _ in range(steps):
        inlets = Inlets(T_source=np.array([T_supply]), T_consumer=np.array([40.0]))
        state, carried = transport.step(state, params, flows(net, m), np.zeros(net.n_nodes), inlets, dt)
        seen.append(carried.T_consumer[0])
    return np.array(seen)


@pytest.mark.parametrize("pieces", [1, 7], ids=["one pipe", "seven in a row"])
@pytest.mark.parametrize(
    ("m", "dt", "word"),
    [
        (20.0, 10.0, "fast"),
        (5.0, 60.0, "slow, parcels are joined"),
        (20.0, 300.0, "a step longer than a piece"),
    ],
)
def test_step_arrives_after_the_delay_and_cooled_by_the_exponential_law(m, dt, pieces, word):
    length, D = 2000.0, 0.2
    water = float(density(np.array(transport.T_REFERENCE))) * np.pi / 4.0 * D**2
    tau = water * length / m
    seen = arrivals(line(length, D, pieces), m, 110.0, dt, int(3.0 * tau / dt), wall=np.zeros(2 * pieces))
    decay = U / 1000.0 / (water * C_WATER)
    settled = T_GROUND + (110.0 - T_GROUND) * np.exp(-decay * tau)
    last = seen[-int(tau / dt) :]
    assert last.mean() == pytest.approx(settled, abs=1e-4 * (110.0 - T_GROUND)), word
    assert last == pytest.approx(settled, abs=1e-3 * (110.0 - T_GROUND)), word
    before = T_GROUND + (60.0 - T_GROUND) * np.exp(-decay * dt * np.arange(len(seen)))
    halfway = np.interp(0.5, (seen - before) / (settled - before), dt * (np.arange(len(seen)) + 0.5))
    assert halfway == pytest.approx(tau, abs=(1.0 if pieces == 1 else 1.5) * dt), word


def test_steel_slows_the_front_and_leaves_the_steady_loss_alone():
    net, m, dt = line(2000.0), 10.0, 30.0
    bare = arrivals(net, m, 110.0, dt, 400, wall=np.zeros(2))
    steel = arrivals(net, m, 110.0, dt, 400)
    ratio = 7850.0 * 0.206 * 0.006 * 0.48 / (float(density(np.array(70.0))) * 0.01 * C_WATER)
    delay = [dt * np.argmax(seen > 85.0) for seen in (bare, steel)]
    assert delay[1] == pytest.approx(delay[0] * (1.0 + ratio), abs=2 * dt)
    assert min(delay) > 5000.0
    assert steel[-60:].mean() == pytest.approx(bare[-60:].mean(), abs=0.01)


def test_water_at_rest_cools_in_place_and_comes_back_where_it_was_when_the_flow_turns():
    net = line(1000.0)
    params = transport_params(net, 0.0, T_GROUND)
    state = transport.filled(params, 60.0, 40.0)
    inlets = Inlets(T_source=np.array([110.0]), T_consumer=np.array([40.0]))
    leak = np.zeros(net.n_nodes)
    for _ in range(10):
        state, _ = transport.step(state, params, flows(net, 10.0), leak, inlets, 60.0)
    back = -flows(net, 10.0)
    seen = []
    for _ in range(10):
        state, carried = transport.step(state, params, back, leak, inlets, 60.0)
        seen.append(state.T_node[0])
    assert np.allclose(seen, 110.0)  # what went in comes out again, last in first out
    cooling = transport_params(net, U, T_GROUND)
    rested, carried = transport.step(state, cooling, flows(net, 0.0), leak, inlets, 3600.0)
    expected = T_GROUND + (state.T - T_GROUND) * np.exp(-cooling.rate * 3600.0)[:, None]
    filled = rested.mass > 0.0
    assert (rested.mass * rested.T).sum() == pytest.approx((state.mass * expected).sum(), rel=1e-12)
    assert filled.any()
    mean = transport.pipe_temperature(rested)
    assert mean == pytest.approx((rested.mass * rested.T).sum(axis=1) / params.mass)
    assert carried.Q_loss.sum() > 0.0


def test_heat_balance_of_a_looped_city_closes_through_a_day_of_changing_flows_and_leaks():
    net, m_design = city_network(60, loops=8)
    params = transport_params(net, 0.3, T_GROUND)
    state = transport.filled(params, 80.0, 45.0)
    hydraulics, rng = Hydraulics(net), np.random.default_rng(3)
    leak = np.zeros(net.n_nodes)
    leak[[5, 70]] = 0.4, 0.2
    brought = lost = 0.0
    stored = transport.stored_heat(state)
    for k in range(144):
        now = operation(
            net,
            T_supply=80.0,
            T_return=45.0,
            m_flow=m_design * rng.uniform(0.2, 1.2, len(m_design)),
            source_dp=900.0,
        )
        m_flow = hydraulics.solve(now).m_flow
        inlets = Inlets(
            T_source=np.array([90.0 + 20.0 * np.sin(k / 9.0)]),
            T_consumer=rng.uniform(30.0, 55.0, net.n_consumers),
        )
        leaking = leak if k > 70 else np.zeros(net.n_nodes)
        if k > 70:
            m_flow = hydraulics.solve(replace(now, leak=leak)).m_flow
        state, carried = transport.step(state, params, m_flow, leaking, inlets, 600.0)
        brought += transport.heat_in(state, params, m_flow, leaking, inlets) * 600.0
        lost += carried.Q_loss.sum() * 600.0
    change = transport.stored_heat(state) - stored
    assert brought - lost - change == pytest.approx(0.0, abs=1e-9 * abs(brought))
    assert 0.0 < lost < brought
    assert state.mass.sum(axis=1) == pytest.approx(params.mass, rel=1e-12)
