"""A table drawn by us: rows known by their id, priority marks, actions, folded children, deviation bars.

Streamlit's own table draws no shapes, speaks English in its menu and counts rows. Here every row has an id
that stands for the thing itself, so a list that moves under the mouse can not make one act on its neighbour.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from hmi.components.wire import plain, ready
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")

Look = Literal["unack", "ack", "returned", "shelved", "aside"]
"""Filled and outlined; filled; hollow; hollow on a shelf; hollow and grey."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column."""

    title: str
    kind: Literal["text", "number", "mark", "action", "deviation", "pips"] = "text"
    width: str = "1fr"
    """A track of a CSS grid."""
    hint: str = ""
    from_px: int = 0
    """Left out where the table is narrower than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What stands in one column of one row; all texts are plain text and drawn as such."""

    text: str = ""
    small: str = ""
    """Unit or second thought, smaller and muted, after the text."""
    strong: bool = False
    muted: bool = False
    hint: str = ""
    """Shown on hovering."""
    priority: int | None = None
    look: Look = "ack"
    """Of the mark that ``priority`` draws."""
    action: str = ""
    """What a press tells: makes the cell a button."""
    disabled: bool = False
    value: float | None = None
    """Of a deviation: where its dot stands, by the table's scale; of pips: how many of four are full."""
    span: tuple[float, float] | None = None
    """Of a deviation: between which values it is believed to lie, in place of the band of the peers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row; ``parent`` names the row under which it lies folded."""

    id: str
    cells: tuple[Cell, ...]
    parent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What deviations are drawn by: ends of the axis, the band of the peers, and the line in the middle."""

    low: float
    high: float
    band: tuple[float, float]
    middle: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A whole table."""

    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    empty: str
    """Said where there is no row."""
    label: str
    """What the table is, for those who do not see it."""
    seq: int = 0
    selected: str = ""
    height_px: int = 0
    """Height beyond which it scrolls; 0 never."""
    scale: Scale | None = None
    selectable: bool = True


def payload(table: Table) -> Mapping[str, Any]:
    """Return the table as plain values; cells without what is usual to be short."""
    return {
        **asdict(replace(table, rows=())),
        "rows": [{"id": row.id, "parent": row.parent, "cells": plain(row.cells)} for row in table.rows],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the person did in the table in this run; empty strings where nothing."""

    picked: str = ""
    """Id of the row that was chosen."""
    acted: tuple[str, str] = ("", "")
    """(id of the row, action) of the button that was pressed."""


def mount(table: Table | Mapping[str, Any], key: str) -> Told:
    """Draw the table and return what was done in it."""
    result = _packaged(
        key=key,
        data=ready(table, payload),
        on_picked_change=lambda: None,
        on_acted_change=lambda: None,
    )
    acted = result.acted or {}
    return Told(
        picked=str(result.picked or ""), acted=(str(acted.get("id", "")), str(acted.get("action", "")))
    )


_packaged = Packaged("rows", ASSETS, js="rows.js", css="rows.css")
