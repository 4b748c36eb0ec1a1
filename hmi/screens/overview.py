"""City overview: is anything wrong, where, and how bad."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from controller.api.city_schema import CityLines, MapMessage
from hmi.city import City
from hmi.components import city_map, histogram, indicators, trend
from hmi.components.wire import ready
from hmi.context import Screen, current_screen
from hmi.grounds import keep
from hmi.kept import followed, kept
from hmi.language import N_, Language, Words
from hmi.live import Parts, region
from hmi.screens.saying import open_page, plain, said_before
from hmi.screens.stations import FILTER
from hmi.view_models import overview as model
from hmi.view_models.city_picture import city_picture

TITLE = N_("City overview")
LIVE_S = 5.0
PIPES_S = 600.0
LINES_S = 30.0
"""Wall seconds that pipes and lines of the past are kept for all sessions."""
PICTURE_S = 2.5
"""The same of the pictures: short against ``LIVE_S``."""
MAP_PX, ROW_PX, LOW_PX = 470, 62, 200


def render(screen: Screen) -> None:
    """Show the page: what stands still here, what lives by a timer."""
    words = screen.words
    said_before()
    st.title(words(TITLE), anchor=False)
    st.caption(plain(model.headline(words, screen.city)))
    left, right = st.columns([1.6, 1.0], gap="small")
    low_left, low_right = st.columns([1.0, 1.6], gap="small")
    cards = Cards(
        city=_card(left, words("Network"), words("only the abnormal is coloured; a click opens the station")),
        indicators=_card(
            right, words("Whole city"), words("light band = aim of indoor and online; line = 24 h")
        ),
        deviations=_card(
            low_left,
            words("Secondary mean temperature"),
            words("loops by deviation from the median of their kind; a click lists a bar's stations"),
        ),
        load=_card(
            low_right, words("Load of 24 h"), words("quarter-hour means since the controller started")
        ),
    )
    _live(cards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cards:
    """Where the pictures stand: cards and titles are made once, only what is in them anew."""

    city: DeltaGenerator
    indicators: DeltaGenerator
    deviations: DeltaGenerator
    load: DeltaGenerator


def _card(place: DeltaGenerator, title: str, note: str) -> DeltaGenerator:
    card = place.container(border=True, gap="xsmall")
    card.markdown(f"**{plain(title)}** :small[{plain(note)}]")
    return card


@region("overview", LIVE_S, ahead=True)
def _pictures_now(screen: Screen, _: Mapping[str, str]) -> Parts:
    return Parts(drawings=_shared_pictures(screen))


@st.fragment
def _live(cards: Cards) -> None:
    """Lay all four pictures; they go on by themselves."""
    screen = current_screen()
    laid = _pictures_now.lay(screen)
    with cards.city:
        picked = city_map.mount(laid["city_map"], key="city_map")
    with cards.indicators:
        indicators.mount(laid["city_indicators"], key="city_indicators")
    with cards.deviations:
        barred = histogram.mount(laid["city_deviations"], key="city_deviations")
    with cards.load:
        trend.mount(laid["city_load"], key="city_load")
    _follow(screen, picked or barred)


Pictures = Mapping[str, Mapping[str, Any]]
"""All four pictures in one language, as every session draws them, by their keys on the page."""


def _shared_pictures(screen: Screen) -> Pictures:
    drawn = kept(f"overview:{screen.words.language}", PICTURE_S, lambda: pictures(screen))
    assert drawn is not None, "it is worked out, not asked for"
    return drawn


def pictures(screen: Screen) -> Pictures:
    """Work the pictures out: for a thousand stations that takes 20 ms, so sessions share them."""
    words, city, lines, network = screen.words, screen.city, city_lines(screen), pipes(screen)
    drawn = city_picture(words, city, network, height_px=MAP_PX)
    return {
        "city_map": city_map.live(drawn, _ground(words, city, network, drawn)),
        "city_indicators": ready(model.city_indicators(words, city, lines, ROW_PX)),
        "city_deviations": ready(model.deviation_picture(words, city, LOW_PX)),
        "city_load": trend.payload(model.load_picture(words, city, lines, LOW_PX)),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """A ground and what it was made of; these are replaced as a whole, so identity tells."""

    of: tuple[object, ...]
    ground: city_map.Ground


_grounds: dict[Language, _Known] = {}


def _ground(words: Words, city: City, network: MapMessage | None, drawn: city_map.CityMap) -> city_map.Ground:
    """Return what stands still of the map; made anew for other stations, districts or pipes only."""
    of = (city.traits, city.site, network)
    known = _grounds.get(words.language)
    if known is None or any(now is not before for now, before in zip(of, known.of, strict=True)):
        known = _grounds[words.language] = _Known(of=of, ground=city_map.ground(drawn))
        keep(known.ground, words.language)
    return known.ground


def _follow(screen: Screen, picked: str) -> None:
    if picked in screen.city.traits:
        open_page("station", station=picked)
    elif picked.startswith(model.BAR):
        st.session_state[FILTER] = "\n".join(model.stations_of_bar(screen.city, picked))
        open_page("stations")
    elif picked:
        open_page("alarms", alarm=picked)


def pipes(screen: Screen) -> MapMessage | None:
    """Return the network's pipes; the same for all."""
    return kept("map", PIPES_S, lambda: screen.api.get(MapMessage, "/map"))


def city_lines(screen: Screen) -> CityLines | None:
    """Return the city's last day; the same for all."""
    return followed("city_lines", LINES_S, lambda: screen.api.get(CityLines, "/sparklines/city"))
