"""Points in a plane: one for each station, the odd ones named, the normal range as a band."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Dot:
    """One point."""

    id: str
    x: float
    y: float
    hint: str
    """Said on hovering."""
    label: str = ""
    """Name beside the dot; only the odd ones have one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """An axis with its ends and its ticks, (value, text)."""

    title: str
    low: float
    high: float
    ticks: tuple[tuple[float, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scatter:
    """The whole picture."""

    dots: tuple[Dot, ...]
    x: Axis
    y: Axis
    label: str
    empty: str
    band: tuple[float, float] | None = None
    """Normal range on the x axis."""
    band_title: str = ""
    corners: tuple[str, str] = ("", "")
    """Words in the upper right and in the lower left corner."""
    seq: int = 0
    height_px: int = 300


def payload(scatter: Scatter) -> Mapping[str, Any]:
    """Return plain values."""
    return asdict(scatter)


def mount(scatter: Scatter, key: str) -> str:
    """Draw the picture; returns the id of the dot that was chosen in this run, else an empty string."""
    result = _packaged(key=key, data=payload(scatter), on_picked_change=lambda: None)
    return str(result.picked or "")


_packaged = Packaged("scatter", ASSETS, js="scatter.js", css="scatter.css")


def nice_axis(title: str, low: float, high: float, decimals: int, steps: int = 5) -> Axis:
    """Return an axis that holds ``low``..``high`` with about ``steps`` round ticks."""
    span = max(high - low, 10.0 ** (-decimals))
    raw = span / steps
    power = 10.0 ** _floor_log10(raw)
    step = next(power * factor for factor in (1.0, 2.0, 5.0, 10.0) if power * factor >= raw * 0.999)
    first = step * (low // step)
    count = int(-(-(high - first) // step)) or 1
    ticks = tuple((first + step * i, f"{first + step * i:.{decimals}f}") for i in range(count + 1))
    minus = tuple((value, text.replace("-", "\u2212")) for value, text in ticks)
    return Axis(title=title, low=first, high=first + step * count, ticks=minus)


def _floor_log10(value: float) -> int:
    power = 0
    while 10.0**power > value:
        power -= 1
    while 10.0 ** (power + 1) <= value:
        power += 1
    return power
