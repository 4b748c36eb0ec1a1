"""The same program in steps four times as long: where to begin costs an eighth there, and is nearly the same.

Heat is constant over a longer step. Its mean course, drawn as straight lines between the middles of longer
steps, keeps the finer ramps, so one longer ramp stands for four finer ones, and four times the cost of a step
for the cost of four. Limits within a step are lost, so nothing but a beginning is taken from it.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.dynamics import Filter, houses
from optimizer.plan.program import Program

Floats = NDArray[np.float64]
TOGETHER = 4
"""Steps that become one."""
STEPS_MIN = 32
"""With fewer steps nothing is gained."""


def can_be_coarser(program: Program) -> bool:
    """Tell whether there are steps enough, and no part of a longer one."""
    return len(program.lower) >= STEPS_MIN and len(program.lower) % TOGETHER == 0


def coarser(program: Program) -> Program:
    """Return the program in longer steps."""
    p, A = program, np.moveaxis(program.houses.A, -1, 0)
    power, b = np.eye(2), np.zeros_like(A[:, :, :1])
    step = p.houses.b.T[:, :, np.newaxis]
    for _ in range(TOGETHER):
        power, b = A @ power, A @ b + step
    of = houses(power, b[:, :, 0], 1.0)
    envelope = np.stack([of.b[1], of.A[1, 0] * of.b[0] - of.A[0, 0] * of.b[1]])
    worth = p.houses.worth  # of a kelvin, whatever the steps
    return replace(
        p,
        houses=replace(of, worth=worth, end=Filter(worth[0] * of.indoor.taps + worth[1] * envelope)),
        free=p.free[TOGETHER - 1 :: TOGETHER],
        lower=mean(p.lower),
        upper=mean(p.upper),
        ramp=TOGETHER * mean(p.ramp),
        T_min=mean(p.T_min),
        T_max=mean(p.T_max),
        heat=TOGETHER * mean(p.heat),
        cold=(TOGETHER * p.cold[0], TOGETHER * p.cold[1]),
        hot=(TOGETHER * mean(p.hot[0]), TOGETHER * mean(p.hot[1])),
        moves=p.moves / TOGETHER,
        plant=TOGETHER * p.plant,
        P_max=mean(p.P_max),
        P_ramp=TOGETHER * mean(p.P_ramp),
    )


def mean(values: Floats) -> Floats:
    """Return the means of (k, ...) over longer steps."""
    return np.asarray(values.reshape(-1, TOGETHER, *values.shape[1:]).mean(axis=1))


def finer(q: Floats) -> Floats:
    """Return heat (k, n) in the finer steps: straight lines between the middles of longer ones."""
    at = (np.arange(TOGETHER * len(q)) - 0.5 * (TOGETHER - 1)) / TOGETHER
    before = np.clip(np.floor(at).astype(np.intp), 0, len(q) - 2)
    share = np.clip(at - before, 0.0, 1.0)[:, np.newaxis]
    return np.asarray((1.0 - share) * q[before] + share * q[before + 1])
