"""One station as a process diagram: primary side at the left, its loops at the right, tags at their pipes.

A tag that a station does not have is left out of the mapping: nothing is drawn in its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hmi.components.indicators import Quality
from hmi.components.rows import Look
from hmi.components.wire import ready
from hmi.packaged import Packaged

ASSETS = Path(__file__).with_name("assets")

PrimarySlot = Literal[
    "T_supply", "p_supply", "T_return", "p_return", "meter", "strainer", "valve",
    "m_flow", "E_heat", "area", "heat_per_m2", "T_outdoor", "Q_flow_max", "P_pump",
]  # fmt: skip
"""Places of the primary side. ``meter``: heat flow at the heat meter; ``valve``: the station's own."""
LoopSlot = Literal[
    "T_supply", "m_flow", "p_supply", "dp", "Q_flow", "heat_per_m2", "T_return", "p_return",
    "valve", "T_return_primary", "m_flow_primary", "pump", "makeup_flow", "makeup_level",
    "T_indoor",
]  # fmt: skip
"""Places of a loop. The first four stand above its supply pipe, from left to right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """One value at its place in the plant."""

    id: str
    """Told when the tag is chosen; usually the point, ``1/T_supply_secondary``."""
    label: str
    text: str
    """The number as it stands on the screen; empty where there is none, then ``reason`` is drawn."""
    unit: str = ""
    quality: Quality = "good"
    reason: str = ""
    """Why it is bad, aged or missing; a few words."""
    mark: str = ""
    """Word after the unit of a value that is worked out, not measured (``估``, ``est.``)."""
    age: str = ""
    """Age of the value, said on hovering."""
    value: float | None = None
    """Where the pointer stands on the bar; a valve's or tank's share 0..1; a source's pump stands at 0."""
    scale: tuple[float, float] | None = None
    """Ends of the analogue bar; None draws no bar."""
    band: tuple[float, float] | None = None
    """Normal range on the bar."""
    setpoint: float | None = None
    priority: int | None = None
    """Priority 1..4 of the alarm that this value raised."""
    look: Look = "ack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pump:
    """One pump of a loop's circulation; the first is on duty."""

    state: Literal["running", "stopped", "unknown"]
    text: str = ""
    """Name and figures, e.g. ``1# 41.5 Hz · 7.8 kW``."""
    priority: int | None = None
    look: Look = "ack"


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """One secondary loop with what it heats."""

    id: str
    title: str
    """Name of the loop, at the head of the box of its buildings."""
    kind: str
    """Emitter in words."""
    tags: Mapping[LoopSlot, Tag]
    area: str = ""
    """Heated area with unit."""
    note: str = ""
    """A line in the box, e.g. that this loop is metered only."""
    pumps: tuple[Pump, ...] = ()
    """None, one, or duty and standby."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The box of a heat source; its tags are those of the primary side."""

    title: str
    kind: str
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """Words of the drawing itself, in the language of the person."""

    primary_supply: str
    primary_return: str
    makeup: str
    """Of the make-up tank."""
    empty: str
    """Said where the station has no loop and no tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessDiagram:
    """The whole picture."""

    primary: Mapping[PrimarySlot, Tag]
    loops: tuple[Loop, ...]
    """1..4; two are drawn at a time, buttons below lead to the others. None for a source."""
    texts: Texts
    label: str
    """What the picture shows, for those who do not see it."""
    seq: int
    source: Source | None = None
    """For a heat source, in place of loops."""
    stale: bool = False
    """The link is lost: all pipes are drawn dashed, since nobody knows."""
    selected: str = ""
    """Id of the tag whose faceplate is open."""


def mount(diagram: ProcessDiagram | Mapping[str, Any], key: str) -> str:
    """Draw the station; returns the id of the tag chosen in this run, else an empty string."""
    result = _packaged(key=key, data=ready(diagram), on_picked_change=lambda: None)
    return str(result.picked or "")


_packaged = Packaged("process_diagram", ASSETS, js="process_diagram.js", css="process_diagram.css")
