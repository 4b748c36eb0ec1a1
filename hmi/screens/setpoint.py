"""The dialog by which a person changes one loop: enter, preview, carry out, watch until read back, undo."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Literal

import streamlit as st

from controller.api.order_schema import OrderMessage
from controller.api.schema import LoopState, LoopTraits
from hmi.components import indicators, rows
from hmi.context import Screen, current_screen
from hmi.language import Words
from hmi.screens.order_dialog import REASONS, SHORTEST
from hmi.screens.saying import plain, telling
from hmi.user_api import new_key
from hmi.view_models import setpoint as model
from hmi.view_models import station as station_model
from hmi.view_models.shown import shown

_ASKED = "setpoint_asked"
_REFUSED = "setpoint_refused"
"""Where a refusal is left for the runs of the dialog, until another button is pressed."""
LIVE_S = 2.0
Kind = Literal["setpoint", "auto", "local"]


@dataclass(slots=True)
class Act:
    """One change under way in one session, from the first field to the read-back."""

    station: str
    loop: int
    kind: Kind
    key: str = field(default_factory=new_key)
    body: Mapping[str, Any] = field(default_factory=dict)
    order: OrderMessage | None = None
    """What the controller made of it; its state tells whether it stands."""

    def key_of(self, body: Mapping[str, Any]) -> str:
        """Return the key of an order: the same for the same order, however often it is sent."""
        if self.body and body != self.body:
            self.key = new_key()
        self.body = body
        return self.key


def ask(station: str, loop: int, kind: Kind) -> None:
    """Open the dialog by a whole run, so that a refresh of a live part does not shut it."""
    st.session_state[_ASKED] = Act(station, loop, kind)
    st.session_state.pop(_REFUSED, None)
    st.rerun()


def dialog(words: Words) -> None:
    """Open the dialog that was asked for in the run before."""
    act: Act | None = st.session_state.pop(_ASKED, None)
    if act is None:
        return
    titles = {
        "setpoint": words("Change setpoint"),
        "auto": words("Return to automatic"),
        "local": words("Return to local"),
    }
    st.dialog(titles[act.kind], width="large", dismissible=False)(live)(act)


def live(act: Act) -> None:
    """Keep the dialog true while it is open: data too old to act on may be fresh the next moment."""
    st.fragment(run_every=LIVE_S)(content)(act)


def content(act: Act) -> None:
    """Draw the dialog as far as the change has come; from memory, every few seconds."""
    screen = current_screen()
    traits = screen.city.traits.get(act.station)
    loop = next((one for one in traits.loops if one.loop == act.loop), None) if traits is not None else None
    state = screen.city.stations.get(act.station)
    control = station_model.control_of(state, act.loop)
    if traits is None or loop is None or control is None:
        st.error(screen.words("There is no such thing."))
        _close(screen.words)
        return
    st.markdown(f"**{plain(_name(screen, act))}**")
    if act.order is None or act.order.state in ("prepared", "approved"):
        _about(screen, act, control)
    if act.order is None:
        _enter(screen, act, loop, control)
    elif act.order.state in ("prepared", "approved"):
        _preview(screen, act, act.order)
    else:
        _watch(screen, act, act.order)
    if refused := st.session_state.get(_REFUSED, ""):
        st.error(refused)


def _about(screen: Screen, act: Act, control: LoopState) -> None:
    """Tell what the loop does now."""
    words, city = screen.words, screen.city
    reading = city.reading(act.station, f"{act.loop}/T_supply_secondary")
    measured = shown(words, city, reading, "degC")
    parts = [
        station_model.mode_text(words, city, control),
        words("instruction {value}", value=words.measured(control.T_supply_set, "degC"))
        if control.T_supply_set is not None
        else words("no instruction"),
        words("measured {value}", value=measured.told),
    ]
    st.caption(plain(" · ".join(parts)))


def _name(screen: Screen, act: Act) -> str:
    traits = screen.city.traits[act.station]
    return f"{act.station} {screen.words.name(traits)} · {screen.words('Loop {n}', n=act.loop)}"


# ------------------------------------------------------------------------------------------------- 1 enter


def _enter(screen: Screen, act: Act, loop: LoopTraits, control: LoopState) -> None:
    words = screen.words
    why = model.why_not(words, screen.city, act.station, loop) if act.kind == "setpoint" else ""
    order: dict[str, Any] | None = None
    with st.container(gap="xsmall"):
        st.markdown(f"**{plain(words('1 Enter'))}**")
        if act.kind == "setpoint":
            order = _fields(screen, act, loop, control)
        else:
            order = model.mode_order(model.seen(act.station, control), act.kind)
            st.text(
                words("The strategy of the district takes over, without a step.")
                if act.kind == "auto"
                else words("The station follows its own curve; the centre writes nothing.")
            )
        reason = _reason(words)
    why = screen.writes.why or why
    place = st.empty()  # keeps its place, see `saying.line`
    if why:
        place.warning(plain(why))
    elif len(reason) < SHORTEST:
        place.caption(words("A reason of at least three letters is needed."))
    ready = screen.writes.open and not why and order is not None and len(reason) >= SHORTEST
    with st.container(horizontal=True):
        if st.button(words("Preview"), type="primary", disabled=not ready, key="setpoint_preview"):
            assert order is not None, "the button is disabled without one"
            with _trying(words):
                body = {"reason": reason, "order": order}
                act.order = screen.api.prepare(order, reason, act.key_of(body))
                _again()
        _close(words, words("Cancel"))


def _fields(screen: Screen, act: Act, loop: LoopTraits, control: LoopState) -> dict[str, Any] | None:
    """Draw temperature, flow and duration; returns the order, or None while something is wrong."""
    words = screen.words
    limits = model.limits(loop, screen.city.stations.get(act.station))
    start = model.start_value(screen.city, act.station, control, act.loop)
    key = f"setpoint_T_{act.station}_{act.loop}_{control.order}"
    st.session_state.setdefault(key, f"{start:.1f}")

    def press(by: float) -> None:
        text = str(st.session_state.get(key, ""))
        st.session_state[key] = model.step(words, text, by, start, limits.T_low, limits.T_high)

    left, down, up, right = st.columns([2.2, 0.7, 0.7, 2.4], vertical_alignment="bottom")
    text = left.text_input(words("Secondary supply temperature, °C"), key=key, max_chars=20)
    down.button("\u22120.5", on_click=press, args=(-model.STEP_K,), key="setpoint_down", width="stretch")
    up.button("+0.5", on_click=press, args=(model.STEP_K,), key="setpoint_up", width="stretch")
    low, high = words.number(limits.T_low, 1), words.number(limits.T_high, 1)
    right.caption(words("limits {low}–{high} °C; ±0.5 K a press", low=low, high=high))
    T_supply = model.read(words, text, "T_supply", limits.T_low, limits.T_high)
    indicators.mount(
        model.where_it_lies(words, screen.city, act.station, loop, T_supply.value), key="setpoint_bar"
    )
    flow = model.Entry(value=None)
    if limits.flow is not None:
        left, right = st.columns([2.2, 3.8], vertical_alignment="bottom")
        typed = left.text_input(
            words("Circulation, % of design"), key=f"setpoint_flow_{act.station}_{act.loop}", max_chars=20
        )
        low, high = words.number(limits.flow[0]), words.number(limits.flow[1])
        right.caption(words("limits {low}–{high} %; empty keeps the present flow", low=low, high=high))
        flow = model.read(words, typed, "flow", *limits.flow)
    duration = st.segmented_control(
        words("For how long"),
        list(model.HOURS),
        default=model.DEFAULT_DURATION_S,
        format_func=lambda span: words(model.HOURS[span]),
        key="setpoint_duration",
    )
    span = duration or model.DEFAULT_DURATION_S
    end = words.datetime(screen.city.clock() + span)
    st.caption(words("Ends at {time}; then the loop returns to what it was.", time=end))
    faults = [entry.fault for entry in (T_supply, flow) if entry.fault]
    place = st.empty()
    if faults:
        place.error("\n\n".join(plain(fault) for fault in faults))
    if faults or (T_supply.value is None and flow.value is None):
        return None
    return model.setpoint_order(model.seen(act.station, control), T_supply.value, flow.value, span)


def _reason(words: Words) -> str:
    """Return the reason: a usual one, own words, or both."""
    usual = st.pills(words("Reason"), REASONS, format_func=lambda one: words(one), key="setpoint_usual")
    own = st.text_input(words("In your own words"), max_chars=160, key="setpoint_own")
    return ", ".join(part for part in (words(usual) if usual else "", own.strip()) if part)


# ----------------------------------------------------------------------------------------------- 2 preview


def _preview(screen: Screen, act: Act, order: OrderMessage) -> None:
    words = screen.words
    st.markdown(f"**{plain(words('2 Preview'))}**")
    rows.mount(model.preview_table(words, order, order.id), key="setpoint_preview_table")
    for note in model.preview_notes(words, order):
        st.caption(plain(note))
    waits = bool(order.needs_second) and order.state == "prepared"
    if waits:
        why = model.second_text(words, order.needs_second)
        st.warning(plain(words("A second person must approve it: {why}", why=why)))
        st.caption(
            words("It waits ten minutes for a shift lead or engineer; then you carry it out from the list.")
        )
    if not screen.writes.open:
        st.warning(plain(screen.writes.why))
    with st.container(horizontal=True):
        if not waits:
            label = words("Carry out at {place}", place=_name(screen, act))
            pressed = st.button(
                plain(label), type="primary", disabled=not screen.writes.open, key="setpoint_commit"
            )
            if pressed:
                _commit(screen, act, order)
        if st.button(words("Back"), key="setpoint_back"):
            act.order, act.body, act.key = None, {}, new_key()
            st.session_state.pop(_REFUSED, None)
            _again()
        _close(words, words("Leave it waiting") if waits else words("Cancel"))


def _commit(screen: Screen, act: Act, order: OrderMessage) -> None:
    with _trying(screen.words):
        act.order = screen.api.commit(order.id)
        _again()


# ------------------------------------------------------------------------------------------------ 3 states


def _watch(screen: Screen, act: Act, order: OrderMessage) -> None:
    words = screen.words
    st.markdown(f"**{plain(words('3 States of order {n}', n=order.id))}**")
    _states(screen, act, order)
    with st.container(horizontal=True):
        if order.kind != "undo":
            pressed = st.button(
                words("Undo this order"), disabled=not screen.writes.open, key="setpoint_undo"
            )
            if pressed:
                _undo(screen, act, order)
        _close(words)


def _states(screen: Screen, act: Act, order: OrderMessage) -> None:
    """Draw how far the order has come."""
    control = station_model.control_of(screen.city.stations.get(act.station), act.loop)
    if control is not None:
        _about(screen, act, control)
    found = model.progress(screen.words, control, order)
    st.text(model.progress_line(found))
    st.text(found.text)
    if screen.city.frozen():
        st.warning(plain(screen.words("The data are frozen: what became of it is not known yet.")))


def _undo(screen: Screen, act: Act, order: OrderMessage) -> None:
    """Put back what stood before, in one press; the controller refuses where others have ordered since."""
    words = screen.words
    with _trying(words):
        body = {"kind": "undo", "order": order.id}
        undo = screen.api.prepare(body, "", act.key_of(body))
        if undo.state == "prepared" and undo.needs_second:
            act.order = undo
        else:
            act.order = screen.api.commit(undo.id)
        _again()


def _trying(words: Words) -> AbstractContextManager[None]:
    """Forget the refusal of before, and keep that of what is tried now."""
    st.session_state.pop(_REFUSED, None)
    return telling(words, _REFUSED)


def _again() -> None:
    """Draw the dialog at once, not only with its next refresh; it stays open."""
    st.rerun(scope="fragment")


def _close(words: Words, label: str = "") -> None:
    if st.button(label or words("Close"), key="setpoint_close"):
        st.rerun()
