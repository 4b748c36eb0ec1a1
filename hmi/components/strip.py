"""The strip above every page: alarms, data age, clock, who is there; drawn in the browser's top layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the person did in the strip in this run; empty where nothing."""

    language: str
    wall: str
    """"1" for the wall view, "0" for the usual one."""
    page: str
    """A page to go to, with ``query``."""
    query: Mapping[str, str]


def mount(data: Mapping[str, Any], key: str) -> Told:
    """Draw the strip and return what was done in it."""
    result = _packaged(
        key=key,
        data=data,
        on_language_change=lambda: None,
        on_wall_change=lambda: None,
        on_go_change=lambda: None,
    )
    go = result.go or {}
    return Told(
        language=str(result.language or ""),
        wall=str(result.wall or ""),
        page=str(go.get("page") or ""),
        query=go.get("query") or {},
    )


_packaged = Packaged("strip", ASSETS, js="strip.js", css="strip.css")
