"""The structure of the pressure equations for one choice of modes: kept while only numbers change."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array
from scipy.sparse.linalg import splu

from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.elimination import Elimination, elimination
from simulators.plant.network.graph import Flags, Network
from simulators.plant.network.operation import Operation, SourceMode

KNOWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Which pressures are unknown, and where each link's conductance stands in the sparse matrix.

    A source that holds a differential pressure ties its supply node to its return node: both have one
    unknown (or none, at the reference). So there is no stiff link to stand for it. Unknowns are numbered in
    an order in which the matrix fills in little when it is factorised.
    """

    key: bytes
    active: Indices
    """Links that are solved for: all but prescribed flows and sources of mode DP, shape (n_active,)."""
    unknown: Indices
    """Unknown of each node, KNOWN at the reference, shape (n_nodes,)."""
    n_unknown: int
    slot: Indices
    entry_link: Indices
    entry_sign: Floats
    """Of what the active links bring to the upper triangle: entry, link, and +1 on the diagonal, else -1."""
    elimination: Elimination


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
    inside = (a != KNOWN) & (b != KNOWN) & (a != b)
    place = np.append(_fill_reducing(a[inside], b[inside], n), KNOWN)  # KNOWN, the last one, stays KNOWN
    unknown, a, b = place[unknown], place[a], place[b]
    link = np.arange(len(active))
    rows = np.concatenate([a, b, np.minimum(a, b)])
    columns = np.concatenate([a, b, np.maximum(a, b)])
    sign = np.repeat([1.0, 1.0, -1.0], len(active))
    sign[2 * len(active) :][a == b] = -2.0  # both ends tied together: nothing of it is left
    links = np.tile(link, 3)
    inside = (rows != KNOWN) & (columns != KNOWN)
    rows, columns, sign, links = rows[inside], columns[inside], sign[inside], links[inside]
    places, slot = np.unique(columns * n + rows, return_inverse=True)
    start = np.searchsorted(places // n, np.arange(n + 1))
    return Pattern(
        key=pattern_key(now),
        active=active,
        unknown=unknown,
        n_unknown=n,
        slot=slot,
        entry_link=links,
        entry_sign=sign,
        elimination=elimination(start, places % n),
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


def _fill_reducing(one: Indices, other: Indices, n: int) -> Indices:
    """Return the place of each of ``n`` unknowns by minimum degree, as SuperLU chooses it.

    ``one`` and ``other`` are those that meet in a link, shape (n_links,).
    """
    here = np.arange(n)
    rows, columns = np.concatenate([here, one, other]), np.concatenate([here, other, one])
    # any numbers of this structure will do: a dominant diagonal
    most = np.bincount(rows, minlength=n).max() + 1.0
    data = np.repeat([most, -1.0], [n, len(rows) - n])
    matrix = csc_array((data, (rows, columns)), shape=(n, n))
    options = {"SymmetricMode": True, "Equil": False}
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options)
    return np.asarray(factors.perm_c, dtype=np.intp)
