"""The city as a map: pipes, stations where they lie, and of the stations only the abnormal in colour."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hmi.components.rows import Look
from hmi.components.wire import plain
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


def mount(city_map: CityMap, key: str) -> str:
    """Draw the map; returns the id of the place or group chosen in this run, else an empty string."""
    result = _packaged(key=key, data=plain(city_map), on_picked_change=lambda: None)
    return str(result.picked or "")


_packaged = Packaged("city_map", ASSETS, js="city_map.js", css="city_map.css")
