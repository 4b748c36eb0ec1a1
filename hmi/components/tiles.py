"""A row of figures, each with its scale: a pointer on a track, and the band in which it should stand."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hmi.components.wire import ready
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One figure."""

    label: str
    text: str
    """The number as it stands on the screen; where there is none, why."""
    unit: str = ""
    target: str = ""
    """The target in words, at the right of the label."""
    note: str = ""
    """A line below."""
    value: float | None = None
    """Where the pointer stands; None draws none."""
    scale: tuple[float, float] | None = None
    """Ends of the track; None draws no track."""
    band: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tiles:
    """Figures side by side, which wrap on a narrow screen."""

    tiles: tuple[Tile, ...]
    label: str
    seq: int = 0


def payload(tiles: Tiles) -> Mapping[str, Any]:
    """Return plain values."""
    return asdict(tiles)


def mount(tiles: Tiles | Mapping[str, Any], key: str) -> None:
    """Draw the figures."""
    _packaged(key=key, data=ready(tiles, payload))


_packaged = Packaged("tiles", ASSETS, js="tiles.js", css="tiles.css")
