"""What all loops together do when heat gets dearer: the sum of their inverse curvatures, exactly.

The plant's limits tie the loops together. In a Newton step, mean heat answers a change of price pi by -S pi
with S = sum_i w_i F_i H_i^-1 F_i^T, where H_i is the band matrix of loop i and F_i its map from y to heat.
Rows of each inverse follow from the rows below them (L^T Z = D^-1 L^-1, so Z[i, j] = - sum_m L[i+m, i]
Z[i+m, j] for j > i; the recursion of Takahashi, Fagan and Chen, 1973, kept for all columns). Their sum over
loops is a product of matrices. Few loops at a time keep four rows of inverses in a core's cache. An S
that is only nearly right, by single precision or by a sample of loops, lets the method stall.
"""

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.banded import WIDTH, Factors

Floats = NDArray[np.float64]


def answer(factors: Factors, taps: Floats, weights: Floats) -> Floats:
    """Return S (k, k); ``taps`` (3, n) are those of heat, ``weights`` (n,)."""
    k = len(factors.inverse)
    pairs = [(a, b) for a in range(len(taps)) for b in range(a, len(taps))]
    mix = np.stack([weights * taps[a] * taps[b] for a, b in pairs])
    sums = _inverses(factors.below, factors.inverse, mix)
    S = np.zeros((k, k))
    for (a, b), upper in zip(pairs, sums, strict=True):
        whole = upper + np.triu(upper, 1).T
        S[a:, b:] += whole[: k - a, : k - b]
        if a != b:
            S[b:, a:] += whole[: k - b, : k - a]
    return S


def _inverses(below: Floats, inverse: Floats, mix: Floats) -> Floats:
    """Return sum_n mix[p, n] Z_n[i, j] for j >= i, (p, k, k)."""
    k, n = inverse.shape
    sums = np.zeros((len(mix), k, k))
    rows = [np.empty((k, n)) for _ in range(WIDTH + 1)]
    product = np.empty((k, n))
    for i in range(k - 1, -1, -1):
        row, known = rows[WIDTH], min(WIDTH, k - 1 - i)
        right = row[i + 1 :]
        if known:
            np.multiply(rows[0][i + 1 :], -below[i, 0], out=right)
            for m in range(1, known):
                np.multiply(rows[m][i + 1 :], below[i, m], out=product[i + 1 :])
                right -= product[i + 1 :]
        row[i] = inverse[i] - (below[i, :known] * row[i + 1 : i + 1 + known]).sum(axis=0)
        # The inverse is symmetric: what lies left of the diagonal in the rows below is now known.
        for m in range(min(WIDTH - 1, known)):
            rows[m][i] = row[i + 1 + m]
        sums[:, i, i:] = mix @ row[i:].T
        rows = [row, *rows[:WIDTH]]
    return sums
