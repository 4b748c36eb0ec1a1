"""Lays the pipes of a city: trunk along main streets, side streets into quarters, a service to each station.

Every pipe gets a place at both ends: a source, a crossing, a tee where a side street leaves the trunk, a
chamber in a side street, a station. Sizes come later, when the flows are known.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from simulators.citygen.ground import SIDE_STREETS, Ground, Quarter, Slot
from simulators.citygen.model import TRENCH_KINDS
from simulators.citygen.routes import Crossing, Edge, edge, sides, streets, ties, tree

STATIONS_PER_BASE_SOURCE = 450
PLANT_OUTSIDE_m = (500.0, 1500.0)
"""From a base plant to the first crossing."""
PLANT_INSIDE_m = 80.0
"""From a plant within the city to its crossing."""

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Run:
    """A trench without a size."""

    start: int
    end: int
    """Rows of ``Layout.points``."""
    kind: int
    """Code of ``TRENCH_KINDS``."""


@dataclass(slots=True)
class Layout:
    """Points and runs while they are laid; owned by ``lay``."""

    plan: Ground
    names: list[str] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    bases: int = 0
    """Sources come first among the points: base plants, then as many peak plants."""

    def add(self, name: str, point: Point) -> int:
        """Add a point and return its row."""
        self.names.append(name)
        self.points.append(point)
        return len(self.points) - 1

    def pipe(self, start: int, end: int, kind: str) -> None:
        """Lay a run."""
        self.runs.append(Run(start, end, TRENCH_KINDS.index(kind)))

    def crossing(self, at: Crossing) -> Point:
        """Return where two main streets cross."""
        return float(self.plan.street_x[at[0]]), float(self.plan.street_y[at[1]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _SideStreet:
    """A side street, the trunk piece it leaves and whether it runs east-west."""

    quarter: Quarter
    number: int
    level: bool
    trunk: Edge


def lay(rng: np.random.Generator, plan: Ground, station_names: tuple[str, ...]) -> Layout:
    """Return all points and runs; station ``i`` is the point of its name."""
    layout = Layout(plan)
    beside = streets(plan.quarters)
    layout.bases = max(1, round(len(station_names) / STATIONS_PER_BASE_SOURCE))
    centres = _regions(plan, layout.bases)
    roots = _roots(plan, beside, centres)
    parent, owner, way = tree(plan, beside, roots)
    peaks = [_peak(layout, owner, way, number, root) for number, root in enumerate(roots)]
    trunk = {edge(child, above) for child, above in parent.items()}
    closing = set(ties(plan, beside, parent, owner, way))
    side_streets = [
        street for quarter in plan.quarters for street in _side_streets(rng, quarter, trunk | closing, way)
    ]
    used = {street.trunk for street in side_streets}
    trunk = _pruned(trunk | used, closing, used, {*roots, *peaks})
    _lay_sources(rng, layout, beside, roots, peaks, centres)
    crossings = {at: 0 for piece in sorted(trunk | closing) for at in piece}
    for number, at in enumerate(sorted(crossings), start=1):
        crossings[at] = layout.add(f"J{number:04d}", layout.crossing(at))
    for source, at in enumerate([*roots, *peaks]):
        layout.pipe(source, crossings[at], "transmission")
    tees = _lay_trunk(layout, trunk, closing - trunk, side_streets, crossings)
    _lay_side_streets(layout, side_streets, tees, station_names)
    return layout


def _regions(plan: Ground, count: int) -> list[Point]:
    """Return the middle of each base plant's region (k-means over the quarters, farthest points first)."""
    middles = np.array(
        [
            (plan.street_x[i : i + 2].mean(), plan.street_y[j : j + 2].mean())
            for i, j in plan.quarters
        ]
    )  # fmt: skip
    centres = middles[:1]
    while len(centres) < count:
        distance = np.min(np.hypot(*(middles[:, None] - centres[None]).transpose(2, 0, 1)), axis=1)
        centres = np.vstack([centres, middles[int(np.argmax(distance))]])
    for _ in range(20):
        nearest = np.argmin(np.hypot(*(middles[:, None] - centres[None]).transpose(2, 0, 1)), axis=1)
        centres = np.array([middles[nearest == k].mean(axis=0) for k in range(count)])
    return [(float(x), float(y)) for x, y in centres]


def _roots(
    plan: Ground, beside: dict[Crossing, list[Crossing]], centres: list[Point]
) -> list[Crossing]:  # fmt: skip
    """Return the crossing that each base plant feeds: at the edge of the city, near its region's middle."""
    outer = [at for at in sorted(beside) if len(beside[at]) < 4]
    taken: list[Crossing] = []
    for x, y in centres:
        taken.append(
            min(
                (at for at in outer if at not in taken),
                key=lambda at: abs(plan.street_x[at[0]] - x) + abs(plan.street_y[at[1]] - y),
            )
        )
    return taken


def _peak(
    layout: Layout, owner: dict[Crossing, int], way: dict[Crossing, float], number: int, root: Crossing
) -> Crossing:
    """Return where the peak plant of a region feeds in: amid the farther half of its crossings."""
    own = sorted((at for at in owner if owner[at] == number and at != root), key=lambda at: (way[at], at))
    far = np.array([layout.crossing(at) for at in own[len(own) // 2 :]])
    x, y = far.mean(axis=0)
    return min(own, key=lambda at: float(np.hypot(*(np.array(layout.crossing(at)) - (x, y)))))


def _side_streets(
    rng: np.random.Generator, quarter: Quarter, laid: set[Edge], way: dict[Crossing, float]
) -> list[_SideStreet]:
    """Return the two side streets of a quarter, from the side that is nearer to a source by pipe."""
    west, east, south, north = sides(quarter)
    pairs = [(True, (west, east)), (False, (south, north))]
    if rng.random() < 0.5:
        pairs.reverse()
    ready = [(level, piece) for level, pair in pairs for piece in pair if piece in laid]
    # a quarter without a trunk beside it gets one
    able = [(level, piece) for level, piece in ready if level == ready[0][0]] or [(True, west), (True, east)]
    level, trunk = min(able, key=lambda each: (min(way[each[1][0]], way[each[1][1]]), each[1]))
    return [_SideStreet(quarter=quarter, number=k, level=level, trunk=trunk) for k in (0, 1)]


def _pruned(trunk: set[Edge], closing: set[Edge], used: set[Edge], kept: set[Crossing]) -> set[Edge]:
    """Return the trunk without dead ends that feed nothing."""
    trunk = set(trunk)
    while True:
        degree = Counter(at for piece in trunk | closing for at in piece)
        dead = {
            piece
            for piece in trunk - used
            if any(degree[at] == 1 and at not in kept for at in piece)
        }  # fmt: skip
        if not dead:
            return trunk
        trunk -= dead


def _lay_sources(
    rng: np.random.Generator,
    layout: Layout,
    beside: dict[Crossing, list[Crossing]],
    roots: list[Crossing],
    peaks: list[Crossing],
    centres: list[Point],
) -> None:
    for number, (at, centre) in enumerate(zip(roots, centres, strict=True), start=1):
        x, y = layout.crossing(at)
        free = [
            step
            for step in ((1, 0), (0, 1), (-1, 0), (0, -1))
            if (at[0] + step[0], at[1] + step[1]) not in beside[at]
        ]
        away = max(free, key=lambda step: step[0] * (x - centre[0]) + step[1] * (y - centre[1]))
        far = rng.uniform(*PLANT_OUTSIDE_m)
        layout.add(f"H{number:03d}", (x + away[0] * far, y + away[1] * far))
    for number, at in enumerate(peaks, start=len(roots) + 1):
        x, y = layout.crossing(at)
        layout.add(f"H{number:03d}", (x + PLANT_INSIDE_m, y + PLANT_INSIDE_m))


def _lay_trunk(
    layout: Layout,
    trunk: set[Edge],
    closing: set[Edge],
    side_streets: list[_SideStreet],
    crossings: dict[Crossing, int],
) -> dict[Point, int]:
    """Lay trunk and ties from tee to tee; return the row of each tee by its place."""
    on: dict[Edge, set[Point]] = {}
    for street in side_streets:
        on.setdefault(street.trunk, set()).add(_tee(layout.plan, street))
    tees: dict[Point, int] = {}
    for piece in sorted(trunk | closing):
        kind = "tie" if piece in closing else "trunk"
        last = crossings[piece[0]]
        for point in sorted(on.get(piece, ())):
            tees[point] = layout.add(f"T{len(tees) + 1:04d}", point)
            layout.pipe(last, tees[point], kind)
            last = tees[point]
        layout.pipe(last, crossings[piece[1]], kind)
    return tees


def _lay_side_streets(
    layout: Layout, side_streets: list[_SideStreet], tees: dict[Point, int], names: tuple[str, ...]
) -> None:
    by_street: dict[tuple[Quarter, int], list[tuple[str, Slot]]] = {}
    for name, slot in zip(names, layout.plan.slots, strict=True):
        by_street.setdefault((slot.quarter, slot.street), []).append((name, slot))
    chambers = 0
    for street in side_streets:
        here = by_street.get((street.quarter, street.number), [])
        tee = _tee(layout.plan, street)
        last = tees[tee]
        placed = [(name, *_stand(layout.plan, street, slot)) for name, slot in here]
        for name, chamber, station in sorted(
            placed, key=lambda p: abs(p[1][0] - tee[0]) + abs(p[1][1] - tee[1])
        ):
            chambers += 1
            row = layout.add(f"C{chambers:04d}", chamber)
            layout.pipe(last, row, "branch")
            layout.pipe(row, layout.add(name, station), "service")
            last = row


def _level_of(plan: Ground, street: _SideStreet) -> float:
    i, j = street.quarter
    low, high = plan.street_y[j : j + 2] if street.level else plan.street_x[i : i + 2]
    return float(low + SIDE_STREETS[street.number] * (high - low))


def _tee(plan: Ground, street: _SideStreet) -> Point:
    (i, j), level = street.trunk[0], _level_of(plan, street)
    return (float(plan.street_x[i]), level) if street.level else (level, float(plan.street_y[j]))


def _stand(plan: Ground, street: _SideStreet, slot: Slot) -> tuple[Point, Point]:
    """Return a station's chamber in its side street and its own place beside it."""
    i, j = street.quarter
    low, high = plan.street_x[i : i + 2] if street.level else plan.street_y[j : j + 2]
    along, level = float(low + slot.along * (high - low)), _level_of(plan, street)
    if street.level:
        return (along, level), (along, level + slot.offset)
    return (level, along), (level + slot.offset, along)
