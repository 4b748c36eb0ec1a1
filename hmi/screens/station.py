"""One station: its process diagram, a faceplate per loop, the trend of a day, alarms, past writes, link."""

import streamlit as st

from controller.api.city_schema import Sparklines, WriteList, WriteMessage
from controller.api.schema import History, LoopTraits, StationDetail, Traits
from hmi.components import indicators, process_diagram, rows, trend
from hmi.context import Screen, current_screen
from hmi.kept import followed, kept, last
from hmi.language import N_
from hmi.screens import setpoint
from hmi.screens.saying import open_page, plain, said_before, telling
from hmi.view_models import setpoint as setpoint_model
from hmi.view_models import station as model
from hmi.view_models import station_past as past
from hmi.view_models.station_diagram import diagram

TITLE = N_("Station")
LIVE_S, LISTS_S, TREND_S = 2.0, 5.0, 3.0
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
    left, right = st.columns([2.2, 1.0], gap="small")
    with left, st.container(border=True, gap="xsmall"):
        _live_diagram(station)
    with right:
        _live_faceplates(station)
    if traits.loops:
        with left, st.container(border=True, gap="xsmall"):
            _live_trends(station)
    with left, st.container(border=True, gap="xsmall"):
        _live_alarms(station)
    if traits.loops:
        with left, st.container(border=True, gap="xsmall"):
            _live_writes(station)
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


@st.fragment(run_every=LIVE_S)
def _live_diagram(station: str) -> None:
    screen = current_screen()
    words, city = screen.words, screen.city
    link = model.link_text(words, city, city.traits[station], detail(screen, station))
    st.markdown(f"**{plain(words('Process diagram'))}** :small[{plain(link)}]")
    process_diagram.mount(diagram(words, city, station), key="process_diagram")


@st.fragment(run_every=LIVE_S)
def _live_faceplates(station: str) -> None:
    screen = current_screen()
    known = detail(screen, station)
    loops = screen.city.traits[station].loops
    for loop in loops:
        with st.container(border=True, gap="xsmall"):
            _faceplate(screen, station, loop, known)
    if not loops:
        with st.container(border=True):
            st.caption(screen.words("A heat source is only read; the centre does not write to it."))


def _faceplate(screen: Screen, station: str, loop: LoopTraits, known: StationDetail | None) -> None:
    words, city = screen.words, screen.city
    state = city.stations.get(station)
    control = model.control_of(state, loop.loop)
    st.markdown(f"**{plain(model.faceplate_title(words, city.traits[station], loop))}**")
    st.caption(plain(f"{words('Mode')}: {model.mode_text(words, city, control)}"))
    indicators.mount(model.faceplate(words, city, station, loop), key=f"faceplate_{loop.loop}")
    rows.mount(model.faceplate_table(words, city, station, loop), key=f"faceplate_values_{loop.loop}")
    st.caption(plain(f"{words('Lease')}: {model.lease_text(words, city, state, loop.loop)}"))
    st.caption(plain(f"{words('Write')}: {model.write_text(words, control)}"))
    st.text(model.why(words, known, loop.loop))
    _acts(screen, station, loop)


def _acts(screen: Screen, station: str, loop: LoopTraits) -> None:
    """Draw what can be done with a loop; each opens the dialog, which the controller judges again."""
    words = screen.words
    control = model.control_of(screen.city.stations.get(station), loop.loop)
    never = setpoint_model.never(words, screen.city.traits[station], loop)
    zone = "" if screen.in_zone(screen.city.traits[station].district) else words("It is not in your zone.")
    why = screen.writes.why or never or zone
    shut = bool(why) or control is None
    with st.container(horizontal=True):
        if st.button(words("Change setpoint…"), disabled=shut, key=f"change_{loop.loop}"):
            setpoint.ask(station, loop.loop, "setpoint")
        mode = "" if control is None else control.mode
        if st.button(words("To automatic…"), disabled=shut or mode == "auto", key=f"auto_{loop.loop}"):
            setpoint.ask(station, loop.loop, "auto")
        if st.button(words("To local…"), disabled=shut or mode == "local", key=f"local_{loop.loop}"):
            setpoint.ask(station, loop.loop, "local")
    if why:
        st.caption(plain(why))


@st.fragment(run_every=TREND_S)
def _live_trends(station: str) -> None:
    screen = current_screen()
    words = screen.words
    loops = screen.city.traits[station].loops
    st.markdown(f"**{plain(words('Trend of 24 h'))}** :small[{plain(words('dashed = effective'))}]")
    for first in range(0, len(loops), 2):
        columns = st.columns(min(2, len(loops)), gap="small")
        for column, loop in zip(columns, loops[first : first + 2], strict=False):
            with column:
                st.caption(plain(model.faceplate_title(words, screen.city.traits[station], loop)))
                _trend(screen, station, loop)


def _trend(screen: Screen, station: str, loop: LoopTraits) -> None:
    writes = past_writes(screen, station)
    found = day(screen, station, loop.loop)
    if found is None:
        st.caption(screen.words("Quarter-hour means; the trend itself is being read …"))
        found = past.coarse(station, loop.loop, [_means(screen, point) for point in MEANS], screen.city.now)
    drawn = past.day_trend(screen.words, screen.city, loop, found, writes, TREND_PX)
    trend.mount(drawn, key=f"day_trend_{loop.loop}")


@st.fragment(run_every=LISTS_S)
def _live_alarms(station: str) -> None:
    screen = current_screen()
    words = screen.words
    st.markdown(f"**{plain(words('Alarms of the station'))}**")
    told = rows.mount(past.alarm_rows(words, screen.city, station), key="station_alarms")
    if told.picked:
        open_page("alarms", alarm=told.picked)


@st.fragment(run_every=LISTS_S)
def _live_writes(station: str) -> None:
    screen = current_screen()
    words = screen.words
    st.markdown(f"**{plain(words('Last writes'))}**")
    with telling(words):
        rows.mount(
            past.write_rows(words, screen.city, past_writes(screen, station)[: past.LISTED]),
            key="station_writes",
        )


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
