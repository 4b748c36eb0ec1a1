"""The primary network in the city's step: hydraulics only as often as needed, heat in every step.

Flows are solved anew when a station's flow has moved by more than ``MOVED``, at the latest after
``AGE_MAX_S``, and whenever something else than valves, speeds and leaks changed. In between they follow
those to first order (``Hydraulics.follow``), with the mass balance kept.
"""

from dataclasses import dataclass, replace

import numpy as np

from simulators.plant.arrays import Floats, every, same
from simulators.plant.network import transport
from simulators.plant.network.graph import Network
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.operation import Operation
from simulators.plant.network.transport import (
    Carried,
    Carrier,
    Inlets,
    TransportParams,
    TransportState,
)

MOVED = 0.02
AGE_MAX_S = 300.0
_CLOSE = 10.0
"""Flows that have moved by up to so many times ``MOVED`` are near those that are looked for."""
_SMALL_FLOW = 0.02
"""Moves of stations with less than this share of the mean flow are measured against that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryFlows:
    """What flows now."""

    m_flow: Floats
    """kg/s of each link, shape (n_links,)."""
    dp: Floats
    """kPa at each station, shape (n_stations,)."""
    solved: bool
    """Whether the hydraulics were solved anew."""


class Primary:
    """Flows of one network; owns the solver, whose last solution is part of the city's state."""

    def __init__(
        self, network: Network, params: TransportParams, moved: float = MOVED, age_max_s: float = AGE_MAX_S
    ) -> None:
        self.network, self.params = network, params
        self._solver, self._carrier = Hydraulics(network), Carrier(params)
        self._moved, self._age_max_s = moved, age_max_s
        self._now: Operation | None = None
        """What was solved last."""
        self._at = 0.0
        self._m = self._near = np.zeros(0)
        """kg/s through each station then, and how far it may be from that."""
        self.p = np.zeros(network.n_nodes)
        """kPa over ambient at the last solution, shape (n_nodes,)."""
        self.solutions = 0

    def flows(self, now: Operation, state: TransportState, time: float) -> PrimaryFlows:
        """Return the flows at ``time`` s with this water; raises what ``Hydraulics.solve`` does."""
        consumers, near = self.network.consumers, None
        if self._now is not None and _comparable(self._now, now):
            m_flow, dp = self._solver.follow(now.Kv, now.pump_speed, now.source_m_flow, now.leak)
            moved = np.abs(m_flow[consumers] - self._m)
            if time - self._at < self._age_max_s and every(moved <= self._near):
                return PrimaryFlows(m_flow=m_flow, dp=dp, solved=False)
            near = m_flow if every(moved <= _CLOSE * self._near) else None
        T_pipe = transport.pipe_temperature(state)
        T_consumer = state.T_node[self.network.link_start[consumers]]
        now = replace(now, T_pipe=T_pipe, T_consumer=T_consumer)
        solution = self._solver.solve(now, near)
        self.solutions += 1
        self._now, self._at, self.p = now, time, solution.p
        self._m = solution.m_flow[consumers]
        size = np.abs(self._m)
        self._near = self._moved * np.maximum(size, _SMALL_FLOW * size.mean())
        return PrimaryFlows(m_flow=solution.m_flow, dp=solution.dp_consumer, solved=True)

    def carry(
        self, state: TransportState, flows: PrimaryFlows, leak: Floats, inlets: Inlets, dt: float
    ) -> tuple[TransportState, Carried]:
        """Carry the heat for ``dt`` s."""
        return self._carrier.step(state, flows.m_flow, leak, inlets, dt)


def _comparable(before: Operation, now: Operation) -> bool:
    """Tell whether only valves, speeds of running pumps, flows of sources and leaks may differ."""
    return (
        before.source_mode == now.source_mode
        and before.p_return == now.p_return
        and same(before.source_dp, now.source_dp)
        and (same(before.pump_speed, now.pump_speed) or same(before.pump_speed > 0.0, now.pump_speed > 0.0))
    )
