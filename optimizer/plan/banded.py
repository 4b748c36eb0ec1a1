"""Cholesky factors of many small band matrices at once: one for each loop, half bandwidth 3.

Arrays are (k, n): row j holds column j of every loop's matrix, so that each step of the elimination is a
handful of operations over all loops. No pivoting: the matrices are positive definite. What would lie outside
of a matrix is kept as 0, so that all steps are alike: for few loops it is their number that costs.
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
    beside: Floats
    """(k, 3, n): the same by rows, L[j, j - m] in [j, 3 - m]."""
    inverse: Floats
    """(k, n): 1 / d."""


def factorise(bands: Floats) -> Factors:
    """Return the factors of ``bands`` (k, 4, n): [j, m] is H[j + m, j], 0 outside; it is overwritten."""
    k, _, n = bands.shape
    below, inverse = np.empty((k, WIDTH, n)), np.empty((k, n))
    scratch = np.empty((WIDTH, n))
    for j in range(k):
        column, mine = bands[j], below[j]
        # Column j still holds H less what columns before it have taken away.
        np.divide(1.0, column[0], out=inverse[j])
        np.multiply(column[1:], inverse[j], out=mine)
        for m in range(1, min(WIDTH, k - 1 - j) + 1):
            rest, reduced = scratch[: WIDTH + 1 - m], bands[j + m, : WIDTH + 1 - m]
            np.multiply(column[m:], mine[m - 1], out=rest)
            np.subtract(reduced, rest, out=reduced)
    beside = np.zeros_like(below)
    for m in range(1, WIDTH + 1):
        beside[m:, WIDTH - m] = below[:-m, m - 1]
    return Factors(below, beside, inverse)


def solve(factors: Factors, right: Floats) -> Floats:
    """Return x in H x = ``right`` (k, n)."""
    below, beside, inverse = factors
    k, n = right.shape
    padded = np.empty((k + 2 * WIDTH, n))
    padded[:WIDTH] = padded[-WIDTH:] = 0.0
    x = padded[WIDTH:-WIDTH]
    x[:] = right
    scratch = np.empty((WIDTH, n))
    after = [padded[j : j + WIDTH] for j in range(WIDTH + 1, WIDTH + k)]
    for column, row, window in zip(below[:-1], x[:-1], after, strict=True):
        np.multiply(column, row, out=scratch)
        np.subtract(window, scratch, out=window)
    x *= inverse
    before = [padded[j : j + WIDTH] for j in range(k - 1, 0, -1)]
    for column, row, window in zip(beside[:0:-1], x[:0:-1], before, strict=True):
        np.multiply(column, row, out=scratch)
        np.subtract(window, scratch, out=window)
    return x
