"""What the station table shows: a row per loop in the order of ids, and what a pasted filter means. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from controller.api.alarm_schema import AlarmMessage
from controller.api.city_schema import Sparklines
from controller.api.schema import LoopState, LoopTraits, StationState, Traits
from hmi import terms
from hmi.city import City
from hmi.formats import SHOWN
from hmi.language import N_, Words
from hmi.view_models import alarms as alarm_model
from hmi.view_models.city_picture import ON_LIST, Look, look_of, worst_alarms
from hmi.view_models.shown import age_text, fresh_from, good_value, heat_per_m2, shown

State = Literal["alarm", "normal", "local", "no_data"]
STATES: Mapping[State, str] = {
    "alarm": N_("with alarm"),
    "normal": N_("normal"),
    "local": N_("own curve"),
    "no_data": N_("no data"),
}
MARKS: Mapping[int, str] = {1: "■", 2: "▲", 3: "◆", 4: "●"}
SHAPES: Mapping[Look, str] = {"normal": "·", "local": "▣", "no_data": "◌"}
SEVERAL = 20
"""From so many pasted entries on, each must be an id or a whole name: nobody pastes that many fragments."""
TOLD_UNKNOWN = 5
_BETWEEN = re.compile(r"[\s,;，；、]+")
_LINES = re.compile(r"[\n\r\t,;，；、]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One row: a loop of a station, or a source. Numbers in units of the screen, None where not good."""

    station: str
    name: str
    loop: int | None
    kind: str
    district: str
    state: str
    spark: tuple[float | None, ...]
    T_supply: float | None
    T_return: float | None
    flow: float | None
    area: float | None
    """Of the loop; None for a source."""
    W_per_m2: float | None
    mode: str
    instruction: float | None
    age: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Stations that a filter lets through, and entries of it that match none."""

    stations: tuple[str, ...]
    unknown: tuple[str, ...] = ()


def entries(text: str) -> list[str]:
    """Return the entries of what was typed or pasted: a column of a sheet, or a few words."""
    lines = [part.strip() for part in _LINES.split(text) if part.strip()]
    return list(dict.fromkeys(part.casefold() for part in lines))


def found(city: City, text: str = "", districts: Sequence[str] = (), states: Sequence[State] = ()) -> Found:
    """Return the stations that a filter lets through, in the order of their ids."""
    wanted = entries(text)
    chosen, unknown = _by_text(city, wanted)
    if districts:
        chosen = {station for station in chosen if city.traits[station].district in districts}
    if states:
        worst = worst_alarms(city)
        chosen = {station for station in chosen if state_of(city, station, worst) in states}
    return Found(stations=tuple(station for station in city.traits if station in chosen), unknown=unknown)


def _by_text(city: City, wanted: list[str]) -> tuple[set[str], tuple[str, ...]]:
    if not wanted:
        return set(city.traits), ()
    names: dict[str, set[str]] = {}
    for station, traits in city.traits.items():
        for name in (station, traits.name_zh, traits.name_en):
            names.setdefault(name.casefold(), set()).add(station)
    chosen: set[str] = set()
    unknown = []
    for entry in wanted:
        matching = names.get(entry, set())
        if not matching and len(wanted) < SEVERAL:
            matching = {
                station for name, stations in names.items() if _holds(name, entry) for station in stations
            }
        if not matching:
            unknown.append(entry)
        chosen |= matching
    return chosen, tuple(unknown)


def _holds(name: str, entry: str) -> bool:
    """Tell whether each word of an entry stands in a name."""
    return all(word in name for word in _BETWEEN.split(entry) if word)


def state_of(city: City, station: str, worst: Mapping[str, AlarmMessage]) -> State:
    """Return the one state by which a station is filtered."""
    if station in worst:
        return "alarm"
    return look_of(city.stations.get(station), city.traits[station])


def state_text(words: Words, city: City, station: str, worst: Mapping[str, AlarmMessage]) -> str:
    """Return shape and words of a station's health; never colour alone."""
    alarm = worst.get(station)
    look = look_of(city.stations.get(station), city.traits[station])
    if alarm is not None:
        asks = "" if alarm.state == "ack" else " !"
        return f"{MARKS[alarm.priority]}{alarm.priority}{asks} {alarm_model.title(words, alarm)}"
    state = city.stations.get(station)
    if look == "no_data":
        link = words("no data") if state is None else terms.term(words, terms.LINK, state.link)
        return f"{SHAPES[look]} {link}"
    return f"{SHAPES[look]} {words(STATES[look])}"


def table(words: Words, city: City, stations: Sequence[str], past: Sparklines | None) -> list[Line]:
    """Return the rows of some stations, in the order of ids and loops."""
    worst, since = worst_alarms(city), fresh_from(city)
    lines: list[Line] = []
    for station in stations:
        traits = city.traits[station]
        state = state_text(words, city, station, worst)
        loops: Sequence[LoopTraits | None] = traits.loops or [None]
        lines += [_line(words, city, traits, loop, past, state, since) for loop in loops]
    return lines


def _line(
    words: Words,
    city: City,
    traits: Traits,
    loop: LoopTraits | None,
    past: Sparklines | None,
    state: str,
    since: float,
) -> Line:
    now = city.stations.get(traits.id)
    number = 0 if loop is None else loop.loop
    control = _control(now, number)
    names = ("T_supply_source", "T_return_source", "m_flow_source")
    if loop is not None:
        names = ("T_supply_secondary", "T_return_secondary", "m_flow_secondary")
    points = [f"{number}/{name}" for name in names]
    values = [good_value(city, traits.id, point, since) for point in points]
    supply, back, flow = values
    source = words("heat source")
    if now is not None and now.link == "online" and None in values:
        state = " · ".join([state, *_doubts(words, city, now, points, values)])
    return Line(
        station=traits.id,
        name=words.name(traits),
        loop=None if loop is None else loop.loop,
        kind=source if loop is None else terms.term(words, terms.EMITTER, loop.emitter),
        district=words.district(city.site, traits.district),
        state=state,
        spark=() if past is None else tuple(past.lines.get(f"{traits.id}/{number}", ())),
        T_supply=supply,
        T_return=back,
        flow=None if flow is None else flow * SHOWN["kg/s"].factor,
        area=None if loop is None else loop.A_heated_m2,
        W_per_m2=heat_per_m2(city, traits, since),
        mode="" if control is None else terms.term(words, terms.MODE, control.mode),
        instruction=None if control is None else control.T_supply_set,
        age=words("never") if now is None else age_text(words, city, now),
    )


def _doubts(
    words: Words,
    city: City,
    state: StationState,
    points: Sequence[str],
    values: Sequence[float | None],
) -> list[str]:
    """Return of which values a row shows none, and why; a point that the station does not have is none."""
    found = []
    for point, value, label in zip(points, values, (N_("Supply"), N_("Return"), N_("Flow")), strict=True):
        reading = state.readings.get(point)
        if reading is not None and value is None:
            found.append(f"{words(label)}: {shown(words, city, reading, 'degC').reason}")
    return found


def _control(state: StationState | None, loop: int) -> LoopState | None:
    return None if state is None else next((one for one in state.loops if one.loop == loop), None)


def unknown_text(words: Words, unknown: Sequence[str]) -> str:
    """Return which entries of a filter match nothing; empty where all do."""
    if not unknown:
        return ""
    first = ", ".join(entry[:24] for entry in unknown[:TOLD_UNKNOWN])
    more = " …" if len(unknown) > TOLD_UNKNOWN else ""
    return words("{n} entries match no station: {first}", n=len(unknown), first=first + more)


def alarms_of(city: City, station: str) -> list[AlarmMessage]:
    """Return the alarms of a station that are on the list, worst first."""
    ours = [
        alarm
        for alarm in (() if city.alarms is None else city.alarms.alarms)
        if alarm.station == station and alarm.state in ON_LIST
    ]
    return sorted(ours, key=lambda alarm: (alarm.priority, -alarm.since))
