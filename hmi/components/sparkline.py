"""A small line without axes, with a dot at its end: how a value came to be where it is."""

from dataclasses import dataclass
from pathlib import Path

from hmi.components.wire import plain
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """The line."""

    values: tuple[float | None, ...]
    """At equal distances in time, oldest first; None is a gap."""
    label: str
    """What the line shows, for those who do not see it, and on hovering."""
    seq: int
    scale: tuple[float, float] | None = None
    """Lower and upper edge; give the same to lines that are to be compared. None takes them from the line."""
    height_px: int = 32


def mount(sparkline: Sparkline, key: str) -> None:
    """Draw the line."""
    _packaged(key=key, data=plain(sparkline))


_packaged = Packaged("sparkline", ASSETS, js="sparkline.js", css="sparkline.css")
