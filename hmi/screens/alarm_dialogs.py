"""Dialogs of the alarm screen: shelve with reason and end, take out of service with a reason."""

from collections.abc import Callable, Mapping

import streamlit as st

from controller.api.alarm_schema import AlarmAnswer, AlarmMessage
from hmi.context import Screen, current_screen
from hmi.kept import forget
from hmi.language import N_, Words
from hmi.screens.saying import line, plain, say_later, telling
from hmi.view_models import alarms as model

ASKED = "alarms_asked"
"""In the session's state: (act, alarm id) of the dialog that is open."""
HOUR_S = 3600.0
SHELVES_S: Mapping[float, str] = {
    900.0: N_("15 min"),
    HOUR_S: N_("1 h"),
    4 * HOUR_S: N_("4 h"),
    12 * HOUR_S: N_("12 h"),
}
REASONS = (
    N_("Crew is on site"),
    N_("Sensor is being mended"),
    N_("Known, waits for a spare part"),
    N_("Works on the network"),
)
SHORTEST = 3
"""Letters that a reason has at least; the controller asks for them."""


def dialog(screen: Screen) -> None:
    """Open the dialog that was asked for; it stays over every run until one of its buttons shuts it."""
    act, chosen = st.session_state.get(ASKED, ("", ""))
    if not act:
        return
    words = screen.words
    with telling(words):
        alarm = model.by_id(screen.api.alarms(every=True).alarms, chosen)
        if alarm is None:
            st.session_state.pop(ASKED, None)
            st.warning(words("This alarm is over: nothing of it holds any more."))
            return
        if act == "shelve":
            st.dialog(words("Shelve an alarm"), dismissible=False)(_shelve)(alarm)
        else:
            st.dialog(words("Take an alarm out of service"), dismissible=False)(_remove)(alarm)


def _shelve(alarm: AlarmMessage) -> None:
    screen = current_screen()
    words = screen.words
    _about(screen, alarm)
    allowed = [span for span in SHELVES_S if span <= HOUR_S or screen.may("approve")]
    span = st.segmented_control(
        words("For how long"),
        allowed,
        default=HOUR_S,
        format_func=lambda span: words(SHELVES_S[span]),
        key="shelve_span",
    )
    if len(allowed) < len(SHELVES_S):
        st.caption(words("More than an hour needs a shift lead."))
    end = screen.city.clock() + (span or HOUR_S)
    st.caption(words("It comes back by itself at {time}.", time=words.datetime(end)))
    reason = _reason(words)
    _buttons(
        screen,
        alarm,
        words("Shelve this alarm"),
        reason,
        N_("Shelved: {alarm}"),
        lambda: screen.api.shelve(alarm.id, reason, span or HOUR_S),
    )


def _remove(alarm: AlarmMessage) -> None:
    screen = current_screen()
    words = screen.words
    _about(screen, alarm)
    st.warning(words("It stays off the list until somebody puts it back into service."))
    reason = _reason(words)
    _buttons(
        screen,
        alarm,
        words("Take this alarm out of service"),
        reason,
        N_("Out of service: {alarm}"),
        lambda: screen.api.remove_from_service(alarm.id, reason),
    )


def _about(screen: Screen, alarm: AlarmMessage) -> None:
    words = screen.words
    st.text(f"{model.place(words, screen.city, alarm.id)} · {model.title(words, alarm)}")
    st.caption(plain(model.text(words, alarm)))


def _reason(words: Words) -> str:
    """Return the reason: one of the usual ones, or in the person's own words."""
    usual = st.pills(
        words("Reason"), REASONS, format_func=lambda reason: words(reason), key="alarm_usual_reason"
    )
    own = st.text_input(words("In your own words"), max_chars=160, key="alarm_own_reason")
    return ", ".join(part for part in (words(usual) if usual else "", own.strip()) if part)


def _buttons(
    screen: Screen,
    alarm: AlarmMessage,
    label: str,
    reason: str,
    done: str,
    move: Callable[[], AlarmAnswer],
) -> None:
    """Draw commit and cancel; the commit says what it does."""
    words = screen.words
    enough = len(reason) >= SHORTEST
    wanted = "" if enough else words("A reason of at least three letters is needed.")
    line(screen.writes.why or wanted)
    with st.container(horizontal=True):
        if st.button(label, type="primary", disabled=not (enough and screen.writes.open)):
            with telling(words):
                move()
                place = model.place(words, screen.city, alarm.id)
                say_later(words(done, alarm=f"{place} · {model.title(words, alarm)}"))
                forget()
                _shut()
        if st.button(words("Cancel")):
            _shut()


def _shut() -> None:
    st.session_state.pop(ASKED, None)
    st.rerun()
