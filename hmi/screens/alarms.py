"""Alarms: the list, the answer to the chosen one, how good the alarms are, and their journal."""

import json
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, get_args

import streamlit as st

from controller.api.alarm_schema import AlarmAnswer, AlarmKpisMessage, AlarmMessage
from hmi.components import rows, sheet, tiles
from hmi.context import Screen, current_screen
from hmi.kept import forget, kept, last
from hmi.language import N_, Words
from hmi.live import Parts, region
from hmi.screens.alarm_dialogs import ASKED, dialog
from hmi.screens.saying import open_page, plain, reading, said_before, say_later, telling
from hmi.terms import PRIORITY
from hmi.user_api import Unreachable
from hmi.view_models import alarms as model
from hmi.view_models.alarms import Tab

TITLE = N_("Alarms")
LIVE_S = 3.0
KNOWN = "alarms"
TABS: tuple[Tab, ...] = get_args(Tab)
NOTHING = sheet.Sheet(heading="", title="", text="", facts=(), sections=())
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
    chosen = st.segmented_control(
        words("Which alarms"),
        TABS,
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


@region("alarms", LIVE_S)
def _list_now(screen: Screen, query: Mapping[str, str]) -> Parts:
    """Fill the list; ``query`` names the tab and, where one is asked for, the priority."""
    tab = next((name for name in TABS if name == query.get("tab")), TABS[0])
    table = rows.payload(
        model.alarm_table(
            screen.words,
            screen.city,
            _alarms(screen),
            tab,
            may_write=screen.writes.open,
            now=screen.city.clock(),
            priority=next((one for one in PRIORITY if str(one) == query.get("priority")), None),
        )
    )
    # which one is chosen, the page says and the mouse: a refresh says nothing of it
    return Parts(drawings={"alarm_list": {name: part for name, part in table.items() if name != "selected"}})


@region("alarm", LIVE_S)
def _answer_now(screen: Screen, query: Mapping[str, str]) -> Parts:
    """Fill what is told of the chosen alarm; nothing where it is over, until it comes back."""
    alarm, city = model.by_id(_alarms(screen), query.get("alarm", "")), screen.city
    told = NOTHING if alarm is None else model.answer_to(screen.words, city, alarm, city.clock())
    buttons = [] if alarm is None else [alarm.state, alarm.station, screen.writes.why, screen.may("approve")]
    return Parts(drawings={"alarm_answer": sheet.payload(told)}, layout=json.dumps(buttons))


@st.fragment
def _live(tab: Tab, priority: int | None) -> None:
    """Lay list and answer in one, so that a choice shows at once; both go on by themselves."""
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
    query = {"tab": tab} | ({} if priority is None else {"priority": str(priority)})
    laid = _list_now.lay(screen, query)["alarm_list"]
    told = rows.mount({**laid, "selected": st.query_params.get("alarm", "")}, key="alarm_list")
    if told.picked:
        st.query_params["alarm"] = told.picked
        st.session_state.pop(REFUSED, None)
    chosen, action = told.acted
    alarm = model.by_id(alarms, chosen)
    if action == "ack" and alarm is not None and screen.writes.open:
        _do(screen, alarm, N_("Acknowledged: {alarm}"), lambda: screen.api.acknowledge(alarm.id))


def _answer(screen: Screen, alarms: list[AlarmMessage]) -> None:
    words = screen.words
    chosen = st.query_params.get("alarm", "")
    if not chosen:
        st.caption(words("Choose an alarm to see its cause, its consequence and what to do."))
        return
    sheet.mount(_answer_now.lay(screen, {"alarm": chosen})["alarm_answer"], key="alarm_answer")
    alarm = model.by_id(alarms, chosen)
    if alarm is None:
        st.caption(words("This alarm is over: nothing of it holds any more."))
    else:
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


def _alarms(screen: Screen) -> list[AlarmMessage]:
    """Return all alarms, the same for all; asked for only when the list of the shared stream has changed."""
    shared = -1 if screen.city.alarms is None else screen.city.alarms.version
    before = last(KNOWN)
    known: _Known | None = before if isinstance(before, _Known) else None
    if known is None or known.version != shared:
        known = kept(KNOWN, 0.0, lambda: _Known(shared, screen.api.alarms(every=True).alarms))
    if known is None:
        raise Unreachable("no list of alarms was ever had")
    return known.alarms  # while the controller is silent the last one: the banner says that it is old


class _Known(NamedTuple):
    """All alarms, and the version of the shared list for which they were asked."""

    version: int
    alarms: list[AlarmMessage]


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
