"""Pipes and stations of a city as GeoJSON, for the controller's map and for any program that draws maps."""

import json
import math
from collections.abc import Iterable

from simulators.citygen.model import EMITTERS, TRENCH_KINDS, GeneratedCity

METRES_PER_DEGREE = 111_200.0


def degrees(city: GeneratedCity, x: float, y: float) -> tuple[float, float]:
    """Return latitude and longitude of a point in metres from the centre, to about 0.1 m."""
    shrink = math.cos(math.radians(city.latitude))
    latitude = city.latitude + y / METRES_PER_DEGREE
    return round(latitude, 6), round(city.longitude + x / METRES_PER_DEGREE / shrink, 6)


def pipes_geojson(city: GeneratedCity) -> str:
    """Return one LineString for each trench."""
    pipes = city.pipes
    row = {place.name: i for i, place in enumerate(pipes.places)}
    return _collection(
        {
            "type": "Feature",
            "properties": {
                "name": trench.name,
                "kind": TRENCH_KINDS[kind],
                "DN": int(DN),
                "diameter_m": trench.diameter,
                "length_m": trench.length,
            },
            "geometry": {
                "type": "LineString",
                "coordinates": [_corner(city, row[end]) for end in (trench.start, trench.end)],
            },
        }
        for trench, kind, DN in zip(pipes.trenches, pipes.kind, pipes.DN, strict=True)
    )


def stations_geojson(city: GeneratedCity) -> str:
    """Return one Point for each station, then one for each source."""
    return _collection([*_stations(city), *_sources(city)])


def _stations(city: GeneratedCity) -> Iterable[dict[str, object]]:
    table, area = city.stations, city.station_area
    emitters: list[list[str]] = [[] for _ in table.id]
    for station, emitter in zip(city.loops.station, city.loops.emitter, strict=True):
        emitters[station].append(EMITTERS[emitter])
    for i, name in enumerate(table.id):
        properties: dict[str, object] = {
            "id": name,
            "kind": "station",
            "name_zh": table.name_zh[i],
            "name_en": table.name_en[i],
            "district": city.districts[table.district[i]].key,
            "profile": table.profile[i],
            "year": int(table.year[i]),
            "A_heated_m2": round(float(area[i])),
            "loops": emitters[i],
            "z_m": round(float(table.z[i]), 1),
            "m_flow_design_kg_per_s": round(float(table.m_flow_design[i]), 3),
        }
        yield _point(city, float(table.x[i]), float(table.y[i]), properties)


def _sources(city: GeneratedCity) -> Iterable[dict[str, object]]:
    table = city.sources
    for k, name in enumerate(table.id):
        properties: dict[str, object] = {
            "id": name,
            "kind": "source",
            "name_zh": table.name_zh[k],
            "name_en": table.name_en[k],
            "role": "base" if table.base[k] else "peak",
            "z_m": round(float(table.z[k]), 1),
            "Q_max_kW": round(float(table.Q_max[k])),
            "m_flow_design_kg_per_s": round(float(table.m_flow_design[k]), 3),
        }
        yield _point(city, float(table.x[k]), float(table.y[k]), properties)


def _point(city: GeneratedCity, x: float, y: float, properties: dict[str, object]) -> dict[str, object]:
    latitude, longitude = degrees(city, x, y)
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Point", "coordinates": [longitude, latitude]},
    }


def _corner(city: GeneratedCity, place: int) -> list[float]:
    latitude, longitude = degrees(city, float(city.pipes.x[place]), float(city.pipes.y[place]))
    return [longitude, latitude]


def _collection(features: Iterable[dict[str, object]]) -> str:
    body = ",\n".join(json.dumps(feature, ensure_ascii=False) for feature in features)
    return f'{{"type": "FeatureCollection", "features": [\n{body}\n]}}\n'
