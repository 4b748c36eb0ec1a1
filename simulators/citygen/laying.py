"""Lays the pipes of a city: trunk along main streets, side streets into quarters, a service to each station.

Every pipe gets a place at both ends: a source, a crossing, a tee where a side street leaves the trunk, a
chamber in a side street, a station. Sizes come later, when the flows are known.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np

from simulators.citygen.ground import SIDE_STREETS, Ground, Quarter, Slot
from simulators.citygen.model import TRENCH_KINDS
from simulators.citygen.routes import Crossing, Edge, edge, even_tree, sides, streets, ties

STATIONS_PER_BASE_SOURCE = 250
"""Some 17 million m2 with its peak plant: what one pipe of DN 1200 can carry."""
EDGE_FAVOUR_m = 3000.0
"""A base plant stands so much farther from the middle of its region if that is the edge of the city."""
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
    """Sources come first among the points: base plants, then as many peak plants, one for each region."""
    region: dict[str, int] = field(default_factory=dict)
    """The region of each station: whose base plant is nearest by pipe."""

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
    parent, owner, way = even_tree(plan, beside, roots)
    peaks = [_peak(layout, owner, way, number, root) for number, root in enumerate(roots)]
    trunk = {edge(child, above) for child, above in parent.items()}
    closing = set(ties(plan, beside, parent, owner, way))
    side_streets = [
        street for quarter in plan.quarters for street in _side_streets(rng, quarter, trunk | closing, way)
    ]
    trunk |= {street.trunk for street in side_streets} - closing
    _lay_sources(rng, layout, beside, roots, peaks, centres)
    crossings = {at: 0 for piece in sorted(trunk | closing) for at in piece}
    for number, at in enumerate(sorted(crossings), start=1):
        crossings[at] = layout.add(f"J{number:04d}", layout.crossing(at))
    for source, at in enumerate([*roots, *peaks]):
        layout.pipe(source, crossings[at], "transmission")
    tees = _lay_trunk(layout, trunk, closing, side_streets, crossings)
    for street, here in _lay_side_streets(layout, side_streets, tees, station_names):
        region = owner[min(street.trunk, key=lambda at: way[at])]
        layout.region.update(dict.fromkeys(here, region))
    _cut_dead_ends(layout, {*station_names, *layout.names[: 2 * layout.bases]})
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
    """Return the crossing that each base plant feeds: near its region's middle, at the edge if near."""
    taken: list[Crossing] = []
    for x, y in centres:
        ranked = []
        for at in sorted(set(beside) - set(taken)):
            way = abs(plan.street_x[at[0]] - x) + abs(plan.street_y[at[1]] - y)
            ranked.append((float(way) + (EDGE_FAVOUR_m if len(beside[at]) == 4 else 0.0), at))
        taken.append(min(ranked)[1])
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


def _cut_dead_ends(layout: Layout, kept: set[str]) -> None:
    """Take away pipes, and the points at their ends, that lead neither to a station nor to a source."""
    while True:
        degree = Counter(end for run in layout.runs for end in (run.start, run.end))
        dead = {end for end, count in degree.items() if count == 1 and layout.names[end] not in kept}
        if not dead:
            break
        layout.runs = [run for run in layout.runs if not dead & {run.start, run.end}]
    left = sorted(degree)
    row = {old: new for new, old in enumerate(left)}
    layout.names = [layout.names[old] for old in left]
    layout.points = [layout.points[old] for old in left]
    layout.runs = [Run(row[run.start], row[run.end], run.kind) for run in layout.runs]


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
        far = rng.uniform(*PLANT_OUTSIDE_m)
        place = (x - PLANT_INSIDE_m, y - PLANT_INSIDE_m)  # a plant that the city has grown around
        if free:
            away = max(free, key=lambda step: step[0] * (x - centre[0]) + step[1] * (y - centre[1]))
            place = (x + away[0] * far, y + away[1] * far)
        layout.add(f"H{number:03d}", place)
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
) -> list[tuple[_SideStreet, list[str]]]:
    """Lay side streets and services; return the stations of each side street."""
    by_street: dict[tuple[Quarter, int], list[tuple[str, Slot]]] = {}
    for name, slot in zip(names, layout.plan.slots, strict=True):
        by_street.setdefault((slot.quarter, slot.street), []).append((name, slot))
    chambers, served = 0, []
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
        served.append((street, [name for name, _ in here]))
    return served


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
