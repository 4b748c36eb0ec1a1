"""How rooms go up and down with a day of even heat: the band of comfort goes along. Pure.

Comfort is told for the mean of days, with the spread of the hours in it (``ComfortRules.sd_hours``). A plan
that held every hour at that mean would fire by night what the sun gives back by day: the dearest heat, a peak
for the source, and a new instruction every quarter of an hour, for nothing that residents could tell.
"""

import math

import numpy as np

from optimizer.building import Floats

SWING = math.sqrt(2.0)
"""How far a wave goes either way, over its standard deviation. The comfort rules count with a spread of the
hours; so far and no further rooms may go without anybody having less than is counted with."""
DAYS = 4
"""For so long a day is repeated until rooms and walls swing evenly."""


def breathing(A: Floats, B: Floats, T_outdoor: Floats, gains: Floats, sd_hours: float) -> Floats:
    """Return by how much rooms (n, k) would be off their mean over the horizon, K, under constant heat.

    ``A`` (n, 2, 2) and ``B`` (n, 2, 3) step rooms and walls as in ``PlanProblem``; ``T_outdoor`` (k,) in degC
    and ``gains`` (n, k) in W/m2 are those of one day ahead, ``sd_hours`` is the spread of the hours in K that
    comfort is told with. From day to day the weather changes as well; that is taken off, or rooms would be
    kept warm for as long as it gets colder.
    """
    n, k = gains.shape
    most = SWING * sd_hours
    outdoor, free = _swing(T_outdoor[None, :])[0], _swing(gains)
    x, rooms = np.zeros((n, 2)), np.zeros((n, k))
    for step in range(DAYS * k):
        x = (
            np.einsum("nij,nj->ni", A, x)
            + B[:, :, 1] * outdoor[step % k]
            + B[:, :, 2] * free[:, step % k, None]
        )
        rooms[:, step % k] = x[:, 0]
    return np.asarray(np.clip(rooms - rooms.mean(axis=1, keepdims=True), -most, most))


def _swing(values: Floats) -> Floats:
    """Return series (m, k) of a day without what differs from its first hour to the same hour a day later."""
    k = values.shape[1]
    with np.errstate(invalid="ignore"):  # weather that is no number stays none, and makes the plan be refused
        line = (values[:, -1:] - values[:, :1]) * (np.arange(k) / max(k - 1, 1))
        even = values - line
        return np.asarray(even - even.mean(axis=1, keepdims=True))
