"""A sheet of text about one thing: heading, title, facts, sections. All of it plain text."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hmi.components.wire import ready
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What stands on it, from top to bottom."""

    heading: str
    title: str
    text: str
    facts: tuple[str, ...]
    sections: tuple[tuple[str, str], ...]
    """(heading, text)."""
    seq: int = 0


def payload(sheet: Sheet) -> Mapping[str, Any]:
    """Return plain values."""
    return asdict(sheet)


def mount(sheet: Sheet | Mapping[str, Any], key: str) -> None:
    """Draw the sheet."""
    _packaged(key=key, data=ready(sheet, payload))


_packaged = Packaged("sheet", ASSETS, js="sheet.js", css="sheet.css")
