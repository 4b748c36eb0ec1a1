"""Which limits a plan lies against, told with numbers: what an operator would have to change to do better."""

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.program import Program
from optimizer.plan.rationing import WIDTH_MIN
from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
TOUCHES = 0.01
"""Closer to a limit than this part of its width lies against it."""
DEAREST_PERCENT = 1000.0
"""From there on a price is what cold rooms are weighed with: nobody would pay it, so it is not told."""
COLD_K = 0.05
"""So far below the comfort band a room is called too cold."""


def bindings(program: Program, q: Floats, T: Floats, price: Floats, dt_h: float) -> tuple[Reason, ...]:
    """Return what binds heat ``q`` with indoor temperatures ``T``; loops are counted, times are hours."""
    p = program
    near = np.maximum(TOUCHES * (p.upper - p.lower), 2.0 * WIDTH_MIN)
    at_most, at_least = q > p.upper - near, q < p.lower + near
    cold, hot = p.T_min - T > COLD_K, T - p.T_max > COLD_K
    P = p.mean(q)
    at_cap = ((1.0 - TOUCHES) * p.P_max < P) & (price > 1e-6)
    jump = np.abs(p.mean_changes(P))
    found = []

    def tell(name: str, where: NDArray[np.bool_], **more: float) -> None:
        if where.any():
            loops, hours = int(where.any(axis=0).sum()), dt_h * float(where.sum(axis=0).max())
            found.append(because(name, loops=loops, hours=hours, **more))

    if at_cap.any():
        hours, dearer = dt_h * int(at_cap.sum()), 100.0 * float(price.max() / p.heat.mean())
        if dearer < DEAREST_PERCENT:
            found.append(because("plan.cap", hours=hours, dearer_percent=dearer))
        else:
            found.append(because("plan.cap_short", hours=hours))
    at_ramp = jump > (1.0 - TOUCHES) * p.P_ramp
    if at_ramp.any():
        found.append(because("plan.plant_ramp", hours=dt_h * int(at_ramp.sum())))
    tell("plan.out_of_reach", at_most & cold, coldest_K=float((p.T_min - T).max()))
    tell("plan.cold", cold & ~at_most, coldest_K=float((p.T_min - T).max()))
    tell("plan.at_most", at_most & ~cold)
    tell("plan.too_warm", hot & at_least, warmest_K=float((T - p.T_max).max()))
    tell("plan.at_least", at_least & ~hot)
    return tuple(found)
