"""Station table: every loop in a row that never moves, a small line of the day, and a filter."""

from collections.abc import Sequence
from typing import Any, get_args

import streamlit as st

from controller.api.city_schema import Sparklines
from hmi.context import Screen, current_screen
from hmi.kept import followed, kept
from hmi.language import N_, Words
from hmi.screens.saying import open_page, plain, said_before
from hmi.view_models import stations as model
from hmi.view_models.stations import Line, State

TITLE = N_("Station list")
FILTER = "stations_text"
"""Key of the text by which the list is filtered; another page may lay one down."""
LIVE_S = 5.0
ROWS_S = 2.0
"""Wall seconds that the rows are kept for all sessions: short against ``LIVE_S``."""
LINES_S = 30.0
ROW_PX, HEIGHT_PX = 33, 720
SPARK_DEGC = (20, 85)
"""Edges of all small lines, so that rows compare."""


def render(screen: Screen) -> None:
    """Show the page."""
    words = screen.words
    said_before()
    st.title(words(TITLE), anchor=False)
    _filter(screen)
    _live()


def _filter(screen: Screen) -> None:
    words = screen.words
    text, district, state = st.columns([2.0, 1.2, 1.6], vertical_alignment="top")
    text.text_area(
        words("Filter by id or name; paste a column of any length"),
        key=FILTER,
        height=68,
        placeholder=words("e.g. S017"),
    )
    district.pills(
        words("District"),
        list(screen.city.site.districts),
        format_func=lambda one: plain(words.district(screen.city.site, one)),
        selection_mode="multi",
        key="stations_district",
    )
    states: tuple[State, ...] = get_args(State)
    state.pills(
        words("State"),
        states,
        format_func=lambda one: words(model.STATES[one]),
        selection_mode="multi",
        key="stations_state",
    )


@st.fragment(run_every=LIVE_S)
def _live() -> None:
    screen = current_screen()
    words, city = screen.words, screen.city
    chosen = model.found(
        city,
        st.session_state.get(FILTER) or "",
        st.session_state.get("stations_district") or (),
        st.session_state.get("stations_state") or (),
    )
    passed = set(chosen.stations)
    lines = [line for line in _all_lines(screen) if line.station in passed]
    told = words("{n} of {all} stations", n=len(chosen.stations), all=len(city.traits))
    unknown = model.unknown_text(words, chosen.unknown)
    st.caption(plain(" · ".join(part for part in (told, unknown) if part)))
    if not lines:
        st.info(words("No station passes this filter."))
        return
    event = st.dataframe(
        _frame(lines),
        key="stations_table",
        on_select="rerun",
        selection_mode="single-row",
        hide_index=True,
        row_height=ROW_PX,
        height=min(HEIGHT_PX, ROW_PX * (len(lines) + 1) + 3),
        column_config=_columns(words),
        placeholder=words("no value"),
    )
    rows: Sequence[int] = event.selection.rows
    if rows and rows[0] < len(lines):
        open_page("station", station=lines[rows[0]].station)


def _all_lines(screen: Screen) -> Sequence[Line]:
    """Return the rows of all stations; every session shows the same, or some of them."""
    words, city = screen.words, screen.city
    drawn = kept(
        f"stations:{words.language}",
        ROWS_S,
        lambda: model.table(words, city, list(city.traits), supply_lines(screen)),
    )
    return drawn or ()


def _frame(lines: Sequence[Line]) -> dict[str, list[Any]]:
    """Return the columns; they are named for the code, their titles are configured."""
    return {
        "state": [line.state for line in lines],
        "station": [line.station for line in lines],
        "name": [line.name for line in lines],
        "district": [line.district for line in lines],
        "kind": [line.kind if line.loop is None else f"{line.loop} · {line.kind}" for line in lines],
        "spark": [[value for value in line.spark if value is not None] for line in lines],
        "T_supply": [line.T_supply for line in lines],
        "instruction": [line.instruction for line in lines],
        "T_return": [line.T_return for line in lines],
        "flow": [line.flow for line in lines],
        "W_per_m2": [line.W_per_m2 for line in lines],
        "area": [line.area for line in lines],
        "mode": [line.mode for line in lines],
        "age": [line.age for line in lines],
    }


def _columns(words: Words) -> dict[str, Any]:
    of = st.column_config
    low, high = SPARK_DEGC
    return {
        "state": of.TextColumn(words("State"), width=190),
        "station": of.TextColumn(words("Id"), width=70),
        "name": of.TextColumn(words("Name"), width=150),
        "district": of.TextColumn(words("District"), width=80),
        "kind": of.TextColumn(words("Loop"), width=120),
        "spark": of.LineChartColumn(
            words("Supply, 24 h"), width=120, y_min=low, y_max=high, help=words("Same scale in every row.")
        ),
        "T_supply": of.NumberColumn(words("Supply °C"), format="%.1f", width=85),
        "instruction": of.NumberColumn(words("Instruction °C"), format="%.1f", width=100),
        "T_return": of.NumberColumn(words("Return °C"), format="%.1f", width=85),
        "flow": of.NumberColumn(words("Flow t/h"), format="%.1f", width=80),
        "W_per_m2": of.NumberColumn(
            words("Station W/m²"), format="%.1f", width=95, help=words("Of the whole station.")
        ),
        "area": of.NumberColumn(words("Area m²"), format="%.0f", width=85),
        "mode": of.TextColumn(words("Mode"), width=75),
        "age": of.TextColumn(words("Data age"), width=80),
    }


def supply_lines(screen: Screen) -> Sparklines | None:
    """Return the last day of all secondary supply temperatures; the same for all."""
    query = {"point": "T_supply_secondary"}
    return followed("supply_lines", LINES_S, lambda: screen.api.get(Sparklines, "/sparklines", query))
