"""Pressures and flows of a looped network by the global gradient algorithm.

E. Todini and S. Pilati, "A gradient algorithm for the analysis of pipe networks" (1988); in this form
E. Todini and L. A. Rossman, J. Hydraulic Eng. 139 (2013) 511. Each iteration solves one symmetric system for
the pressures and then corrects all flows, which keep the mass balance from the first iteration on.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from simulators.plant.arrays import Floats, some
from simulators.plant.network.errors import DemandNotServed, NotConverged, ReverseFlow
from simulators.plant.network.friction import Colebrook, dynamic_viscosity
from simulators.plant.network.graph import Network
from simulators.plant.network.operation import Checks, Operation, SourceMode
from simulators.plant.network.pattern import KNOWN, Factors, Pattern, pattern, pattern_key
from simulators.plant.network.pumps import pressure_rise
from simulators.plant.network.tangent import Movable, Tangent, flow_at_1_bar, movable
from simulators.plant.water import density

TOLERANCE_kPa = 1e-6
"""Largest error of head on any link; four orders below what any gauge shows."""

MAX_ITERATIONS = 60
DAMPED_FROM = 15
"""Networks of this kind need 4..12 iterations; later ones go half the way, against oscillation."""

KEPT_BELOW = 0.03
"""A step that leaves less than this share of the error keeps its matrix for the next one."""

LINEAR_SHARE = 1e-4
"""Valves and pumps: the square law becomes linear around this share of the flow at 1 bar, so that their
slope never vanishes. It changes the flow at 1 kPa by less than one part in a million."""

GRAVITY = 9.81
_FIRST_VELOCITY = 0.7


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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Laws:
    """Loss of the active links over their flow: loss = c phi(Re) + r m sqrt(m^2 + m0^2) - lift."""

    n_pipes: int
    rho: Floats
    """kg/m3 in the pipes."""
    per_flow: Floats
    """Re over m of the pipes."""
    c: Floats
    c_per_flow: Floats
    friction: Colebrook
    r: Floats
    m0_2: Floats
    lift: Floats
    """kPa that a pump adds at no flow, less the weight of the water that is raised."""

    def loss(self, m: Floats) -> tuple[Floats, Floats]:
        """Return the losses in kPa and their slopes in kPa/(kg/s)."""
        m2 = m * m
        swung = np.sqrt(m2 + self.m0_2)
        loss = self.r * m
        loss *= swung
        loss -= self.lift
        m2 /= swung
        m2 += swung
        m2 *= self.r
        n = self.n_pipes
        phi, d_phi = self.friction.scaled_loss(np.abs(m[:n]) * self.per_flow)
        phi *= self.c
        loss[:n] += np.copysign(phi, m[:n])
        d_phi *= self.c_per_flow
        m2[:n] += d_phi
        return loss, m2


class Hydraulics:
    """Solver of one network; owns the pattern and the solution that the next one starts from."""

    def __init__(self, network: Network) -> None:
        self._network, self._pipes, self._check = network, _Pipes(network), Checks(network)
        self._pattern: Pattern | None = None
        self._movable: Movable | None = None
        self._last: Solution | None = None
        self._tangent: Tangent | None = None

    def forget(self) -> None:
        """Start the next solution from scratch."""
        self._pattern = self._last = self._tangent = None

    def solve(self, now: Operation, near: Floats | None = None) -> Solution:
        """Return the solution of an operation; ``near`` are flows of all links close to it, as of ``follow``.

        Raises InvalidValue where the operation does not fit, NotConverged, ReverseFlow where a check valve
        would shut, DemandNotServed where a prescribed flow finds less than the station's dp_min.
        """
        network = self._network
        self._check(now)
        if self._pattern is None or self._pattern.key != pattern_key(now):
            # other links are solved for: the old flows are no place to start from
            self._pattern, self._last = pattern(network, now), None
            self._movable = movable(network, self._pattern, now.source_mode)
        used, where = self._pattern, self._movable
        assert where is not None
        laws = _laws(network, self._pipes, now, used)
        if self._last is None:
            near = _first_flows(network, now)
        elif near is None:
            near = _next_flows(network, now, self._last)
        found = _iterate(network, now, used, where, laws, near[used.active])
        solution = _solution(network, now, used, found, self._pipes.area * laws.rho)
        self._last = solution
        self._tangent = Tangent(
            network,
            now,
            used,
            where,
            solution.m_flow,
            solution.dp_consumer,
            found.conductance,
            found.factors,
        )
        _refuse_reverse(network, now, solution)
        _refuse_unserved(network, now, solution)
        return solution

    def follow(
        self, Kv: Floats, pump_speed: Floats, source_m_flow: Floats, leak: Floats
    ) -> tuple[Floats, Floats]:
        """Return (flow of each link, differential pressure of each station) to first order.

        About the last solution, which must be there; see ``Tangent.follow``.
        """
        assert self._tangent is not None
        return self._tangent.follow(Kv, pump_speed, source_m_flow, leak)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """Where the iterations ended: pressures of all nodes, flows and last used slopes of the active links."""

    p: Floats
    m: Floats
    conductance: Floats
    factors: Factors
    iterations: int
    residual: float


def _iterate(
    network: Network, now: Operation, used: Pattern, where: Movable, laws: _Laws, m: Floats
) -> _Found:
    """Return where the iterations end, from flows ``m`` of the active links.

    Where the last step has left little of the error its matrix is used again: what its slopes are off by now
    is as little, and that share of what is left stays.
    """
    start, end = network.link_start[used.active], network.link_end[used.active]
    n = used.n_unknown
    supply = _injections(network, now, used)
    p = _held_pressures(network, now)
    a, b, ends = where.start, where.end, where.ends
    fall = p[start] - p[end]
    """Of the pressure along each link."""
    change, all_changes = np.zeros(n + 1), np.zeros(n + 1)
    history: list[float] = []
    factors, conductance = None, m
    for iteration in range(MAX_ITERATIONS + 1):
        error, slope = laws.loss(m)
        error -= fall
        residual = float(np.abs(error).max())
        history.append(residual)
        if not isfinite(residual):
            break
        if factors is not None and residual <= TOLERANCE_kPa:
            p += all_changes[where.place]
            return _Found(
                p=p, m=m, conductance=conductance, factors=factors, iterations=iteration, residual=residual
            )
        if factors is None or residual > KEPT_BELOW * history[-2]:
            conductance = 1.0 / slope
            factors = used.factorised(conductance)
        towards = m - error * conductance
        # one more place for the known pressures, which is cut off
        outflow = np.bincount(ends, weights=np.concatenate([towards, -towards]), minlength=n + 1)
        change[1:] = factors.solve(supply - outflow[1:])
        rise = change[a] - change[b]
        step = towards + rise * conductance
        if iteration < DAMPED_FROM:
            m = step
        else:
            m = 0.5 * (m + step)
            rise *= 0.5
            change *= 0.5
        fall += rise
        all_changes += change
    worst = network.link_names[used.active[int(np.argmax(np.nan_to_num(np.abs(error), nan=np.inf)))]]
    raise NotConverged(_why(history), len(history) - 1, history[-1], worst)


def _why(history: list[float]) -> str:
    if not isfinite(history[-1]):
        return "numbers overflow: resistances of the links differ too much"
    if history[-1] < 0.5 * history[len(history) // 2]:
        return "still falling, too slowly"
    return "it oscillates without falling"


class _Pipes:
    """What the laws of a network's pipes take from their shape alone, shape (n_pipes,)."""

    def __init__(self, network: Network) -> None:
        n, D = network.n_pipes, network.diameter
        self.area = np.pi / 4.0 * D**2
        self.zeta = network.zeta / (2.0 * self.area**2) / 1000.0
        self.m0 = LINEAR_SHARE * self.area * 1000.0
        rise = network.elevation[network.link_end[:n]] - network.elevation[network.link_start[:n]]
        self.lift = -GRAVITY * rise / 1000.0
        self.per_flow = 4.0 / (np.pi * D)
        self.c = network.length / (2.0 * D**3) / 1000.0
        self.friction = Colebrook(network.roughness / D)


def _laws(network: Network, pipes: _Pipes, now: Operation, used: Pattern) -> _Laws:
    rho, mu = density(now.T_pipe), dynamic_viscosity(now.T_pipe)
    n, links = network.n_pipes, network.n_links
    r, m0, lift = np.zeros(links), np.ones(links), np.zeros(links)
    r[:n], m0[:n], lift[:n] = pipes.zeta / rho, pipes.m0, pipes.lift * rho
    m_bar = flow_at_1_bar(now.Kv, now.T_consumer)
    r[network.consumers] = 100.0 / m_bar**2
    m0[network.consumers] = LINEAR_SHARE * m_bar
    running, link = now.pump_speed > 0.0, network.pump_link
    r[link] += np.where(running, network.pump_a, 0.0)
    m0[link] = np.where(running, LINEAR_SHARE * np.sqrt(100.0 / network.pump_a), m0[link])
    lift[link] += now.pump_speed**2 * network.pump_dp0
    per_flow, c = pipes.per_flow / mu, pipes.c * mu**2 / rho
    return _Laws(
        n_pipes=n,
        rho=rho,
        per_flow=per_flow,
        c=c,
        c_per_flow=c * per_flow,
        friction=pipes.friction,
        r=r[used.active],
        m0_2=m0[used.active] ** 2,
        lift=lift[used.active],
    )


def _first_flows(network: Network, now: Operation) -> Floats:
    """Return flows to start from: a usual velocity in pipes, valves at half a bar."""
    rho = density(now.T_pipe)
    m = np.ones(network.n_links)
    m[network.pipes] = _FIRST_VELOCITY * rho * np.pi / 4.0 * network.diameter**2
    m[network.consumers] = np.sqrt(0.5) * flow_at_1_bar(now.Kv, now.T_consumer)
    return m


def _next_flows(network: Network, now: Operation, last: Solution) -> Floats:
    """Return flows to start from after a solution: pressures move less than valves do.

    So a valve begins with what it would pass at its last differential pressure: where valves move up to a
    hundredfold this takes 8 iterations in the median, their last flows took 13. Stations with a pump keep
    their last flow.
    """
    m = last.m_flow.copy()
    passing = flow_at_1_bar(now.Kv, now.T_consumer) * np.sqrt(np.abs(last.dp_consumer) / 100.0)
    pumped = np.zeros(network.n_links, dtype=bool)
    pumped[network.pump_link] = True
    m[network.consumers] = np.where(
        pumped[network.consumers], m[network.consumers], np.copysign(passing, last.dp_consumer)
    )
    return m


def _prescribed_flows(network: Network, now: Operation) -> Floats:
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


def _injections(network: Network, now: Operation, used: Pattern) -> Floats:
    """Return the known inflow at each unknown: prescribed flows and leaks, summed over tied nodes."""
    inflow = -_node_outflow(network, _prescribed_flows(network, now)) - now.leak
    sums = np.bincount(used.unknown - KNOWN, weights=inflow, minlength=used.n_unknown + 1)
    return np.asarray(sums[1:])


def _held_pressures(network: Network, now: Operation) -> Floats:
    """Return pressures to start from that keep what sources hold: the return pressure, and dp where tied."""
    p = np.full(network.n_nodes, now.p_return)
    supplies = network.link_end[network.sources]
    for supply, mode, dp in zip(supplies, now.source_mode, now.source_dp, strict=True):
        if mode is SourceMode.DP:
            p[supply] = now.p_return + dp
    return p


def _solution(
    network: Network, now: Operation, used: Pattern, found: _Found, per_velocity: Floats
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
    flows = _prescribed_flows(network, now)
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


def _refuse_reverse(network: Network, now: Operation, solution: Solution) -> None:
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


_MIN_FLOW = 1e-6


def _refuse_unserved(network: Network, now: Operation, solution: Solution) -> None:
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
