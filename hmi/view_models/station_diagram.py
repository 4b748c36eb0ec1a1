"""A station as a process diagram: which reading stands where in the plant. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from controller.api.alarm_schema import AlarmMessage
from controller.api.schema import LoopState, LoopTraits, StationState, Traits
from hmi import terms
from hmi.city import City
from hmi.components import process_diagram as drawing
from hmi.components.process_diagram import LoopSlot, PrimarySlot, Pump, Tag
from hmi.formats import SHOWN
from hmi.language import N_, Words
from hmi.view_models import alarms as alarm_model
from hmi.view_models.shown import good_value, heat_per_m2, shown
from hmi.view_models.stations import alarms_of

PRIMARY: Sequence[tuple[PrimarySlot, str, str, str]] = (
    ("T_supply", "T_supply_primary", N_("T supply"), "degC"),
    ("p_supply", "p_supply_primary", N_("p supply"), "kPa"),
    ("T_return", "T_return_primary", N_("T return"), "degC"),
    ("p_return", "p_return_primary", N_("p return"), "kPa"),
    ("meter", "Q_flow_primary", N_("Heat meter"), "kW"),
    ("valve", "y_valve_primary", N_("Valve"), "1"),
    ("m_flow", "m_flow_primary", N_("Primary flow"), "kg/s"),
    ("E_heat", "E_heat_primary", N_("Heat counter"), "kWh"),
    ("T_outdoor", "T_outdoor", N_("Outdoor"), "degC"),
)
LOOP: Sequence[tuple[LoopSlot, str, str, str]] = (
    ("T_supply", "T_supply_secondary", N_("T supply"), "degC"),
    ("m_flow", "m_flow_secondary", N_("Flow"), "kg/s"),
    ("p_supply", "p_supply_secondary", N_("p supply"), "kPa"),
    ("T_return", "T_return_secondary", N_("T return"), "degC"),
    ("p_return", "p_return_secondary", N_("p return"), "kPa"),
    ("valve", "y_valve_loop", N_("Valve"), "1"),
    ("makeup_flow", "m_flow_makeup", N_("Make-up"), "kg/s"),
    ("makeup_level", "level_makeup", N_("Tank"), "1"),
    ("T_indoor", "T_indoor_mean", N_("Indoor mean"), "degC"),
)
SOURCE: Sequence[tuple[PrimarySlot, str, str, str]] = (
    ("T_supply", "T_supply_source", N_("T supply"), "degC"),
    ("p_supply", "p_supply_source", N_("p supply"), "kPa"),
    ("T_return", "T_return_source", N_("T return"), "degC"),
    ("p_return", "p_return_source", N_("p return"), "kPa"),
    ("meter", "Q_flow_source", N_("Heat power"), "kW"),
    ("m_flow", "m_flow_source", N_("Flow"), "kg/s"),
    ("P_pump", "P_pump_source", N_("Pump power"), "kW_electric"),
    ("Q_flow_max", "Q_flow_source_max", N_("Highest heat power"), "kW"),
    ("T_outdoor", "T_outdoor", N_("Outdoor"), "degC"),
)
RUNNING = 0.02
"""Speed above which a pump turns."""
T_LOW = 15.0
"""Lower end of the bars of secondary temperatures, degC."""

_Marks = Mapping[str, AlarmMessage]


def diagram(words: Words, city: City, station: str) -> drawing.ProcessDiagram:
    """Return the picture of a station of the city."""
    traits = city.traits[station]
    state = city.stations.get(station)
    marks = {
        f"{alarm.loop or 0}/{alarm.point}": alarm
        for alarm in reversed(alarms_of(city, station))
        if alarm.point
    }
    is_source = traits.kind == "source"
    return drawing.ProcessDiagram(
        primary=_primary(words, city, traits, state, marks),
        loops=()
        if is_source
        else tuple(_loop(words, city, traits, one, state, marks) for one in traits.loops),
        texts=drawing.Texts(
            primary_supply=words("Primary supply"),
            primary_return=words("Primary return"),
            makeup=words("Make-up"),
            empty=words("No value of this station is known yet."),
        ),
        label=words("Process diagram of {station}", station=f"{station} {words.name(traits)}"),
        seq=city.version,
        source=drawing.Source(title=words.name(traits), kind=words("heat source")) if is_source else None,
        stale=state is None or state.link != "online",
    )


def _primary(
    words: Words, city: City, traits: Traits, state: StationState | None, marks: _Marks
) -> Mapping[PrimarySlot, Tag]:
    slots = SOURCE if traits.kind == "source" else PRIMARY
    tags: dict[PrimarySlot, Tag] = {
        slot: _tag(words, city, state, f"0/{point}", words(label), unit, marks)
        for slot, point, label, unit in slots
        if state is not None and f"0/{point}" in state.readings
    }
    specific = heat_per_m2(city, traits)
    if specific is not None:
        text, unit = words.quantity(specific, "W/m2")
        tags["heat_per_m2"] = Tag(id="heat_per_m2", label=words("Per area"), text=text, unit=unit)
    return tags


def _loop(
    words: Words,
    city: City,
    traits: Traits,
    loop: LoopTraits,
    state: StationState | None,
    marks: _Marks,
) -> drawing.Loop:
    control = None if state is None else next((one for one in state.loops if one.loop == loop.loop), None)
    tags: dict[LoopSlot, Tag] = {}
    for slot, point, label, unit in LOOP:
        key = f"{loop.loop}/{point}"
        if state is not None and key in state.readings:
            tag = _tag(words, city, state, key, words(label), unit, marks)
            tags[slot] = _with_bar(tag, slot, loop, control)
    pressure = _difference(words, city, traits.id, loop.loop)
    if pressure is not None:
        tags["dp"] = pressure
    heat = _heat(words, city, traits, loop)
    if heat is not None:
        tags["Q_flow"] = heat
    return drawing.Loop(
        id=str(loop.loop),
        title=words("Loop {n}", n=loop.loop),
        kind=terms.term(words, terms.EMITTER, loop.emitter),
        tags=tags,
        area=words.measured(loop.A_heated_m2, "m2"),
        note="" if loop.proven else words("not commissioned for control"),
        pumps=_pumps(words, city, state, loop.loop),
    )


def _tag(
    words: Words,
    city: City,
    state: StationState | None,
    key: str,
    label: str,
    unit: str,
    marks: _Marks,
) -> Tag:
    reading = None if state is None else state.readings.get(key)
    value = shown(words, city, reading, unit)
    alarm = marks.get(key)
    return Tag(
        id=key,
        label=label,
        text=value.text,
        unit=value.unit,
        quality=value.quality,
        reason=value.reason,
        mark=words("est.") if value.quality == "estimated" else "",
        age=value.age,
        value=reading.value if reading is not None and unit == "1" else value.value,
        priority=None if alarm is None else alarm.priority,
        look="ack" if alarm is None else alarm_model.LOOKS.get(alarm.state, "ack"),
    )


def _with_bar(tag: Tag, slot: LoopSlot, loop: LoopTraits, control: LoopState | None) -> Tag:
    """Add scale and setpoint where the loop has them."""
    if slot in ("T_supply", "T_return"):
        wanted = control.T_supply_set if control is not None and slot == "T_supply" else None
        return replace(tag, scale=(T_LOW, max(loop.T_supply_max_degC, T_LOW + 10.0)), setpoint=wanted)
    if slot == "m_flow":
        factor = SHOWN["kg/s"].factor
        wanted = None if control is None or control.m_flow_set is None else control.m_flow_set * factor
        return replace(
            tag, scale=(0.0, max(1.25 * loop.m_flow_design_kg_per_s * factor, 1.0)), setpoint=wanted
        )
    return tag


def _difference(words: Words, city: City, station: str, loop: int) -> Tag | None:
    supply = good_value(city, station, f"{loop}/p_supply_secondary")
    back = good_value(city, station, f"{loop}/p_return_secondary")
    if supply is None or back is None:
        return None
    text, unit = words.quantity(supply - back, "kPa_difference")
    return Tag(
        id=f"{loop}/dp", label=words("Δp"), text=text, unit=unit, quality="estimated", mark=words("calc.")
    )


def _heat(words: Words, city: City, traits: Traits, loop: LoopTraits) -> Tag | None:
    """Return the heat of a loop from its flow and temperatures: c = 4.187 kJ/(kg K)."""
    supply = good_value(city, traits.id, f"{loop.loop}/T_supply_secondary")
    back = good_value(city, traits.id, f"{loop.loop}/T_return_secondary")
    flow = good_value(city, traits.id, f"{loop.loop}/m_flow_secondary")
    if supply is None or back is None or flow is None:
        return None
    text, unit = words.quantity(4.187 * flow * (supply - back), "kW")
    return Tag(
        id=f"{loop.loop}/Q_flow",
        label=words("Heat power"),
        text=text,
        unit=unit,
        quality="estimated",
        mark=words("calc."),
    )


def _pumps(words: Words, city: City, state: StationState | None, loop: int) -> tuple[Pump, ...]:
    reading = None if state is None else state.readings.get(f"{loop}/y_pump_secondary")
    if state is None or reading is None:
        return ()
    if reading.value is None:
        return (Pump(state="unknown", text=shown(words, city, reading, "1").reason),)
    parts = [words.measured(reading.value, "1")]
    power = shown(words, city, state.readings.get(f"{loop}/P_pump_secondary"), "kW_electric")
    if power.text:
        parts.append(power.whole)
    return (Pump(state="running" if reading.value > RUNNING else "stopped", text=" · ".join(parts)),)
