"""Orders to heat sources on the optimizer's page: a table by the hour; buttons: I know of it, hold."""

import json
from collections.abc import Mapping

import streamlit as st

from controller.api.source_schema import SourcesMessage
from hmi.components import rows, sheet
from hmi.context import Screen, current_screen
from hmi.kept import followed, forget
from hmi.language import N_
from hmi.live import Parts, region
from hmi.screens.order_dialog import Asked, ask
from hmi.screens.saying import line, plain, say_later, telling
from hmi.view_models import optimizer_sources as model

LIVE_S = 5.0
ORDERS_S = 10.0
"""Wall seconds that the answer is kept for all sessions."""
ORDERS_PX = 340
REFUSED = "source_orders_refused"
"""In the session's state: why the last acknowledgement was not taken."""


@region("source_orders", LIVE_S)
def _now(screen: Screen, _: Mapping[str, str]) -> Parts:
    words, told = screen.words, newest_orders(screen)
    return Parts(
        drawings={
            "source_orders": rows.payload(model.order_table(words, screen.city, told, ORDERS_PX)),
            "source_reasons": sheet.payload(model.reason_sheet(words, told)),
        },
        layout=json.dumps([model.open_orders(told), model.held_or_written(told), screen.writes.why]),
    )


@st.fragment
def live() -> None:
    """Lay the section down; its drawings go on by themselves."""
    screen = current_screen()
    words, laid = screen.words, _now.lay(screen)
    left, right = st.columns([2.2, 1.0], gap="small")
    with left, st.container(border=True, gap="xsmall", height="stretch"):
        st.markdown(f"**{plain(words('Orders to heat sources'))}**")
        rows.mount(laid["source_orders"], key="source_orders")
    with right, st.container(border=True, gap="xsmall", height="stretch"):
        st.markdown(f"**{plain(words('Source dispatch'))}**")
        sheet.mount(laid["source_reasons"], key="source_reasons")
        _acknowledge(screen)
        _hold(screen)
        if text := st.session_state.get(REFUSED):
            st.error(text)


def _acknowledge(screen: Screen) -> None:
    """Draw a button for each source that has orders nobody has acknowledged."""
    words, told = screen.words, newest_orders(screen)
    waiting = model.open_orders(told)
    for source, count in waiting:
        label = words("{source}: acknowledge {count} orders", source=source, count=count)
        pressed = st.button(plain(label), key=f"ack_source:{source}", disabled=not screen.writes.open)
        if pressed and told is not None:
            _done(screen, source, told.now)
    line(screen.writes.why if waiting else "")


def _hold(screen: Screen) -> None:
    """Draw for each source that is written to a button that holds the writes back, or lets them go on."""
    words, told = screen.words, newest_orders(screen)
    for source, written in model.held_or_written(told):
        label, mode = (N_("{source}: hold, back to its own curve"), "local")
        if not written:
            label, mode = (N_("{source}: write its orders again"), "auto")
        title = words(label, source=source)
        pressed = st.button(plain(title), key=f"hold_source:{source}", disabled=not screen.writes.open)
        if pressed and told is not None:
            ask(Asked(title=title, order=model.mode_order(told, source, mode)))


def _done(screen: Screen, source: str, seen: float) -> None:
    words = screen.words
    st.session_state.pop(REFUSED, None)
    with telling(words, REFUSED):
        answer = screen.api.acknowledge_source(source, seen)
        said = words("{source}: {count} orders acknowledged", source=source, count=answer.acknowledged)
        if answer.open:
            more = words("{count} have changed since: look at them again", count=answer.open)
            said = f"{said} · {more}"
        say_later(said)
        forget()
        st.rerun()


def newest_orders(screen: Screen) -> SourcesMessage | None:
    """Return what sources are advised; the same for all."""
    return followed("source_orders", ORDERS_S, lambda: screen.api.get(SourcesMessage, "/plan/sources"))
