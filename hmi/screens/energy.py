"""Energy: stations ranked by heat, pump electricity and make-up water per area, weather taken out."""

from collections.abc import Mapping
from datetime import timedelta
from typing import get_args

import streamlit as st

from controller.api.schema import Energy
from hmi import export
from hmi.components import rows, scatter, tiles
from hmi.context import Screen
from hmi.language import N_, Words
from hmi.screens.saying import open_page, plain
from hmi.view_models import energy as model
from hmi.view_models import energy_export
from hmi.view_models import energy_totals as totals
from hmi.view_models.energy import Metric, Used

TITLE = N_("Energy")
DAY_S = 86_400.0
PERIODS: Mapping[float, str] = {
    DAY_S: N_("Last 24 h"),
    3 * DAY_S: N_("Last 3 days"),
    7 * DAY_S: N_("Last 7 days"),
}
KINDS: Mapping[str, str] = {
    "all": N_("All types"),
    "radiator": N_("radiators"),
    "floor": N_("floor heating"),
    "mixed": N_("mixed"),
}
KEEP = timedelta(seconds=60)


def render(screen: Screen) -> None:
    """Show the page."""
    words = screen.words
    st.title(words(TITLE), anchor=False)
    period, metric, kind = _choice(words)
    energy = _energy(screen, period)
    everyone = model.used(words, energy, screen.city.traits)
    stations = [station for station in everyone if kind in ("all", station.emitter)]
    counted, warning = totals.period_note(words, energy, period)
    if counted:
        st.caption(plain(counted))
    if warning:
        st.info(plain(warning))
    with st.container(border=True):
        figures = totals.total_tiles(words, energy, stations)
        tiles.mount(tiles.Tiles(tiles=figures, label=words("Totals")), key="energy_totals")
    _stations(screen, energy, stations, metric)


def _choice(words: Words) -> tuple[float, Metric, str]:
    left, middle, right = st.columns([1.2, 1.0, 1.3], vertical_alignment="bottom")
    period = left.segmented_control(
        words("Period"),
        list(PERIODS),
        default=DAY_S,
        format_func=lambda span: words(PERIODS[span]),
        key="energy_period",
    )
    metrics: tuple[Metric, ...] = get_args(Metric)
    metric = middle.segmented_control(
        words("Ranked by"),
        metrics,
        default="heat",
        format_func=lambda name: words(model.METRICS[name]),
        key="energy_metric",
    )
    kind = right.segmented_control(
        words("Type"),
        list(KINDS),
        default="all",
        format_func=lambda name: words(KINDS[name]),
        key="energy_kind",
    )
    return period or DAY_S, metric or "heat", kind or "all"


def _stations(screen: Screen, energy: Energy, stations: list[Used], metric: Metric) -> None:
    words = screen.words
    table = model.ranking(words, stations, metric, screen.city.version, st.query_params.get("station", ""))
    left, right = st.columns([2.3, 1.0], gap="medium")
    with left, st.container(border=True):
        told = rows.mount(table, key="energy_ranking")
        st.caption(
            plain(words("Band: the middle half of the stations; line: their median. Counters, not means."))
        )
        _download(screen, energy, stations)
    with right, st.container(border=True):
        st.markdown(f"**{plain(words('Heat and indoor temperature'))}**")
        plane = totals.plane(words, stations, screen.city.version)
        chosen = scatter.mount(plane, key="energy_plane") or told.picked
        missing = len(stations) - len(plane.dots)
        if missing and plane.dots:
            st.caption(plain(words("{n} stations without indoor sensors or heat counter", n=missing)))
    if chosen:
        open_page("station", station=chosen)


def _download(screen: Screen, energy: Energy, stations: list[Used]) -> None:
    words = screen.words
    about = energy_export.export_about(words, energy, screen.me.user.name)
    table = energy_export.export_sheet(words, stations, words(TITLE))
    st.download_button(
        words("Export Excel"),
        export.xlsx_bytes(table, about),
        file_name="energy.xlsx",
        mime=export.XLSX,
        on_click="ignore",
        key="energy_xlsx",
    )


def _energy(screen: Screen, period: float) -> Energy:
    """Return the answer for the last ``period`` seconds, not older than a minute."""
    end = screen.city.clock() // 60.0 * 60.0
    known: tuple[float, float, Energy] | None = st.session_state.get("energy_known")
    if (
        known is not None
        and known[0] == period
        and 0.0 <= end - known[1] < KEEP.total_seconds() * screen.city.speed
    ):
        return known[2]
    with st.spinner(screen.words("The journal is being read …")):
        found = screen.api.get(Energy, "/energy", {"start": max(0.0, end - period), "end": end})
    st.session_state["energy_known"] = (period, end, found)
    return found
