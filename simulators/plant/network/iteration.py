"""The iterations of the global gradient algorithm: from flows that are near to those that balance.

E. Todini and S. Pilati, "A gradient algorithm for the analysis of pipe networks" (1988); in this form
E. Todini and L. A. Rossman, J. Hydraulic Eng. 139 (2013) 511. Each iteration solves one symmetric system for
the pressures and then corrects all flows, which keep the mass balance from the first iteration on.
"""

from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.compiled import compiled
from simulators.plant.network.elimination import Elimination, factorise, solve
from simulators.plant.network.errors import NotConverged
from simulators.plant.network.friction import scaled_loss_from
from simulators.plant.network.graph import Network
from simulators.plant.network.laws import Laws, square_loss
from simulators.plant.network.pattern import Pattern
from simulators.plant.network.tangent import Movable

TOLERANCE_kPa = 1e-6
"""Largest error of head on any link; four orders below what any gauge shows."""

NEAR_TOLERANCE_kPa = 1e-3
"""The same where flows are only followed until the next solution, and may be 2 % off by then: one step from
flows that were followed ends there. A thousandth of a kilopascal is 1e-5 of a station's pressure, so flows
are off by half of that."""

MAX_ITERATIONS = 60
DAMPED_FROM = 15
"""Networks of this kind need 4..12 iterations; later ones go half the way, against oscillation."""

KEPT_BELOW = 0.03
"""A step that leaves less than this share of the error keeps its matrix for the next one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Where the iterations ended: pressures of all nodes, flows and last used slopes of the active links."""

    p: Floats
    m: Floats
    conductance: Floats
    lower: Floats
    diagonal: Floats
    """The factorised matrix of these conductances (``elimination``)."""
    iterations: int
    residual: float


def iterate(
    network: Network,
    used: Pattern,
    where: Movable,
    laws: Laws,
    *,
    m: Floats,
    p: Floats,
    supply: Floats,
    tolerance: float = TOLERANCE_kPa,
) -> Found:
    """Return where the iterations end: from flows ``m`` of the active links and pressures ``p`` of all nodes.

    ``supply`` is what is known to flow into each unknown. Raises NotConverged with the worst link.
    """
    fall = p[network.link_start[used.active]] - p[network.link_end[used.active]]
    assembly = Assembly(used.slot, used.entry_link, used.entry_sign, where.start, where.end)
    m, change, conductance, lower, diagonal, error, history = _iterated(
        laws, assembly, used.elimination, m, fall, supply, tolerance, MAX_ITERATIONS
    )
    iterations, residual = len(history) - 1, float(history[-1])
    if not (iterations and residual <= tolerance):
        worst = used.active[int(np.argmax(np.nan_to_num(np.abs(error), nan=np.inf)))]
        raise NotConverged(_why(history.tolist()), iterations, residual, network.link_names[worst])
    return Found(
        p=p + change[where.place],
        m=m,
        conductance=conductance,
        lower=lower,
        diagonal=diagonal,
        iterations=iterations,
        residual=residual,
    )


class Assembly(NamedTuple):
    """Where active links stand in the equations, as ``Pattern`` and ``Movable`` have it."""

    slot: Indices
    entry_link: Indices
    entry_sign: Floats
    start: Indices
    end: Indices


@compiled
def _iterated(
    laws: Laws,
    links: Assembly,
    elimination: Elimination,
    m: Floats,
    fall: Floats,
    supply: Floats,
    tolerance: float,
    most: int,
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats, Floats]:
    """Return flows, changes of the unknown pressures, conductances, L, D, errors and their history in kPa.

    ``fall`` of the pressure along each link at first. The first unknown stands for what is known: it never
    changes. Where the last step has left little of the error its matrix is used again: what its slopes are
    off by now is as little, and that share of what is left stays.
    """
    # arrays by names of their own: a function that is handed all of them counts its hold on each one
    per_flow, c, c_per_flow, rough, root = laws.per_flow, laws.c, laws.c_per_flow, laws.rough, laws.root
    r, m0_2, lift = laws.r, laws.m0_2, laws.lift
    start, end, slot, entry_link, entry_sign = (
        links.start, links.end, links.slot, links.entry_link, links.entry_sign,
    )  # fmt: skip
    n, n_pipes, m, fall = len(supply), len(c), m.copy(), fall.copy()
    entries, lower = np.empty(len(elimination.row)), np.empty(len(elimination.column))
    diagonal, conductance = np.empty(n), np.empty_like(m)
    error, slope, towards = np.empty_like(m), np.empty_like(m), np.empty_like(m)
    change, changes = np.zeros(n + 1), np.zeros(n + 1)
    history = np.empty(most + 1)
    iteration = 0
    while True:
        residual = 0.0
        for i in range(len(m)):
            lost, slope[i] = square_loss(r[i], m0_2[i], m[i])
            if i < n_pipes:
                phi, d_phi, root[i] = scaled_loss_from(abs(m[i]) * per_flow[i], rough[i], root[i])
                lost += np.copysign(phi * c[i], m[i])
                slope[i] += d_phi * c_per_flow[i]
            error[i] = lost - lift[i] - fall[i]
            size = abs(error[i])
            if size > residual or size != size:  # NaN stays
                residual = size
        history[iteration] = residual
        finite = residual < np.inf  # NaN is not
        if not finite or (iteration > 0 and residual <= tolerance) or iteration == most:
            break
        if iteration == 0 or residual > KEPT_BELOW * history[iteration - 1]:
            for i in range(len(m)):
                conductance[i] = 1.0 / slope[i]
            entries[:] = 0.0
            for e in range(len(slot)):
                entries[slot[e]] += entry_sign[e] * conductance[entry_link[e]]
            factorise(elimination, entries, lower, diagonal)
        change[1:] = supply
        for i in range(len(m)):
            towards[i] = m[i] - error[i] * conductance[i]
            change[start[i]] -= towards[i]
            change[end[i]] += towards[i]
        solve(elimination, lower, diagonal, change[1:])
        change[0] = 0.0
        share = 1.0 if iteration < DAMPED_FROM else 0.5
        for i in range(len(m)):
            rise = change[start[i]] - change[end[i]]
            step = towards[i] + rise * conductance[i]
            m[i] = step if iteration < DAMPED_FROM else 0.5 * (m[i] + step)
            fall[i] += share * rise
        changes += share * change
        iteration += 1
    return m, changes, conductance, lower, diagonal, error, history[: iteration + 1]


def _why(history: list[float]) -> str:
    if not isfinite(history[-1]):
        return "numbers overflow: resistances of the links differ too much"
    if history[-1] < 0.5 * history[len(history) // 2]:
        return "still falling, too slowly"
    return "it oscillates without falling"
