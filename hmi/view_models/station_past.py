"""The past of a station: the trend of a day, its alarms, and what was last written to it. Pure."""

from collections.abc import Mapping, Sequence

from controller.api.city_schema import Sparklines, WriteMessage
from controller.api.schema import History, LoopTraits
from hmi import terms
from hmi.city import City
from hmi.components import trend
from hmi.components.rows import Cell, Column, Row, Table
from hmi.formats import SHOWN
from hmi.language import N_, Words
from hmi.view_models import alarms as alarm_model
from hmi.view_models.overview import day_start, trend_texts
from hmi.view_models.station import PIPS, author_text
from hmi.view_models.stations import alarms_of
from stations.model.identity import PRIMARY
from stations.model.quality import Quality, Reason

DAY_S = 86_400.0
LISTED = 20
"""Writes that are listed."""
GAP_S = 120.0
"""Samples further apart are not joined: a few polls of the slowest modem."""
HISTORY: Sequence[tuple[str, str, trend.Kind, trend.Colour, int, str]] = (
    ("T_supply_secondary", N_("supply"), "actual", "trend_1", 0, "degC"),
    ("T_return_secondary", N_("return"), "actual", "trend_3", 0, "degC"),
    ("T_supply_secondary_set_effective", N_("effective"), "effective", "text", 0, "degC"),
    ("m_flow_secondary", N_("flow"), "actual", "trend_2", 1, "kg/s"),
)
"""Points of a loop's trend: name, label, kind, colour, panel, unit inside."""


def coarse(station: str, loop: int, means: Sequence[Sparklines | None], end: float) -> dict[str, History]:
    """Return quarter-hour means as trends, to be drawn until the trend itself is read."""
    found = {}
    for one in means:
        values = [] if one is None else one.lines.get(f"{station}/{loop}", [])
        if one is None or one.start is None or not values:
            continue
        start, step = one.start, one.step_s
        times = [min(start + (n + 0.5) * step, end) for n, value in enumerate(values) if value is not None]
        there = [value for value in values if value is not None]
        found[one.point] = History(
            station=station,
            point=f"{loop}/{one.point}",
            start=start,
            end=end,
            bucket_s=one.step_s,
            stored=len(there),
            measured_at=times,
            value=[*there],
            quality=[Quality.GOOD] * len(there),
            reason=[Reason.OK] * len(there),
            damaged=[],
        )
    return found


def joined(before: History, news: History, start: float) -> History:
    """Return a trend of what was read before and has come since, without what is older than ``start``."""
    fresh = [n for n, at in enumerate(before.measured_at) if start <= at < news.start]
    buckets = [history.bucket_s for history in (before, news) if history.bucket_s is not None]
    return History(
        station=news.station,
        point=news.point,
        start=max(before.start, start),
        end=news.end,
        bucket_s=max(buckets, default=None),
        stored=before.stored + news.stored,
        measured_at=[*(before.measured_at[n] for n in fresh), *news.measured_at],
        value=[*(before.value[n] for n in fresh), *news.value],
        quality=[*(before.quality[n] for n in fresh), *news.quality],
        reason=[*(before.reason[n] for n in fresh), *news.reason],
        damaged=[*(span for span in before.damaged if span[1] > start), *news.damaged],
    )


def points_for(span_s: float, day_points: int) -> int:
    """Return how many points a part of a day gets, so that it is as dense as the rest; at least 3."""
    return max(3, round(day_points * span_s / DAY_S))


def day_trend(
    words: Words,
    city: City,
    loop: LoopTraits,
    histories: Mapping[str, History],
    writes: Sequence[WriteMessage],
    height_px: int,
) -> trend.Trend:
    """Return supply, return, flow, instruction and effective value of a loop over 24 h."""
    end = city.now
    lines = [
        trend.Line(
            id=point,
            label=words(label),
            times=times,
            values=tuple(None if value is None else value * SHOWN[unit].factor for value in values),
            kind=kind,
            colour=colour,
            panel=panel,
            gap_s=max(GAP_S, 3.0 * (history.bucket_s or 0.0)),
        )
        for point, label, kind, colour, panel, unit in HISTORY
        if (history := histories.get(point)) is not None and history.measured_at
        for times, values in [_up_to_now(city, loop, point, history)]
    ]
    instruction = _instruction(words, loop.loop, writes, end - DAY_S, end)
    start = day_start(end, lines)
    if instruction is not None:
        lines.insert(0, instruction)
    panels = (
        trend.Panel(title="°C", decimals=1, share=2.0, span=6.0),
        trend.Panel(title="t/h", decimals=1, span=max(4.0, loop.m_flow_design_kg_per_s)),
    )
    return trend.Trend(
        lines=tuple(lines),
        panels=panels if any(line.panel for line in lines) else panels[:1],
        start=start,
        end=end,
        timezone=words.zone,
        texts=trend_texts(words),
        label=words("Trend of 24 h"),
        seq=city.version,
        height_px=height_px,
    )


def _up_to_now(
    city: City, loop: LoopTraits, point: str, history: History
) -> tuple[tuple[float, ...], tuple[float | None, ...]]:
    """Return times and values of a trend, ended by the present reading: trends are read now and then."""
    times, values = tuple(history.measured_at), tuple(history.value)
    newest = city.reading(history.station, f"{loop.loop}/{point}")
    if newest is None or newest.value is None or newest.quality is not Quality.GOOD:
        return times, values
    if newest.measured_at <= times[-1]:
        return times, values
    return (*times, newest.measured_at), (*values, newest.value)


def _instruction(
    words: Words, loop: int, writes: Sequence[WriteMessage], start: float, end: float
) -> trend.Line | None:
    ours = sorted(
        (write.at, write.T_supply_set)
        for write in writes
        if write.loop == loop and write.T_supply_set is not None
    )
    inside = [(max(at, start), value) for at, value in ours]
    if not inside:
        return None
    inside.append((end, inside[-1][1]))
    return trend.Line(
        id="instruction",
        label=words("instruction"),
        times=tuple(at for at, _ in inside),
        values=tuple(value for _, value in inside),
        kind="step",
        colour="mark",
    )


def alarm_rows(words: Words, city: City, station: str) -> Table:
    """Return the alarms of a station, worst first."""
    return Table(
        columns=(
            Column(title="", kind="mark", width="28px"),
            Column(title=words("since"), width="64px"),
            Column(title=words("Alarm"), width="1fr"),
            Column(title=words("State"), width="140px"),
        ),
        rows=tuple(
            Row(
                id=alarm.id,
                cells=(
                    Cell(priority=alarm.priority, look=alarm_model.LOOKS.get(alarm.state, "ack")),
                    Cell(text=words.time(alarm.raised_at or alarm.since)),
                    Cell(text=alarm_model.title(words, alarm), small=alarm_model.text(words, alarm)),
                    Cell(text=terms.term(words, terms.ALARM_STATE, alarm.state), muted=True),
                ),
            )
            for alarm in alarms_of(city, station)
        ),
        empty=words("No alarm of this station is on the list."),
        label=words("Alarms of the station"),
        seq=city.version,
        height_px=170,
    )


def write_rows(words: Words, city: City, writes: Sequence[WriteMessage]) -> Table:
    """Return what was last written, newest first."""
    return Table(
        columns=(
            Column(title="", kind="pips", width="64px"),
            Column(title=words("at"), width="64px"),
            Column(title=words("Loop"), width="52px"),
            Column(title=words("Supply °C"), width="1fr"),
            Column(title=words("Flow t/h"), width="1fr"),
            Column(title=words("by"), width="1fr"),
            Column(title=words("State"), width="170px"),
        ),
        rows=tuple(_write_row(words, write) for write in writes),
        empty=words("Nothing was written to this station yet."),
        label=words("Last writes"),
        seq=city.version,
        height_px=170,
        selectable=False,
    )


def _write_row(words: Words, write: WriteMessage) -> Row:
    supply = _change(words, write.previous_T_supply_set, write.T_supply_set, "degC")
    flow = _change(words, write.previous_m_flow_set, write.m_flow_set, "kg/s")
    if write.loop == PRIMARY:
        most = _change(words, None, write.m_flow_set, "kg/s")
        flow = most.replace("→", "≤") or words("no cap")
    state = terms.term(words, terms.WRITE_STATE, write.state)
    detail = "" if write.detail_sentence is None else words.sentence(write.detail_sentence)
    why = "\n".join(dict.fromkeys(words.sentence(one) for one in (*write.why, *write.cut_sentences)))
    return Row(
        id=str(write.id),
        cells=(
            Cell(value=float(PIPS.get(write.state, 0)), hint=state),
            Cell(text=words.time(write.at), hint=words.datetime(write.at)),
            Cell(text=words("station") if write.loop == PRIMARY else str(write.loop)),
            Cell(text=supply),
            Cell(text=flow),
            Cell(text=author_text(words, write.author), hint=why),
            Cell(text=state, muted=True, hint=detail),
        ),
    )


def _change(words: Words, before: float | None, after: float | None, unit: str) -> str:
    if after is None:
        return ""
    new, _ = words.quantity(after, unit)
    if before is None:
        return f"→ {new}"
    old, _ = words.quantity(before, unit)
    return new if old == new else f"{old} → {new}"
