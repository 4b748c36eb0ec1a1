"""Dispatch: districts and their way to local, overrides with their end, waiting orders, group setpoint."""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Any

import streamlit as st

from controller.api.order_schema import SeasonName
from hmi import terms
from hmi.components import rows
from hmi.context import Screen, current_screen
from hmi.kept import kept
from hmi.language import N_
from hmi.live import Parts, region
from hmi.screens.order_dialog import Asked, ask, dialog
from hmi.screens.saying import plain, said_before
from hmi.view_models import dispatch as model
from hmi.view_models import dispatch_group as group
from hmi.view_models import optimizer_choice as choice

TITLE = N_("Dispatch")
LIVE_S = 5.0
HOURS: Mapping[float, str] = {
    3600.0: N_("1 h"),
    2 * 3600.0: N_("2 h"),
    4 * 3600.0: N_("4 h"),
    8 * 3600.0: N_("8 h"),
    24 * 3600.0: N_("24 h"),
}
OFFSET_MAX_K = 10.0
FLOW_MIN, FLOW_MAX = 30, 120
"""Percent of design flow that the field offers; what is allowed, the controller's preview says."""
ALL = ""
END = "district"
"""What ends an order on plans: the loop takes them as its district does."""


def render(screen: Screen) -> None:
    """Show the page."""
    words = screen.words
    said_before()
    st.title(words(TITLE), anchor=False)
    _live()
    dialog()


# ----------------------------------------------------------------------------------------------- live parts


@region("dispatch", LIVE_S)
def _now(screen: Screen, _: Mapping[str, str]) -> Parts:
    """Fill the tables; the page is laid anew when what its fields and buttons depend on has changed."""
    words, city = screen.words, screen.city

    def allowed(district: str) -> bool:
        return screen.writes.open and screen.in_zone(district)

    drawings = {
        "dispatch_districts": rows.payload(model.district_table(words, city, "", allowed)),
        "dispatch_overrides": rows.payload(model.override_table(words, city, city.clock(), allowed)),
    }
    orders = kept("orders", 0.0, screen.api.orders)  # those of before while the controller is silent
    if orders is not None:
        who, open_now = screen.me.user.name, screen.writes.open
        may = {"may_approve": screen.may("approve") and open_now, "may_write": open_now}
        waiting = model.waiting_table(words, orders, who, time.time(), city.version, **may)
        drawings["dispatch_waiting"] = rows.payload(waiting)
    return Parts(drawings=drawings, layout=_fields(screen, orders is not None))


def _fields(screen: Screen, known: bool) -> str:
    """Return what stands for all that is no table: rights, what people laid down, loops to choose from."""
    modes, loops = screen.city.modes, group.heating_loops(screen.city)
    laid_down = "" if modes is None else modes.model_dump_json(exclude={"now"})
    counts = sorted(Counter(loop.district for loop in loops).items())
    whole = json.dumps([screen.writes.open, screen.writes.why, laid_down, counts, known])
    return hashlib.blake2b(whole.encode(), digest_size=8).hexdigest()


@st.fragment
def _live() -> None:
    """Lay the page down; its tables go on by themselves."""
    screen = current_screen()
    left, right = st.columns([1.9, 1.0], gap="medium")
    with left:
        _tables(screen, _now.lay(screen))
    with right:
        with st.container(border=True):
            _group()
        with st.container(border=True):
            _strategy()
        with st.container(border=True):
            _season()


def _tables(screen: Screen, laid: Mapping[str, Mapping[str, Any]]) -> None:
    words, city = screen.words, screen.city
    with st.container(border=True):
        st.markdown(f"**{words('Districts')}**")
        told = rows.mount(laid["dispatch_districts"], key="dispatch_districts")
    district, action = told.acted
    name = words.district(city.site, district)
    if action == "auto":
        order = {"kind": "mode", "mode": "auto", "district": district}
        ask(Asked(title=words("Return {district} to automatic", district=name), order=order))
    if action == "local":
        ask(Asked(title=words("Return {district} to local", district=name), district=district))
    with st.container(border=True):
        st.markdown(f"**{words('Overrides')}**")
        loop, action = rows.mount(laid["dispatch_overrides"], key="dispatch_overrides").acted
    if action == "end":
        _end(screen, loop)
    with st.container(border=True):
        st.markdown(f"**{words('Orders that wait')}**")
        if "dispatch_waiting" not in laid:
            st.warning(words("The controller does not answer. The page goes on by itself when it is back."))
            number, action = "", ""
        else:
            number, action = rows.mount(laid["dispatch_waiting"], key="dispatch_waiting").acted
    if action:
        verb = words("Approve order {n}", n=number) if action == "approve" else words("Order {n}", n=number)
        ask(Asked(title=verb, number=int(number)))
    if not screen.writes.open:
        st.info(screen.writes.why)


def _end(screen: Screen, name: str) -> None:
    """Ask to end an override: the loop goes back to the strategy, or takes plans as its district again."""
    words = screen.words
    if name.startswith(model.PLAN_ROW):
        loop = name.removeprefix(model.PLAN_ROW)
        order = choice.order_of(loop, END, choice.choices_of(screen.city, choice.Rights()))
        title = choice.title_of(words, screen.city, loop, END)
        ask(Asked(title=title, order=order, note=words(choice.NOTES[END]), reasons=choice.REASONS[END]))
        return
    found = next((loop for loop in model.loops(screen.city) if loop.id == name), None)
    if found is None:
        return
    title = words(
        "Back to auto: {loop}", loop=model.loop_name(words, screen.city, found.station, found.state.loop)
    )
    ask(Asked(title=title, order={"kind": "mode", "mode": "auto", "loops": [found.seen()]}))


@st.fragment
def _season() -> None:
    screen = current_screen()
    words, modes = screen.words, screen.city.modes
    st.markdown(f"**{words('Season and mass change')}**")
    if modes is None:
        st.caption(words("not known yet"))
        return
    may = screen.writes.open and screen.may("approve")
    st.text(words("Network: {season}", season=terms.term(words, terms.SEASON, modes.season)))
    for station, season in modes.station_seasons.items():
        st.caption(plain(f"{station}: {terms.term(words, terms.SEASON, season)}"))
    following = list(modes.seasons_next.get(modes.season, []))
    chosen = st.selectbox(
        words("Next season state"),
        following,
        index=None,
        format_func=lambda season: terms.term(words, terms.SEASON, season),
        placeholder=words("choose"),
        key="dispatch_season",
        disabled=not may,
    )
    if (
        st.button(words("Change season state…"), disabled=not may or chosen is None, key="season_ask")
        and chosen
    ):
        _ask_season(screen, chosen)
    held = modes.mass_change_sentence
    if held is None:
        st.caption(words("The guard holds no mass change back."))
    else:
        st.warning(plain(words("The guard holds a mass change back: {why}", why=words.sentence(held))))
        if modes.mass_change_confirmed:
            st.caption(words("It is confirmed for an hour."))
        elif st.button(words("Let it go for an hour…"), disabled=not may, key="mass_change_ask"):
            ask(Asked(title=words("Confirm a mass change"), order={"kind": "mass_change"}))
    if not screen.may("approve"):
        st.caption(words("Season, strategy and mass change are for shift leads and engineers."))


def _ask_season(screen: Screen, season: SeasonName) -> None:
    words, modes = screen.words, screen.city.modes
    if modes is None:
        return
    title = words("Season state: {season}", season=terms.term(words, terms.SEASON, season))
    ask(
        Asked(
            title=title,
            order={"kind": "season", "season": season, "seen": modes.season, "confirmed": []},
            checklist=tuple(
                (item.id, words.either(item.zh, item.en)) for item in modes.checklists.get(season, [])
            ),
        )
    )


# --------------------------------------------------------------------------------- strategy, group setpoint


@st.fragment
def _strategy() -> None:
    screen = current_screen()
    words, city, modes = screen.words, screen.city, screen.city.modes
    st.markdown(f"**{words('Strategy of a district')}**")
    if modes is None or not modes.strategies:
        st.caption(words("not known yet"))
        return
    district: str = st.selectbox(
        words("District"),
        list(modes.strategies),
        format_func=lambda name: words.district(city.site, name),
        key="strategy_district",
    )
    now = modes.strategies[district]
    wanted = st.selectbox(
        words("Strategy"),
        modes.strategies_known,
        index=modes.strategies_known.index(now) if now in modes.strategies_known else None,
        format_func=partial(terms.term, words, terms.STRATEGY),
        placeholder=words("choose"),
        key=f"strategy_of_{district}_{now}",
    )
    may = screen.writes.open and screen.may("approve") and screen.in_zone(district)
    if st.button(words("Change strategy…"), disabled=not may or wanted in (None, now), key="strategy_ask"):
        name = words.district(city.site, district)
        ask(
            Asked(
                title=words("Strategy of {district}", district=name),
                order={"kind": "strategy", "district": district, "strategy": wanted, "seen": now},
            )
        )


@st.fragment
def _group() -> None:
    """Choose loops and a change."""
    screen = current_screen()
    words, city = screen.words, screen.city
    st.markdown(f"**{words('Group setpoint')}**")
    shut = not screen.writes.open
    district = st.selectbox(
        words("For"),
        [*city.site.districts, ALL],
        format_func=lambda name: words.district(city.site, name) if name else words("stations listed below"),
        key="group_district",
        disabled=shut,
    )
    if district:
        chosen, unknown = group.heating_loops(city, district), list[str]()
    else:
        pasted = st.text_area(
            words("Stations or loops, e.g. S017 S021/1"),
            key="group_list",
            height=80,
            max_chars=100_000,
            disabled=shut,
        )
        chosen, unknown = group.listed_loops(city, pasted)
    st.caption(plain(words("{n} loops chosen", n=len(chosen))))
    if unknown:
        shown = ", ".join(unknown[:10])
        st.warning(plain(words("{n} entries are no station here: {which}", n=len(unknown), which=shown)))
    offset = st.number_input(
        words("Supply temperature, change in K"),
        -OFFSET_MAX_K,
        OFFSET_MAX_K,
        0.0,
        0.5,
        "%.1f",
        key="group_dT",
        disabled=shut,
    )
    with_flow = st.checkbox(words("Set the flow too"), key="group_with_flow", disabled=shut)
    flow = st.number_input(
        words("Flow, % of design"),
        FLOW_MIN,
        FLOW_MAX,
        100,
        5,
        key="group_flow",
        disabled=shut or not with_flow,
    )
    span = st.segmented_control(
        words("For how long"),
        list(HOURS),
        default=4 * 3600.0,
        format_func=lambda seconds: words(HOURS[seconds]),
        key="group_span",
        disabled=shut,
    )
    nothing = offset == 0.0 and not with_flow
    if nothing:
        st.caption(words("Enter a change of temperature, or a flow."))
    if st.button(
        words("Preview for {n} loops…", n=len(chosen)),
        type="primary",
        disabled=shut or nothing or not chosen,
        key="group_ask",
    ):
        order = group.group_order(
            chosen,
            dT_supply=offset or None,
            flow=flow / 100.0 if with_flow else None,
            duration_s=span or 4 * 3600.0,
        )
        ask(Asked(title=words("Group setpoint for {n} loops", n=len(chosen)), order=order))
