"""Lines over time in one or two stacked panels, with a cursor that reads them and a zoom that is kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo

from hmi.components.rows import Look
from hmi.components.wire import packed, plain, ready
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")

Kind = Literal["actual", "step", "effective", "plan", "baseline"]
"""Solid; solid step (a setpoint holds until the next); dashed step; dashed; dotted."""
Colour = Literal["text", "trend_1", "trend_2", "trend_3", "mark", "muted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line. ``times`` and ``values`` are of equal length, times rising."""

    id: str
    label: str
    """Stands at the end of the line and in the readout."""
    times: tuple[float, ...]
    """UTC epoch seconds."""
    values: tuple[float | None, ...]
    """In the unit of the panel; None ends the line until the next value: a gap stays a gap."""
    kind: Kind = "actual"
    colour: Colour = "trend_1"
    panel: int = 0
    """0 is the upper one."""
    gap_s: float | None = None
    """Samples further apart than this are not joined; None joins all (a setpoint holds)."""
    bad: tuple[tuple[float, float], ...] = ()
    """Spans (from, to) in which the samples are not to be trusted: hatched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One axis of values."""

    title: str
    """Unit, and what is measured where the lines' labels do not say it, e.g. ``流量 t/h``."""
    decimals: int = 1
    share: float = 1.0
    """Share of the height, relative to the other panel."""
    low: float | None = None
    high: float | None = None
    """Ends that the axis holds at least; it grows where a value lies outside."""
    span: float = 1.0
    """Smallest height of the axis, so that noise of 0.1 does not fill the panel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened: a small upright at its time, told in the readout."""

    at: float
    text: str
    priority: int | None = None
    look: Look = "ack"
    until: float | None = None
    """End of what lasted; None for a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A level in a panel, e.g. a source's capacity."""

    value: float
    text: str
    panel: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Words of the drawing itself, in the language of the person."""

    zoom_in: str
    zoom_out: str
    whole: str
    """Back to the whole span."""
    now: str
    empty: str
    """Said where no line has a value."""
    bad: str
    """Of a hatched span: not to be trusted."""
    ended: str = "{time}"
    """Said beneath the last value of a line that ended early, of ``{time}``."""
    months: tuple[str, ...] = ()
    """Twelve short names; empty where ``date`` does without."""
    date: str = "{month}-{day}"
    """How a day stands on the axis, of ``{month}`` (name or number), ``{day}``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """The whole picture."""

    lines: tuple[Line, ...]
    panels: tuple[Panel, ...]
    """One or two."""
    start: float
    end: float
    """UTC epoch seconds of the two edges; the person may zoom inside them."""
    timezone: str
    """IANA name of the site's time zone."""
    texts: Texts
    label: str
    """What the picture shows, for those who do not see it."""
    seq: int
    now: float | None = None
    """Draws the line of now; what lies right of it is the future."""
    events: tuple[Event, ...] = ()
    limits: tuple[Limit, ...] = ()
    height_px: int = 220


def payload(trend: Trend) -> Mapping[str, Any]:
    """Return plain values; samples packed, times relative to ``start``."""
    lines = [
        {
            "id": line.id, "label": line.label, "kind": line.kind, "colour": line.colour,
            "panel": line.panel, "gap_s": line.gap_s, "bad": plain(line.bad),
            **_times(trend, number), "values": packed(line.values),
        }
        for number, line in enumerate(trend.lines)
    ]  # fmt: skip
    whole: dict[str, Any] = {
        "panels": [plain(panel) for panel in trend.panels],
        "texts": plain(trend.texts),
        "events": plain(trend.events),
        "limits": plain(trend.limits),
        "offsets": offsets(trend.timezone, trend.start, trend.end),
    }
    for name in ("start", "end", "label", "seq", "now", "height_px"):
        whole[name] = getattr(trend, name)
    return {**whole, "lines": lines}


def _times(trend: Trend, number: int) -> dict[str, Any]:
    """Return the times of a line, or which earlier line has the same: points of one poll do."""
    times = trend.lines[number].times
    for earlier, line in enumerate(trend.lines[:number]):
        if line.times == times:
            return {"times_of": earlier}
    return {"times": packed(times, trend.start)}


def offsets(timezone: str, start: float, end: float) -> list[tuple[float, float]]:
    """Return (from, offset in seconds east of UTC) for a span: one pair, and one more per clock change."""
    zone = ZoneInfo(timezone)
    found: list[tuple[float, float]] = []
    at = start
    while at <= end:
        delta = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()
        seconds = delta.total_seconds() if delta is not None else 0.0
        if not found or found[-1][1] != seconds:
            found.append((at, seconds))
        at += 3600.0
    return found


def mount(trend: Trend | Mapping[str, Any], key: str) -> None:
    """Draw the lines; zoom and cursor stay with the person over every refresh."""
    _packaged(key=key, data=ready(trend, payload))


_packaged = Packaged("trend", ASSETS, js="trend.js", css="trend.css")
