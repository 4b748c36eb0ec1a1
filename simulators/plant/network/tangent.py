"""A network to first order about a solution: flows while valves and speeds move a little.

One more iteration of the global gradient algorithm (``hydraulics``) with the last one's slopes: the matrix is
factorised already, and the mass balance holds as it does there. The error of a flow is of second order:
valves moved by 2 % leave less than 0.1 %.
"""

from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.compiled import compiled
from simulators.plant.network.elimination import Elimination, solve
from simulators.plant.network.graph import Network
from simulators.plant.network.operation import Operation, SourceMode
from simulators.plant.network.pattern import KNOWN, Pattern
from simulators.plant.water import density


class Movable(NamedTuple):
    """Where what may move stands among active links, unknowns (from 1; 0 is what is known) and all links."""

    start: Indices
    end: Indices
    """Unknowns at the ends of the active links, shape (n_active,)."""
    active: Indices
    """Place of each active link among all, shape (n_active,)."""
    stations: Indices
    valves: Indices
    """Stations whose flow is not prescribed, and their places among the active links."""
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
    holding: Indices
    """Links of sources of mode DP, shape (n_holding,)."""
    holding_node: Indices
    """Their supply nodes."""
    first_beside: Indices
    """First of the other links at each of these nodes, shape (n_holding + 1,)."""
    beside: Indices
    """These links."""
    beside_sign: Floats
    """+1 for those that lead away."""


def movable(network: Network, used: Pattern, modes: tuple[SourceMode, ...]) -> Movable:
    """Return what a pattern says about it."""
    place = used.unknown - KNOWN
    start, end = network.link_start, network.link_end
    stations = np.flatnonzero(np.isin(np.arange(network.n_links)[network.consumers], used.active))
    pumps = np.flatnonzero(np.isin(network.pump_link, used.active))
    giving = np.array([i for i, mode in enumerate(modes) if mode is SourceMode.FLOW], dtype=np.intp)
    first = network.sources.start
    holding = [first + i for i, mode in enumerate(modes) if mode is SourceMode.DP]
    beside, signs, count = [], [], [0]
    for link in holding:
        node = end[link]
        for links, sign in ((np.flatnonzero(start == node), 1.0), (np.flatnonzero(end == node), -1.0)):
            others = links[links != link]
            beside.extend(others.tolist())
            signs.extend([sign] * len(others))
        count.append(len(beside))
    return Movable(
        start=place[start[used.active]],
        end=place[end[used.active]],
        active=used.active,
        stations=stations,
        valves=np.searchsorted(used.active, stations + network.n_pipes),
        place=place,
        supplies=place[start[network.consumers]],
        returns=place[end[network.consumers]],
        pumps=pumps,
        pumped=np.searchsorted(used.active, network.pump_link[pumps]),
        giving=giving,
        given_to=place[end[first + giving]],
        taken_from=place[start[first + giving]],
        holding=np.array(holding, dtype=np.intp),
        holding_node=end[holding],
        first_beside=np.array(count, dtype=np.intp),
        beside=np.array(beside, dtype=np.intp),
        beside_sign=np.array(signs, dtype=np.float64),
    )


def flow_at_1_bar(Kv: Floats, T: Floats) -> Floats:
    """Return what each station's valve would pass at 1 bar in kg/s (``valve.mass_flow``)."""
    return Kv * np.sqrt(density(T) * 1000.0) / 3600.0


class Tangent(NamedTuple):
    """The network about one solution."""

    where: Movable
    elimination: Elimination
    lower: Floats
    diagonal: Floats
    """The factorised matrix of the ``conductance``."""
    conductance: Floats
    """(kg/s)/kPa of the active links."""
    m_flow: Floats
    """kg/s of all links."""
    dp: Floats
    """kPa at all stations."""
    of_one: Floats
    """kPa that a valve of 1 m3/h at 1 bar would take of the flow of each station with a valve."""
    per_Kv2: Floats
    """1/Kv^2 of these stations."""
    pump_speed: Floats
    pump_dp0: Floats
    source_m_flow: Floats
    leak: Floats
    """As they were, of all pumps, sources and nodes."""
    first_source: int

    def follow(
        self, Kv: Floats, pump_speed: Floats, source_m_flow: Floats, leak: Floats
    ) -> tuple[Floats, Floats]:
        """Return (flow of each link, differential pressure of each station); arguments as in ``Operation``.

        Pumps that stood stand, those that ran run.
        """
        return _followed(self, Kv, pump_speed, source_m_flow, leak)


def tangent(
    network: Network,
    now: Operation,
    used: Pattern,
    where: Movable,
    m_flow: Floats,
    dp_consumer: Floats,
    conductance: Floats,
    lower: Floats,
    diagonal: Floats,
) -> Tangent:
    """Return the network about the flows ``m_flow`` kg/s of all links.

    ``conductance`` (kg/s)/kPa of the active links, ``lower`` and ``diagonal`` their matrix (``elimination``).
    """
    m = m_flow[network.consumers][where.stations]
    # 100 / flow at 1 bar squared is the resistance; over Kv squared it is that of a valve of 1 m3/h
    of_one = 100.0 / flow_at_1_bar(np.ones(len(m)), now.T_consumer[where.stations]) ** 2
    of_one *= m * np.abs(m)
    return Tangent(
        where=where,
        elimination=used.elimination,
        lower=lower,
        diagonal=diagonal,
        conductance=conductance,
        m_flow=m_flow,
        dp=dp_consumer,
        of_one=of_one,
        per_Kv2=1.0 / now.Kv[where.stations] ** 2,
        pump_speed=now.pump_speed,
        pump_dp0=network.pump_dp0,
        source_m_flow=now.source_m_flow,
        leak=now.leak,
        first_source=network.sources.start,
    )


@compiled
def _followed(
    about: Tangent, Kv: Floats, pump_speed: Floats, source_m_flow: Floats, leak: Floats
) -> tuple[Floats, Floats]:
    """Return what ``Tangent.follow`` does."""
    where, conductance = about.where, about.conductance
    change = np.zeros(len(about.diagonal) + 1)
    moved = np.zeros(len(conductance))
    # what the errors of head would move each link by, were the pressures as they are
    for j in range(len(where.stations)):
        i = where.valves[j]
        moved[i] -= about.of_one[j] * (1.0 / Kv[where.stations[j]] ** 2 - about.per_Kv2[j]) * conductance[i]
    for j in range(len(where.pumps)):
        pump, i = where.pumps[j], where.pumped[j]
        risen = (pump_speed[pump] ** 2 - about.pump_speed[pump] ** 2) * about.pump_dp0[pump]
        moved[i] += risen * conductance[i]
    for i in range(len(moved)):
        change[where.start[i]] -= moved[i]
        change[where.end[i]] += moved[i]
    for j in range(len(where.giving)):
        more = source_m_flow[where.giving[j]] - about.source_m_flow[where.giving[j]]
        change[where.given_to[j]] += more
        change[where.taken_from[j]] -= more
    for node in range(len(leak)):
        change[where.place[node]] -= leak[node] - about.leak[node]
    solve(about.elimination, about.lower, about.diagonal, change[1:])
    change[0] = 0.0
    flows, dp = about.m_flow.copy(), about.dp.copy()
    for i in range(len(moved)):
        flows[where.active[i]] += moved[i] + (change[where.start[i]] - change[where.end[i]]) * conductance[i]
    for j in range(len(where.giving)):
        flows[about.first_source + where.giving[j]] = source_m_flow[where.giving[j]]
    for j in range(len(where.holding)):  # what its supply node lacks
        lacking = leak[where.holding_node[j]]
        for k in range(where.first_beside[j], where.first_beside[j + 1]):
            lacking += flows[where.beside[k]] * where.beside_sign[k]
        flows[where.holding[j]] = lacking
    for j in range(len(dp)):
        dp[j] += change[where.supplies[j]] - change[where.returns[j]]
    return flows, dp
