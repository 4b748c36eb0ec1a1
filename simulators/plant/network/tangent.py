"""A network to first order about a solution: flows while valves and speeds move a little.

One more iteration of the global gradient algorithm (``hydraulics``) with the last one's slopes: the matrix is
factorised already, and the mass balance holds as it does there. The error of a flow is of second order:
valves moved by 2 % leave less than 0.1 %.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.graph import Network
from simulators.plant.network.operation import Operation, SourceMode
from simulators.plant.network.pattern import KNOWN, Factors, Pattern
from simulators.plant.water import density


@dataclass(frozen=True, slots=True, kw_only=True)
class Movable:
    """Where what may move stands among active links, unknowns (from 1; 0 is what is known) and all links."""

    start: Indices
    end: Indices
    """Unknowns at the ends of the active links, shape (n_active,)."""
    ends: Indices
    """First all starts, then all ends."""
    stations: Indices
    valves: Indices
    """Stations whose flow is not prescribed, and their places among the active links."""
    valve_ends: Indices
    """Unknowns before, then behind them."""
    place: Indices
    """Unknown of each node, shape (n_nodes,)."""
    supplies: Indices
    returns: Indices
    """Unknowns at both sides of all stations."""
    pumps: Indices
    pumped: Indices
    """Pumps whose link is active, and its place."""
    giving: Indices
    """Sources of mode FLOW."""
    given_to: Indices
    taken_from: Indices
    """Unknowns at their supply and return."""
    holding: tuple[tuple[int, Indices, Floats, int], ...]
    """Of sources of mode DP: link, links at its supply node, +1 for those that lead away, node."""


def movable(network: Network, used: Pattern, modes: tuple[SourceMode, ...]) -> Movable:
    """Return what a pattern says about it."""
    place = used.unknown - KNOWN
    start, end = network.link_start, network.link_end
    stations = np.flatnonzero(np.isin(np.arange(network.n_links)[network.consumers], used.active))
    pumps = np.flatnonzero(np.isin(network.pump_link, used.active))
    giving = np.array([i for i, mode in enumerate(modes) if mode is SourceMode.FLOW], dtype=np.intp)
    first = network.sources.start
    holding = []
    for i, mode in enumerate(modes):
        if mode is SourceMode.DP:
            link, node = first + i, int(end[first + i])
            away, towards = np.flatnonzero(start == node), np.flatnonzero(end == node)
            links, signs = np.append(away, towards), np.repeat([1.0, -1.0], [len(away), len(towards)])
            holding.append((link, links[links != link], signs[links != link], node))
    starts, ends = place[start[used.active]], place[end[used.active]]
    valves = np.searchsorted(used.active, stations + network.n_pipes)
    return Movable(
        start=starts,
        end=ends,
        ends=np.concatenate([starts, ends]),
        stations=stations,
        valves=valves,
        valve_ends=np.concatenate([starts[valves], ends[valves]]),
        place=place,
        supplies=place[start[network.consumers]],
        returns=place[end[network.consumers]],
        pumps=pumps,
        pumped=np.searchsorted(used.active, network.pump_link[pumps]),
        giving=giving,
        given_to=place[end[first + giving]],
        taken_from=place[start[first + giving]],
        holding=tuple(holding),
    )


def flow_at_1_bar(Kv: Floats, T: Floats) -> Floats:
    """Return what each station's valve would pass at 1 bar in kg/s (``valve.mass_flow``)."""
    return np.asarray(Kv * np.sqrt(density(T) * 1000.0) / 3600.0)


class Tangent:
    """The network about one solution."""

    def __init__(
        self,
        network: Network,
        now: Operation,
        used: Pattern,
        where: Movable,
        m_flow: Floats,
        dp_consumer: Floats,
        conductance: Floats,
        factors: Factors,
    ) -> None:
        """``m_flow`` of all links, ``conductance`` of the active ones in (kg/s)/kPa."""
        self._now, self._used, self._where = now, used, where
        self._first_source = network.sources.start
        self._m_flow, self._dp, self._factors = m_flow, dp_consumer, factors
        self._dp0 = network.pump_dp0[where.pumps]
        self._per_slope = conductance
        self._m = m_flow[used.active]
        m = m_flow[network.consumers][where.stations]
        # 100 / flow at 1 bar squared is the resistance; over Kv squared it is that of a valve of 1 m3/h
        self._of_one = 100.0 / flow_at_1_bar(np.ones(len(m)), now.T_consumer[where.stations]) ** 2
        self._of_one *= m * np.abs(m)
        self._per_Kv2 = 1.0 / now.Kv[where.stations] ** 2
        self._valve_ends = where.valve_ends

    def follow(
        self, Kv: Floats, pump_speed: Floats, source_m_flow: Floats, leak: Floats
    ) -> tuple[Floats, Floats]:
        """Return (flow of each link, differential pressure of each station); arguments as in ``Operation``.

        Pumps that stood stand, those that ran run.
        """
        now, where, n = self._now, self._where, self._used.n_unknown + 1
        per_slope = self._per_slope
        # what the errors of head would move each link by, were the pressures as they are
        moved = self._of_one * (1.0 / Kv[where.stations] ** 2 - self._per_Kv2) * per_slope[where.valves]
        weights = np.concatenate([moved, -moved])
        right: Floats = np.bincount(self._valve_ends, weights=weights, minlength=n).astype(np.float64)
        m = self._m.copy()
        m[where.valves] -= moved
        if len(where.pumps):
            risen = (pump_speed**2 - now.pump_speed**2)[where.pumps] * self._dp0 * per_slope[where.pumped]
            np.subtract.at(right, where.start[where.pumped], risen)
            np.add.at(right, where.end[where.pumped], risen)
            np.add.at(m, where.pumped, risen)
        if len(where.giving):
            more = (source_m_flow - now.source_m_flow)[where.giving]
            np.add.at(right, where.given_to, more)
            np.subtract.at(right, where.taken_from, more)
        if leak is not now.leak:
            right -= np.bincount(where.place, weights=leak - now.leak, minlength=n)
        change = np.zeros(n)
        change[1:] = self._factors.solve(right[1:])
        m += (change[where.start] - change[where.end]) * per_slope
        flows = self._m_flow.copy()
        flows[self._used.active] = m
        flows[self._first_source + where.giving] = source_m_flow[where.giving]
        for link, links, signs, node in where.holding:  # what its supply node lacks
            flows[link] = flows[links] @ signs + leak[node]
        return flows, self._dp + (change[where.supplies] - change[where.returns])
