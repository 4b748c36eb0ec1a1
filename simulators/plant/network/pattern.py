"""The structure of the pressure equations for one choice of modes: kept while only numbers change."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.graph import Flags, Network
from simulators.plant.network.operation import Operation, SourceMode

KNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Which pressures are unknown, and where each link's conductance stands in the sparse matrix.

    A source that holds a differential pressure ties its supply node to its return node: both have one
    unknown (or none, at the reference). So there is no stiff link to stand for it.
    """

    key: bytes
    active: Indices
    """Links that are solved for: all but prescribed flows and sources of mode DP, shape (n_active,)."""
    unknown: Indices
    """Unknown of each node, KNOWN at the reference, shape (n_nodes,)."""
    n_unknown: int
    n_entries: int
    slot: Indices
    entry_link: Indices
    entry_sign: Floats
    order: Indices
    """Place of each unknown in the permuted matrix, which fills in little when it is factorised."""
    matrix: Any
    """The permuted matrix in compressed columns; each factorisation puts its own numbers in."""

    def factorised(self, conductance: Floats) -> "Factors":
        """Return the matrix of these conductances of the active links, ready to be solved with."""
        weights = self.entry_sign * conductance[self.entry_link]
        self.matrix.data = np.bincount(self.slot, weights=weights, minlength=self.n_entries)
        factors = _factorised(self.matrix, "NATURAL")
        return Factors(lower_upper=factors, order=self.order)


@dataclass(frozen=True, slots=True)
class Factors:
    """A factorised matrix of pressures."""

    lower_upper: Any
    order: Indices

    def solve(self, right: Floats) -> Floats:
        """Return the pressure changes for inflows that do not add up yet, shape (n_unknown,)."""
        permuted = np.empty_like(right)
        permuted[self.order] = right
        return np.asarray(self.lower_upper.solve(permuted)[self.order])


def pattern_key(now: Operation) -> bytes:
    """Return what a pattern depends on besides the network."""
    return now.prescribed.tobytes() + repr([mode.value for mode in now.source_mode]).encode()


def pattern(network: Network, now: Operation) -> Pattern:
    """Return the pattern of an operation."""
    modes = np.array(now.source_mode, dtype=object)
    active = np.flatnonzero(
        np.concatenate([np.ones(network.n_pipes, dtype=bool), ~now.prescribed, modes == SourceMode.PUMP])
    )
    unknown, n = _unknowns(network, modes == SourceMode.DP)
    a, b = unknown[network.link_start[active]], unknown[network.link_end[active]]
    link = np.arange(len(active))
    rows = np.concatenate([a, b, a, b])
    columns = np.concatenate([a, b, b, a])
    sign = np.repeat([1.0, -1.0], 2 * len(active))
    links = np.tile(link, 4)
    inside = (rows != KNOWN) & (columns != KNOWN)
    rows, columns, sign, links = rows[inside], columns[inside], sign[inside], links[inside]
    order = _fill_reducing(rows, columns, n)
    places, slot = np.unique(order[columns] * n + order[rows], return_inverse=True)
    row, start = places % n, np.searchsorted(places // n, np.arange(n + 1))
    return Pattern(
        key=pattern_key(now),
        active=active,
        unknown=unknown,
        n_unknown=n,
        n_entries=len(places),
        slot=slot,
        entry_link=links,
        entry_sign=sign,
        order=order,
        matrix=_matrix(np.ones(len(places)), row, start, n),
    )


def _unknowns(network: Network, tied: Flags) -> tuple[Indices, int]:
    """Return the unknown of each node and their number."""
    root = np.arange(network.n_nodes)
    returns, supplies = network.link_start[network.sources], network.link_end[network.sources]
    root[supplies[tied]] = returns[tied]
    known = returns[network.reference]
    roots = np.unique(root[root != known])
    position = np.full(network.n_nodes, KNOWN)
    position[roots] = np.arange(len(roots))
    return position[root], len(roots)


def _fill_reducing(rows: Indices, columns: Indices, n: int) -> Indices:
    """Return the place of each unknown by minimum degree, as SuperLU chooses it for this structure."""
    places, slot = np.unique(columns * n + rows, return_inverse=True)
    # any numbers of this structure will do: a dominant diagonal
    data = np.where(places % n == places // n, np.bincount(slot).max() + 1.0, -1.0 / n)
    start = np.searchsorted(places // n, np.arange(n + 1))
    factors = _factorised(_matrix(data, places % n, start, n), "MMD_AT_PLUS_A")
    return np.asarray(factors.perm_c, dtype=np.intp)


def _matrix(data: Floats, row: Indices, start: Indices, n: int) -> Any:  # noqa: ANN401  scipy has no types
    return csc_array((data, row.astype(np.int32), start.astype(np.int32)), shape=(n, n))


def _factorised(matrix: Any, order: str) -> Any:  # noqa: ANN401  scipy has no types
    # symmetric and positive definite: pivots are on the diagonal
    options = {"SymmetricMode": True, "Equil": False}
    # panels of one column: rows this short gain nothing from wider ones (1.1 to 0.65 ms at 2,000 unknowns)
    return splu(matrix, permc_spec=order, diag_pivot_thresh=0.0, panel_size=1, options=options)
