"""Optimizer: what is planned for the next day, what it saves and costs, what binds it, who is left out."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from controller.api.plan_schema import PlanMessage
from hmi.components import rows, sheet, tiles, trend
from hmi.components.wire import ready
from hmi.context import Screen, current_screen
from hmi.kept import followed, kept
from hmi.language import N_
from hmi.live import Parts, region
from hmi.screens import optimizer_shadow, optimizer_sources
from hmi.screens.optimizer_station import station_plan
from hmi.screens.order_dialog import Asked, ask, dialog
from hmi.screens.saying import open_page, plain, said_before
from hmi.view_models import optimizer as model
from hmi.view_models import optimizer_choice as choice
from hmi.view_models import optimizer_loops as loops

TITLE = N_("Optimizer")
LIVE_S = 5.0
PLAN_S, PICTURE_S = 15.0, 10.0
"""Wall seconds that the answer and the drawings made of it are kept for all sessions."""
HEAT_PX, LOOPS_PX, LEFT_PX = 400, 420, 300
SPANS: Mapping[float, str] = {
    8 * 3600.0: N_("8 h"),
    86_400.0: N_("1 day"),
    7 * 86_400.0: N_("7 days"),
    30 * 86_400.0: N_("30 days"),
}
"""For how long a loop may be held back from plans or follow them by itself."""


def render(screen: Screen) -> None:
    """Show the page."""
    said_before()
    st.title(screen.words(TITLE), anchor=False)
    _live()
    optimizer_shadow.live()
    optimizer_sources.live()
    dialog()


@region("optimizer", LIVE_S, ahead=True)
def _now(screen: Screen, _: Mapping[str, str]) -> Parts:
    orders = () if screen.city.modes is None else screen.city.modes.plan_orders
    seen = hash((screen.words.language, *rights_key(screen), tuple(one.order for one in orders)))
    drawn = kept(f"optimizer:{seen}", PICTURE_S, lambda: drawings(screen))
    assert drawn is not None, "it is worked out, not asked for"
    return Parts(drawings=drawn)


def rights_key(screen: Screen) -> tuple[object, ...]:
    """Return what the buttons of a page depend on: people with the same rights share its drawings."""
    zone = screen.me.user.districts
    return screen.writes.open, screen.may("approve"), None if zone is None else tuple(sorted(zone))


def rights_of(screen: Screen) -> choice.Rights:
    """Return what the person may order now."""

    def order(district: str) -> bool:
        return screen.writes.open and screen.in_zone(district)

    def approve(district: str) -> bool:
        return order(district) and screen.may("approve")

    return choice.Rights(order=order, approve=approve)


def drawings(screen: Screen) -> Mapping[str, Mapping[str, Any]]:
    """Work the drawings out; sessions share them, as a thousand loops take some 20 ms."""
    words, city, plan = screen.words, screen.city, newest_plan(screen)
    choices = choice.choices_of(city, rights_of(screen))
    line = sheet.Sheet(heading="", title="", text=model.headline(words, city, plan), facts=(), sections=())
    return {
        "plan_headline": sheet.payload(line),
        "plan_tiles": ready(model.plan_tiles(words, plan)),
        "plan_heat": trend.payload(model.heat_picture(words, city, plan, HEAT_PX)),
        "plan_costs": rows.payload(model.cost_table(words, plan)),
        "plan_binding": sheet.payload(model.binding_sheet(words, plan)),
        "plan_loops": rows.payload(loops.loop_table(words, city, plan, LOOPS_PX, choices)),
        "plan_excluded": rows.payload(loops.excluded_table(words, city, plan, LEFT_PX, choices)),
        "plan_planner": sheet.payload(model.planner_sheet(words, plan)),
    }


@st.fragment
def _live() -> None:
    """Lay the page down; its drawings go on by themselves."""
    screen = current_screen()
    words, laid = screen.words, _now.lay(screen)
    sheet.mount(laid["plan_headline"], key="plan_headline")
    with st.container(border=True):
        tiles.mount(laid["plan_tiles"], key="plan_tiles")
    left, right = st.columns([2.2, 1.0], gap="small")
    with left, st.container(border=True, gap="xsmall", height="stretch"):
        note = words("dashed = planned; dotted = what the source can give")
        st.markdown(f"**{plain(words('Network heat'))}** :small[{plain(note)}]")
        trend.mount(laid["plan_heat"], key="plan_heat")
    with right, st.container(border=True, gap="xsmall", height="stretch"):
        st.markdown(f"**{plain(words('What the plan costs'))}**")
        rows.mount(laid["plan_costs"], key="plan_costs")
        st.markdown(f"**{plain(words('What binds it'))}**")
        sheet.mount(laid["plan_binding"], key="plan_binding")
    with st.container(border=True, gap="xsmall"):
        st.markdown(f"**{plain(words('Loops of the plan'))}**")
        told = rows.mount(laid["plan_loops"], key="plan_loops")
    left, right = st.columns([2.2, 1.0], gap="small")
    with left, st.container(border=True, gap="xsmall", height="stretch"):
        st.markdown(f"**{plain(words('Loops that are left out'))}**")
        left_out = rows.mount(laid["plan_excluded"], key="plan_excluded")
    with right, st.container(border=True, gap="xsmall", height="stretch"):
        st.markdown(f"**{plain(words('Solver and forecast'))}**")
        sheet.mount(laid["plan_planner"], key="plan_planner")
    for loop, act in (told.acted, left_out.acted):
        if act:
            _ask(screen, loop, act)
    if chosen := told.picked or left_out.picked:
        open_page("station", station=loops.station_of(chosen))


def _ask(screen: Screen, loop: str, act: str) -> None:
    """Open the dialog for a loop's use of plans, with what the plan says of it now."""
    words, city = screen.words, screen.city
    choices = choice.choices_of(city, rights_of(screen))
    plan = station_plan(screen, loops.station_of(loop))
    ask(
        Asked(
            title=choice.title_of(words, city, loop, act),
            order=choice.order_of(loop, act, choices),
            note=words(choice.NOTES[act]),
            reasons=choice.REASONS[act],
            told=choice.explained(words, plan, loop),
            spans={} if act == "district" else SPANS,
        )
    )


def newest_plan(screen: Screen) -> PlanMessage | None:
    """Return the newest plan; the same for all."""
    return followed("plan", PLAN_S, lambda: screen.api.get(PlanMessage, "/plan"))
