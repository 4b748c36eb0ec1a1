"""Pipes of the synthetic city: a tree from the source to every station, as GeoJSON.

A real network grows street by street, so that each station hangs on what lies nearest to it; the tree is the
shortest one (Prim) with a little favour for what is near the source, and pipes run along streets: east, then
north. Diameters follow the heated area behind a pipe.
"""

import json
import math
from collections.abc import Mapping, Sequence
from itertools import pairwise

SOURCE_FAVOUR = 0.25
"""Share of the way already travelled that counts: 0 gives the shortest tree, 1 lines to the source."""
FLOW_kg_per_s_m2 = 1.0 / 3600.0
"""Primary flow per heated area at design; it only scales diameters."""
SPEED_m_per_s = 1.2
DIAMETERS_m = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 1.0)

Position = tuple[float, float]
"""(latitude, longitude), degrees."""


def pipes_geojson(source: Position, stations: Sequence[tuple[Position, float]]) -> str:
    """Return the tree as GeoJSON; ``stations`` are (position, heated area in m2)."""
    places = [source, *(place for place, _ in stations)]
    parents = _tree(places)
    areas = [0.0, *(area for _, area in stations)]
    for child in reversed(list(parents)):  # parents stand before their children
        areas[parents[child]] += areas[child]
    features = [
        {
            "type": "Feature",
            "properties": {"diameter_m": _diameter(areas[child])},
            "geometry": {
                "type": "LineString",
                "coordinates": [_corner(place) for place in _street(places[parent], places[child])],
            },
        }
        for child, parent in parents.items()
    ]
    body = ",\n".join(json.dumps(feature) for feature in features)
    return f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n'


def _tree(places: Sequence[Position]) -> Mapping[int, int]:
    """Return each place's parent, parents first; place 0 is the root."""
    best = {n: (_distance(places[0], place), 0) for n, place in enumerate(places) if n}
    travelled, parents = {0: 0.0}, dict[int, int]()
    while best:
        child = min(best, key=lambda n: (best[n][0], n))
        _, parent = best.pop(child)
        parents[child] = parent
        travelled[child] = travelled[parent] + _distance(places[parent], places[child])
        for n, (cost, _) in list(best.items()):
            offered = _distance(places[child], places[n]) + SOURCE_FAVOUR * travelled[child]
            if offered < cost:
                best[n] = (offered, child)
    return parents


def _distance(a: Position, b: Position) -> float:
    """Return degrees of latitude along streets."""
    return abs(a[0] - b[0]) + abs(a[1] - b[1]) * math.cos(math.radians(a[0]))


def _street(a: Position, b: Position) -> list[Position]:
    way = [a, (a[0], b[1]), b]
    return [way[0], *(after for before, after in pairwise(way) if after != before)]


def _corner(place: Position) -> list[float]:
    return [round(place[1], 5), round(place[0], 5)]


def _diameter(area: float) -> float:
    volume = FLOW_kg_per_s_m2 * area / 1000.0
    wanted = math.sqrt(4.0 * volume / (math.pi * SPEED_m_per_s))
    return next((d for d in DIAMETERS_m if d >= wanted), DIAMETERS_m[-1])
