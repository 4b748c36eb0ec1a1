"""The words of a control decision: what a loop is, what is known of it, what is wanted, and what was allowed.

All control works in two canonical quantities per loop: secondary supply temperature (degC) and secondary
circulation flow (kg/s). The channels of a device (offset, pressure difference, speed) are produced from
them after the guard, in ``controller/outbox.py``, and checked once more before the wire.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

from controller.words.phrase import Phrase, together
from stations.model.quick import quickly_made
from stations.model.reading import Reading
from stations.model.setpoint import CirculationChannel, HeatChannel, StationClass


class LoopKey(NamedTuple):
    """One secondary loop of one station."""

    station: str
    loop: int

    def __str__(self) -> str:
        """Render as ``S017/1``."""
        return f"{self.station}/{self.loop}"


class Mode(StrEnum):
    """Who decides for a loop."""

    LOCAL = "local"
    """The station's own controller; the centre writes nothing."""
    MANUAL = "manual"
    """An operator, until an end time."""
    AUTO = "auto"
    """The district's strategy."""


class Season(StrEnum):
    """Season state of a station or the network; only TRIAL and HEATING accept setpoints."""

    OFF = "off"
    FILLING = "filling"
    COLD_RUN = "cold_run"
    TRIAL = "trial"
    HEATING = "heating"
    STOPPING = "stopping"
    MAINTENANCE = "maintenance"

    @property
    def accepts_setpoints(self) -> bool:
        """Tell whether the centre may write setpoints in this state."""
        return self in (Season.TRIAL, Season.HEATING)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTraits:
    """What does not change while the controller runs: from the site file and the device profile."""

    key: LoopKey
    district: str
    station_class: StationClass
    emitter: Literal["radiator", "floor", "dhw", "source"]
    """``source``: no loop of a station but a heat source that takes setpoints; its temperature and flow are
    those of the network, told by its head (``controller/head.py``)."""
    heat: HeatChannel | None
    circulation: CirculationChannel | None
    A_heated_m2: float
    T_supply_min_degC: float
    T_supply_max_degC: float
    """Hard limit of the loop: at most 55 for floor heating and 85 for radiators."""
    m_flow_design: float
    """Design secondary circulation, kg/s; the guard's flow limits and rates are fractions of it."""
    own_curve: Callable[[float], float]
    """The station's own heating curve as commissioned: outdoor degC to supply degC."""
    offset_lower_K: float
    offset_upper_K: float
    """Bounds of a class B offset; unused for other classes."""
    wears_out: bool
    """True where a writable register is not volatile (eeprom or unknown): few and larger changes only."""
    heat_resolution_K: float
    """Smallest step of the heat channel on the wire."""
    proven: bool
    """True with a recorded commissioning proof; without it the loop is never driven."""
    takes_outdoor: bool
    """True where the station's own curve goes by the outdoor temperature that the centre tells it."""
    caps_flow: bool = False
    """True where the station takes a cap on its primary flow."""
    m_flow_cap_open: float = 0.0
    """kg/s of the cap that caps nothing, where it takes one."""
    piping: Literal["single", "double"] = "double"
    """Risers of the buildings: single-pipe ones bear less throttling of the circulation."""
    own_band_K: float = 8.0
    """Of a heat source, how far from the own curve: what bounds the step of every fallback."""
    change_K_per_h: float = math.inf
    """By which the supply may change, where that is slower than the contract's rates: fires are."""
    dp_min: float = 0.0
    dp_design: float = 0.0
    """kPa of head: the least of a heat source, and what drives the design flow of a source, whose most it is,
    or of a loop that is told its circulation as a head."""

    pump_points: tuple[tuple[float, float], ...] = ()
    """(speed as a fraction, kg/s) of the loop's pump, rising; empty where no speed is told or known."""

    @property
    def is_source(self) -> bool:
        """Tell whether this is a heat source and no loop of a station."""
        return self.emitter == "source"

    @property
    def by_head(self) -> bool:
        """Tell whether circulation is told as a head (``controller/head.py``)."""
        return self.circulation in (CirculationChannel.DP, CirculationChannel.DP_SOURCE)


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class LoopObservation:
    """What the frozen process image says of one loop at one cycle."""

    key: LoopKey
    mode: Mode
    season: Season
    polled_at: float | None
    """UTC second of the last poll that this loop's station answered; None before the first."""
    remote: bool | None
    """True while the station follows the centre, False on its own curve, None where it cannot tell."""
    readmitted: bool
    """False while the re-entry time after a lost link or lease is still running."""
    T_supply: Reading
    T_return: Reading
    m_flow: Reading
    pump_running: bool | None
    """None where neither speed nor flow is known: then no new setpoint."""
    T_supply_effective: Reading
    """What the station holds now (effective setpoint, else measured supply): start of a bumpless move."""
    m_flow_effective: Reading
    p_return: Reading
    T_supply_primary: Reading
    T_outdoor: Reading
    """The station's own sensor; bad where it has none."""
    T_supply_readback: Reading | None = None
    """The setpoint that its register holds, which a limiter may keep it from; None where it has none."""
    m_flow_readback: Reading | None = None
    """The same for circulation, kg/s; a pump may be on its way to it."""
    dT_held: float | None = None
    """Class B: the offset that its register holds, K; None where it cannot be read or there is none."""
    dp_worst: float | None = None
    """Of a heat source: the least pressure difference that a station shows now, kPa; None where none does."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What somebody wants of one loop. Everybody's proposal passes the same guard."""

    key: LoopKey
    T_supply: float
    """Wanted secondary supply temperature, degC."""
    m_flow: float
    """Wanted secondary circulation, kg/s."""
    author: str
    """``strategy:curve``, ``operator:li``, ``plan:412`` …"""
    reason: Phrase
    """Why, for the operator."""


class Rule(StrEnum):
    """Rules of the guard, in the order in which they bind: the earlier wins where intervals do not meet."""

    NOT_DRIVEN = "not_driven"
    SEASON = "season"
    PUMP = "pump"
    NOT_A_NUMBER = "not_a_number"
    HARD_TEMPERATURE = "hard_temperature"
    HARD_FLOW = "hard_flow"
    OWN_CURVE = "own_curve"
    OFFSET = "offset"
    FROST = "frost"
    PRESSURE = "pressure"
    SOURCE = "source"
    FRESHNESS = "freshness"
    MASS_CHANGE = "mass_change"
    RATE_TEMPERATURE = "rate_temperature"
    RATE_FLOW = "rate_flow"
    REVERSAL = "reversal"
    DEAD_BAND = "dead_band"
    WEAR = "wear"


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """One rule that bound one channel: what it made of what was wanted, and its limit."""

    rule: Rule
    channel: Literal["T_supply", "m_flow", "loop"]
    wanted: float | None
    allowed: float | None
    detail: Phrase


class Action(StrEnum):
    """What shall happen to a loop in this cycle."""

    SET = "set"
    """Write the values of the decision."""
    RENEW = "renew"
    """Nothing changes; the lease of the held values is extended."""
    RELEASE = "release"
    """Give the loop back to its own curve."""
    NONE = "none"
    """The loop is not driven (local, class C, not proven, wrong season); the wish is advice."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The guard's answer for one loop: what to do, with the reason of every cut."""

    key: LoopKey
    action: Action
    T_supply: float | None
    """Allowed secondary supply temperature, degC; None without a usable wish."""
    m_flow: float | None
    """Allowed secondary circulation, kg/s."""
    author: str
    why: tuple[Phrase, ...]
    """What was wanted, and what stands against it."""
    cuts: tuple[Cut, ...]
    takes_over: bool = False
    """True for the first SET of a loop that is on its own curve: the history of what was sent begins anew."""
    T_own_curve: float | None = None
    """The station's own curve at this decision, degC; goes into ``Sent`` with the values."""

    @property
    def reason(self) -> str:
        """``why`` as one line of English, for logs."""
        return together(self.why, "en")


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A value pair that was dispatched to a loop: the memory that rate limits are judged on."""

    at: float
    """Scaled monotonic second."""
    T_supply: float
    m_flow: float
    T_own_curve: float | None = None
    """``Decision.T_own_curve`` of that moment; a class B station holds the difference to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GuardContext:
    """Everything the guard may look at besides the proposals. Missing entries narrow, they never release."""

    now: float
    """UTC second, for ages of readings."""
    monotonic: float
    """Scaled monotonic second, for rates."""
    poll_s: float
    T_outdoor_centre: Reading
    traits: Mapping[LoopKey, LoopTraits]
    observations: Mapping[LoopKey, LoopObservation]
    sent: Mapping[LoopKey, tuple[Sent, ...]]
    """Per loop what was dispatched in the last 60 min, oldest first, plus the last one before that.

    It begins with the last take-over (``Decision.takes_over``) and is empty after a RELEASE was carried out.
    """
    sent_before: Mapping[LoopKey, tuple[Sent, ...]] = field(default_factory=dict)
    """Per loop what an earlier controller dispatched in its last hour: a restart must not set rates back."""
    T_outdoor_past: Mapping[int, float] = field(default_factory=dict)
    """T_outdoor_centre by minutes ago (30, 60), to know what the curve itself moved."""
    shortage_declared: bool = False
    """Declared now or within the last 60 min, in which the guard sees what was moved for it."""
    mass_change_confirmed: bool = False
    """An operator has confirmed the announced mass change (cold wave), once.

    Stays true for the 60 min after the confirmation, because the rates spread one change over many cycles.
    """
    link_availability_24h: Mapping[str, float] = field(default_factory=dict)
    """Share of answered polls per station; absent means unknown, which is treated as bad."""
    T_outdoor_forecast_min: float | None = None
    changes_24h: Mapping[LoopKey, int] = field(default_factory=dict)
    """Changed setpoints per loop in the last 24 h, for register wear; absent means unknown: a slower pace."""
    poll_s_by_station: Mapping[str, float] = field(default_factory=dict)
    """Of stations that are polled at a pace of their own."""
    T_primary_elsewhere: float | None = None
    """degC of primary supply that nine in ten of the stations which show theirs have at least."""

    def poll_s_of(self, station: str) -> float:
        """Return the pace of a station's polls in scaled seconds."""
        return self.poll_s_by_station.get(station, self.poll_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class MassChange:
    """The network would be moved too far at once; the last values are held until an operator confirms."""

    share_of_area: float
    Q_flow_change_share: float
    """Predicted change of network heat within 30 min, as a share of the load."""
    detail: Phrase


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the guard allows in this cycle."""

    decisions: Mapping[LoopKey, Decision]
    mass_change: MassChange | None
