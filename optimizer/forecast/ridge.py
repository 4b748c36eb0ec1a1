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
        return np.asarray(self.offset + x @ self.slopes)


def robust_ridge(x: Floats, y: Floats, weights: Floats, penalty: float) -> Line:
    """Return the line through rows ``x`` (m, p) and ``y`` (m,), with weights (m,) of which some are above 0.

    ``penalty`` is added to the squares of the slopes once every column was scaled to a standard deviation of
    1: what many columns tell alike is shared among them instead of played off against each other. The offset
    is not penalised.
    """
    total = weights.sum()
    middle = weights @ x / total
    spread = np.sqrt(weights @ (x - middle) ** 2 / total)
    varies = spread > 1e-9 * (1.0 + np.abs(middle))
    scaled = (x[:, varies] - middle[varies]) / spread[varies]
    used = weights
    slopes, offset = np.zeros(scaled.shape[1]), float(weights @ y / total)
    for _ in range(ROUNDS):
        share = used / used.sum()
        y_mean, x_mean = float(share @ y), share @ scaled
        centred = scaled - x_mean
        gram = centred.T @ (used[:, None] * centred) + penalty * np.eye(scaled.shape[1])
        slopes = np.linalg.solve(gram, centred.T @ (used * (y - y_mean)))
        offset = y_mean - float(x_mean @ slopes)
        residual = np.abs(y - offset - scaled @ slopes)
        scale = SPREAD_PER_MAD * float(np.median(residual[weights > 0.01 * weights.max()]))
        used = weights * np.minimum(1.0, HUBER * scale / np.maximum(residual, 1e-12))
        if scale <= 1e-9 * (1.0 + abs(y_mean)):
            break  # nothing is left to explain, and nothing would keep a weight
    full = np.zeros(x.shape[1])
    full[varies] = slopes / spread[varies]
    return Line(offset=offset - float(middle @ full), slopes=full)


def weighted_median(values: Floats, weights: Floats) -> float:
    """Return the value (of k) below and above which lies half of the weight, of which some is above 0."""
    order = np.argsort(values)
    sums = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(sums, 0.5 * sums[-1])]])
