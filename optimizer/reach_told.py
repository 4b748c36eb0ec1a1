"""Which loops a plan gives all that the source's water can give them, told with numbers."""

import numpy as np
from numpy.typing import NDArray

from optimizer.reach import Reach
from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
TOUCHES = 0.01
"""Closer to what reaches it than this part of its heat, a loop gets all of it."""


def at_reach(q: Floats, reach: Reach, begin: int) -> NDArray[np.bool_]:
    """Tell where heat ``q`` (n, k) lies against what reaches the loops; ``reach`` from step ``begin`` on."""
    with np.errstate(invalid="ignore"):
        return np.asarray(q > (1.0 - TOUCHES) * _from(reach.q, q, begin))


def told_of_loop(i: int, q: Floats, reach: Reach, begin: int, dt_h: float) -> tuple[Reason, ...]:
    """Return what binds loop ``i`` of a plan's ``q`` (n, k), with the step at which the least reaches it."""
    bound = at_reach(q, reach, begin)[i]
    if not bound.any():
        return ()
    most, T = (_from(table, q, begin)[i] for table in (reach.q, reach.T_arrives))
    step = int(np.argmin(np.where(bound, most, np.inf)))
    hours = dt_h * int(bound.sum())
    return (because("explain.reach", q=float(most[step]), T_arrives=float(T[step]), hours=hours),)


def told_of_plan(q: Floats, q_min: Floats, reach: Reach, begin: int, dt_h: float) -> tuple[Reason, ...]:
    """Return how many loops it binds in a plan's ``q`` (n, k), and of how many that is not known.

    ``q_min`` are the least heats, of the same steps as ``reach``.
    """
    planned = np.asarray(np.isfinite(q).all(axis=1), dtype=np.bool_)
    found = []
    with np.errstate(invalid="ignore"):
        below = planned[:, np.newaxis] & (_from(reach.q, q, begin) < _from(q_min, q, begin))
    for name, where in (
        ("plan.reach", at_reach(q, reach, begin) & ~below),
        ("plan.reach_below_least", below),
    ):
        if where.any():
            hours = dt_h * int(where.sum(axis=1).max())
            found.append(because(name, loops=int(where.any(axis=1).sum()), hours=hours))
    lacks = [name for name, there in zip(reach.unknown, planned, strict=True) if there and name is not None]
    for name in dict.fromkeys(lacks):
        found.append(because("plan.reach_unknown", loops=lacks.count(name), quantity=name))
    return tuple(found)


def _from(table: Floats, q: Floats, begin: int) -> Floats:
    return table[:, begin : begin + q.shape[1]]
