"""Alarms: the list, the answer to the chosen one, how good the alarms are, and their journal."""

import time
from collections.abc import Callable, Mapping
from typing import get_args

import streamlit as st

from controller.api.alarm_schema import AlarmAnswer, AlarmKpisMessage, AlarmMessage
from hmi.components import rows, sheet, tiles
from hmi.context import Screen, current_screen
from hmi.language import N_, Words
from hmi.screens.alarm_dialogs import ASKED, dialog
from hmi.screens.saying import open_page, plain, reading, said_before, say_later, telling
from hmi.terms import PRIORITY
from hmi.user_api import Unreachable
from hmi.view_models import alarms as model
from hmi.view_models.alarms import Tab

TITLE = N_("Alarms")
LIVE_S = 3.0
KPIS_S = 60.0
"""Wall seconds that the measures are kept: they are of a day and cost a reading of the journal."""
SPANS_H: Mapping[float, str] = {1.0: N_("1 h"), 8.0: N_("8 h"), 24.0: N_("24 h"), 168.0: N_("7 days")}
JOURNAL_STEPS = 2000
REFUSED = "alarms_refused"
"""In the session's state: why the last act was not taken, until another act or another alarm."""


def render(screen: Screen) -> None:
    """Show the page."""
    words = screen.words
    said_before()
    st.title(words(TITLE), anchor=False)
    st.caption(words("filled = present, hollow = returned, outlined = unacknowledged, on a line = shelved"))
    with st.container(border=True):
        _quality()
    left, right = st.columns([2.0, 1.0], vertical_alignment="center")
    with left:
        tab = _tab(words)
    with right:
        priority = _priority(words)
    _live(tab, priority)
    with st.container(border=True):
        _journal(screen)
    dialog(screen)


def _tab(words: Words) -> Tab:
    names: tuple[Tab, ...] = get_args(Tab)
    chosen = st.segmented_control(
        words("Which alarms"),
        names,
        default="open",
        format_func=lambda name: words(model.TABS[name][0]),
        key="alarms_tab",
        label_visibility="collapsed",
    )
    return chosen or "open"


def _priority(words: Words) -> int | None:
    """Return the one priority that is asked for, by the link (the strip gives it) or here; None: all."""
    text = st.query_params.get("priority", "")
    asked = next((priority for priority in PRIORITY if str(priority) == text), None)
    chosen = st.pills(
        words("Priority"),
        list(PRIORITY),
        default=asked,
        format_func=lambda priority: f"{priority} {words(PRIORITY[priority])}",
        key=f"alarms_priority_{asked}",
        label_visibility="collapsed",
    )
    if chosen != asked:
        st.query_params.pop("priority", None)
        if chosen is not None:
            st.query_params["priority"] = str(chosen)
        st.rerun()
    return asked


@st.fragment(run_every=LIVE_S)
def _live(tab: Tab, priority: int | None) -> None:
    """List and answer in one, so that a choice shows at once."""
    screen = current_screen()
    with reading(screen.words):
        alarms = _alarms(screen)
        refused = st.container()
        left, right = st.columns([2.0, 1.0], gap="medium")
        with left, st.container(border=True):
            _list(screen, alarms, tab, priority)
        with right, st.container(border=True, gap="xsmall"):
            _answer(screen, alarms)
        if text := st.session_state.get(REFUSED):
            refused.error(text)


def _list(screen: Screen, alarms: list[AlarmMessage], tab: Tab, priority: int | None) -> None:
    told = rows.mount(
        model.alarm_table(
            screen.words,
            screen.city,
            alarms,
            tab,
            selected=st.query_params.get("alarm", ""),
            may_write=screen.writes.open,
            now=screen.city.clock(),
            priority=priority,
        ),
        key="alarm_list",
    )
    if told.picked:
        st.query_params["alarm"] = told.picked
        st.session_state.pop(REFUSED, None)
    chosen, action = told.acted
    alarm = model.by_id(alarms, chosen)
    if action == "ack" and alarm is not None and screen.writes.open:
        _do(screen, alarm, N_("Acknowledged: {alarm}"), lambda: screen.api.acknowledge(alarm.id))


def _answer(screen: Screen, alarms: list[AlarmMessage]) -> None:
    words, city = screen.words, screen.city
    chosen = st.query_params.get("alarm", "")
    alarm = model.by_id(alarms, chosen)
    if alarm is None:
        gone = words("This alarm is over: nothing of it holds any more.") if chosen else ""
        st.caption(gone or words("Choose an alarm to see its cause, its consequence and what to do."))
        return
    sheet.mount(model.answer_to(words, city, alarm, city.clock()), key="alarm_answer")
    _acts(screen, alarm)


# ------------------------------------------------------------------------------------------------- the acts


def _acts(screen: Screen, alarm: AlarmMessage) -> None:
    """Draw what can be done about the chosen alarm."""
    words, shut, lead = screen.words, not screen.writes.open, screen.may("approve")
    if alarm.state in model.ASKING:
        note = st.text_input(words("Note (optional)"), key=f"note:{alarm.id}", max_chars=200, disabled=shut)
        if st.button(words("Acknowledge"), type="primary", disabled=shut, key="acknowledge"):
            _do(
                screen,
                alarm,
                N_("Acknowledged: {alarm}"),
                lambda: screen.api.acknowledge(alarm.id, note.strip()),
            )
    with st.container(horizontal=True):
        if alarm.state == "shelved":
            if st.button(words("Put back on the list"), disabled=shut, key="unshelve"):
                _do(screen, alarm, N_("Back on the list: {alarm}"), lambda: screen.api.unshelve(alarm.id))
        elif alarm.state in ("unack", "ack", "returned_unack"):
            _asking(words("Shelve…"), "shelve", alarm, disabled=shut)
        if alarm.state == "out_of_service":
            if st.button(words("Back into service"), disabled=shut or not lead, key="restore"):
                _do(
                    screen,
                    alarm,
                    N_("Back in service: {alarm}"),
                    lambda: screen.api.restore_to_service(alarm.id),
                )
        else:
            _asking(words("Out of service…"), "remove", alarm, disabled=shut or not lead)
        if alarm.station is not None and st.button(words("Open station"), key="open_station"):
            open_page("station", station=alarm.station)
    if shut:
        st.caption(screen.writes.why)
    elif not lead:
        st.caption(words("Out of service, and shelves above an hour, need a shift lead."))


def _asking(label: str, act: str, alarm: AlarmMessage, *, disabled: bool) -> None:
    """Draw a button that opens a dialog; by a whole run, or the next refresh would shut it."""
    if st.button(label, disabled=disabled, key=act):
        st.session_state[ASKED] = (act, alarm.id)
        st.rerun()


def _do(screen: Screen, alarm: AlarmMessage, done: str, move: Callable[[], AlarmAnswer]) -> None:
    """Carry a move out and show the new list."""
    words = screen.words
    st.session_state.pop(REFUSED, None)
    with telling(words, REFUSED):
        answer = move()
        said = words(done, alarm=f"{model.place(words, screen.city, alarm.id)} · {model.title(words, alarm)}")
        if not answer.stored:
            said = f"{said} · {words('Not yet on the disk: it may not outlive a restart.')}"
        say_later(said)
        forget()
        st.rerun()


def forget() -> None:
    """Have the list fetched anew by the next run."""
    st.session_state.pop("alarms_known", None)


def _alarms(screen: Screen) -> list[AlarmMessage]:
    """Return all alarms; asked for only when the list of the shared stream has changed."""
    shared = -1 if screen.city.alarms is None else screen.city.alarms.version
    known: tuple[int, list[AlarmMessage]] | None = st.session_state.get("alarms_known")
    if known is not None and known[0] == shared:
        return known[1]
    try:
        answer = screen.api.alarms(every=True)
    except Unreachable:
        if known is None:
            raise
        return known[1]  # the banner says that it is old
    st.session_state["alarms_known"] = (shared, answer.alarms)
    return answer.alarms


# ------------------------------------------------------------------------------------- quality and journal


@st.fragment(run_every=KPIS_S)
def _quality() -> None:
    screen = current_screen()
    words = screen.words
    with reading(words):
        kpis = _kpis(screen)
        parts = [words("Alarm quality of the last 24 h (ISA-18.2); the band is the target")]
        split = model.priority_split(words, kpis)
        if split:
            shares = ", ".join(f"{priority}: {share}" for priority, share in split)
            parts.append(words("priorities {split}; target 3: 80 %, 2: 15 %, 1: 5 %", split=shares))
        st.caption(plain(" · ".join(parts)))
        figures = model.quality_tiles(words, kpis)
        tiles.mount(
            tiles.Tiles(tiles=figures, label=words("Alarm quality"), seq=screen.city.version),
            key="alarm_quality",
        )


def _kpis(screen: Screen) -> AlarmKpisMessage:
    known: tuple[float, AlarmKpisMessage] | None = st.session_state.get("alarm_kpis")
    if known is not None and time.monotonic() - known[0] < KPIS_S:
        return known[1]
    try:
        kpis = screen.api.alarm_kpis()
    except Unreachable:
        if known is None:
            raise
        return known[1]
    st.session_state["alarm_kpis"] = (time.monotonic(), kpis)
    return kpis


def _journal(screen: Screen) -> None:
    words = screen.words
    st.subheader(words("Journal"), anchor=False)
    left, middle, right = st.columns([1.2, 2.4, 0.8], vertical_alignment="bottom")
    hours = left.segmented_control(
        words("Span"),
        list(SPANS_H),
        default=8.0,
        format_func=lambda hours: words(SPANS_H[hours]),
        key="journal_span",
    )
    needle = middle.text_input(
        words("Filter by station, alarm, step or person"), key="journal_filter", max_chars=200
    )
    right.button(words("Refresh"), key="journal_refresh", width="stretch")
    end = screen.city.clock()
    with reading(words):
        steps = screen.api.journal(max(0.0, end - 3600.0 * (hours or 8.0)), end, JOURNAL_STEPS)
        rows.mount(
            model.journal_table(words, screen.city, steps, needle, screen.city.version), key="alarm_journal"
        )
