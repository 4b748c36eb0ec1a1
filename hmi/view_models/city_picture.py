"""The city as a map: what each station is, which are lost together, what the marks say. Pure."""

from collections.abc import Mapping, Sequence
from typing import Literal

from controller.api.alarm_schema import AlarmMessage
from controller.api.city_schema import MapMessage
from controller.api.schema import LoopState, StationState, Traits
from hmi import terms
from hmi.city import City
from hmi.components import city_map
from hmi.language import Words
from hmi.view_models import alarms as alarm_model
from hmi.view_models.shown import whole

ON_LIST = ("unack", "ack", "returned_unack")
Look = Literal["normal", "local", "no_data"]


def worst_alarms(city: City) -> Mapping[str, AlarmMessage]:
    """Return the worst alarm on the list of each station; of equals the newest."""
    worst: dict[str, AlarmMessage] = {}
    for alarm in () if city.alarms is None else city.alarms.alarms:
        if alarm.station is None or alarm.state not in ON_LIST:
            continue
        known = worst.get(alarm.station)
        if known is None or (alarm.priority, -alarm.since) < (known.priority, -known.since):
            worst[alarm.station] = alarm
    return worst


def city_picture(
    words: Words, city: City, pipes: MapMessage | None, selected: str = "", height_px: int = 500
) -> city_map.CityMap:
    """Return the map: every station where it lies, and the pipes that the site knows."""
    worst, group_of = worst_alarms(city), _groups_by_station(city)
    groups = _groups(words, city, set(group_of.values()))
    places = tuple(
        _place(words, city, traits, worst.get(station), group_of.get(station, ""))
        for station, traits in city.traits.items()
    )
    lines = () if pipes is None else pipes.pipes
    return city_map.CityMap(
        places=places,
        pipes=tuple(
            city_map.Pipe(points=tuple(pipe.positions), diameter_m=pipe.diameter_m) for pipe in lines
        ),
        legend=_legend(words, places, groups),
        texts=city_map.Texts(
            zoom_in=words("Zoom in"),
            zoom_out=words("Zoom out"),
            whole=words("Whole city"),
            empty=words("No station is known yet."),
        ),
        label=words("Map of the network with {n} stations", n=len(places)),
        seq=city.version,
        areas=tuple(
            city_map.Area(id=district, title=words.district(city.site, district))
            for district in city.site.districts
        ),
        groups=tuple(groups),
        selected=selected,
        height_px=height_px,
    )


def _place(
    words: Words, city: City, traits: Traits, alarm: AlarmMessage | None, group: str
) -> city_map.Place:
    state = city.stations.get(traits.id)
    name = f"{traits.id} {words.name(traits)}"
    said = "" if alarm is None else alarm_model.title(words, alarm)
    visible = alarm is not None and alarm.priority <= 3
    return city_map.Place(
        id=traits.id,
        latitude=traits.latitude,
        longitude=traits.longitude,
        name=name,
        kind=traits.kind,
        state=look_of(state, traits),
        priority=alarm.priority if alarm is not None and visible else None,
        look=alarm_model.LOOKS.get(alarm.state, "ack") if alarm is not None and visible else "ack",
        detail=said if visible else "",
        group=group,
        area=traits.district,
        symbol=words("S") if traits.kind == "source" else "",
        hint=_hint(words, traits, state),
    )


def look_of(state: StationState | None, traits: Traits) -> Look:
    """Return how a station is drawn: normal, on its own curve, or without data."""
    if state is None or state.link != "online":
        return "no_data"
    return "local" if any(own_curve(loop, traits) for loop in state.loops) else "normal"


def own_curve(loop: LoopState, traits: Traits) -> bool:
    """Tell whether a loop that the centre could drive follows its station's own curve."""
    known = next((one for one in traits.loops if one.loop == loop.loop), None)
    driven = known is not None and known.proven and known.emitter != "dhw" and traits.station_class != "C"
    return driven and (loop.mode == "local" or not loop.held)


def _hint(words: Words, traits: Traits, state: StationState | None) -> str:
    if state is None:
        return words("no data")
    lines = [terms.term(words, terms.LINK, state.link)]
    for loop in traits.loops:
        supply = whole(words, state.readings.get(f"{loop.loop}/T_supply_secondary"), "degC")
        back = whole(words, state.readings.get(f"{loop.loop}/T_return_secondary"), "degC")
        kind = terms.term(words, terms.EMITTER, loop.emitter)
        lines.append(f"{kind}: {supply} / {back}")
    return "\n".join(lines)


def _groups_by_station(city: City) -> Mapping[str, str]:
    """Return the parent alarm of each station that is lost together with others."""
    found: dict[str, str] = {}
    for alarm in () if city.alarms is None else city.alarms.alarms:
        lost = [child.partition(":")[2] for child in alarm.children if child.startswith("station_lost:")]
        if alarm.station is None and len(lost) > 1:
            found |= {station: alarm.id for station in lost if station in city.traits}
    return found


def _groups(words: Words, city: City, wanted: set[str]) -> list[city_map.Group]:
    return [
        city_map.Group(
            id=alarm.id,
            title=alarm_model.place(words, city, alarm.id),
            detail=_first_part(alarm_model.text(words, alarm)),
            priority=alarm.priority,
            look=alarm_model.LOOKS.get(alarm.state, "ack"),
        )
        for alarm in (() if city.alarms is None else city.alarms.alarms)
        if alarm.id in wanted
    ]


def _first_part(sentence: str) -> str:
    """Return how many are lost; which was first, and why, is too long for a map and stands in the list."""
    return sentence.partition(";")[0].partition("；")[0]


def _legend(
    words: Words, places: Sequence[city_map.Place], groups: Sequence[city_map.Group]
) -> tuple[city_map.Key, ...]:
    """Return every symbol with how often it stands on the map."""
    stations = [place for place in places if place.kind == "station"]
    plain = [place for place in stations if place.priority is None]
    priorities = [place.priority for place in stations] + [group.priority for group in groups]
    states: tuple[tuple[Look, str], ...] = (
        ("normal", words("normal")),
        ("local", words("own curve")),
        ("no_data", words("no data")),
    )
    marks: tuple[tuple[Literal["p1", "p2", "p3"], int], ...] = (("p1", 1), ("p2", 2), ("p3", 3))
    return (
        *(
            city_map.Key(symbol=state, text=f"{text} {sum(place.state == state for place in plain)}")
            for state, text in states
        ),
        *(
            city_map.Key(
                symbol=symbol,
                text=f"{words(terms.PRIORITY[mark])} {priorities.count(mark)}",
            )
            for symbol, mark in marks
        ),
        city_map.Key(symbol="outline", text=words("frame = unacknowledged")),
    )
