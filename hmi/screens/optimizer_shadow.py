"""The shadow report on the optimizer's page: savings by district and loop, what speaks against, promotion."""

from collections.abc import Mapping

import streamlit as st

from controller.api.shadow_schema import ShadowReport
from hmi.components import rows
from hmi.context import Screen, current_screen
from hmi.kept import followed
from hmi.language import N_
from hmi.live import Parts, region
from hmi.screens.order_dialog import Asked, ask
from hmi.screens.saying import plain
from hmi.view_models import optimizer_shadow as model
from hmi.view_models.dispatch import loop_name

LIVE_S = 10.0
REPORT_S = 60.0
"""Wall seconds that the answer is kept for all sessions: days change once a day, and by promotions."""
SHADOW_PX = 460
REASONS = (N_("Its cause was mended"), N_("Its cause lay outside of the loop"))


@region("shadow", LIVE_S)
def _now(screen: Screen, _: Mapping[str, str]) -> Parts:
    def may_promote(district: str) -> bool:
        return screen.writes.open and screen.may("approve") and screen.in_zone(district)

    table = model.shadow_table(screen.words, screen.city, report(screen), SHADOW_PX, may_promote)
    return Parts(drawings={"plan_shadow": rows.payload(table)})


@st.fragment
def live() -> None:
    """Lay the section down; its drawing goes on by itself."""
    screen = current_screen()
    words, laid = screen.words, _now.lay(screen)
    with st.container(border=True, gap="xsmall"):
        note = words("by whole days; a loop that drifts from its model is left out of plans until promoted")
        st.markdown(f"**{plain(words('Plans beside what was done'))}** :small[{plain(note)}]")
        loop, act = rows.mount(laid["plan_shadow"], key="plan_shadow").acted
    if act == "promote":
        _ask(screen, loop)


def _ask(screen: Screen, loop: str) -> None:
    """Open the dialog that lets a loop begin anew with plans."""
    words, told = screen.words, model.loop_of(report(screen), loop)
    station, _, number = loop.partition("/")
    ask(
        Asked(
            title=words("Promote {loop}", loop=loop_name(words, screen.city, station, int(number))),
            promote=loop,
            reasons=REASONS,
            note=words(
                "What it did under earlier plans is forgiven, and the next plan includes it again. Find out"
                " first why it took another heat than planned: a valve, a sensor, a wrong area."
            ),
            told=() if told is None or told.drift is None else (words.sentence(told.drift),),
        )
    )


def report(screen: Screen) -> ShadowReport | None:
    """Return the newest report; the same for all."""
    return followed("shadow", REPORT_S, lambda: screen.api.get(ShadowReport, "/plan/shadow"))
