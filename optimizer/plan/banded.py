"""Cholesky factors of many small band matrices at once: one for each loop, half bandwidth 3.

Arrays are (k, n): row j holds column j of every loop's matrix, so that each step of the elimination is a
handful of operations over all loops. No pivoting: the matrices are positive definite.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WIDTH = 3


class Factors(NamedTuple):
    """H = L diag(d) L^T of every loop."""

    below: Floats
    """(k, 3, n): L[j + m, j] in [j, m - 1]."""
    inverse: Floats
    """(k, n): 1 / d."""


def factorise(bands: Floats) -> Factors:
    """Return the factors of ``bands`` (k, 4, n), where [j, m] is H[j + m, j]; ``bands`` is overwritten."""
    k, _, n = bands.shape
    below, inverse = np.empty((k, WIDTH, n)), np.empty((k, n))
    scratch = np.empty((WIDTH, n))
    for j in range(k):
        column = bands[j]
        # Column j still holds H less what columns before it have taken away.
        np.divide(1.0, column[0], out=inverse[j])
        np.multiply(column[1:], inverse[j], out=below[j])
        for m in range(1, min(WIDTH, k - 1 - j) + 1):
            rest = scratch[: WIDTH + 1 - m]
            np.multiply(column[m:], below[j, m - 1], out=rest)
            bands[j + m, : WIDTH + 1 - m] -= rest
    return Factors(below, inverse)


def solve(factors: Factors, right: Floats) -> Floats:
    """Return x in H x = ``right`` (k, n); ``right`` is overwritten with x."""
    below, inverse = factors
    k, n = right.shape
    scratch = np.empty((WIDTH, n))
    for j in range(k - 1):
        rest = scratch[: min(WIDTH, k - 1 - j)]
        np.multiply(below[j, : len(rest)], right[j], out=rest)
        right[j + 1 : j + 1 + len(rest)] -= rest
    right *= inverse
    for j in range(k - 2, -1, -1):
        rest = scratch[: min(WIDTH, k - 1 - j)]
        np.multiply(below[j, : len(rest)], right[j + 1 : j + 1 + len(rest)], out=rest)
        for row in rest:
            right[j] -= row
    return right
