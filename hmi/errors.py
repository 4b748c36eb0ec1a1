"""What a person sees when something fails: one sentence; the rest goes to the log."""

import re
from contextlib import suppress

import streamlit as st
import structlog
from streamlit.runtime.scriptrunner import StopException

from hmi.language import Words
from hmi.session import SessionOver, words_of_this_run
from hmi.user_api import Refused, Unreachable

log = structlog.get_logger(__name__)


_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~$:@&^=])")


def plain(text: str) -> str:
    """Return text from outside as Markdown that shows it as it is: no link, no picture, no colour."""
    return _MARKUP.sub(r"\\\1", text)


def told(error: Exception) -> bool:
    """Tell the person of an error that no screen has handled; returns True: nothing else is to be shown.

    Where the run is to end at this very moment, as when the browser has just left the page, Streamlit says so
    by an exception at the first touch of the session; then nobody is there to be told.
    """
    with suppress(StopException):
        _tell(words_of_this_run(), error)
    return True


def _tell(words: Words, error: Exception) -> None:
    match error:
        case SessionOver():
            st.warning(words("Your session has ended. Log in again; you come back to this page."))
        case Unreachable():
            st.warning(words("The controller does not answer. The page goes on by itself when it is back."))
        case Refused():
            st.error(refusal_text(words, error))
        case _:
            log.error("screen failed", exc_info=error)
            st.error(words("This part of the page failed by a fault of ours; control goes on without it."))


def refusal_text(words: Words, refused: Refused) -> str:
    """Return why the controller said no, in the person's language where it told us in both."""
    if refused.reasons:
        return " ".join(words.sentence(reason) for reason in refused.reasons)
    known = {
        401: words("Your session has ended. Log in again; you come back to this page."),
        403: words("Your role or zone does not allow this."),
        404: words("There is no such thing."),
        409: words("Somebody else was quicker. Look again."),
        410: words("It expired. Begin anew."),
        422: words("What was entered can not be taken."),
        429: words("Too many tries; wait a while."),
        503: words("The controller can not do this now; try again soon."),
    }
    said = known.get(refused.status, words("The controller refused this."))
    return said if words.language == "zh" else f"{said} {refused.message}"
