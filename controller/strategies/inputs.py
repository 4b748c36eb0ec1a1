"""What a strategy may look at, and what it remembers from one cycle to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from optimizer.balance import ComfortRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from controller.decisions import LoopKey, LoopObservation, Proposal, Sent
    from controller.knowing.known import Known
    from controller.modes import PlanOrder
    from controller.planning.published import Published
    from controller.strategies.loop_record import LoopRecord
    from optimizer.regulation import RegulationLaw
    from stations.model.identity import Point
    from stations.model.reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class StrategyInputs:
    """The frozen world of one cycle as strategies see it; all loops of the site, driven or not."""

    now: float
    """UTC second, for ages of readings."""
    monotonic: float
    """Scaled monotonic second."""
    laws: Mapping[str, RegulationLaw]
    """Regulation law by emitter type."""
    T_outdoor: float | None
    """T_outdoor_centre, degC."""
    T_outdoor_filtered: Mapping[str, float | None]
    """By emitter type."""
    observations: Mapping[LoopKey, LoopObservation]
    readings: Mapping[str, Mapping[Point, Reading]]
    """Every point by station, the heat source's too."""
    sent: Mapping[LoopKey, tuple[Sent, ...]]
    comfort: ComfortRules = field(default_factory=ComfortRules)
    records: Mapping[LoopKey, LoopRecord] = field(default_factory=dict)
    """What strategies with a memory knew of each loop after the last cycle."""
    published: Published | None = None
    """The newest plan; None where nobody plans."""
    T_outdoor_past: Mapping[int, float] = field(default_factory=dict)
    """T_outdoor_centre by minutes ago (30, 60), as the guard judges moves by it."""
    known: Known | None = None
    """What is believed of all loops after this cycle's readings; None where nobody asked for it."""
    shortage: bool = False
    """A shortage of heat is declared (``planning.declared``)."""
    plan_orders: Mapping[LoopKey, PlanOrder] = field(default_factory=dict)
    """Loops that by a person's word do not take plans as their district does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """Wishes of a strategy and what it wants to know again in the next cycle."""

    proposals: list[Proposal]
    records: Mapping[LoopKey, LoopRecord] = field(default_factory=dict)
