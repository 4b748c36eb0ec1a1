"""What is known of the flows beforehand, what was found of them, and what may not stand as an answer."""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, some
from simulators.plant.network.errors import DemandNotServed, ReverseFlow
from simulators.plant.network.graph import Network
from simulators.plant.network.iteration import Found, TOLERANCE_kPa
from simulators.plant.network.operation import Operation, SourceMode
from simulators.plant.network.pattern import KNOWN, Pattern
from simulators.plant.network.pumps import pressure_rise

_MIN_FLOW = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Pressures in kPa over ambient and flows in kg/s."""

    p: Floats
    """Of each node, shape (n_nodes,)."""
    m_flow: Floats
    """Of each link from start to end, shape (n_links,)."""
    dp_consumer: Floats
    """Supply minus return at each station, shape (n_consumers,)."""
    velocity: Floats
    """m/s in each pipe, shape (n_pipes,)."""
    iterations: int
    residual: float
    """Largest error of head, kPa."""
    mass_residual: float
    """Largest error of a node's mass balance, kg/s."""


def prescribed_flows(network: Network, now: Operation) -> Floats:
    """Return the flows that are known beforehand, 0 elsewhere, shape (n_links,)."""
    m = np.zeros(network.n_links)
    m[network.consumers] = np.where(now.prescribed, now.m_flow, 0.0)
    for i, mode in enumerate(now.source_mode):
        if mode is SourceMode.FLOW:
            m[network.sources.start + i] = now.source_m_flow[i]
    return m


def _node_outflow(network: Network, m: Floats) -> Floats:
    """Return what the links take out of each node, shape (n_nodes,)."""
    n = network.n_nodes
    leaving = np.bincount(network.link_start, weights=m, minlength=n)
    return np.asarray(leaving - np.bincount(network.link_end, weights=m, minlength=n), dtype=np.float64)


def injections(network: Network, now: Operation, used: Pattern) -> Floats:
    """Return the known inflow at each unknown: prescribed flows and leaks, summed over tied nodes."""
    inflow = -_node_outflow(network, prescribed_flows(network, now)) - now.leak
    sums = np.bincount(used.unknown - KNOWN, weights=inflow, minlength=used.n_unknown + 1)
    return np.asarray(sums[1:])


def held_pressures(network: Network, now: Operation) -> Floats:
    """Return pressures to start from that keep what sources hold: the return pressure, and dp where tied."""
    p = np.full(network.n_nodes, now.p_return)
    supplies = network.link_end[network.sources]
    for supply, mode, dp in zip(supplies, now.source_mode, now.source_dp, strict=True):
        if mode is SourceMode.DP:
            p[supply] = now.p_return + dp
    return p


def solution_of(
    network: Network, now: Operation, used: Pattern, found: Found, per_velocity: Floats
) -> Solution:
    """Return the solution found; ``per_velocity`` is kg/s over m/s in the pipes."""
    (flows, short), p, consumers = _completed(network, now, used, found.m), found.p, network.consumers
    short[network.link_start[network.sources][network.reference]] = 0.0  # where make-up enters
    return Solution(
        p=p,
        m_flow=flows,
        dp_consumer=p[network.link_start[consumers]] - p[network.link_end[consumers]],
        velocity=flows[network.pipes] / per_velocity,
        iterations=found.iterations,
        residual=found.residual,
        mass_residual=float(np.abs(short).max()),
    )


def _completed(network: Network, now: Operation, used: Pattern, m: Floats) -> tuple[Floats, Floats]:
    """Return the flows of all links, given those of the active ones, and what each node lacks then."""
    flows = prescribed_flows(network, now)
    flows[used.active] = m
    short = _node_outflow(network, flows) + now.leak
    for i, mode in enumerate(now.source_mode):
        if mode is SourceMode.DP:  # its flow is what its supply node lacks
            link = network.sources.start + i
            supply, back = network.link_end[link], network.link_start[link]
            flows[link] = lacking = short[supply]
            short[supply] -= lacking
            short[back] += lacking
    return flows, short


def refuse_reverse(network: Network, now: Operation, solution: Solution) -> None:
    """Refuse sources and pumps through which water would run backwards."""
    m, first = solution.m_flow, network.sources.start
    backwards = [
        network.link_names[first + i]
        for i, mode in enumerate(now.source_mode)
        if mode is not SourceMode.FLOW and m[first + i] < -_MIN_FLOW
    ]
    for name, link, speed in zip(network.pump_names, network.pump_link, now.pump_speed, strict=True):
        if speed > 0.0 and link < first and m[link] < -_MIN_FLOW:
            backwards.append(name)
    if backwards:
        raise ReverseFlow("water would run backwards through", backwards)


def refuse_unserved(network: Network, now: Operation, solution: Solution) -> None:
    """Refuse prescribed flows without the pressure for them; a station's own pump helps."""
    if not some(now.prescribed):
        return
    dp = solution.dp_consumer + rises(network, now.pump_speed, solution.m_flow)[network.consumers]
    short = now.prescribed & (now.m_flow > 0.0) & (dp < network.dp_min - TOLERANCE_kPa)
    if short.any():
        where = np.flatnonzero(short)
        names = [network.link_names[network.consumers][i] for i in where]
        raise DemandNotServed(names, dp[where].tolist(), network.dp_min[where].tolist())


def rises(network: Network, pump_speed: Floats, m_flow: Floats) -> Floats:
    """Return what a pump in each link adds in kPa, 0 where there is none, shape (n_links,).

    ``pump_speed`` of all pumps, ``m_flow`` kg/s of all links.
    """
    rise = np.zeros(network.n_links)
    link = network.pump_link
    rise[link] = pressure_rise(network.pump_dp0, network.pump_a, pump_speed, m_flow[link])
    return rise
