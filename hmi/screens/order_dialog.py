"""One dialog for every order: reason, preview, carry out or wait for the second person. Nothing half done.

The order is worked out by the controller; this shows its answer. The key of an order is made when the dialog
opens, so a press that is repeated on a bad connection does not give the order twice.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from controller.api.order_schema import OrderMessage
from hmi.components import rows
from hmi.context import Screen, current_screen
from hmi.kept import forget
from hmi.language import N_, Words
from hmi.screens.saying import line, plain, say_later, telling
from hmi.user_api import new_key
from hmi.view_models import dispatch as model
from hmi.view_models import dispatch_group as group

_ASKED = "order_asked"
_PREPARED = "order_prepared"
SHORTEST = 3
DAY_S = 86_400.0
"""The usual duration, where it is among those that can be chosen."""
REASONS = (
    N_("Residents complain of cold"),
    N_("Residents complain of heat"),
    N_("Works on site"),
    N_("Weather changes"),
    N_("Shortage of heat"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the dialog is about."""

    title: str
    order: Mapping[str, Any] = field(default_factory=dict)
    """Body of the order; empty where an existing order or a return to local is meant."""
    number: int = 0
    """An order that waits, to be approved or carried out."""
    district: str = ""
    """A district to be returned to local."""
    checklist: tuple[tuple[str, str], ...] = ()
    """(id, text) of what must have been seen to before."""
    note: str = ""
    """What it means, told first."""
    told: tuple[str, ...] = ()
    """What is known of the loop now, told below the note."""
    spans: Mapping[float, str] = field(default_factory=dict)
    """How long it may last, in seconds: one is chosen; empty where it has no end."""
    reasons: tuple[str, ...] = REASONS
    """Usual ones, to choose from."""
    promote: str = ""
    """A loop that drifted, to follow plans again."""
    key: str = field(default_factory=new_key)


def ask(asked: Asked) -> None:
    """Open the dialog by a whole run, so that a refresh of a live part does not shut it."""
    st.session_state[_ASKED] = asked
    st.session_state.pop(_PREPARED, None)
    st.rerun()


def dialog() -> None:
    """Open the dialog that was asked for; it stays over every run until one of its buttons shuts it."""
    asked: Asked | None = st.session_state.get(_ASKED)
    if asked is not None:
        st.dialog(plain(asked.title), width="large", dismissible=False)(_content)(asked)


def _shut() -> None:
    """Shut the dialog and show what has become of it."""
    st.session_state.pop(_ASKED, None)
    st.session_state.pop(_PREPARED, None)
    st.rerun()


def _content(asked: Asked) -> None:
    screen = current_screen()
    if asked.note:
        st.text(asked.note)
    for known in asked.told:
        st.info(plain(known))
    if asked.district:
        _to_local(screen, asked)
    elif asked.promote:
        _promote(screen, asked)
    elif asked.number:
        _existing(screen, asked)
    elif (prepared := _prepared(asked)) is not None:
        _preview(screen, prepared)
        _finish(screen, prepared)
    else:
        _prepare(screen, asked)


def _prepared(asked: Asked) -> OrderMessage | None:
    known: tuple[str, OrderMessage] | None = st.session_state.get(_PREPARED)
    return known[1] if known is not None and known[0] == asked.key else None


def _prepare(screen: Screen, asked: Asked) -> None:
    words = screen.words
    checked = [item for item, text in asked.checklist if st.checkbox(text, key=f"check_{asked.key}_{item}")]
    span = _span(words, asked)
    reason = _reason(words, asked)
    ready = len(reason) >= SHORTEST and len(checked) == len(asked.checklist)
    _why_not(screen, reason, complete=len(checked) == len(asked.checklist))
    with st.container(horizontal=True):
        pressed = st.button(
            words("Preview"), type="primary", disabled=not (ready and screen.writes.open), key="order_preview"
        )
        _cancel(words)
    if pressed:
        with telling(words):
            order = dict(asked.order) | ({"confirmed": checked} if asked.checklist else {}) | span
            st.session_state[_PREPARED] = (asked.key, screen.api.prepare(order, reason, asked.key))
            st.rerun()


def _preview(screen: Screen, order: OrderMessage) -> None:
    """Show what the order would do, whom it leaves out and why, and what else the controller says."""
    words = screen.words
    st.caption(
        plain(f"{words('Order')} {order.id} · {words(model.KIND[order.kind])} · {words.quoted(order.reason)}")
    )
    said = model.summary(words, order)
    if said:
        st.text(said)
    if order.preview.get("loops") and order.kind in ("setpoint", "mode"):
        rows.mount(group.preview_table(words, screen.city, order, screen.city.version), key="order_loops")
    if held := order.preview.get("held_back_sentence"):
        st.text("; ".join(group.sentences(words, [held])))
    for note in group.sentences(words, order.preview.get("notes", [])):
        st.info(plain(note))
    if order.kind == "setpoint":
        st.caption(words("The effect is a steady-state estimate: a building takes one to three days."))


def _finish(screen: Screen, order: OrderMessage) -> None:
    words = screen.words
    if order.needs_second and order.state == "prepared":
        why = "; ".join(group.sentences(words, order.needs_second))
        st.warning(plain(words("A second person must approve it: {why}", why=why)))
        st.caption(
            words("It waits ten minutes for a shift lead or engineer; then you carry it out from the list.")
        )
        with st.container(horizontal=True):
            if st.button(words("Leave it waiting"), type="primary", key="order_leave"):
                _shut()
        return
    with st.container(horizontal=True):
        label = words("Carry out order {n}", n=order.id)
        if st.button(label, type="primary", disabled=not screen.writes.open, key="order_commit"):
            with telling(words):
                screen.api.commit(order.id)
                say_later(words("Order {n} is in force; the next control cycle carries it out.", n=order.id))
                _shut()
        _cancel(words)
    if not screen.writes.open:
        st.caption(screen.writes.why)


def _existing(screen: Screen, asked: Asked) -> None:
    """Approve another person's order, or carry out the own one that was approved."""
    words = screen.words
    with telling(words):
        order = screen.api.order(asked.number)
        st.caption(plain(words("Prepared by {name}", name=order.author)))
        _preview(screen, order)
        if order.author == screen.me.user.name:
            _finish(screen, order)
            return
        for why in group.sentences(words, order.needs_second):
            st.warning(plain(why))
        with st.container(horizontal=True):
            label = words("Approve order {n}", n=order.id)
            if st.button(label, type="primary", disabled=not screen.writes.open, key="order_approve"):
                screen.api.approve(order.id)
                said = words("Order {n} is approved; {name} carries it out.", n=order.id, name=order.author)
                say_later(said)
                _shut()
            _cancel(words)


def _to_local(screen: Screen, asked: Asked) -> None:
    words = screen.words
    name = words.district(screen.city.site, asked.district)
    st.text(words("All loops of {district} go back to their stations' own curves.", district=name))
    st.caption(words("It is the way to the safe side: it needs no second person and stands at once."))
    reason = _reason(words, asked)
    _why_not(screen, reason, complete=True)
    ready = len(reason) >= SHORTEST and screen.writes.open
    with st.container(horizontal=True):
        label = words("Return {district} to local", district=name)
        if st.button(plain(label), type="primary", disabled=not ready, key="order_local"):
            with telling(words):
                order = screen.api.district_local(asked.district, reason, asked.key)
                say_later(words("Order {n}: {district} is local.", n=order.id, district=name))
                _shut()
        _cancel(words)


def _promote(screen: Screen, asked: Asked) -> None:
    """Let a loop that drifted begin anew with plans: what it is told now is the preview, the button is it."""
    words = screen.words
    reason = _reason(words, asked)
    _why_not(screen, reason, complete=True)
    ready = len(reason) >= SHORTEST and screen.writes.open
    with st.container(horizontal=True):
        label = words("Promote {loop}", loop=asked.promote)
        if st.button(plain(label), type="primary", disabled=not ready, key="order_promote"):
            with telling(words):
                screen.api.promote(asked.promote, reason)
                forget()
                say_later(words("{loop} follows plans again from the next one on.", loop=asked.promote))
                _shut()
        _cancel(words)


def _span(words: Words, asked: Asked) -> dict[str, float]:
    """Return how long an order shall last, where it has an end."""
    if not asked.spans:
        return {}
    usual = DAY_S if DAY_S in asked.spans else next(iter(asked.spans))
    chosen = st.segmented_control(
        words("For how long"),
        list(asked.spans),
        default=usual,
        format_func=lambda seconds: words(asked.spans[seconds]),
        key=f"order_span_{asked.key}",
    )
    return {"duration_s": chosen or usual}


def _reason(words: Words, asked: Asked) -> str:
    """Return the reason: a usual one, own words, or both."""
    usual = st.pills(
        words("Reason"),
        asked.reasons,
        format_func=lambda reason: words(reason),
        key=f"reason_usual_{asked.key}",
    )
    own = st.text_input(words("In your own words"), max_chars=160, key=f"reason_own_{asked.key}")
    return ", ".join(part for part in (words(usual) if usual else "", own.strip()) if part)


def _why_not(screen: Screen, reason: str, *, complete: bool) -> None:
    words = screen.words
    why = screen.writes.why
    if not why and not complete:
        why = words("Every line of the checklist must be confirmed.")
    elif not why and len(reason) < SHORTEST:
        why = words("A reason of at least three letters is needed.")
    line(why)


def _cancel(words: Words) -> None:
    if st.button(words("Cancel"), key="order_cancel"):
        _shut()
