"""Commands on their way from the cycle to the supervisors: one per loop, none older than its expiry.

The durable half is the command log; this is the in-memory wake-up. It is owned by the event loop: the cycle
posts, the station's dispatcher takes.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field

from controller.circulation import told_of
from controller.decisions import Decision, LoopKey, LoopTraits
from controller.historian.records import Intent
from controller.words.phrase import Phrase
from stations.model.setpoint import HeatChannel


@dataclass(frozen=True, slots=True)
class Pending:
    """An intent that waits for its supervisor."""

    intent: Intent
    expires_at: float
    """Scaled monotonic second; a command that is older is never sent (a controller may have been paused)."""


@dataclass(frozen=True, slots=True)
class FlowCapWish:
    """A cap on a station's primary flow on its way to the supervisor."""

    m_flow_max: float | None
    """kg/s; None lifts the cap."""
    sequence: int
    """As in ``FlowCap``."""
    intent: Intent | None = None
    """None where the command log could not take it: a lifting goes on without."""


@dataclass(slots=True)
class StationBox:
    """What one station's supervisor has to write."""

    setpoints: dict[int, Pending] = field(default_factory=dict)
    releases: dict[int, Phrase] = field(default_factory=dict)
    """Loop number to the reason why it goes back to its own curve."""
    T_outdoor_centre: float | None = None
    cap: FlowCapWish | None = None
    wake: "Wake" = field(default_factory=lambda: Wake())


class Wake:
    """An event that one task waits for, with a time limit: a supervisor does so before each poll.

    ``asyncio.timeout`` around an ``asyncio.Event`` throws two exceptions through the task each time that
    nothing happens, which is nearly always.
    """

    __slots__ = ("_set", "_waiter")

    def __init__(self) -> None:
        self._set = False
        self._waiter: asyncio.Future[None] | None = None

    def set(self) -> None:
        """Let the task go on, now or when it next waits."""
        self._set = True
        if self._waiter is not None:
            _let_go(self._waiter)

    def is_set(self) -> bool:
        """Tell whether the task would go on at once."""
        return self._set

    def clear(self) -> None:
        """Let the task wait again."""
        self._set = False

    async def wait(self, timeout_s: float) -> bool:
        """Wait up to ``timeout_s`` wall seconds; tell whether it is set."""
        if not self._set:
            loop = asyncio.get_running_loop()
            assert self._waiter is None, "one task waits"
            waiter = self._waiter = loop.create_future()
            timer = loop.call_later(timeout_s, _let_go, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
                self._waiter = None
        return self._set


def _let_go(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


class Outbox:
    """One box per station."""

    def __init__(self, stations: Iterable[str]) -> None:
        self._boxes = {station: StationBox() for station in stations}

    def box(self, station: str) -> StationBox:
        """Return the box of one station."""
        return self._boxes[station]

    def post(self, intent: Intent, expires_at: float) -> Intent | None:
        """Queue an intent and wake its supervisor; returns the unsent one that it replaces, if any."""
        box = self._boxes[intent.station]
        replaced = box.setpoints.get(intent.loop)
        box.releases.pop(intent.loop, None)
        box.setpoints[intent.loop] = Pending(intent, expires_at)
        box.wake.set()
        return None if replaced is None else replaced.intent

    def release(self, key: LoopKey, why: Phrase) -> Intent | None:
        """Queue the return of a loop to its own curve; returns the unsent intent that it cancels, if any."""
        box = self._boxes[key.station]
        cancelled = box.setpoints.pop(key.loop, None)
        box.releases[key.loop] = why
        box.wake.set()
        return None if cancelled is None else cancelled.intent

    def outdoor(self, station: str, T_outdoor_centre: float) -> None:
        """Queue the centre's outdoor temperature for a station that takes it; the newest one wins."""
        box = self._boxes[station]
        box.T_outdoor_centre = T_outdoor_centre
        box.wake.set()

    def cap(self, station: str, wish: FlowCapWish) -> Intent | None:
        """Queue a cap on a station's primary flow; returns the unsent intent that it replaces, if any."""
        box = self._boxes[station]
        replaced, box.cap = box.cap, wish
        box.wake.set()
        return None if replaced is None else replaced.intent


def channel_values(
    decision: Decision, traits: LoopTraits, T_outdoor_centre: float
) -> tuple[float, float | None]:
    """Turn canonical (T_supply degC, m_flow kg/s) into the values of the loop's channels.

    A class B offset is the wanted supply temperature less the station's own curve at the centre's outdoor
    temperature, rounded to the register's step so that an unchanged offset is recognised as unchanged. A heat
    source is told its flow as a head, a loop as its channel asks.
    """
    assert decision.T_supply is not None
    if traits.heat is HeatChannel.DT_OFFSET:
        offset_K = decision.T_supply - traits.own_curve(T_outdoor_centre)
        step_K = traits.heat_resolution_K or 0.1
        # float steps can overshoot a bound by an ulp; the bound wins
        rounded_K = round(offset_K / step_K) * step_K
        heat = min(max(rounded_K, traits.offset_lower_K), traits.offset_upper_K)
    else:
        heat = decision.T_supply
    if traits.circulation is None or decision.m_flow is None:
        return heat, None
    return heat, told_of(decision.m_flow, traits)
