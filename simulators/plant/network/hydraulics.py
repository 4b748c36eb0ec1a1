"""Pressures and flows of a looped network: the solver, and the flows that it starts from.

The method stands in ``iteration``, what links lose in ``laws``, what is known beforehand and what is refused
in ``solution``. In between two solutions ``tangent`` follows.
"""

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.network.graph import Network
from simulators.plant.network.iteration import NEAR_TOLERANCE_kPa, TOLERANCE_kPa, iterate
from simulators.plant.network.laws import laws, pipes_of
from simulators.plant.network.operation import Checks, Operation
from simulators.plant.network.pattern import Pattern, pattern, pattern_key
from simulators.plant.network.solution import (
    Solution,
    held_pressures,
    injections,
    refuse_reverse,
    refuse_unserved,
    solution_of,
)
from simulators.plant.network.tangent import Movable, Tangent, flow_at_1_bar, movable, tangent
from simulators.plant.water import density

_FIRST_VELOCITY = 0.7


class Hydraulics:
    """Solver of one network; owns the pattern and the solution that the next one starts from."""

    def __init__(self, network: Network) -> None:
        self._network, self._pipes, self._check = network, pipes_of(network), Checks(network)
        self._pattern: Pattern | None = None
        self._movable: Movable | None = None
        self._last: Solution | None = None
        self._tangent: Tangent | None = None

    def forget(self) -> None:
        """Start the next solution from scratch."""
        self._pattern = self._last = self._tangent = None

    def solve(self, now: Operation, near: Floats | None = None) -> Solution:
        """Return the solution of an operation within ``TOLERANCE_kPa``.

        ``near`` are flows of all links close to it, as of ``follow``; then within ``NEAR_TOLERANCE_kPa``.
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
        acting = laws(network, self._pipes, now, used)
        if self._last is None:
            m = _first_flows(network, now)
        else:
            m = _next_flows(network, now, self._last) if near is None else near
        found = iterate(
            network,
            used,
            where,
            acting,
            m=m[used.active],
            p=held_pressures(network, now),
            supply=injections(network, now, used),
            tolerance=TOLERANCE_kPa if near is None else NEAR_TOLERANCE_kPa,
        )
        solution = solution_of(network, now, used, found, self._pipes.area * acting.rho)
        self._last = solution
        self._tangent = tangent(
            network,
            now,
            used,
            where,
            solution.m_flow,
            solution.dp_consumer,
            found.conductance,
            found.lower,
            found.diagonal,
        )
        refuse_reverse(network, now, solution)
        refuse_unserved(network, now, solution)
        return solution

    def follow(
        self, Kv: Floats, pump_speed: Floats, source_m_flow: Floats, leak: Floats
    ) -> tuple[Floats, Floats]:
        """Return (flow of each link, differential pressure of each station) to first order.

        About the last solution, which must be there; see ``Tangent.follow``.
        """
        assert self._tangent is not None
        return self._tangent.follow(Kv, pump_speed, source_m_flow, leak)


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
