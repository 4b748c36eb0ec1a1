"""Which main streets carry pipes: a tree from the base sources along wide avenues, and ties that close rings.

Between source and consumer water goes the shortest way, with a favour for avenues (every third main street),
so flow gathers in few large pipes as it does in real networks. Ties join the trees of different sources and
close rings where two branches come near each other.
"""

import heapq
import math
from collections.abc import Iterable, Mapping

import numpy as np

from simulators.citygen.ground import Ground, Quarter

AVENUE_FAVOUR = 0.6
QUARTERS_PER_RING = 5

BALANCING_TURNS = 12
HANDICAP_m = 500.0

Crossing = tuple[int, int]
Edge = tuple[Crossing, Crossing]
"""Lower crossing first."""


def edge(a: Crossing, b: Crossing) -> Edge:
    """Return the piece of street between two neighbouring crossings."""
    return (a, b) if a < b else (b, a)


def sides(quarter: Quarter) -> tuple[Edge, Edge, Edge, Edge]:
    """Return the west, east, south and north side of a quarter."""
    i, j = quarter
    return (
        edge((i, j), (i, j + 1)),
        edge((i + 1, j), (i + 1, j + 1)),
        edge((i, j), (i + 1, j)),
        edge((i, j + 1), (i + 1, j + 1)),
    )


def streets(quarters: Iterable[Quarter]) -> dict[Crossing, list[Crossing]]:
    """Return the neighbours of each crossing along streets that border a quarter."""
    pieces = sorted({side for quarter in quarters for side in sides(quarter)})
    beside: dict[Crossing, list[Crossing]] = {}
    for a, b in pieces:
        beside.setdefault(a, []).append(b)
        beside.setdefault(b, []).append(a)
    return beside


def length(plan: Ground, piece: Edge) -> float:
    """Return m of a piece of street."""
    (i, j), (k, m) = piece
    return abs(float(plan.street_x[k] - plan.street_x[i])) + abs(float(plan.street_y[m] - plan.street_y[j]))


Tree = tuple[dict[Crossing, Crossing], dict[Crossing, int], dict[Crossing, float]]
"""Each crossing's parent, the number of its root and its way to it in m (avenues count less)."""


def even_tree(plan: Ground, beside: Mapping[Crossing, list[Crossing]], roots: list[Crossing]) -> Tree:
    """Return the tree of all roots, each with about as many crossings as the others.

    Roots with too many are moved away, as it were, until the others reach theirs.
    """
    handicap = [0.0] * len(roots)
    grown = tree(plan, beside, roots, handicap)
    for _ in range(BALANCING_TURNS if len(roots) > 1 else 0):
        load = np.bincount(list(grown[1].values()), minlength=len(roots))
        handicap = [h + HANDICAP_m * (n / load.mean() - 1.0) for h, n in zip(handicap, load, strict=True)]
        handicap = [h - min(handicap) for h in handicap]
        grown = tree(plan, beside, roots, handicap)
    return grown


def tree(
    plan: Ground, beside: Mapping[Crossing, list[Crossing]], roots: list[Crossing], handicap: list[float]
) -> Tree:
    """Return the shortest ways from ``roots``, each of which begins ``handicap`` m away."""
    parent: dict[Crossing, Crossing] = {}
    owner = {root: number for number, root in enumerate(roots)}
    way = dict(zip(roots, handicap, strict=True))
    waiting = [(way[root], root) for root in roots]
    done: set[Crossing] = set()
    while waiting:
        _, here = heapq.heappop(waiting)
        if here in done:
            continue
        done.add(here)
        for there in beside[here]:
            offered = way[here] + _cost(plan, edge(here, there))
            if offered < way.get(there, math.inf) and there not in roots:
                way[there], parent[there], owner[there] = offered, here, owner[here]
                heapq.heappush(waiting, (offered, there))
    return parent, owner, way


def ties(
    plan: Ground,
    beside: Mapping[Crossing, list[Crossing]],
    parent: Mapping[Crossing, Crossing],
    owner: Mapping[Crossing, int],
    way: Mapping[Crossing, float],
) -> list[Edge]:
    """Return pieces outside the tree: those that join all trees, then those that close the greatest rings."""
    laid = {edge(child, above) for child, above in parent.items()}
    open_pieces = [edge(a, b) for a in sorted(beside) for b in beside[a] if a < b and edge(a, b) not in laid]
    gain = {
        piece: _ring(piece, parent, way) / length(plan, piece)
        for piece in open_pieces
        if owner[piece[0]] == owner[piece[1]]
    }
    joined: dict[int, int] = {number: number for number in set(owner.values())}
    chosen: list[Edge] = []

    def group(number: int) -> int:
        while joined[number] != number:
            number = joined[number]
        return number

    between = [piece for piece in open_pieces if owner[piece[0]] != owner[piece[1]]]
    for piece in sorted(between, key=lambda p: (abs(way[p[0]] - way[p[1]]), p)):
        a, b = group(owner[piece[0]]), group(owner[piece[1]])
        if a != b or _far(piece, chosen):
            joined[a] = b
            chosen.append(piece)
    rings = max(1, round(len(plan.quarters) / QUARTERS_PER_RING)) if len(plan.quarters) > 1 else 0
    for piece in sorted(gain, key=lambda p: (-gain[p], p)):
        if rings <= 0:
            break
        if _far(piece, chosen):
            chosen.append(piece)
            rings -= 1
    return chosen


def _cost(plan: Ground, piece: Edge) -> float:
    (i, j), (k, _) = piece
    avenue = (i if i == k else j) % 3 == 1
    return length(plan, piece) * (AVENUE_FAVOUR if avenue else 1.0)


def _ring(piece: Edge, parent: Mapping[Crossing, Crossing], way: Mapping[Crossing, float]) -> float:
    """Return the way from one end through the tree to the other."""
    above = {piece[0]}
    here = piece[0]
    while here in parent:
        here = parent[here]
        above.add(here)
    meeting = piece[1]
    while meeting not in above:
        meeting = parent[meeting]
    return way[piece[0]] + way[piece[1]] - 2.0 * way[meeting]


def _far(piece: Edge, chosen: list[Edge], least: int = 3) -> bool:
    """Return whether a piece lies at least some crossings from all chosen ones."""
    a = np.array(piece[0])
    return all(int(np.abs(a - np.array(other[0])).sum()) >= least for other in chosen)
