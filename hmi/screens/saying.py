"""How screens tell what the controller said, and lead to each other; nothing from outside becomes markup."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from hmi.errors import refusal_text
from hmi.language import Words
from hmi.user_api import Refused, Unreachable

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:@&^=])")
_LATER = "said_later"


def plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return _MARKUP.sub(r"\\\1", text)


@contextmanager
def telling(words: Words, kept: str = "") -> Iterator[None]:
    """Tell a refusal or a silent controller in words where something was to be done.

    In a part that runs again by itself the words would be gone with its next run: ``kept`` names where in
    the session's state they are left, for that part to show them until something else is done.
    """
    try:
        yield
    except Refused as refused:
        if refused.session_over:
            raise
        _told(plain(refusal_text(words, refused)), kept)
    except Unreachable:
        text = words(
            "The controller did not answer. Whether it was done is not known: look at the present state"
            " before you repeat it."
        )
        _told(text, kept)


def _told(text: str, kept: str) -> None:
    if kept:
        st.session_state[kept] = text
    else:
        st.error(text)


@contextmanager
def reading(words: Words) -> Iterator[None]:
    """Tell in words why something can not be shown; a part that runs again comes back by itself."""
    try:
        yield
    except Refused as refused:
        if refused.session_over:
            raise
        st.error(plain(refusal_text(words, refused)))
    except Unreachable:
        st.warning(words("The controller does not answer. The page goes on by itself when it is back."))


def say_later(text: str) -> None:
    """Keep a sentence that is told by the next run, after a rerun has shown the new state."""
    st.session_state[_LATER] = text


def said_before() -> None:
    """Tell what the run before left behind."""
    text = st.session_state.pop(_LATER, "")
    if text:
        st.toast(plain(text))


def line(text: str) -> None:
    """Tell something in a line that keeps its place while there is nothing to tell.

    What follows it would move otherwise, and where other parts of the page run at that moment the browser may
    be left with both: the buttons of before and those of now.
    """
    place = st.empty()
    if text:
        place.caption(text)


def open_page(name: str, **query: str) -> None:
    """Lead to another page; it is known by its path."""
    st.switch_page(st.Page(_nothing, title=name, url_path=name), query_params=query)


def _nothing() -> None:
    """Stand for a page that another place renders."""
