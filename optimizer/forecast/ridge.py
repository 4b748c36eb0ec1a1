"""Linear regression that forgets, that outliers do not bend, and that many columns do not confuse."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

ROUNDS = 3
"""Rounds of reweighting. The weights change little after the second one."""
HUBER = 1.0
"""Residuals larger than this many robust standard deviations count less (Huber's weights). At 1.0 the answer
lies near the median, which the mean absolute error is judged by; hot water is drawn in bursts and bends a
mean."""
BLOCK = 200_000
"""Multiplications of one block; OpenBLAS takes threads above 262,144."""
SPREAD_PER_MAD = 1.4826
"""Standard deviation of a normal distribution over its median absolute deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """y = offset + x slopes."""

    offset: float
    slopes: Floats
    """(p,); 0 for columns that did not vary."""

    def __call__(self, x: Floats) -> Floats:
        """Return y (m,) at rows ``x`` (m, p)."""
        return np.asarray(self.offset + (x * self.slopes).sum(axis=1))


def robust_ridge(x: Floats, y: Floats, weights: Floats, penalty: float) -> Line:
    """Return the line through rows ``x`` (m, p) and ``y`` (m,), with weights (m,) of which some are above 0.

    ``penalty`` is added to the squares of the slopes once every column was scaled to a standard deviation of
    1: what many columns tell alike is shared among them instead of played off against each other. The offset
    is not penalised.
    """
    middle = _mean(x, weights)
    spread = np.sqrt(_mean((x - middle) ** 2, weights))
    varies = spread > 1e-9 * (1.0 + np.abs(middle))
    scaled = (x[:, varies] - middle[varies]) / spread[varies]
    used = weights
    slopes, offset = np.zeros(scaled.shape[1]), float(weights @ y / weights.sum())
    for _ in range(ROUNDS):
        y_mean, x_mean = float(used @ y / used.sum()), _mean(scaled, used)
        centred = scaled - x_mean
        heavy = used[:, None] * centred
        gram = _gram(centred, heavy) + penalty * np.eye(scaled.shape[1])
        slopes = np.linalg.solve(gram, (heavy * (y - y_mean)[:, None]).sum(axis=0))
        offset = y_mean - float(x_mean @ slopes)
        residual = np.abs(y - offset - (scaled * slopes).sum(axis=1))
        scale = SPREAD_PER_MAD * float(np.median(residual[weights > 0.01 * weights.max()]))
        used = weights * np.minimum(1.0, HUBER * scale / np.maximum(residual, 1e-12))
        if scale <= 1e-9 * (1.0 + abs(y_mean)):
            break  # nothing is left to explain, and nothing would keep a weight
    full = np.zeros(x.shape[1])
    full[varies] = slopes / spread[varies]
    return Line(offset=offset - float(middle @ full), slopes=full)


def _mean(x: Floats, weights: Floats) -> Floats:
    """Weighted mean of the rows."""
    return np.asarray((weights[:, None] * x).sum(axis=0) / weights.sum())


def _gram(left: Floats, right: Floats) -> Floats:
    """``left.T @ right`` in blocks of rows that a BLAS library does not share among threads.

    Cores that also do other things gain nothing from threads for 2,000 rows of 40 columns. They lost twenty
    times as measured: the threads wait for each other in a loop.
    """
    rows, columns = left.shape
    block = max(int(BLOCK / max(columns, 1) ** 2), 1)
    full = rows // block * block
    shape = (rows // block, block, columns)
    gram = np.matmul(left[:full].reshape(shape).transpose(0, 2, 1), right[:full].reshape(shape)).sum(axis=0)
    return np.asarray(gram + left[full:].T @ right[full:])


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value (of k) below and above which lies half of the weight, of which some is above 0."""
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(sums, 0.5 * sums[-1])]])
