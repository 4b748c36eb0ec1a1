"""Messages that screens draw the city from, version 1; a part of ``controller.api.schema``."""

from controller.api.schema import Message, Sentence


class PipeMessage(Message):
    """One pipe along a line."""

    positions: list[tuple[float, float]]
    """(latitude, longitude), degrees."""
    diameter_m: float


class MapMessage(Message):
    """Answer of ``/map``."""

    pipes: list[PipeMessage]


class Sparklines(Message):
    """Answer of ``/sparklines``: quarter-hour means of one point."""

    point: str
    start: float | None
    """UTC second at which the oldest mean begins; None before the first look."""
    step_s: float
    lines: dict[str, list[float | None]]
    """By ``STATION/LOOP``, oldest first, the newest still growing; null where there was no value."""


class CityLines(Message):
    """Answer of ``/sparklines/city``: the same of the whole city."""

    start: float | None
    step_s: float
    lines: dict[str, list[float | None]]
    """``Q_flow_kW`` and ``Q_flow_source_kW`` (heat of stations, of sources), ``m_flow_kg_per_s``,
    ``m_flow_makeup_kg_per_s``: sums, null where less than nine tenths of the meters had a value;
    ``T_outdoor_degC``, ``T_indoor_degC``; ``online``: share of stations; ``Q_flow_planned_kW``: what the plan
    said for that quarter of an hour."""


class WriteMessage(Message):
    """One instruction that was recorded for a loop."""

    id: int
    at: float
    loop: int
    author: str
    """``strategy:curve``, ``operator:NAME`` and so on."""
    T_supply_set: float | None
    m_flow_set: float | None
    """kg/s of secondary circulation; of loop 0, the station as a whole, the most that its primary side may
    draw, None where that cap is lifted."""
    previous_T_supply_set: float | None
    previous_m_flow_set: float | None
    state: str
    state_at: float
    detail: str
    """What was read back, or why it ended without that; in English."""
    detail_sentence: Sentence | None
    cuts: list[str]
    """Rules of the guard that took something off, and why; in English."""
    cut_sentences: list[Sentence]
    """The same without the rules' names, in two languages."""
    why: list[Sentence]
    """Why it was wanted, as its author said then; empty for writes of earlier versions."""


class WriteList(Message):
    """Answer of ``/stations/{id}/writes``, newest first."""

    station: str
    writes: list[WriteMessage]
