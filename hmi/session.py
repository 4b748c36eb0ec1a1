"""The session of one browser: who it is, in which language and theme, and the Screen of the present run.

The token lives in an http-only cookie (``hmi.login``), so it survives a reload, never stands in a URL and no
script can read it. Language and wall view are cookies too, kept by the browser.
"""

import hashlib
import re
import time
from collections.abc import Mapping

import streamlit as st

from controller.api.order_schema import MeMessage
from hmi.context import Screen, Theme, Writes
from hmi.language import DEFAULT_LANGUAGE, Language, Words
from hmi.process import shared
from hmi.user_api import Refused, Unreachable, UserApi

TOKEN_COOKIE = "dhc_session"
LANGUAGE_COOKIE = "dhc_language"
WALL_COOKIE = "dhc_wall"
BELIEVED_S = 10.0
"""Wall seconds that rights are believed without asking; the controller judges every call again."""
MAX_BELIEVED = 1000
_believed: dict[bytes, tuple[MeMessage, float]] = {}
"""By the hash of a token: who it is, and the monotonic second at which the controller said so."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,200}")
"""What a token of the controller looks like; anything else in the cookie is nobody."""


class SessionOver(Exception):
    """The person must log in again."""


def cookies() -> Mapping[str, str]:
    """Return the cookies with which the browser opened this session."""
    return st.context.cookies


def token_of_this_run() -> str:
    """Return the person's token, empty where nobody is logged in."""
    return known_token(str(cookies().get(TOKEN_COOKIE, "")))


def known_token(text: str) -> str:
    """Return what a cookie holds if it looks like a token, else an empty string."""
    return text if _TOKEN.fullmatch(text) else ""


def language_of_this_run() -> Language:
    """Return the chosen language: of this session, else of this browser, else Chinese."""
    chosen: Language | None = st.session_state.get("language")
    return chosen or language_of(cookies())


def language_of(cookies: Mapping[str, str]) -> Language:
    """Return the language of a browser by its cookies."""
    chosen = cookies.get(LANGUAGE_COOKIE)
    if chosen == "zh":
        return "zh"
    return "en" if chosen == "en" else DEFAULT_LANGUAGE


def words_of_this_run() -> Words:
    """Return words in the person's language and the site's time zone."""
    return Words(language_of_this_run(), shared().gateway.city.site.timezone)


def theme_of_this_run() -> Theme:
    """Return the theme that the browser shows now."""
    return "dark" if st.context.theme.type == "dark" else "light"


def wall_of_this_run() -> bool:
    """Tell whether this is a wall view."""
    return bool(st.session_state.get("wall", cookies().get(WALL_COOKIE) == "1"))


def screen_of_this_run() -> Screen:
    """Return what a screen renders from; raises SessionOver where nobody is logged in."""
    return screen_of(
        token_of_this_run(), language_of_this_run(), theme_of_this_run(), wall=wall_of_this_run()
    )


def screen_of(token: str, language: Language, theme: Theme, *, wall: bool = False) -> Screen:
    """Return the same for a person by token; raises SessionOver."""
    city = shared().gateway.city
    words = Words(language, city.site.timezone)
    if not token:
        raise SessionOver
    api = UserApi(shared().client, token)
    me = _who(api, token, asking=not city.frozen())
    return Screen(
        city=city,
        api=api,
        me=me,
        words=words,
        theme=theme,
        wall=wall,
        writes=Writes.of(city, me, words),
    )


def _who(api: UserApi, token: str, *, asking: bool) -> MeMessage:
    """Return who is logged in; while the controller is silent, who it was.

    An open page is use of the session: a quiet night must not take the alarms off a screen. What is believed
    is shared by all pages of a token, so that a reload beside a silent controller still shows the city.
    """
    mark = hashlib.sha256(token.encode()).digest()
    known = _believed.get(mark)
    if known is not None and time.time() >= known[0].ends_at:
        known = None
    if known is not None and (not asking or time.monotonic() - known[1] < BELIEVED_S):
        return known[0]
    try:
        me = api.me()
    except Refused as refused:
        if refused.session_over or known is None:
            _believed.pop(mark, None)
            raise SessionOver from refused
        return known[0]
    except Unreachable:
        if known is None:
            raise
        return known[0]
    if len(_believed) >= MAX_BELIEVED:
        _believed.clear()
    _believed[mark] = (me, time.monotonic())
    return me


def forget(token: str) -> None:
    """Believe nothing of a session any more: its rights or its end have changed."""
    _believed.pop(hashlib.sha256(token.encode()).digest(), None)
