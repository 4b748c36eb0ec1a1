"""The iterations of the global gradient algorithm: from flows that are near to those that balance.

E. Todini and S. Pilati, "A gradient algorithm for the analysis of pipe networks" (1988); in this form
E. Todini and L. A. Rossman, J. Hydraulic Eng. 139 (2013) 511. Each iteration solves one symmetric system for
the pressures and then corrects all flows, which keep the mass balance from the first iteration on.
"""

from dataclasses import dataclass
from math import isfinite

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.network.errors import NotConverged
from simulators.plant.network.graph import Network
from simulators.plant.network.laws import Laws
from simulators.plant.network.pattern import Factors, Pattern
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
    factors: Factors
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

    Where the last step has left little of the error its matrix is used again: what its slopes are off by now
    is as little, and that share of what is left stays.
    """
    start, end = network.link_start[used.active], network.link_end[used.active]
    n = used.n_unknown
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
        if factors is not None and residual <= tolerance:
            return Found(
                p=p + all_changes[where.place],
                m=m,
                conductance=conductance,
                factors=factors,
                iterations=iteration,
                residual=residual,
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
