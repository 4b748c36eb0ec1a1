"""Pipes of the network from a GeoJSON file: LineStrings with a diameter; read for maps only."""

import json
from pathlib import Path
from typing import Any

from controller.config.model import PipeConfig

DIAMETER_M = 0.2
"""Of a pipe whose diameter the file does not tell."""
DIAMETERS_M = (0.02, 2.0)
MAX_BYTES = 20 * 1024 * 1024
MAX_PIPES = 50_000
KIND = "a FeatureCollection of LineStrings"


def read_pipes(path: Path, faults: list[str]) -> tuple[PipeConfig, ...]:
    """Read the pipes; every fault becomes a line in ``faults``.

    Each feature is a LineString of ``[longitude, latitude]`` (as GeoJSON has it) with an optional property
    ``diameter_m``.
    """
    features = _features(path, faults)
    pipes = []
    for number, feature in enumerate(features, 1):
        found = _pipe(feature)
        if isinstance(found, str):
            faults.append(f"{path.name}: feature {number}: {found}")
        else:
            pipes.append(found)
    return tuple(pipes)


def _features(path: Path, faults: list[str]) -> list[Any]:
    try:
        if path.stat().st_size > MAX_BYTES:
            faults.append(f"{path.name}: too big; allowed up to {MAX_BYTES // 1024**2} MiB")
            return []
        tree = json.loads(path.read_text("utf-8"))
    except OSError as error:
        faults.append(f"{path.name}: {error.strerror}; [site] pipes names a GeoJSON file, or is left out")
        return []
    except (ValueError, RecursionError) as error:
        faults.append(f"{path.name}: not a GeoJSON file: {error}")
        return []
    if not isinstance(tree, dict) or tree.get("type") != "FeatureCollection":
        faults.append(f"{path.name}: type: not allowed; allowed {KIND}")
        return []
    features = tree.get("features")
    if not isinstance(features, list) or len(features) > MAX_PIPES:
        faults.append(f"{path.name}: features: not a list of up to {MAX_PIPES}; allowed {KIND}")
        return []
    return features


def _pipe(feature: object) -> PipeConfig | str:
    """Return a pipe, or what is wrong with it."""
    geometry = feature.get("geometry") if isinstance(feature, dict) else None
    if (
        not isinstance(feature, dict)
        or not isinstance(geometry, dict)
        or geometry.get("type") != "LineString"
    ):
        return f"not a LineString; allowed {KIND}"
    corners = geometry.get("coordinates")
    if not isinstance(corners, list) or len(corners) < 2:
        return "coordinates: fewer than two positions; allowed two or more of [longitude, latitude]"
    positions = []
    for number, corner in enumerate(corners, 1):
        if not isinstance(corner, list) or len(corner) not in (2, 3) or not all(map(_is_number, corner)):
            return f"coordinates: position {number} is {corner!r}; allowed [longitude, latitude] in degrees"
        longitude, latitude = float(corner[0]), float(corner[1])
        if not (abs(longitude) <= 180.0 and abs(latitude) <= 90.0):
            return (
                f"coordinates: position {number} is out of range (got {corner!r}); allowed longitude"
                " -180..180, latitude -90..90, in this order"
            )
        positions.append((latitude, longitude))
    properties = feature.get("properties") or {}
    diameter = properties.get("diameter_m", DIAMETER_M) if isinstance(properties, dict) else None
    low, high = DIAMETERS_M
    if not isinstance(diameter, int | float) or not _is_number(diameter) or not low <= diameter <= high:
        return f"diameter_m: out of range (got {diameter!r}); allowed {low:g}..{high:g}"
    return PipeConfig(positions=tuple(positions), diameter_m=float(diameter))


def _is_number(value: object) -> bool:
    """Tell whether a value is a plain number; NaN, infinity and endless integers are none."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9
