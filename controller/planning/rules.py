"""What a site lays down for its plans, and what was last seen of its heat source."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.decisions import LoopKey
from optimizer.balance import ComfortRules
from optimizer.forecast.calendar import Calendar
from optimizer.plan.problem import Weights
from optimizer.regulation import RegulationLaw

HOURS = 24
MOVES = 0.5
"""Weight of moves in a plan, in place of the solver's own 0.01. Houses store a day's swing without it being
felt; a plan that follows every hour of the weather costs peak, wear and uneven water for no heat saved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRules:
    """Comfort, prices, and the curve that plans are held against."""

    comfort: ComfortRules = field(default_factory=ComfortRules)
    """How warm it shall be, and what is not known about it."""
    timezone: str = "Asia/Shanghai"
    night_setback_K: float = 0.0
    """By which rooms may be cooler during ``night``."""
    night: tuple[float, float] = (23.0, 5.0)
    """Hours of the local day, over midnight."""
    closed_setback_K: float = 2.0
    """By which rooms of schools and offices may be cooler while they are closed."""
    warmer_K: Mapping[LoopKey, float] = field(default_factory=dict)
    """By which rooms of loops shall be warmer than dwellings; loops that are not there are as these."""
    over_K: float = 0.7
    """How far rooms may be above what is wanted before that counts as too warm."""
    calendars: Mapping[LoopKey, Calendar] = field(default_factory=dict)
    """Opening hours of loops that are not dwellings."""
    tariff: tuple[float, ...] = (1.0,) * HOURS
    """Price of a kWh by hour of the local day, in any currency."""
    critical: frozenset[LoopKey] = frozenset()
    """Hospitals and schools: served first in a shortage."""
    laws: Mapping[str, RegulationLaw] = field(default_factory=dict)
    """The centre's curve by emitter type."""
    outdoor_filter_s: Mapping[str, float] = field(default_factory=dict)
    weights: Weights = field(default_factory=lambda: Weights(moves=MOVES))
    T_source_max_degC: float = 120.0
    T_source_change_K_per_h: float = 15.0
    """How warm water the sources can send, and by how much they may change it."""
    interval_s: float = 900.0
    """Scaled seconds from plan to plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeen:
    """All heat sources together, as last measured; None where nobody tells."""

    T_supply: float | None = None
    """degC of the water that leaves the sources, weighted by what they can give."""
    Q_flow: float | None = None
    """kW."""
    Q_flow_max: float | None = None
    """kW that they can give."""


NO_SOURCE = SourceSeen()
