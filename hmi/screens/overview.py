"""City overview: is anything wrong, where, and how bad."""

from dataclasses import dataclass

import streamlit as st

from controller.api.city_schema import CityLines, MapMessage
from hmi.components import city_map, histogram, indicators, trend
from hmi.context import Screen, current_screen
from hmi.kept import kept
from hmi.language import N_
from hmi.screens.saying import open_page, plain, said_before
from hmi.view_models import overview as model
from hmi.view_models.city_picture import city_picture

TITLE = N_("City overview")
LIVE_S = 5.0
PIPES_S = 600.0
LINES_S = 30.0
"""Wall seconds that pipes and lines of the past are kept for all sessions."""
PICTURE_S = 1.5
"""The same of the pictures: short against ``LIVE_S``."""
MAP_PX, ROW_PX, LOW_PX = 470, 62, 200


def render(screen: Screen) -> None:
    """Show the page."""
    said_before()
    st.title(screen.words(TITLE), anchor=False)
    st.caption(plain(model.headline(screen.words, screen.city)))
    _live()


@st.fragment(run_every=LIVE_S)
def _live() -> None:
    """Draw all four cards from memory."""
    screen = current_screen()
    words = screen.words
    drawn = kept(f"overview:{words.language}", PICTURE_S, lambda: pictures(screen))
    assert drawn is not None, "it is worked out, not asked for"
    left, right = st.columns([1.6, 1.0], gap="small")
    with left, st.container(border=True, gap="xsmall"):
        _title(words("Network"), words("only the abnormal is coloured; a click opens the station"))
        picked = city_map.mount(drawn.city, key="city_map")
    with right, st.container(border=True, gap="xsmall"):
        _title(words("Whole city"), words("light band = aim; line = 24 h"))
        indicators.mount(drawn.indicators, key="city_indicators")
    left, right = st.columns([1.0, 1.6], gap="small")
    with left, st.container(border=True, gap="xsmall"):
        _title(words("Secondary mean temperature"), words("loops by deviation from the median of their kind"))
        barred = histogram.mount(drawn.deviations, key="city_deviations")
    with right, st.container(border=True, gap="xsmall"):
        _title(words("Load of 24 h"), words("quarter-hour means since the controller started"))
        trend.mount(drawn.load, key="city_load")
    _follow(screen, picked or barred)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """All four pictures in one language, as every session draws them."""

    city: city_map.CityMap
    indicators: indicators.Indicators
    deviations: histogram.Histogram
    load: trend.Trend


def pictures(screen: Screen) -> Pictures:
    """Work the pictures out: for a thousand stations that takes 50 ms, so sessions share them."""
    words, city, lines = screen.words, screen.city, city_lines(screen)
    return Pictures(
        city=city_picture(words, city, pipes(screen), height_px=MAP_PX),
        indicators=model.city_indicators(words, city, lines, ROW_PX),
        deviations=model.deviation_picture(words, city, LOW_PX),
        load=model.load_picture(words, city, lines, LOW_PX),
    )


def _follow(screen: Screen, picked: str) -> None:
    if picked in screen.city.traits:
        open_page("station", station=picked)
    elif picked:
        open_page("alarms", alarm=picked)


def _title(title: str, note: str) -> None:
    st.markdown(f"**{plain(title)}** :small[{plain(note)}]")


def pipes(screen: Screen) -> MapMessage | None:
    """Return the network's pipes; the same for all."""
    return kept("map", PIPES_S, lambda: screen.api.get(MapMessage, "/map"))


def city_lines(screen: Screen) -> CityLines | None:
    """Return the city's last day; the same for all."""
    return kept("city_lines", LINES_S, lambda: screen.api.get(CityLines, "/sparklines/city"))
