"""The city as a map: pipes, stations where they lie, and of the stations only the abnormal in colour."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from hmi.components.rows import Look
from hmi.components.wire import forms, part, plain
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A station or source."""

    id: str
    latitude: float
    longitude: float
    name: str
    """Drawn where the place is abnormal, a source or ringed; else on hovering."""
    kind: Literal["station", "source"] = "station"
    state: Literal["normal", "local", "no_data"] = "normal"
    """Dot; square in a square (follows its own curve); dashed ring (link lost)."""
    priority: int | None = None
    """1..3: draws the mark of the station's worst alarm. Priority 4 does not appear on the map."""
    look: Look = "ack"
    detail: str = ""
    """The one deciding value or fact, below the name."""
    ring: bool = False
    """Thin ring: the worst point of the network."""
    group: str = ""
    """Id of the group of lost stations to which it belongs; its own mark is then not drawn."""
    area: str = ""
    """Id of its district."""
    symbol: str = ""
    """One or two letters in a source's square."""
    hint: str = ""
    """Further lines on hovering."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipe:
    """A pipe along a line of (latitude, longitude)."""

    points: tuple[tuple[float, float], ...]
    diameter_m: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A district: its name stands among its stations where there is room."""

    id: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Stations lost together: one dashed outline, one mark of the parent alarm, at which it is told."""

    id: str
    title: str
    detail: str
    priority: int
    look: Look = "unack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One entry of the legend, with its count in ``text``."""

    symbol: Literal["normal", "local", "no_data", "ring", "source", "p1", "p2", "p3", "outline"]
    """``outline`` is the frame of an unacknowledged mark."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Words of the drawing itself, in the language of the person."""

    zoom_in: str
    zoom_out: str
    whole: str
    """Back to the whole city."""
    empty: str
    """Said where there is no place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CityMap:
    """The whole picture."""

    places: tuple[Place, ...]
    pipes: tuple[Pipe, ...]
    legend: tuple[Key, ...]
    texts: Texts
    label: str
    """What the picture shows, for those who do not see it."""
    seq: int
    areas: tuple[Area, ...] = ()
    groups: tuple[Group, ...] = ()
    selected: str = ""
    """Id of the place that is chosen elsewhere on the screen."""
    height_px: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What does not change of a map while the city is the same and the language too; ``id`` stands for it."""

    id: str
    data: Mapping[str, Any] = field(repr=False)


STANDING = ("id", "latitude", "longitude", "name", "kind", "area", "symbol")
"""Of a place: what belongs to the ground."""
GROUNDS = "/ground/"
"""Where the browser asks for a ground, by its id (``hmi.grounds``)."""
CHANGING = ("state", "priority", "look", "detail", "ring", "group")
"""Of a place: what belongs to a moment, but its hint: hints travel in forms of their own."""


def ground(city_map: CityMap) -> Ground:
    """Return the part of a map that travels once: places and pipes of 1,000 stations are 150 kB."""
    data = {
        "places": [part(place, STANDING) for place in city_map.places],
        "pipes": plain(city_map.pipes),
        "areas": plain(city_map.areas),
        "texts": plain(city_map.texts),
    }
    text = json.dumps(data, ensure_ascii=False).encode()
    return Ground(id=hashlib.blake2b(text, digest_size=8).hexdigest(), data=data)


def live(city_map: CityMap, on: Ground) -> Mapping[str, Any]:
    """Return the part that travels at each refresh: of places, by number, only what is not usual."""
    parts = [part(place, CHANGING) for place in city_map.places]
    return {
        "ground": on.id,
        "at": GROUNDS + on.id,
        "unusual": {str(number): part for number, part in enumerate(parts) if part},
        "hints": forms(place.hint for place in city_map.places),
        **{name: plain(getattr(city_map, name)) for name in _LIVE},
    }


_LIVE = ("groups", "legend", "label", "selected", "height_px", "seq")


def mount(live: Mapping[str, Any], key: str) -> str:
    """Draw a map once the browser has its ground; returns the place or group chosen in this run, or ""."""
    result = _packaged(key=key, data=live, on_picked_change=lambda: None)
    return str(result.picked or "")


_packaged = Packaged("city_map", ASSETS, js="city_map.js", css="city_map.css")
