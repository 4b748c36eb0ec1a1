"""The pages in their order, and the keys that lead to them. A screen that is not there yet is not listed."""

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from functools import cache
from types import ModuleType

import streamlit as st

from hmi.language import N_, Words

GROUPS: Mapping[str, tuple[str, ...]] = {
    N_("Watch"): ("overview", "stations", "station"),
    N_("Operate"): ("alarms", "trends", "dispatch", "optimizer", "energy"),
    N_("Account for"): ("audit", "settings", "style"),
}
PAGES: tuple[str, ...] = tuple(name for names in GROUPS.values() for name in names)
DEFAULT_PAGE = "overview"
KEYS: Mapping[str, str] = {
    "overview": "g m",
    "stations": "g l",
    "station": "g s",
    "alarms": "a",
    "trends": "g t",
    "dispatch": "g d",
    "optimizer": "g p",
    "energy": "g e",
    "audit": "g u",
    "settings": "g o",
    "style": "g y",
}
"""Two keys one after the other, or one."""


@cache
def existing() -> tuple[str, ...]:
    """Return the names of the screens that this version has."""
    return tuple(name for name in PAGES if importlib.util.find_spec(f"hmi.screens.{name}") is not None)


def screen_module(name: str) -> ModuleType:
    """Return the module of a screen; it has ``TITLE`` and ``render``."""
    return importlib.import_module(f"hmi.screens.{name}")


def pages(words: Words, show: Callable[[ModuleType], None]) -> dict[str, list[st.Page]]:
    """Return the pages of this run by localised group; ``show`` renders a screen's module."""
    there = existing()
    return {
        words(group): [_page(name, words, show) for name in names if name in there]
        for group, names in GROUPS.items()
        if any(name in there for name in names)
    }


def _page(name: str, words: Words, show: Callable[[ModuleType], None]) -> st.Page:
    module = screen_module(name)

    def run() -> None:
        show(module)

    return st.Page(run, title=words(module.TITLE), url_path=name, default=name == DEFAULT_PAGE)
