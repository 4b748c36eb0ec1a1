"""Whatever the network: mass is kept, more is lost by more flow, heat goes nowhere unseen."""

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simulators.plant.network import friction, transport
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.operation import operation
from simulators.plant.network.transport import Inlets, transport_params
from tests.support.heat_networks import city_network

networks = st.builds(
    city_network,
    st.integers(4, 30),
    loops=st.integers(0, 6),
    seed=st.integers(0, 1000),
    hills=st.floats(0.0, 40.0),
)


def by_flow(net, m_flow):
    return operation(net, T_supply=90.0, T_return=45.0, m_flow=m_flow, source_dp=2000.0)


def imbalance(net, m_flow):
    """Largest difference of inflow and outflow at a node, counted anew."""
    sums = np.zeros(net.n_nodes)
    np.add.at(sums, net.link_start, m_flow)
    np.subtract.at(sums, net.link_end, m_flow)
    return np.abs(sums).max()


@settings(deadline=None, max_examples=40)
@given(made=networks, share=st.floats(0.0, 1.2), seed=st.integers(0, 99))
def test_mass_is_kept_at_every_node_and_every_link_obeys_its_law(made, share, seed):
    net, design = made
    m_flow = design * share * np.random.default_rng(seed).uniform(0.0, 1.0, len(design))
    solution = Hydraulics(net).solve(by_flow(net, m_flow))
    assert imbalance(net, solution.m_flow) <= 1e-9 * max(m_flow.sum(), 1.0)
    assert solution.residual <= 1e-6


@settings(deadline=None, max_examples=30)
@given(made=networks, factor=st.floats(1.01, 1.4))
def test_more_demand_everywhere_leaves_every_station_less_pressure(made, factor):
    net, design = made
    solver = Hydraulics(net)
    before, after = (solver.solve(by_flow(net, k * design)).dp_consumer for k in (0.8, 0.8 * factor))
    assert (after < before).all()


@settings(deadline=None, max_examples=30)
@given(made=networks, opened=st.integers(0, 3), factor=st.floats(1.1, 20.0))
def test_a_valve_that_opens_takes_more_and_no_other_gains(made, opened, factor):
    net, design = made
    Kv = design * 4.0
    more = Kv.copy()
    more[opened] *= factor
    solver = Hydraulics(net)
    now = operation(net, T_supply=90.0, T_return=45.0, Kv=Kv, source_dp=200.0)
    before = solver.solve(now).m_flow[net.consumers]
    after = solver.solve(replace(now, Kv=more)).m_flow[net.consumers]
    assert after[opened] > before[opened]
    others = np.arange(len(Kv)) != opened
    assert (after[others] <= before[others] + 1e-6).all()


@settings(deadline=None, max_examples=30)
@given(made=networks, dp=st.floats(20.0, 900.0), factor=st.floats(1.05, 3.0))
def test_more_pressure_at_the_plant_gives_every_station_more(made, dp, factor):
    net, design = made
    solver = Hydraulics(net)
    flows = [
        solver.solve(operation(net, T_supply=90.0, T_return=45.0, Kv=4.0 * design, source_dp=held)).m_flow
        for held in (dp, factor * dp)
    ]
    lower, higher = (flow[net.consumers] for flow in flows)
    # the warm column is lighter: near no pressure a hill drives water too, which is still monotone
    assert (higher > lower).all()


@settings(deadline=None, max_examples=30)
@given(
    made=networks,
    flows=st.lists(st.floats(-1.0, 1.2), min_size=4, max_size=12),
    T=st.lists(st.floats(20.0, 130.0), min_size=12, max_size=12),
    dt=st.floats(1.0, 3600.0),
)
def test_heat_goes_nowhere_unseen_whatever_direction_the_water_takes(made, flows, T, dt):
    net, design = made
    m_design = Hydraulics(net).solve(by_flow(net, design)).m_flow
    params = transport_params(net, 0.5, 5.0)
    state = transport.filled(params, 80.0, 45.0, parcels=8)
    leak = np.zeros(net.n_nodes)
    moved = 1.0
    stored = transport.stored_heat(state)
    balance = 0.0
    for share, T_source in zip(flows, T, strict=False):
        inlets = Inlets(T_source=np.array([T_source]), T_consumer=np.full(net.n_consumers, 40.0))
        state, carried = transport.step(state, params, share * m_design, leak, inlets, dt)
        brought = transport.heat_in(state, params, share * m_design, leak, inlets) * dt
        balance += brought - carried.Q_loss.sum() * dt
        moved += abs(brought) + design.sum() * dt * 4.187 * 100.0
        assert state.T.min() >= 5.0 - 1e-9
        assert state.T.max() <= 130.0 + 1e-9
    assert abs(balance - (transport.stored_heat(state) - stored)) <= 1e-9 * (moved + stored)


@settings(deadline=None)
@given(Re=st.floats(0.0, 1e8), more=st.floats(1.0 + 1e-6, 100.0), rough=st.floats(0.0, 0.05))
def test_loss_in_a_pipe_grows_with_flow_through_all_branches(Re, more, rough):
    roughness = np.array([rough, rough])
    phi, slope = friction.scaled_loss(np.array([Re, Re * more]), roughness)
    assert (slope > 0.0).all()
    assert phi[1] > phi[0] or Re < 1e-300
