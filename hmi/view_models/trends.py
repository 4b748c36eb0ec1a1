"""What the trend screen draws and exports: picks, at most two units, days over each other. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from controller.api.schema import History, Traits
from hmi import formats, terms
from hmi.city import City
from hmi.components.trend import Colour, Kind, Line, Panel
from hmi.export import Content, Sheet
from hmi.language import N_, Words
from stations.model.points import POINTS, Side
from stations.model.quality import Quality

MAX_PICKS = 8
"""Lines that can still be told apart, and trends that may wait at the controller at once."""
DAY_S = 86_400.0
RANGES: Mapping[float, str] = {
    3600.0: N_("1 h"),
    6 * 3600.0: N_("6 h"),
    DAY_S: N_("24 h"),
    3 * DAY_S: N_("3 days"),
    7 * DAY_S: N_("7 days"),
    8 * DAY_S: N_("8 days"),
}
DEFAULT_RANGE_S = DAY_S
EARLIER: Mapping[int, str] = {
    1: N_("the day before"),
    2: N_("2 days before"),
    3: N_("3 days before"),
    4: N_("4 days before"),
    5: N_("5 days before"),
    6: N_("6 days before"),
    7: N_("a week before"),
}
"""Days over which one day can be laid, by how many days earlier they are."""
_PICK = re.compile(r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,31})~([0-4])~([A-Za-z][A-Za-z0-9_]{0,63})$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One line: a point of a station."""

    station: str
    loop: int
    point: str

    def __str__(self) -> str:
        """Render as in a link, ``S017~1~T_supply_secondary``: no sign that a link must escape."""
        return f"{self.station}~{self.loop}~{self.point}"


def parse_picks(text: str, city: City) -> tuple[list[Pick], list[str]]:
    """Return (picks, entries that are none) of a link, parted by spaces; at most ``MAX_PICKS`` of each."""
    picks: list[Pick] = []
    wrong: list[str] = []
    for entry in dict.fromkeys(text.split()):
        found = _PICK.match(entry)
        pick = None if found is None else Pick(station=found[1], loop=int(found[2]), point=found[3])
        if pick is not None and pick in _allowed(city, pick.station):
            picks.append(pick)
        else:
            wrong.append(entry[:80])
    return picks[:MAX_PICKS], [*wrong, *(str(pick) for pick in picks[MAX_PICKS:])][:MAX_PICKS]


def picks_text(picks: Sequence[Pick]) -> str:
    """Return picks for a link."""
    return " ".join(str(pick) for pick in picks)


def _allowed(city: City, station: str) -> list[Pick]:
    return [pick for pick, _ in choices(city, station)]


def choices(city: City, station: str) -> list[tuple[Pick, str]]:
    """Return (pick, point name) of all that a station reports, measurements first, by loop."""
    state = city.stations.get(station)
    if state is None:
        return []
    found = []
    for key in state.readings:
        loop, _, point = key.partition("/")
        spec = POINTS.get(point)
        if spec is not None and loop.isdigit() and (spec.side is Side.LOOP) == (int(loop) > 0):
            found.append((Pick(station=station, loop=int(loop), point=point), point))
    order = list(POINTS)
    return sorted(found, key=lambda entry: (order.index(entry[1]), entry[0].loop))


def default_picks(city: City, station: str) -> list[Pick]:
    """Return supply and return of the first loop: what an operator looks at first."""
    wanted = ("T_supply_secondary", "T_return_secondary", "m_flow_secondary")
    return [pick for pick, point in choices(city, station) if point in wanted and pick.loop <= 1]


def label(words: Words, traits: Mapping[str, Traits], pick: Pick, *, with_station: bool = True) -> str:
    """Return what a line is called; the loop only where the station has several."""
    parts = []
    if with_station:
        known = traits.get(pick.station)
        name = pick.station if known is None else words.name(known)
        parts.append(pick.station if name == pick.station else f"{pick.station} {name}")
    if pick.loop > 0 and (known_loops := traits.get(pick.station)) and len(known_loops.loops) > 1:
        parts.append(words("loop {n}", n=pick.loop))
    parts.append(terms.point(words, pick.point))
    return " · ".join(parts)


# ----------------------------------------------------------------------------------------------- the lines

COLOURS: tuple[Colour, ...] = ("trend_1", "trend_3", "trend_2", "text", "muted", "mark")
SPANS: Mapping[str, float] = {"°C": 4.0, "t/h": 10.0, "MPa": 0.1, "MW": 0.5, "kW": 2.0, "%": 10.0, "K": 2.0}
"""Smallest height of an axis by unit, so that a sensor's noise does not fill the picture."""
JOINED_S = 120.0
"""Samples further apart are not joined: a few polls of the slowest modem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """What is drawn, and the units that found no axis."""

    lines: tuple[Line, ...]
    panels: tuple[Panel, ...]
    left_out: tuple[str, ...]


def unit_of(pick: Pick) -> str:
    """Return the unit of a line on the screen."""
    return formats.SHOWN[formats.unit_of_point(pick.point)].unit


def drawn(
    words: Words,
    city: City,
    histories: Sequence[tuple[Pick, History]],
    before: Sequence[tuple[Pick, History]] = (),
    days: int = 1,
) -> Drawn:
    """Return lines by axis, one axis for each of the first two units; ``before`` is of ``days`` earlier."""
    units = list(dict.fromkeys(unit_of(pick) for pick, _ in histories))
    several = len({pick.station for pick, _ in histories}) > 1
    used = {unit: 0 for unit in units}
    colour: dict[Pick, Colour] = {}
    for pick, _ in histories:
        unit = unit_of(pick)
        colour[pick] = COLOURS[used[unit] % len(COLOURS)]
        used[unit] += 1

    def line(pick: Pick, history: History, *, shift_s: float = 0.0) -> Line:
        name = label(words, city.traits, pick, with_station=several)
        return Line(
            id=f"{pick}{'-' if shift_s else ''}",
            label=f"{name}, {words(EARLIER[days])}" if shift_s else name,
            times=tuple(at + shift_s for at in history.measured_at),
            values=_values(pick, history),
            kind="baseline" if shift_s else _kind(pick.point),
            colour=colour[pick],
            panel=units.index(unit_of(pick)),
            gap_s=max(JOINED_S, 3.0 * (history.bucket_s or 0.0)),
            bad=tuple((start + shift_s, end + shift_s) for start, end in doubted(history)),
        )

    placed = [line(pick, history) for pick, history in histories if unit_of(pick) in units[:2]]
    placed += [
        line(pick, history, shift_s=days * DAY_S)
        for pick, history in before
        if pick in colour and unit_of(pick) in units[:2]
    ]
    return Drawn(
        lines=tuple(placed),
        panels=tuple(
            Panel(title=unit or words("without unit"), decimals=_decimals(unit), span=SPANS.get(unit, 1.0))
            for unit in units[:2]
        ),
        left_out=tuple(units[2:]),
    )


def extended(known: History, tail: History, start: float, end: float) -> History:
    """Return a trend moved on to ``start``..``end``: what is known, without its oldest, and what came since.

    A long trend is read once as a whole and then only at its end: reading days of a large city takes seconds.
    """
    last = known.measured_at[-1] if known.measured_at else float("-inf")
    kept = [i for i, at in enumerate(known.measured_at) if at >= start]
    new = [i for i, at in enumerate(tail.measured_at) if at > last and at >= start]
    return known.model_copy(
        update={
            "start": start,
            "end": end,
            "stored": known.stored + len(new),
            "damaged": [*known.damaged, *tail.damaged],
            **{
                name: [*(getattr(known, name)[i] for i in kept), *(getattr(tail, name)[i] for i in new)]
                for name in ("measured_at", "value", "quality", "reason")
            },
        }
    )


def _values(pick: Pick, history: History) -> tuple[float | None, ...]:
    factor = formats.SHOWN[formats.unit_of_point(pick.point)].factor
    return tuple(None if value is None else value * factor for value in history.value)


def _decimals(unit: str) -> int:
    return next((shown.decimals for shown in formats.SHOWN.values() if shown.unit == unit), 1)


def _kind(point: str) -> Kind:
    if point.endswith("_effective"):
        return "effective"
    return "step" if point.endswith(("_set", "_readback")) else "actual"


def doubted(history: History) -> list[tuple[float, float]]:
    """Return spans of doubted or missing values, each from its first sample to the next good one."""
    spans: list[tuple[float, float]] = []
    begun: float | None = None
    for at, quality in zip(history.measured_at, history.quality, strict=True):
        if quality is not Quality.GOOD:
            begun = at if begun is None else begun
        elif begun is not None:
            spans.append((begun, at))
            begun = None
    if begun is not None:
        spans.append((begun, history.measured_at[-1]))
    return [*spans, *history.damaged]


# ---------------------------------------------------------------------------------------------- the export


def export_sheet(words: Words, city: City, histories: Sequence[tuple[Pick, History]], title: str) -> Sheet:
    """Return all samples below each other, with local time, UTC, unit, quality and reason of each."""
    headers = (
        words("Time ({zone})", zone=words.zone),
        words("Time (UTC)"),
        words("Station"),
        words("Name"),
        words("Loop"),
        words("Point"),
        words("Quantity"),
        words("Value"),
        words("Unit"),
        words("Quality"),
        words("Reason"),
    )
    rows: list[list[Content]] = []
    for pick, history in histories:
        shown = formats.SHOWN[formats.unit_of_point(pick.point)]
        traits = city.traits.get(pick.station)
        name = "" if traits is None else words.name(traits)
        for at, value, quality, reason in zip(
            history.measured_at, history.value, history.quality, history.reason, strict=True
        ):
            rows.append(
                [
                    _naive(words.local(at)),
                    _naive(datetime.fromtimestamp(at, UTC)),
                    pick.station,
                    name,
                    pick.loop,
                    pick.point,
                    terms.point(words, pick.point),
                    None if value is None else round(value * shown.factor, 6),
                    shown.unit,
                    words(QUALITY[quality]),
                    terms.term(words, terms.QUALITY_REASON, reason),
                ]
            )
    return Sheet(title=title, headers=headers, rows=rows)


QUALITY: Mapping[Quality, str] = {
    Quality.BAD: N_("bad"),
    Quality.UNCERTAIN: N_("doubtful"),
    Quality.GOOD: N_("good"),
}


def export_about(
    words: Words, city: City, histories: Sequence[tuple[Pick, History]], made_at: float, by: str
) -> list[tuple[str, str]]:
    """Return what stands with the export: what was asked, and what of it is left out."""
    about = [
        (words("City"), words.site_title(city.site)),
        (words("Made"), f"{words.datetime(made_at)} ({words.zone}), {by}"),
    ]
    if city.simulation:
        about.append((words("Simulation"), words("Synthetic data of a simulated city.")))
    for pick, history in histories:
        said = words("{n} samples stored", n=history.stored)
        if history.bucket_s is not None:
            kept = words("lowest and highest of each {span} given", span=words.span(history.bucket_s))
            said = f"{said}; {kept}"
        if history.damaged:
            said = f"{said}; {words('{n} damaged stretches', n=len(history.damaged))}"
        about.append((label(words, city.traits, pick), said))
    return about


def _naive(moment: datetime) -> datetime:
    """Return local or UTC time without its zone, which Excel does not know; the header names it."""
    return moment.replace(tzinfo=None)
