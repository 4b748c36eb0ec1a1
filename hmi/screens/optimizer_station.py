"""The plan on a station's page: of each loop what is planned beside what was measured, and why."""

from collections.abc import Mapping

import streamlit as st

from controller.api.city_schema import Sparklines
from controller.api.plan_schema import StationPlan
from controller.api.schema import Traits
from hmi.components import sheet, trend
from hmi.context import Screen, current_screen
from hmi.kept import followed
from hmi.live import Parts, region
from hmi.screens.saying import plain, telling
from hmi.view_models import optimizer_station as model
from hmi.view_models.station import faceplate_title

LIVE_S = 5.0
PLAN_S, MEANS_S = 15.0, 60.0
"""Wall seconds that answers are kept for all sessions."""
TREND_PX = 240


@region("station_plan", LIVE_S)
def _now(screen: Screen, query: Mapping[str, str]) -> Parts:
    """Fill the plan of each loop; ``query`` names the station."""
    station = query.get("station", "")
    traits = screen.city.traits.get(station)
    if traits is None:
        return Parts(drawings={}, layout="gone")
    words, plan = screen.words, station_plan(screen, station)
    means = {point: _means(screen, point) for point in (model.SUPPLY, model.ROOM)}
    drawings = {}
    for loop in _heated(traits):
        drawn = model.plan_trend(words, screen.city, plan, loop, means, station, TREND_PX)
        drawings[f"plan_trend_{loop}"] = trend.payload(drawn)
        drawings[f"plan_told_{loop}"] = sheet.payload(model.plan_sheet(words, plan, loop))
    return Parts(drawings=drawings)


@st.fragment
def ahead(station: str) -> None:
    """Lay the plan of a station's loops down; it goes on by itself."""
    screen = current_screen()
    words, traits = screen.words, screen.city.traits[station]
    laid = _now.lay(screen, {"station": station})
    note = words("dashed = planned; dotted = on the curve")
    titles = {loop.loop: faceplate_title(words, traits, loop) for loop in traits.loops}
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(f"**{plain(words('Plan of 24 h'))}** :small[{plain(note)}]")
        asked = _identify_now(screen, traits)
    if asked:
        _identify(screen, station, {loop: titles[loop] for loop in _heated(traits)})
    chosen = _heated(traits)
    for first in range(0, len(chosen), 2):
        columns = st.columns(min(2, len(chosen)), gap="small")
        for column, loop in zip(columns, chosen[first : first + 2], strict=False):
            with column:
                st.caption(plain(titles[loop]))
                trend.mount(laid[f"plan_trend_{loop}"], key=f"plan_trend_{loop}")
                sheet.mount(laid[f"plan_told_{loop}"], key=f"plan_told_{loop}")


def _identify_now(screen: Screen, traits: Traits) -> bool:
    """Lay the button down for whom it is there for; return whether it was pressed."""
    words = screen.words
    if not (screen.may("approve") and screen.in_zone(traits.district)):
        return False
    return st.button(
        words("Identify now"),
        key="identify_now",
        help=words("Learn from the last two weeks what its houses are like, now instead of tonight."),
        disabled=not screen.writes.open,
    )


def _identify(screen: Screen, station: str, titles: Mapping[int, str]) -> None:
    """Have the loops identified, and tell what came of each."""
    words = screen.words
    with telling(words):
        with st.spinner(words("Identifying; it takes some seconds.")):
            found = screen.api.identify(station)
        lines = model.identified(words, found, titles)
        st.info("\n\n".join(plain(line) for line in lines))


def _heated(traits: Traits) -> list[int]:
    """Return the loops that heat rooms."""
    return [loop.loop for loop in traits.loops if loop.emitter != "dhw"]


def station_plan(screen: Screen, station: str) -> StationPlan | None:
    """Return the newest plan of a station; the same for all."""
    return followed(f"plan:{station}", PLAN_S, lambda: screen.api.get(StationPlan, f"/plan/{station}"))


def _means(screen: Screen, point: str) -> Sparklines | None:
    return followed(
        f"means:{point}", MEANS_S, lambda: screen.api.get(Sparklines, "/sparklines", {"point": point})
    )
