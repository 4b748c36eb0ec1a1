"""When a plan may begin to warm rooms for a shortage that is to come: twelve hours before it, and no earlier.

Left to prices alone a plan begins when the first kelvin hour that it saves is worth what warm rooms lose
until then; far below the need that can be 14 h and more. People agree to warmer rooms before a cold night,
not a day before it, and forecasts of a day are worth less than those of an evening. So the room between what
is wanted and the upper end of the comfort band opens only then.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.program import Program

Floats = NDArray[np.float64]
AHEAD_H = 12.0
SPARE_K = 0.005
"""By which rooms may be above what is wanted while nothing is laid in: between two limits that are one and
the same a solver has no room."""
FIRM = 30.0
"""Times the usual price of rooms above the band, before a shortage. At the usual one, a third of that of cold
rooms, a plan would buy warm rooms a day ahead where many cold ones are to come."""


class Band(NamedTuple):
    """The upper end of the comfort band, and how firm it is."""

    T_max: Floats
    """(k, n) degC."""
    firm: Floats
    """(k, 1): how many times as dear as usual it is to be above it."""


def comfort_ends(program: Program, dt_h: float) -> Band:
    """Return the band as wanted until what is to come is near, and as it is from then on.

    Whether the source suffices is seen in the heat that keeps rooms as they are wanted, step by step. After
    the last step in which it does not, nothing is held back, as there is nothing to lay in for. Rooms that
    are warm already may be so.
    """
    p = program
    q, T_kept = kept(p)
    ahead = dt_h * _steps_to(p.mean(q) > p.P_max)[:, np.newaxis]
    coming = np.isfinite(ahead)
    wanted = np.maximum(p.T_min.max(axis=0), T_kept) + SPARE_K
    T_max = np.where(coming & (ahead > AHEAD_H), np.minimum(p.T_max, wanted), p.T_max)
    return Band(T_max, np.where(coming, FIRM, 1.0))


def _steps_to(where: NDArray[np.bool_]) -> Floats:
    """Return of each step how many steps it is to the next one of ``where``; inf where none follows."""
    steps = np.full(len(where), np.inf)
    following = np.inf
    for k in range(len(where) - 1, -1, -1):
        following = 0.0 if where[k] else following + 1.0
        steps[k] = following
    return steps


def kept(program: Program) -> tuple[Floats, Floats]:
    """Return the heat (k, n), W/m2, that keeps rooms no warmer than wanted, and their temperatures, degC.

    Each step gives what its end needs, within the loop's own limits, as if the source gave all.
    """
    p, of = program, program.houses
    heated, last = np.zeros_like(of.b), p.before
    q, T = np.empty_like(p.lower), np.empty_like(p.lower)
    for k in range(len(q)):
        unheated = p.free[k, 0] + of.A[0, 0] * heated[0] + of.A[0, 1] * heated[1]
        least, most = np.maximum(p.lower[k], last - p.ramp[k]), np.minimum(p.upper[k], last + p.ramp[k])
        last = q[k] = np.clip((p.T_min[k] - unheated) / of.b[0], least, np.maximum(least, most))
        T[k] = unheated + of.b[0] * last
        heated = of.A[:, 0] * heated[0] + of.A[:, 1] * heated[1] + of.b * last
    return q, T
