"""One station: its process diagram, a faceplate per loop, the trend of a day, alarms, past writes, link."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st

from controller.api.city_schema import Sparklines, WriteList, WriteMessage
from controller.api.schema import History, LoopTraits, StationDetail, Traits
from hmi.components import indicators, process_diagram, rows, sheet, trend
from hmi.components.wire import ready
from hmi.context import Screen, current_screen
from hmi.kept import followed, kept, last
from hmi.language import N_, Words
from hmi.live import Parts, region
from hmi.screens import optimizer_station, setpoint
from hmi.screens.saying import open_page, plain, said_before
from hmi.view_models import setpoint as setpoint_model
from hmi.view_models import station as model
from hmi.view_models import station_past as past
from hmi.view_models.station_diagram import diagram

TITLE = N_("Station")
LIVE_S, TREND_S = 2.0, 5.0
DETAIL_S, WRITES_S, HISTORY_S = 2.0, 5.0, 120.0
"""Wall seconds that answers are kept for all sessions."""
MEANS_S = 60.0
MEANS = ("T_supply_secondary", "T_return_secondary", "m_flow_secondary")
"""Points whose quarter-hour means the controller has at hand."""
TREND_PX, TREND_POINTS, DAY_WRITES = 210, 400, 200


def render(screen: Screen) -> None:
    """Show the station that the link names, or the first one."""
    words, city = screen.words, screen.city
    said_before()
    if not city.traits:
        st.title(words(TITLE), anchor=False)
        st.info(words("No station is known yet."))
        return
    station = st.query_params.get("station") or next(iter(city.traits))
    traits = city.traits.get(station)
    if traits is None:
        st.title(words(TITLE), anchor=False)
        st.warning(plain(words("There is no station {station} in this city.", station=station[:40])))
        if st.button(words("To the list of stations"), key="to_stations"):
            open_page("stations")
        return
    _head(screen, traits)
    _live(station)
    setpoint.dialog(words)


def _head(screen: Screen, traits: Traits) -> None:
    words, city = screen.words, screen.city
    title, before, choice, after = st.columns([5.0, 0.8, 2.4, 0.8], vertical_alignment="bottom")
    with title:
        st.title(plain(f"{traits.id} {words.name(traits)}"), anchor=False)
        st.caption(plain(model.subtitle(words, city, traits)))
    previous, following = model.neighbours(city, traits.id)
    if before.button(f"‹ {plain(previous)}", key="station_previous", width="stretch"):
        _go(previous)
    ids = list(city.traits)
    chosen = choice.selectbox(
        words("Station"),
        ids,
        index=ids.index(traits.id),
        format_func=lambda one: f"{one} {words.name(city.traits[one])}",
        key=f"station_choice_{traits.id}",
        label_visibility="collapsed",
        placeholder=words("Station"),
    )
    if after.button(f"{plain(following)} ›", key="station_next", width="stretch"):
        _go(following)
    if chosen != traits.id:
        _go(chosen)


def _go(station: str) -> None:
    st.query_params["station"] = station
    st.rerun()


@region("station", LIVE_S)
def _now(screen: Screen, query: Mapping[str, str]) -> Parts:
    """Fill all that lives on the page but the trends; ``query`` names the station."""
    station = query.get("station", "")
    words, city = screen.words, screen.city
    traits = city.traits.get(station)
    if traits is None:
        return Parts(drawings={}, layout="gone")
    known = detail(screen, station)
    drawings = {
        "link": sheet.payload(model.link_sheet(words, city, traits, known)),
        "process_diagram": ready(diagram(words, city, station)),
        "station_alarms": rows.payload(past.alarm_rows(words, city, station)),
    }
    for loop in traits.loops:
        told = (words, city, station, loop)
        drawings |= {
            f"mode_{loop.loop}": sheet.payload(model.mode_sheet(*told)),
            f"faceplate_{loop.loop}": ready(model.faceplate(*told)),
            f"faceplate_values_{loop.loop}": rows.payload(model.faceplate_table(*told, known)),
            f"told_{loop.loop}": sheet.payload(model.told_sheet(*told, known)),
        }
    if traits.loops:
        listed = past_writes(screen, station)[: past.LISTED]
        drawings["station_writes"] = rows.payload(past.write_rows(words, city, listed))
    acts = [_acts_now(screen, traits, loop) for loop in traits.loops]
    return Parts(drawings=drawings, layout=json.dumps([[act.shut, act.why] for act in acts]))


@st.fragment
def _live(station: str) -> None:
    """Lay the page down; its drawings go on by themselves, buttons change when what they depend on does."""
    screen = current_screen()
    words, traits = screen.words, screen.city.traits[station]
    laid = _now.lay(screen, {"station": station})
    left, right = st.columns([2.2, 1.0], gap="small")
    with left, st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(words('Process diagram'))}**")
        sheet.mount(laid["link"], key="link")
        process_diagram.mount(laid["process_diagram"], key="process_diagram")
    with right:
        _faceplates(screen, traits, laid)
    if traits.loops:
        with left, st.container(border=True, gap="xsmall"):
            _trends(station)
        with left, st.container(border=True, gap="xsmall"):
            optimizer_station.ahead(station)
    # beneath the faceplates, where a station with one loop leaves room
    with right, st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(words('Alarms of the station'))}**")
        told = rows.mount(laid["station_alarms"], key="station_alarms")
    if traits.loops:
        with left, st.container(border=True, gap="xsmall"):
            st.markdown(f"**{plain(words('Last writes'))}**")
            rows.mount(laid["station_writes"], key="station_writes")
    if told.picked:
        open_page("alarms", alarm=told.picked)


def _faceplates(screen: Screen, traits: Traits, laid: Mapping[str, Mapping[str, Any]]) -> None:
    for loop in traits.loops:
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**{plain(model.faceplate_title(screen.words, traits, loop))}**")
            sheet.mount(laid[f"mode_{loop.loop}"], key=f"mode_{loop.loop}")
            indicators.mount(laid[f"faceplate_{loop.loop}"], key=f"faceplate_{loop.loop}")
            rows.mount(laid[f"faceplate_values_{loop.loop}"], key=f"faceplate_values_{loop.loop}")
            sheet.mount(laid[f"told_{loop.loop}"], key=f"told_{loop.loop}")
            _acts(screen.words, traits.id, loop, _acts_now(screen, traits, loop))
    if not traits.loops:
        with st.container(border=True):
            st.caption(screen.words("A heat source is only read; the centre does not write to it."))


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What a person can do with a loop now."""

    why: str
    """Why nothing; empty where something can be done."""
    shut: tuple[bool, bool, bool]
    """Setpoint, to automatic, to local."""


def _acts_now(screen: Screen, traits: Traits, loop: LoopTraits) -> Acts:
    words = screen.words
    control = model.control_of(screen.city.stations.get(traits.id), loop.loop)
    zone = "" if screen.in_zone(traits.district) else words("It is not in your zone.")
    why = screen.writes.why or setpoint_model.never(words, traits, loop) or zone
    shut = bool(why) or control is None
    mode = "" if control is None else control.mode
    return Acts(why=why, shut=(shut, shut or mode == "auto", shut or mode == "local"))


def _acts(words: Words, station: str, loop: LoopTraits, acts: Acts) -> None:
    """Draw what can be done with a loop; each opens the dialog, which the controller judges again."""
    change, to_auto, to_local = acts.shut
    with st.container(horizontal=True):
        if st.button(words("Change setpoint…"), disabled=change, key=f"change_{loop.loop}"):
            setpoint.ask(station, loop.loop, "setpoint")
        if st.button(words("To automatic…"), disabled=to_auto, key=f"auto_{loop.loop}"):
            setpoint.ask(station, loop.loop, "auto")
        if st.button(words("To local…"), disabled=to_local, key=f"local_{loop.loop}"):
            setpoint.ask(station, loop.loop, "local")
    if acts.why:
        st.caption(plain(acts.why))


@region("station_trends", TREND_S)
def _trends_now(screen: Screen, query: Mapping[str, str]) -> Parts:
    """Fill the trend of each loop: quarter-hour means until the trend itself is read."""
    station = query.get("station", "")
    traits = screen.city.traits.get(station)
    drawings, read = {}, []
    for loop in () if traits is None else traits.loops:
        writes = past_writes(screen, station)
        found = day(screen, station, loop.loop)
        read.append(found is not None)
        if found is None:
            means = [_means(screen, point) for point in MEANS]
            found = past.coarse(station, loop.loop, means, screen.city.now)
        drawn = past.day_trend(screen.words, screen.city, loop, found, writes, TREND_PX)
        drawings[f"day_trend_{loop.loop}"] = trend.payload(drawn)
    return Parts(drawings=drawings, layout=json.dumps(read))


@st.fragment
def _trends(station: str) -> None:
    screen = current_screen()
    words, traits = screen.words, screen.city.traits[station]
    laid = _trends_now.lay(screen, {"station": station})
    st.markdown(f"**{plain(words('Trend of 24 h'))}** :small[{plain(words('dashed = effective'))}]")
    for first in range(0, len(traits.loops), 2):
        columns = st.columns(min(2, len(traits.loops)), gap="small")
        for column, loop in zip(columns, traits.loops[first : first + 2], strict=False):
            with column:
                st.caption(plain(model.faceplate_title(words, traits, loop)))
                if day(screen, station, loop.loop) is None:
                    st.caption(words("Quarter-hour means; the trend itself is being read …"))
                key = f"day_trend_{loop.loop}"
                trend.mount(laid[key], key=key)


# ------------------------------------------------------------------------------------------- what is kept


def detail(screen: Screen, station: str) -> StationDetail | None:
    """Return all that the controller knows of a station; the same for all."""
    return followed(f"detail:{station}", DETAIL_S, lambda: screen.api.station(station))


def _means(screen: Screen, point: str) -> Sparklines | None:
    """Return the last day of a point of all loops; the same for all, and at once."""
    return followed(
        f"means:{point}", MEANS_S, lambda: screen.api.get(Sparklines, "/sparklines", {"point": point})
    )


def past_writes(screen: Screen, station: str) -> list[WriteMessage]:
    """Return what was last written to a station; the same for all."""

    def ask() -> WriteList:
        return screen.api.get(WriteList, f"/stations/{station}/writes", {"limit": DAY_WRITES})

    found = followed(f"writes:{station}", WRITES_S, ask)
    return [] if found is None else found.writes


def day(screen: Screen, station: str, loop: int) -> dict[str, History] | None:
    """Return the trends of a loop over the last 24 h, of points that its station has; None: not yet read."""
    state = screen.city.stations.get(station)
    points = [
        entry[0] for entry in past.HISTORY if state is not None and f"{loop}/{entry[0]}" in state.readings
    ]
    end, name = screen.city.now, f"day:{station}:{loop}"

    def ask() -> dict[str, History]:
        known = last(name)
        before = known if isinstance(known, dict) else {}
        return {point: _read(screen, station, point, loop, end, before.get(point)) for point in points}

    return kept(name, HISTORY_S, ask, wait=False)


def _read(screen: Screen, station: str, point: str, loop: int, end: float, before: History | None) -> History:
    """Read a day, or only what has come since it was read: a day costs the controller seconds."""
    start = end - past.DAY_S
    begin = start if before is None or not start < before.end < end else before.end
    count = past.points_for(end - begin, TREND_POINTS)
    news = screen.api.history(station, point, loop, begin, end, count)
    return news if before is None or begin == start else past.joined(before, news, start)
