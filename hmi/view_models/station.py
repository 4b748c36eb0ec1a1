"""One station beside its diagram: its link, and of each loop the faceplate with the reason. Pure."""

from collections.abc import Mapping

from controller.api.schema import (
    LoopDetail,
    LoopState,
    LoopTraits,
    Sentence,
    StationDetail,
    StationState,
    Traits,
)
from hmi import terms
from hmi.city import City
from hmi.components import indicators
from hmi.components.indicators import Indicator
from hmi.components.rows import Cell, Column, Row, Table
from hmi.components.sheet import Sheet
from hmi.formats import SHOWN
from hmi.language import N_, Words
from hmi.view_models.shown import age_text, circulation_channel, folded, shown

T_LOW = 15.0
PIPS: Mapping[str, int] = {
    "requested": 1,
    "sent": 2,
    "acknowledged": 3,
    "confirmed": 4,
    "confirmed_limited": 4,
    "rejected": 3,
    "expired": 3,
}
"""How many of the four pips of a write are full."""
AUTHOR: Mapping[str, str] = {
    "strategy:curve": N_("Heating curve"),
    "strategy:balance": N_("Balance"),
    "strategy:optimizer": N_("Optimizer"),
}


def neighbours(city: City, station: str) -> tuple[str, str]:
    """Return the stations before and after, in the order of ids; the ends meet."""
    ids = list(city.traits)
    at = ids.index(station)
    return ids[at - 1], ids[(at + 1) % len(ids)]


def control_of(state: StationState | None, loop: int) -> LoopState | None:
    """Return the control state of a loop."""
    return None if state is None else next((one for one in state.loops if one.loop == loop), None)


def subtitle(words: Words, city: City, traits: Traits) -> str:
    """Return what a station is, in a line."""
    parts = [words.district(city.site, traits.district)]
    if traits.kind == "source":
        parts.append(words("heat source"))
    else:
        parts += [
            words.loops(len(traits.loops)),
            words.measured(traits.A_heated_m2, "m2"),
            words("class {letter}", letter=traits.station_class),
        ]
    return " · ".join(parts)


def link_text(words: Words, city: City, traits: Traits, detail: StationDetail | None) -> str:
    """Return how good the link is: protocol, round trip, polls, age."""
    state = city.stations.get(traits.id)
    if state is None:
        return words("no data")
    parts = ["OPC UA" if traits.protocol == "opcua" else "Modbus", terms.term(words, terms.LINK, state.link)]
    if state.rtt_ms is not None:
        parts.append(words("round trip {ms} ms", ms=words.number(state.rtt_ms)))
    if detail is not None and detail.polls:
        share = words.number(100.0 * detail.polls_ok / detail.polls, 1)
        parts.append(words("{share} % of {n} polls answered", share=share, n=words.number(detail.polls)))
    parts.append(words("data {age}", age=age_text(words, city, state)))
    if state.link != "online" and state.link_why_sentence is not None:
        parts.append(words.sentence(state.link_why_sentence))
    return " · ".join(parts)


def faceplate_title(words: Words, traits: Traits, loop: LoopTraits) -> str:
    """Return the head of a loop's faceplate."""
    kind = terms.term(words, terms.EMITTER, loop.emitter)
    return f"{words('Loop {n}', n=loop.loop)} · {kind} · {words.measured(loop.A_heated_m2, 'm2')}"


def mode_text(words: Words, city: City, control: LoopState | None) -> str:
    """Return who sets a loop, and until when."""
    if control is None:
        return words("no data")
    said = terms.term(words, terms.MODE, control.mode)
    if control.mode == "manual" and control.manual_until is not None:
        left = words.span(max(0.0, control.manual_until - city.clock()))
        until = words.time(control.manual_until)
        return words(
            "{mode} by {who} until {until}, {left} left",
            mode=said,
            who=control.ordered_by or "",
            until=until,
            left=left,
        )
    if control.mode == "auto" and control.author is not None:
        return f"{said} · {author_text(words, control.author)}"
    return said


def author_text(words: Words, author: str) -> str:
    """Return who wanted an instruction: a strategy, or a person by name."""
    if author in AUTHOR:
        return words(AUTHOR[author])
    return author.removeprefix("operator:")


def faceplate(words: Words, city: City, station: str, loop: LoopTraits) -> indicators.Indicators:
    """Return the two rows of a loop: what is measured, and what is asked for."""
    state = city.stations.get(station)
    control = control_of(state, loop.loop)
    found = [_temperature(words, city, state, loop, control)]
    if state is not None and f"{loop.loop}/m_flow_secondary" in state.readings:
        found.append(_flow(words, city, state, loop, control))
    return indicators.Indicators(
        rows=tuple(found),
        label=faceplate_title(words, city.traits[station], loop),
        seq=city.version,
        row_px=58,
    )


def _temperature(
    words: Words, city: City, state: StationState | None, loop: LoopTraits, control: LoopState | None
) -> Indicator:
    key = f"{loop.loop}/T_supply_secondary"
    value = shown(words, city, None if state is None else state.readings.get(key), "degC")
    limit = words.measured(loop.T_supply_max_degC, "degC", 0)
    return Indicator(
        id=key,
        label=words("Supply"),
        text=value.text,
        unit=value.unit,
        value=value.value,
        scale=(T_LOW, loop.T_supply_max_degC),
        setpoint=None if control is None else control.T_supply_set,
        quality=value.quality,
        reason=value.reason,
        age=value.age,
        note=words("at most {limit}", limit=limit),
    )


def _flow(
    words: Words, city: City, state: StationState, loop: LoopTraits, control: LoopState | None
) -> Indicator:
    key, factor = f"{loop.loop}/m_flow_secondary", SHOWN["kg/s"].factor
    value = shown(words, city, state.readings.get(key), "kg/s")
    wanted = None if control is None or control.m_flow_set is None else control.m_flow_set * factor
    return Indicator(
        id=key,
        label=words("Circulation"),
        text=value.text,
        unit=value.unit,
        value=value.value,
        scale=(0.0, max(1.25 * loop.m_flow_design_kg_per_s * factor, 1.0)),
        setpoint=wanted,
        quality=value.quality,
        reason=value.reason,
        age=value.age,
        note=words("design {flow}", flow=words.measured(loop.m_flow_design_kg_per_s, "kg/s")),
    )


def faceplate_table(
    words: Words, city: City, station: str, loop: LoopTraits, detail: StationDetail | None = None
) -> Table:
    """Return what was ordered, instructed, read back and is in effect.

    Of a loop that is only read there is no instruction but advice: what would be asked of it.
    """
    state = city.stations.get(station)
    control = control_of(state, loop.loop)
    if city.traits[station].station_class == "C" or not loop.proven:
        asked = _pair(words, _detail_of(detail, loop.loop), "T_supply_allowed", "m_flow_allowed")
        first = _values(words, words("advice only"), *asked)
    else:
        first = _values(words, words("instruction"), *_pair(words, control, "T_supply_set", "m_flow_set"))
    found = [
        first,
        _values(words, words("read back"), *_read(words, city, state, loop.loop, "readback")),
        _values(words, words("effective"), *_read(words, city, state, loop.loop, "effective")),
    ]
    if control is not None and control.mode == "manual":
        ordered = _pair(words, control, "T_supply_ordered", "m_flow_ordered")
        found.insert(0, _values(words, words("ordered"), *ordered))
    return Table(
        columns=(
            Column(title="", width="1.2fr"),
            Column(title=words("Supply"), kind="number"),
            Column(title=words("Circulation"), kind="number"),
        ),
        rows=tuple(found),
        empty="",
        label=words("Setpoints of the loop"),
        seq=city.version,
        selectable=False,
    )


def _values(words: Words, label: str, supply: Cell, flow: Cell) -> Row:
    return Row(id=label, cells=(Cell(text=label, muted=True), supply, flow))


def _pair(words: Words, control: LoopState | None, supply: str, flow: str) -> tuple[Cell, Cell]:
    T_supply = None if control is None else getattr(control, supply)
    m_flow = None if control is None else getattr(control, flow)
    return _number(words, T_supply, "degC"), _number(words, m_flow, "kg/s")


def _number(words: Words, value: float | None, unit: str) -> Cell:
    if value is None:
        return Cell(text=words("none"), muted=True)
    text, unit_text = words.quantity(value, unit)
    return Cell(text=text, small=unit_text, strong=True)


def _read(words: Words, city: City, state: StationState | None, loop: int, which: str) -> tuple[Cell, Cell]:
    cells = []
    for point, unit in (("T_supply_secondary_set", "degC"), circulation_channel(state, loop)):
        key = f"{loop}/{point}_{which}"
        if state is None or key not in state.readings:
            cells.append(
                Cell(text=words("not told"), muted=True, hint=words("This device does not tell it."))
            )
            continue
        value = shown(words, city, state.readings[key], unit)
        cells.append(
            Cell(
                text=value.text or value.reason,
                small=value.unit if value.text else "",
                muted=value.quality != "good",
                hint=f"{value.reason} {value.age}".strip(),
            )
        )
    return cells[0], cells[1]


def write_text(words: Words, control: LoopState | None) -> str:
    """Return how the newest write of a loop stands."""
    if control is None or control.write_state is None:
        return words("nothing written since the start")
    said = terms.term(words, terms.WRITE_STATE, control.write_state)
    at = "" if control.write_state_at is None else words.time(control.write_state_at, seconds=True)
    return f"{pips(control.write_state)} {said} {at}".strip()


def pips(state: str) -> str:
    """Return the four pips of a write as signs: full, open, crossed."""
    full = PIPS.get(state, 0)
    last = {"rejected": "✕", "expired": "○"}.get(state, "")
    signs = "▮" * full + last
    return ("▔" if state == "confirmed_limited" else "") + signs + "▯" * (4 - len(signs))


def lease_text(words: Words, city: City, state: StationState | None, loop: int) -> str:
    """Return whether the station follows us, and how long it would without a sign of life."""
    control = control_of(state, loop)
    if state is None or control is None:
        return words("no data")
    if not control.held:
        return words("not held: the station follows its own curve")
    for key in (f"{loop}/deadman_remaining", "0/deadman_remaining"):
        reading = state.readings.get(key)
        if reading is not None and reading.value is not None:
            return words("held, {left} until it falls back", left=words.span(reading.value))
    return words("held and renewed")


def why(words: Words, detail: StationDetail | None, loop: int) -> str:
    """Return the sentences that say why a loop is asked for what it is asked for."""
    found = _detail_of(detail, loop)
    if found is None:
        return words("The reason is not known yet.")
    said = [_begun(words, one) for one in found.why] or ([found.reason] if found.reason else [])
    told = {sentence.id for sentence in found.why}
    said += [_begun(words, cut.sentence) for cut in found.cuts if cut.sentence.id not in told]
    if not said:
        return words("No instruction: the station follows its own curve.")
    ending = "。" if words.language == "zh" else ". "
    return folded(ending.join(one.rstrip("。. ") for one in said) + ending.strip())


def _begun(words: Words, sentence: Sentence) -> str:
    """Return a sentence with a capital, unless it begins with what somebody is called."""
    text = words.sentence(sentence)
    given = any(name and text.startswith(name) for name in sentence.params.values())
    return text if given else text[:1].upper() + text[1:]


def link_sheet(words: Words, city: City, traits: Traits, detail: StationDetail | None) -> Sheet:
    """Return what stands above the diagram: how good the link is."""
    text = link_text(words, city, traits, detail)
    return Sheet(heading="", title="", text="", facts=(text,), sections=())


def mode_sheet(words: Words, city: City, station: str, loop: LoopTraits) -> Sheet:
    """Return the line below a faceplate's head: who sets the loop."""
    control = control_of(city.stations.get(station), loop.loop)
    fact = f"{words('Mode')}: {mode_text(words, city, control)}"
    return Sheet(heading="", title="", text="", facts=(fact,), sections=())


def told_sheet(
    words: Words, city: City, station: str, loop: LoopTraits, detail: StationDetail | None
) -> Sheet:
    """Return the foot of a faceplate: lease, newest write, and why the loop is asked for what it is."""
    state = city.stations.get(station)
    lease = f"{words('Lease')}: {lease_text(words, city, state, loop.loop)}"
    write = f"{words('Write')}: {write_text(words, control_of(state, loop.loop))}"
    because = why(words, detail, loop.loop)
    return Sheet(heading="", title="", text="", facts=(lease, write), sections=(("", because),))


def _detail_of(detail: StationDetail | None, loop: int) -> LoopDetail | None:
    return None if detail is None else next((one for one in detail.loops if one.loop == loop), None)
