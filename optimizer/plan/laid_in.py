"""How much heat a plan lays into houses before the source lacks it. Pure."""

from typing import NamedTuple

import numpy as np

from optimizer.plan.formulation import formulate
from optimizer.plan.late import kept
from optimizer.plan.problem import PlanProblem, examine
from optimizer.plan.status import Plan

LAID_K = 0.1
"""Less is no heat laid in."""
BEGUN = 0.1
"""Part of the rise from which on it counts as begun: rooms are never quite even."""


class LaidIn(NamedTuple):
    """Heat that is laid into the houses before it is needed."""

    K: float
    """By how much rooms are warmer at the end of it than without, mean by area."""
    begin: int
    end: int
    """Steps: it begins after the first, and is at its most after the second."""


def laid_in(problem: PlanProblem, plan: Plan) -> LaidIn | None:
    """Return what ``plan``, the answer to ``problem``, lays in; None where that is nothing.

    Rooms are compared with what they would be if every loop got what it needs and no more, until the last
    moment at which the source has less than that. So the sun of noon is no heat laid in, nor is a cold room
    that is brought into its band.
    """
    examined = examine(problem)
    if examined.fault is not None or plan.start != problem.start:
        return None
    program = formulate(problem, examined)
    q, T_kept = kept(program)
    lacks = np.flatnonzero(program.mean(q) > program.P_max)
    planned = plan.T_indoor[examined.keep].T
    if not len(lacks) or planned.shape != T_kept.shape:
        return None
    risen = (planned - np.maximum(T_kept, program.T_min))[: lacks[-1] + 1] @ program.weights
    end = int(np.argmax(risen))
    # not (a >= b) is also true where nothing is known
    if not risen[end] >= LAID_K:
        return None
    before = np.flatnonzero(risen[:end] <= BEGUN * risen[end])
    return LaidIn(float(risen[end]), int(before[-1]) if len(before) else 0, end)
