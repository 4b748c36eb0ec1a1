"""Around every screen: strip, navigation, frozen-data banner, and the way to the login."""

import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import ModuleType

import streamlit as st

from hmi.components import strip
from hmi.context import Screen
from hmi.errors import plain, refusal_text
from hmi.guard_paths import login_url
from hmi.language import N_
from hmi.live import Parts, region
from hmi.navigation import KEYS, existing, pages
from hmi.palette import css_variables
from hmi.process import shared
from hmi.session import (
    SessionOver,
    language_of_this_run,
    screen_of_this_run,
    theme_of_this_run,
    wall_of_this_run,
    words_of_this_run,
)
from hmi.user_api import Refused, Unreachable
from hmi.view_models import strip as strip_model

ASSETS = Path(__file__).with_name("assets")
STRIP_PERIOD_S = 2.0
TITLE = N_("District heating")


def run() -> None:
    """Render one page for one session."""
    words = words_of_this_run()
    st.set_page_config(page_title=words(TITLE), layout="wide", initial_sidebar_state="expanded")
    _style()
    chosen = st.navigation(pages(words, _show), position="sidebar", expanded=True)
    st.session_state["page"] = chosen.url_path
    _strip()
    chosen.run()


def _show(module: ModuleType) -> None:
    """Render a screen; expected faults are told in words, others by ``hmi.errors.told``."""
    words = words_of_this_run()
    try:
        module.render(screen_of_this_run())
    except SessionOver:
        st.warning(words("Your session has ended. Log in again; you come back to this page."))
    except Unreachable:
        st.warning(words("The controller does not answer. The page goes on by itself when it is back."))
        _come_back(time.monotonic())
    except Refused as refused:
        st.error(plain(refusal_text(words, refused)))


@st.fragment(run_every=STRIP_PERIOD_S)
def _come_back(failed_at: float) -> None:
    """Run the page again once the controller is back, not at once: that could fail again for ever."""
    if time.monotonic() - failed_at >= STRIP_PERIOD_S and not shared().gateway.city.frozen():
        st.rerun()


@region("strip", STRIP_PERIOD_S)
def _live_strip(screen: Screen, _: Mapping[str, str]) -> Parts:
    return Parts(drawings={"strip": strip_model.strip(screen)})


@st.fragment
def _strip() -> None:
    words, theme = words_of_this_run(), theme_of_this_run()
    try:
        data = _live_strip.lay(screen_of_this_run())["strip"]
    except SessionOver:
        data = {**strip_model.nobody(words, theme), "leave": _login_from_here()}
    except Unreachable:
        live = {**_live_strip.address(words.language, theme, {}), "key": "strip", "layout": ""}
        data = {**strip_model.nobody(words, theme), "live": live}
    frame = {"wall": wall_of_this_run(), "keys": {KEYS[name]: name for name in existing()}}
    _obey(strip.mount({**data, **frame}, key="strip"))


def _obey(told: strip.Told) -> None:
    """Do what was asked for in the strip."""
    if told.language in ("zh", "en") and told.language != language_of_this_run():
        st.session_state["language"] = told.language
        with suppress(SessionOver, Refused, Unreachable):  # then it holds for this browser only
            screen_of_this_run().api.choose_language(told.language)
        st.rerun()
    if told.wall:
        st.session_state["wall"] = told.wall == "1"
        st.rerun()
    if told.page in existing():
        by_name = {
            page.url_path or "overview": page
            for group in pages(words_of_this_run(), _show).values()
            for page in group
        }
        st.switch_page(by_name[told.page], query_params=told.query or None)


def _login_from_here() -> str:
    page = str(st.session_state.get("page", ""))
    query = "&".join(f"{key}={value}" for key, value in st.query_params.items())
    return login_url(f"/{page}", query)


def _style() -> None:
    """The tokens of the theme and the frame's own rules; nothing from outside goes in here."""
    wall = "html { zoom: 1.25; }" if wall_of_this_run() else ""
    st.html(f"<style>:root {{ {css_variables(theme_of_this_run())} }} {wall} {_frame_css()}</style>")


@cache
def _frame_css() -> str:
    return (ASSETS / "frame.css").read_text("utf-8")
