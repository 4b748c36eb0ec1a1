"""Messages of the orders that heat sources are advised, version 1; a part of ``controller.api.schema``."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from controller.api.schema import Message, Sentence


class SourceHour(Message):
    """One source's order for one hour, and what became of it."""

    hour: float
    """UTC second at which it begins."""
    state: str
    """``issued``, ``acknowledged``, then ``executed``, ``deviated`` or ``unmeasured``."""
    phase: str
    """``on``, ``starting`` (ordered to start, no heat yet) or ``off``."""
    ahead: str
    """``plan``, or ``weather``: beyond the plan's horizon."""
    Q_flow: float
    """kW, mean of the hour."""
    T_supply: float | None
    """degC; null where too little is known, and while it is off."""
    T_return: float | None
    """Expected, degC."""
    m_flow: float | None
    """kg/s."""
    dp: float | None
    """Head, kPa."""
    issued_at: float
    revision: int
    """Grows when its numbers change; then it is to be acknowledged anew."""
    acknowledged_at: float | None
    acknowledged_by: str | None
    day_Q_flow: float | None
    day_T_supply: float | None
    """As the plan of the day before had it; null where that was not frozen."""
    measured_Q_flow: float | None
    measured_T_supply: float | None
    """The source's own readings, once the hour is over."""


class SourceWriteMessage(Message):
    """What became of writing the order of the hour to a source."""

    loop: int
    """Its number in ``/orders``: people order its mode and setpoints as they do a loop's."""
    mode: str
    """``local``, ``manual`` or ``auto``; only in auto its orders are written."""
    held: bool
    """Whether it holds our setpoints under a lease."""
    write_state: str | None
    """Of the last write: ``requested``, ``sent``, ``acknowledged``, ``confirmed``, ``confirmed_limited`` …"""
    T_supply_set: float | None
    """degC last written; null while the source goes by its own curve."""
    dp_set: float | None
    """kPa of head last written."""
    order: int
    """Number of the order of a person that stands for it, for ``/orders``."""
    why: list[Sentence]
    """What was wanted, and what stands against it."""


class SourceMessage(Message):
    """One heat source."""

    source: str
    role: str
    """``base`` or ``peak``."""
    open: int
    """Orders that nobody has acknowledged yet."""
    acknowledged_at: float | None
    acknowledged_by: str | None
    """The last time that anybody did, also where the orders have changed since; null before the first."""
    writes: SourceWriteMessage | None = None
    """Null where orders are advice only."""
    hours: list[SourceHour]
    """The last six hours and all that are ordered."""


class SourcesMessage(Message):
    """Answer of ``/plan/sources``."""

    now: float
    advised_at: float | None
    """UTC second of the newest advice; None before the first."""
    frozen_day: str | None
    """The last local day whose orders were frozen, e.g. ``2025-01-16``."""
    reasons: list[Sentence]
    """What is to be known about the newest advice, or why there is none."""
    sources: list[SourceMessage]


class AcknowledgeRequest(BaseModel):
    """I have seen the orders of this source."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    seen: Annotated[float, Field(ge=0.0, le=1e11, allow_inf_nan=False)]
    """``now`` of the answer that was looked at: orders that changed since stay open."""


class AcknowledgeAnswer(Message):
    """What was acknowledged."""

    acknowledged: int
    """Orders."""
    open: int
    """Orders that are still open, as they changed since ``seen``."""
