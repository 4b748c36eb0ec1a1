"""From the question to the quadratic program: units, horizon, limits that can be kept, where to begin."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.dynamics import houses
from optimizer.plan.late import comfort_ends
from optimizer.plan.problem import Examined, PlanProblem
from optimizer.plan.program import Program
from optimizer.plan.rationing import consistent

Floats = NDArray[np.float64]
INSIDE = 0.1
"""Part of the width between the bounds that a beginning keeps away from each of them."""


def formulate(problem: PlanProblem, examined: Examined) -> Program:
    """Return the program of the loops that are left."""
    p, keep, weights = problem, examined.keep, problem.weights
    k, dt = p.size[1], p.dt_h
    T_outdoor, tariff = p.T_outdoor[:k], p.tariff[:k]
    area = p.area[keep]
    per_m2 = 1000.0 / area.sum()
    gains, T_min, T_max = (np.ascontiguousarray(table[keep].T) for table in (p.gains, p.T_min, p.T_max))
    lower, upper, ramp = consistent(p.q_min[keep].T, p.q_max[keep].T, p.ramp[keep], p.q_before[keep])
    A, B = p.A[keep], np.moveaxis(p.B[keep], 0, -1)
    of = houses(A, p.B[keep, :, 0], dt)
    forced = B[:, 1] * T_outdoor[:, np.newaxis, np.newaxis] + B[:, 2] * gains[:, np.newaxis]
    shares = area / area.sum()
    P_before = float(shares @ p.q_before[keep])
    # Above what all loops together can take a cap is none; far beyond it, numbers would suffer.
    most = 1.1 * upper @ shares + 1.0
    T_kept = T_min.mean(axis=0)
    steady = _steady(A, B, T_kept, float(T_outdoor.mean()), gains.mean(axis=0))
    program = Program(
        houses=of,
        free=of.free_response(p.x0[keep].T.copy(), forced),
        lower=lower,
        upper=upper,
        ramp=ramp,
        before=p.q_before[keep],
        T_min=T_min,
        T_max=T_max,
        heat=(dt * tariff / tariff.mean())[:, np.newaxis],
        cold=(dt * weights.cold, dt * weights.cold_square),
        hot=(np.full((k, 1), dt * weights.hot), np.full((k, 1), dt * weights.hot_square)),
        moves=weights.moves,
        end=weights.end,
        worth_end=of.worth[0] * T_kept + of.worth[1] * steady[0],
        weights=shares,
        plant=dt * weights.plant,
        P_max=np.minimum(per_m2 * np.maximum(p.P_max[:k] - examined.P_held, 0.0), most),
        P_ramp=np.full(k, min(per_m2 * p.P_ramp, float(most.max()) + P_before)),
        P_before=P_before,
        steady=steady[1],
    )
    band = comfort_ends(program, dt)
    return replace(program, T_max=band.T_max, hot=(band.firm * program.hot[0], band.firm * program.hot[1]))


def beginning(program: Program, guess: Floats | None = None) -> Floats:
    """Return heat (k, n) strictly inside its bounds and under the cap, near ``guess`` or the steady heat."""
    p = program
    margin = INSIDE * (p.upper - p.lower)
    q = np.clip(p.steady if guess is None else guess, p.lower + margin, p.upper - margin)
    share = np.minimum(1.0, 0.97 * p.P_max / p.mean(q))
    return np.maximum(p.lower + 0.5 * INSIDE * margin, share[:, np.newaxis] * q)


def _steady(A: Floats, B: Floats, T_i: Floats, T_outdoor: float, gains: Floats) -> tuple[Floats, Floats]:
    """Return (T_e, q) that keep ``T_i`` for good: (I - A) x = b q + what comes from outdoors and for free."""
    free = B[:, 1] * T_outdoor + B[:, 2] * gains
    a = np.moveaxis(A, 0, -1)
    # [-A_ie, -b_i; 1 - A_ee, -b_e] [T_e, q] = [free_i - (1 - A_ii) T_i, free_e + A_ei T_i]
    first, second = free[0] - (1.0 - a[0, 0]) * T_i, free[1] + a[1, 0] * T_i
    det = a[0, 1] * B[1, 0] + B[0, 0] * (1.0 - a[1, 1])
    T_e = (-B[1, 0] * first + B[0, 0] * second) / det
    q = (-a[0, 1] * second - (1.0 - a[1, 1]) * first) / det
    return T_e, q
