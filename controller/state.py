"""What the running controller shows to the outside (API, demo, metrics): one object, read only for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.decisions import Decision, GuardContext, LoopKey, MassChange, Mode, Season
from controller.historian.records import State
from controller.image import ProcessImage
from controller.knowing.belief import Belief
from controller.knowing.loads import Loads
from controller.modes import LoopOrder, Orders
from controller.planning.published import Published
from controller.planning.source_book import NO_ORDERS, OrdersNow
from controller.words.phrase import Phrase
from optimizer.forecast.accuracy import Score
from optimizer.reason import Reason
from stations.model.reading import Reading


@dataclass(slots=True, kw_only=True)
class LoopStatus:
    """Control state of one loop. Owner: the control cycle and the dispatcher, both on the event loop."""

    key: LoopKey
    mode: Mode
    season: Season
    decision: Decision | None = None
    """The guard's last answer."""
    intent_id: int | None = None
    """The newest intent in the command log."""
    write_state: State | None = None
    write_state_at: float | None = None
    """UTC second of the last transition."""
    confirmed_at: float | None = None
    """UTC second of the newest confirmation, limited or not."""
    rejected: tuple[float, Phrase] | None = None
    """UTC second of the newest refusal, and why, e.g. what the register held instead."""
    T_supply_set: float | None = None
    m_flow_set: float | None = None
    """What was last dispatched, canonical units; None while the loop is local."""
    heat_value: float | None = None
    circulation_value: float | None = None
    """The same in the units of the loop's channels, as on the wire."""
    written_at: float | None = None
    """Scaled monotonic second at which the device answered our last write: rates run from here."""
    held: bool = False
    """True while the station holds our setpoints under a lease that we renew."""
    ever_confirmed: bool = False
    ordered: LoopOrder | None = None
    """What a person ordered last for this loop, as it is in force; None where nobody ever did."""


@dataclass(slots=True, kw_only=True)
class Counters:
    """Totals since start; the demo's closing object and /metrics read them."""

    setpoints_sent: int = 0
    setpoints_confirmed: int = 0
    setpoints_limited: int = 0
    setpoints_rejected: int = 0
    setpoints_expired: int = 0
    heartbeats_sent: int = 0
    readings_stored: int = 0
    cycles: int = 0
    cycles_failed: int = 0
    cycles_skipped: int = 0
    guard_cuts: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class ControllerState:
    """The whole of it. ``image`` is written by supervisors, ``loops`` by cycle and dispatcher."""

    image: ProcessImage
    loops: dict[LoopKey, LoopStatus]
    counters: Counters = field(default_factory=Counters)
    token: int = 0
    """Fencing token of this controller run."""
    started_at: float = 0.0
    T_outdoor_centre: Reading | None = None
    last_cycle_at: float | None = None
    """UTC second at which the last control cycle completed."""
    last_cycle_monotonic: float | None = None
    """The same on the scaled monotonic clock: the licence for renewing leases is judged on it."""
    last_cycle_s: float | None = None
    """Wall seconds it took."""
    caps: Mapping[str, float] = field(default_factory=dict)
    """Caps on primary flow that stations were told, kg/s."""
    mass_change: MassChange | None = None
    context: GuardContext | None = None
    """What the last cycle's guard judged on; previews of orders begin with it."""
    published: Published | None = None
    """The newest plan; its only writer is the planning loop."""
    source_orders: OrdersNow = NO_ORDERS
    """What heat sources are ordered in this hour, for the cycle to write; laid out by who issues orders."""
    alarms: list[Phrase] = field(default_factory=list)
    """Standing faults of the controller itself (storage, audit)."""
    ready: bool = False
    """True once every station has answered, a cycle has completed and start-up is over."""
    stopping: bool = False
    drifted: Mapping[LoopKey, Reason] = field(default_factory=dict)
    """Loops that do not do what their model says, and why: not planned for until promoted anew. Written by
    what gathers days, and by promotions."""
    beliefs: Mapping[LoopKey, Belief] = field(default_factory=dict)
    """What was learned of each loop; empty where nobody learns."""
    scores: Mapping[str, Score] = field(default_factory=dict)
    """How true forecasts were a day ahead: ``T_outdoor:<source>`` (degC) and ``load`` (kW)."""
    loads: Loads | None = None
    """The last night's load forecasts; None before the first night that could make any."""

    def follow(self, orders: Orders, now: float) -> None:
        """Take over what people have ordered for modes and seasons, as in force at UTC second ``now``."""
        for key, order in orders.loops(now).items():
            self.loops[key].mode, self.loops[key].ordered = order.mode, order
        if orders.ordered_seasons():
            for key, status in self.loops.items():
                status.season = orders.season_of(key.station)
