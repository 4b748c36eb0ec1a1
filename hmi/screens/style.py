"""Style page: every symbol and state in one place, as a reference for who watches and for who draws."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from hmi.context import Screen
from hmi.language import N_, Words
from hmi.packaged import Packaged
from hmi.terms import PRIORITY

TITLE = N_("Style page")
STATES: Mapping[str, str] = {
    "unack": N_("active, unacknowledged: filled, outlined"),
    "ack": N_("active, acknowledged: filled"),
    "returned": N_("returned, unacknowledged: hollow"),
    "shelved": N_("shelved: hollow, on a shelf"),
}
STATIONS: Mapping[str, str] = {
    "station-normal": N_("station, normal"),
    "station-local": N_("station on its own curve"),
    "station-silent": N_("station without data"),
    "station-worst": N_("worst point of the network"),
    "count-zero": N_("a count of zero"),
}
VALUES: Mapping[str, str] = {
    "value-fresh": N_("fresh value"),
    "value-aged": N_("aged value: two polls missed"),
    "value-bad": N_("bad value: bracketed, struck through, with its reason"),
    "measured": N_("measured, within the normal band"),
    "setpoint": N_("setpoint in force"),
    "setpoint-new": N_("setpoint being entered"),
}
PLANT: Mapping[str, str] = {
    "pump-running": N_("pump runs"),
    "pump-stopped": N_("pump stands"),
    "pipe-primary": N_("primary pipe"),
    "pipe-secondary": N_("secondary pipe"),
    "line-actual": N_("actual"),
    "line-plan": N_("plan, setpoint"),
    "line-baseline": N_("baseline"),
}
WRITES: Mapping[str, str] = {
    "write-requested": N_("requested"),
    "write-sent": N_("sent"),
    "write-acknowledged": N_("acknowledged"),
    "write-confirmed": N_("confirmed"),
    "write-limited": N_("confirmed, limited"),
    "write-rejected": N_("rejected"),
    "write-expired": N_("expired"),
}
COLOURS: Mapping[str, str] = {
    "p1": N_("critical"),
    "p2": N_("high"),
    "p3": N_("low"),
    "p4": N_("diagnostic"),
    "mark": N_("link, selection, setpoint"),
    "band": N_("normal band"),
    "bar": N_("bars and counts"),
    "trend-1": N_("supply, plan"),
    "trend-2": N_("flow, forecast"),
    "trend-3": N_("return, outdoor, baseline"),
}

_legend = Packaged("legend", Path(__file__).parents[1] / "assets", js="legend.js", css="legend.css")


def render(screen: Screen) -> None:
    """Show the page."""
    words = screen.words
    st.title(words(TITLE))
    st.caption(
        words("Grey is normal. Colour belongs to the abnormal alone, and never without shape and digit.")
    )
    _legend(key="legend", data={"groups": groups(words)})


def groups(words: Words) -> list[dict[str, object]]:
    """Return the cards of the page."""
    return [
        _group(words("Priority"), {f"p{level}-ack": words(name) for level, name in PRIORITY.items()}),
        _group(words("State of an alarm"), {f"p2-{key}": words(text) for key, text in STATES.items()}),
        _group(words("Stations on the map"), _said(words, STATIONS)),
        _group(words("Values"), _said(words, VALUES)),
        _group(words("Plant and lines"), _said(words, PLANT)),
        _group(words("State of a write"), _said(words, WRITES)),
        {
            "title": words("Colours"),
            "items": [{"colour": key, "label": words(text)} for key, text in COLOURS.items()],
        },
    ]


def _said(words: Words, texts: Mapping[str, str]) -> dict[str, str]:
    return {key: words(text) for key, text in texts.items()}


def _group(title: str, symbols: Mapping[str, str]) -> dict[str, object]:
    return {"title": title, "items": [{"symbol": key, "label": label} for key, label in symbols.items()]}
