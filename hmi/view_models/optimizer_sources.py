"""What heat sources are advised, on the optimizer's page: hour by hour, with what became of it. Pure."""

from controller.api.source_schema import SourceHour, SourceMessage, SourcesMessage
from hmi import terms
from hmi.city import City
from hmi.components.rows import Cell, Column, Row, Table
from hmi.components.sheet import Sheet
from hmi.language import N_, Words

STATE: dict[str, str] = {
    "issued": N_("issued"),
    "acknowledged": N_("taken note of"),
    "executed": N_("executed"),
    "deviated": N_("not as ordered"),
    "unmeasured": N_("not measured"),
}
PHASE: dict[str, str] = {"on": N_("gives heat"), "starting": N_("start it"), "off": N_("off")}
ROLE: dict[str, str] = {"base": N_("base load"), "peak": N_("peak load")}
READ_BACK = "read-back"
"""Who acknowledged an order that is written: the source's registers."""
BACK_S, AHEAD_S = 3.0 * 3600.0, 48.0 * 3600.0


def order_table(words: Words, city: City, told: SourcesMessage | None, height_px: int) -> Table:
    """Return the orders of the last hours and of those to come, hour by hour."""
    now = city.clock()
    listed = [
        (one.hour, source, one)
        for source in (told.sources if told is not None else [])
        for one in source.hours
        if now - BACK_S <= one.hour + 3600.0 and one.hour <= now + AHEAD_S
    ]
    listed.sort(key=lambda row: (row[0], row[1].source))
    return Table(
        columns=(
            Column(title=words("Hour"), width="minmax(140px, 1fr)"),
            Column(title=words("Heat source"), width="1.2fr"),
            Column(title=words("Advice"), width="90px"),
            Column(title=words("Heat MW"), kind="number", width="96px", hint=words("small: a day ahead")),
            Column(title=words("Supply °C"), kind="number", width="80px"),
            Column(title=words("Flow t/h"), kind="number", width="80px"),
            Column(title=words("Head kPa"), kind="number", width="80px"),
            Column(title=words("State"), width="minmax(150px, 1.9fr)"),
            Column(title=words("Measured"), width="1.2fr", from_px=1000, hint=words("by the source itself")),
        ),
        rows=tuple(_row(words, city, source, one, now) for _, source, one in listed),
        empty=words("No order yet: the first plan gives some."),
        label=words("Orders to heat sources"),
        seq=0 if told is None else round(told.now),
        height_px=height_px,
        selectable=False,
    )


def _row(words: Words, city: City, source: SourceMessage, one: SourceHour, now: float) -> Row:
    past = one.hour + 3600.0 <= now
    running = one.phase == "on"
    return Row(
        id=f"{source.source}/{one.hour:.0f}",
        cells=(
            Cell(text=f"{words.date(one.hour)} {words.time(one.hour)}", strong=one.hour <= now and not past),
            _source(words, city, source),
            Cell(
                text=terms.term(words, PHASE, one.phase),
                strong=one.phase == "starting",
                muted=one.phase == "off",
                hint=words("beyond the plan, by the forecast cold") if one.ahead == "weather" else "",
            ),
            _heat(words, one),
            _number(words, one.T_supply if running else None, "degC"),
            _number(words, one.m_flow if running else None, "kg/s"),
            _number(words, one.dp if running else None, "kPa_difference"),
            _state(words, one),
            _measured(words, one),
        ),
    )


def _source(words: Words, city: City, source: SourceMessage) -> Cell:
    traits = city.traits.get(source.source)
    return Cell(
        text=source.source,
        small="" if traits is None else words.name(traits),
        strong=True,
        hint=terms.term(words, ROLE, source.role),
    )


def _heat(words: Words, one: SourceHour) -> Cell:
    before = "" if one.day_Q_flow is None else words.quantity(one.day_Q_flow, "kW")[0]
    return Cell(text=words.quantity(one.Q_flow, "kW")[0], small=before, muted=one.phase == "off")


def _number(words: Words, value: float | None, unit: str) -> Cell:
    return (
        Cell(text=words("none"), muted=True) if value is None else Cell(text=words.quantity(value, unit)[0])
    )


def _state(words: Words, one: SourceHour) -> Cell:
    changed = words("changed {n} times", n=one.revision - 1) if one.revision > 1 else ""
    who = ""
    if one.acknowledged_by == READ_BACK and one.acknowledged_at is not None:
        who = words("read back at {time}", time=words.time(one.acknowledged_at))
    elif one.acknowledged_by is not None and one.acknowledged_at is not None:
        who = words("by {who} at {time}", who=one.acknowledged_by, time=words.time(one.acknowledged_at))
    return Cell(
        text=terms.term(words, STATE, one.state),
        small=who,
        strong=one.state in ("issued", "deviated"),
        muted=one.state in ("executed", "unmeasured"),
        hint=changed,
    )


def _measured(words: Words, one: SourceHour) -> Cell:
    if one.measured_Q_flow is None:
        return Cell()
    parts = [words.measured(one.measured_Q_flow, "kW")]
    if one.measured_T_supply is not None:
        parts.append(words.measured(one.measured_T_supply, "degC"))
    return Cell(text=" · ".join(parts), muted=True)


def reason_sheet(words: Words, told: SourcesMessage | None) -> Sheet:
    """Return what is to be known about the advice, or why there is none."""
    if told is None:
        said = [words("not known")]
    else:
        written = [_written(words, source) for source in told.sources if source.writes is not None]
        said = written or [words("Advice only: nothing is written to a heat source.")]
        if told.frozen_day is not None:
            said.append(words("The plan of {day} is frozen.", day=told.frozen_day))
        said += [words.sentence(reason) for reason in told.reasons]
        said += [text for source in told.sources if (text := _known_by(words, source))]
    facts = tuple(line[:1].upper() + line[1:] for line in said)
    seq = 0 if told is None else round(told.now)
    return Sheet(heading="", title="", text="", facts=facts, sections=(), seq=seq)


WRITE_MODE: dict[str, str] = {
    "local": N_("held back, it goes by its own curve"),
    "manual": N_("set by hand"),
    "auto": N_("orders are written"),
}


def _written(words: Words, source: SourceMessage) -> str:
    """Return what becomes of writing a source's orders: who decides, what it holds, and why."""
    writes = source.writes
    assert writes is not None
    said = f"{source.source}: {terms.term(words, WRITE_MODE, writes.mode)}"
    if writes.held and writes.T_supply_set is not None and writes.dp_set is not None:
        held = (words.measured(writes.T_supply_set, "degC"), words.measured(writes.dp_set, "kPa_difference"))
        state = terms.term(words, terms.WRITE_STATE, writes.write_state or "requested")
        return f"{said} · {words('holds {T}, {dp}', T=held[0], dp=held[1])} · {state}"
    why = writes.why[:1] if writes.mode == "auto" else []
    return " · ".join([said, *(words.sentence(reason) for reason in why)])


def _known_by(words: Words, source: SourceMessage) -> str:
    """Return who last said that a source was told its orders, and when."""
    at, who = source.acknowledged_at, source.acknowledged_by
    if at is None or who is None:
        return ""
    when = f"{words.day(at)} {words.time(at)}"
    return words("{source}: last acknowledged by {who}, {time}", source=source.source, who=who, time=when)


def held_or_written(told: SourcesMessage | None) -> list[tuple[str, bool]]:
    """Return the sources whose orders can be written, and whether they are (not held back by a person)."""
    sources = [] if told is None else told.sources
    return [(one.source, one.writes.mode != "local") for one in sources if one.writes is not None]


def mode_order(told: SourcesMessage, source: str, mode: str) -> dict[str, object]:
    """Return the order by which a person holds the writes to a source back (local), or lets them go on."""
    writes = next(one.writes for one in told.sources if one.source == source)
    assert writes is not None
    seen = {
        "station": source,
        "loop": writes.loop,
        "order": writes.order,
        "mode": writes.mode,
        "T_supply_set": writes.T_supply_set,
        "m_flow_set": None,
    }
    return {"kind": "mode", "mode": mode, "loops": [seen]}


def open_orders(told: SourcesMessage | None) -> list[tuple[str, int]]:
    """Return the sources with orders that nobody has acknowledged, and how many."""
    return [] if told is None else [(one.source, one.open) for one in told.sources if one.open]
