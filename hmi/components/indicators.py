"""A column of analogue indicators: name, track with normal band and pointers, sparkline, figure.

Pointers of all rows stand under each other, so that the eye finds the odd one without reading a number.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hmi.components.rows import Look
from hmi.components.wire import ready
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")

Quality = Literal["good", "aged", "bad", "estimated", "none"]
"""Fresh; older than two polls; measured but not to be trusted; worked out, not measured; no value at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One row. All texts come localised; a row whose value is missing says why in ``reason``."""

    id: str
    label: str
    text: str
    """The number as it stands on the screen; empty where there is none."""
    scale: tuple[float, float]
    """Values at the two ends of the track."""
    unit: str = ""
    note: str = ""
    """Second line below the name, e.g. the normal range in words."""
    value: float | None = None
    """Where the measured pointer stands; None draws no pointer."""
    band: tuple[float, float] | None = None
    """Normal range."""
    setpoint: float | None = None
    priority: int | None = None
    """Priority 1..4 of the alarm that this very value raised: its mark takes the pointer's place."""
    look: Look = "ack"
    line: tuple[float | None, ...] = ()
    """Values of the sparkline at equal distances in time, oldest first; None is a gap."""
    line_scale: tuple[float, float] | None = None
    """Lower and upper edge of the sparkline; None takes them from the line."""
    quality: Quality = "good"
    reason: str = ""
    """Why the value is bad, aged or missing."""
    age: str = ""
    """Age of the value, said on hovering."""
    pickable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicators:
    """The column."""

    rows: tuple[Indicator, ...]
    label: str
    """What the column is, for those who do not see it."""
    seq: int
    row_px: int = 65
    """Height of a row."""


def mount(indicators: Indicators | Mapping[str, Any], key: str) -> str:
    """Draw the column; returns the id of the row chosen in this run, else an empty string."""
    result = _packaged(key=key, data=ready(indicators), on_picked_change=lambda: None)
    return str(result.picked or "")


_packaged = Packaged("indicators", ASSETS, js="indicators.js", css="indicators.css")
