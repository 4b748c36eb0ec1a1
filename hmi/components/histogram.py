"""How many loops deviate how far: bars over a scale, with the target as a band and the odd ones by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hmi.components.rows import Look
from hmi.components.wire import ready
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """One bar: ``count`` things from ``low`` to ``high``."""

    low: float
    high: float
    count: int
    hint: str = ""
    """Said on hovering, e.g. which loops these are."""
    id: str = ""
    """Makes the bar a button; told when it is pressed."""
    label: str = ""
    """Name above the bar: of the odd ones only."""
    priority: int | None = None
    """Mark above the bar, of the worst alarm among its things."""
    look: Look = "ack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """The whole picture."""

    bins: tuple[Bin, ...]
    scale: tuple[float, float]
    ticks: tuple[tuple[float, str], ...]
    """Along the value axis: (value, text); the last one carries the unit."""
    label: str
    """What the picture shows, for those who do not see it."""
    empty: str
    """Said where there is no bar."""
    seq: int
    band: tuple[float, float] | None = None
    """Target range."""
    band_title: str = ""
    middle: float | None = None
    """Value of the line in the middle of the target."""
    height_px: int = 230


def mount(histogram: Histogram | Mapping[str, Any], key: str) -> str:
    """Draw the picture; returns the id of the bar chosen in this run, else an empty string."""
    result = _packaged(key=key, data=ready(histogram), on_picked_change=lambda: None)
    return str(result.picked or "")


_packaged = Packaged("histogram", ASSETS, js="histogram.js", css="histogram.css")
