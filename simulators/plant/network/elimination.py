"""Symmetric positive definite systems with few entries: which fill in when, once, then numbers only.

L D L' row by row, after T. A. Davis, "Algorithm 849: a concise sparse Cholesky factorization package", ACM
Trans. Math. Softw. 31 (2005) 587. Trees with few rings, as pipes are, fill in hardly at all.
"""

from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.compiled import compiled


class Elimination(NamedTuple):
    """Where everything stands that a factorisation reads and writes."""

    start: Indices
    """First entry of each column of the upper triangle with its diagonal, shape (n + 1,)."""
    row: Indices
    """Row of each entry, shape (n_entries,)."""
    first: Indices
    """First entry of each row of L, shape (n + 1,)."""
    column: Indices
    """Columns of the entries of L row by row, each behind those that it needs, shape (n_lower,)."""
    place: Indices
    """Where each of them stands in L as it is kept, column by column, shape (n_lower,)."""
    below: Indices
    """First entry of each column of L, shape (n + 1,)."""
    lower_row: Indices
    """Row of each entry of L as it is kept, shape (n_lower,)."""


def elimination(start: Indices, row: Indices) -> Elimination:
    """Return the places for a matrix whose upper triangle has these columns; ``row`` <= its column."""
    first, column, place, below, lower_row = _places(start, row)
    return Elimination(start, row, first, column, place, below, lower_row)


@compiled
def _places(start: Indices, row: Indices) -> tuple[Indices, Indices, Indices, Indices, Indices]:
    """Return what ``Elimination`` holds of L: by the tree in which each column waits for those before it."""
    n = len(start) - 1
    parent, seen, count = np.full(n, -1), np.full(n, -1), np.zeros(n + 1, dtype=np.intp)
    for k in range(n):
        seen[k] = k
        for p in range(start[k], start[k + 1]):
            i = row[p]
            while seen[i] != k:
                if parent[i] < 0:
                    parent[i] = k
                count[i + 1] += 1
                seen[i] = k
                i = parent[i]
    below = np.cumsum(count)
    total = below[n]
    first, column = np.zeros(n + 1, dtype=np.intp), np.empty(total, dtype=np.intp)
    place, lower_row = np.empty(total, dtype=np.intp), np.empty(total, dtype=np.intp)
    taken, path, along = below[:-1].copy(), np.empty(n, dtype=np.intp), np.empty(n, dtype=np.intp)
    seen[:] = -1
    at = 0
    for k in range(n):
        seen[k] = k
        top = n
        for p in range(start[k], start[k + 1]):
            i, length = row[p], 0
            while seen[i] != k:
                path[length] = i
                length += 1
                seen[i] = k
                i = parent[i]
            while length > 0:
                length -= 1
                top -= 1
                along[top] = path[length]
        for t in range(top, n):
            i = along[t]
            column[at], place[at] = i, taken[i]
            lower_row[taken[i]] = k
            taken[i] += 1
            at += 1
        first[k + 1] = at
    return first, column, place, below, lower_row


@compiled
def factorise(where: Elimination, entries: Floats, lower: Floats, diagonal: Floats) -> None:
    """Write L, shape (n_lower,), and D, shape (n,), of the matrix with these ``entries`` (n_entries,)."""
    n = len(diagonal)
    work = np.zeros(n)
    for k in range(n):
        for p in range(where.start[k], where.start[k + 1]):
            work[where.row[p]] += entries[p]
        pivot, work[k] = work[k], 0.0
        for t in range(where.first[k], where.first[k + 1]):
            i, here = where.column[t], where.place[t]
            value, work[i] = work[i], 0.0
            for p in range(where.below[i], here):
                work[where.lower_row[p]] -= lower[p] * value
            share = value / diagonal[i]
            pivot -= share * value
            lower[here] = share
        diagonal[k] = pivot


@compiled
def solve(where: Elimination, lower: Floats, diagonal: Floats, x: Floats) -> None:
    """Write the solution in the place of the right side ``x``, shape (n,)."""
    n = len(x)
    for j in range(n):
        value = x[j]
        for p in range(where.below[j], where.below[j + 1]):
            x[where.lower_row[p]] -= lower[p] * value
    for j in range(n - 1, -1, -1):
        value = x[j] / diagonal[j]
        for p in range(where.below[j], where.below[j + 1]):
            value -= lower[p] * x[where.lower_row[p]]
        x[j] = value
