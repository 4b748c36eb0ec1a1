"""From an intent to the wire and back: clamp once more, write, count, verify by read-back, renew, hand back.

One dispatcher per station, called only by that station's supervisor. It never decides what to write; it
decides whether what was decided may still be written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from controller.admission import Admission
from controller.capping import CapWriter
from controller.decisions import LoopKey, LoopTraits
from controller.historian.records import Intent, State
from controller.last_clamp import clamp_fault
from controller.outbox import Outbox
from controller.state import ControllerState, LoopStatus
from controller.take_over import no_take_over
from controller.verification import POLLS_TO_CONFIRM, Match, compare
from controller.words.phrase import Phrase, said
from stations.driver import NoAnswer, StationDriver
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown
from stations.model.reading import Reading
from stations.model.setpoint import (
    CirculationChannel,
    Heartbeat,
    HeatChannel,
    Instruction,
    LoopCommand,
    StationClass,
)
from stations.profile import Profile

log = structlog.get_logger("dispatch")

CYCLE_LICENCE_S = 150.0
"""Leases are renewed only while the last control cycle completed at most this long ago (scaled)."""
ABSOLUTE = (HeatChannel.T_SUPPLY, HeatChannel.T_SUPPLY_SOURCE)
"""Channels that hold a temperature: taken over with another one than acts, they would jump."""
LEASE_LOST_POLLS = 2
"""Polls in a row that must report "own curve" before a lease counts as lost by the station."""


@dataclass(slots=True)
class OpenWrite:
    """A write whose read-back is awaited."""

    intent: Intent
    before: Mapping[Point, Reading]
    """The poll before the write; what a slow block only repeats from it proves nothing."""
    answered: bool = False
    """False where the answer was lost: then a different register means "not written", not "mismatch"."""
    polls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchServices:
    """What all dispatchers share."""

    clock: Clock
    state: ControllerState
    outbox: Outbox
    record: Callable[[Intent, State, Phrase | None], None]
    """Notes a transition for the command log; never blocks."""
    heartbeat_s: float
    watchdog_s: float
    licensed: Callable[[], bool]
    """True while the last cycle completed recently and this controller still holds the token."""


@dataclass(slots=True)
class Dispatcher:
    """Writes of one station."""

    station: str
    profile: Profile
    traits: Mapping[int, LoopTraits]
    admission: Admission
    services: DispatchServices
    _open: dict[int, OpenWrite] = field(default_factory=dict)
    _mismatches: dict[int, int] = field(default_factory=dict)
    _own_curve_polls: dict[int, int] = field(default_factory=dict)
    _polled: Mapping[Point, Reading] = field(default_factory=dict)
    """The last poll."""
    _polled_at: float = 0.0
    _outdoor_told_at: float = float("-inf")
    _beat: int = 0
    _caps: CapWriter = field(init=False)
    _renewed_at: float = float("-inf")
    _keys: dict[int, LoopKey] = field(init=False)
    _levels: dict[int, Point] = field(init=False)
    _read_back: dict[int, tuple[Point, ...]] = field(init=False)
    """By loop, the points that show what the registers of its channels hold."""
    _effective: dict[int, tuple[Point, ...]] = field(init=False)
    """The same of what acts."""

    def __post_init__(self) -> None:
        """Name loops and points once: they are asked for many times in each poll."""
        own, its = self.services, (self.station, self.profile, self.traits)
        self._caps = CapWriter(*its, own.state, own.clock, own.record)
        self._keys = {loop: LoopKey(self.station, loop) for loop in self.traits}
        self._levels = {loop: Point(loop, "remote_level") for loop in self.traits}
        channels = [channel for channel in (self.profile.heat, self.profile.circulation) if channel]
        self._read_back = {loop: _mirrors(loop, channels, "readback") for loop in self.traits}
        self._effective = {loop: _mirrors(loop, channels, "effective") for loop in self.traits}

    # --- called by the supervisor -------------------------------------------------------------------------

    def connected(self) -> None:
        """A fresh link: renew at once, so that a short outage does not cost the lease."""
        self._renewed_at = float("-inf")

    def link_lost(self) -> None:
        """The station is on its own until it is readmitted: what it holds is unknown, its leases run out.

        What waits unsent ends, too: nobody would look at it before the link is back, and then it is too old.
        """
        box = self.services.outbox.box(self.station)
        for pending in box.setpoints.values():
            self._finish(pending.intent, State.EXPIRED, said("write.link_lost_unsent"))
        box.setpoints.clear()
        self._caps.drop(box, said("write.link_lost"))
        for loop in self.traits:
            self._expire_open(loop, said("write.link_lost"))
            self._status(loop).held = False

    def wake(self) -> None:
        """Let the supervisor look up from its wait."""
        self.services.outbox.box(self.station).wake.set()

    async def woken(self, timeout_s: float) -> bool:
        """Wait up to ``timeout_s`` wall seconds for a command; True if there is one."""
        return await self.services.outbox.box(self.station).wake.wait(timeout_s)

    async def write_pending(self, driver: StationDriver) -> None:
        """Send what waits: releases, the outdoor temperature, which moves the own curve, setpoints, caps."""
        box = self.services.outbox.box(self.station)
        box.wake.clear()
        # the cycle may post, replace and cancel while a write is awaited
        for loop, why in list(box.releases.items()):
            if loop in box.releases and await self._hand_back(driver, loop, why):
                box.releases.pop(loop, None)
        if box.T_outdoor_centre is not None:
            T_outdoor, box.T_outdoor_centre = box.T_outdoor_centre, None
            outcome = await driver.send_outdoor(T_outdoor)
            self._outdoor_told_at = self.services.clock.monotonic()
            if isinstance(outcome, Rejected | Unknown):
                log.warning("outdoor_not_taken", station=self.station, why=outcome.why)
        for loop in list(box.setpoints):
            pending = box.setpoints.pop(loop, None)
            if pending is None:
                continue
            if self.services.clock.monotonic() > pending.expires_at:
                self._finish(pending.intent, State.EXPIRED, said("write.too_old"))
            else:
                await self._send(driver, pending.intent)
        await self._caps.write_pending(driver, box)

    def renewal_due_s(self) -> float:
        """Scaled seconds until the next heartbeat; a whole period where there is none to send."""
        if not self._renewable():
            return self.services.heartbeat_s
        due_at = self._renewed_at + self.services.heartbeat_s
        return max(0.0, due_at - self.services.clock.monotonic())

    async def renew_if_due(self, driver: StationDriver) -> None:
        """Extend the station's lease, unless the control cycle has stopped completing."""
        if self.renewal_due_s() > 0:
            return
        self._renewed_at = self.services.clock.monotonic()
        self._beat += 1
        beat = Heartbeat(
            token=self.services.state.token, counter=self._beat, valid_for_s=self.services.watchdog_s
        )
        outcome = await driver.renew(beat)
        match outcome:
            case Acknowledged():
                self.services.state.counters.heartbeats_sent += 1
            case Unknown(why):
                raise NoAnswer(self.station, f"heartbeat: {why}")
            case Rejected(why):
                log.warning("heartbeat_refused", station=self.station, why=why)
            case NotApplicable():
                pass

    def verify(self, readings: Mapping[Point, Reading]) -> None:
        """Look for our values in a fresh poll, and for loops that went back to their own curve unasked."""
        for loop, write in list(self._open.items()):
            held = self._read_back[loop]
            fresh = _newer(readings, write.before, (*held, *self._effective[loop]))
            if all(point in fresh or point not in readings for point in held):
                self._verify_write(loop, write, fresh)
        for loop in self.traits:
            self._watch_lease(loop, readings)
        self._caps.verify(readings)
        self._polled, self._polled_at = readings, self.services.clock.monotonic()

    async def hand_back_all(self, driver: StationDriver) -> None:
        """Planned stop: every held loop goes back to its own curve (B to neutral); what waits expires."""
        box = self.services.outbox.box(self.station)
        for pending in box.setpoints.values():
            self._finish(pending.intent, State.EXPIRED, said("write.stopping"))
        box.setpoints.clear()
        await self._caps.lift(driver, box)
        for loop in self.traits:
            self._expire_open(loop, said("write.stopping"))
            if self._status(loop).held or loop in box.releases:
                await self._hand_back(driver, loop, said("write.stopping"))

    # --- inside -------------------------------------------------------------------------------------------

    def _status(self, loop: int) -> LoopStatus:
        return self.services.state.loops[self._keys[loop]]

    def _renewable(self) -> bool:
        """A lease is renewed only for a station that holds ours, owes us no release, and under a licence."""
        if (
            self.profile.station_class not in (StationClass.A, StationClass.T)
            or self.services.outbox.box(self.station).releases
        ):
            return False
        loops = self.services.state.loops
        for key in self._keys.values():
            if loops[key].held:
                return self.services.licensed()
        return False

    async def _send(self, driver: StationDriver, intent: Intent) -> None:
        fault = clamp_fault(self.traits[intent.loop], intent)
        if fault is not None:
            # past the guard this can only be a bug of ours: refuse, say so, never clip silently
            log.error("clamp_before_wire", station=self.station, loop=intent.loop, why=fault)
            self._finish(intent, State.REJECTED, said("write.clamped", detail=fault))
            return
        status = self._status(intent.loop)
        if not status.held and (why_not := self._no_take_over(intent)) is not None:
            self._finish(intent, State.EXPIRED, why_not)
            return
        self._expire_open(intent.loop, said("write.replaced"))
        command = LoopCommand(
            loop=intent.loop,
            token=intent.token,
            sequence=intent.sequence,
            instruction=Instruction(heat=intent.heat_value, circulation=intent.circulation_value),
        )
        self._transition(intent, State.SENT)
        self.services.state.counters.setpoints_sent += 1
        # from here it may have happened, whatever becomes of the answer
        status.held, status.written_at = True, self.services.clock.monotonic()
        write = self._open[intent.loop] = OpenWrite(intent, self._polled)
        outcome = await driver.apply(command)
        status.written_at = self.services.clock.monotonic()
        match outcome:
            case Acknowledged():
                write.answered = True
                self._transition(intent, State.ACKNOWLEDGED)
            case Unknown(why):
                # keep the lease, read first, never send blindly again
                raise NoAnswer(self.station, f"setpoint of loop {intent.loop}: {why}")
            case Rejected(why, jump):
                del self._open[intent.loop]
                told = why if jump is None else said("write.held_elsewhere", T_held=jump[0], T_asked=jump[1])
                self._finish(intent, State.REJECTED, said("write.refused", detail=told))
                status.held = False
            case NotApplicable():
                del self._open[intent.loop]
                self._finish(intent, State.REJECTED, said("write.no_function"))
                status.held = False

    def _no_take_over(self, intent: Intent) -> Phrase | None:
        return no_take_over(
            intent,
            level=self._polled.get(self._levels[intent.loop]),
            acts=self._polled.get(self._effective[intent.loop][0]),
            polled_after_s=self._polled_at - self._outdoor_told_at,
        )

    async def _hand_back(self, driver: StationDriver, loop: int, why: Phrase) -> bool:
        """Return one loop to its own curve; False if it must be tried again."""
        self._expire_open(loop, why)
        outcome = await driver.hand_back(loop)
        status = self._status(loop)
        match outcome:
            case Acknowledged() | NotApplicable():
                log.info("loop_released", station=self.station, loop=loop, why=why.en)
                status.held = False
                if loop not in self.services.outbox.box(self.station).setpoints:
                    status.T_supply_set = status.m_flow_set = None
                return True
            case Rejected(reason) | Unknown(reason):
                log.warning("release_not_taken", station=self.station, loop=loop, why=reason)
                return False

    def _verify_write(self, loop: int, write: OpenWrite, readings: Mapping[Point, Reading]) -> None:
        intent = write.intent
        result = compare(self.profile, loop, intent.heat_value, intent.circulation_value, readings)
        write.polls += 1
        status = self._status(loop)
        match result.match:
            case Match.CONFIRMED | Match.LIMITED:
                del self._open[loop]
                self._mismatches[loop] = 0
                status.ever_confirmed = True
                if not write.answered:  # it may have arrived long after it was given up
                    status.written_at = self.services.clock.monotonic()
                limited = result.match is Match.LIMITED
                state = State.CONFIRMED_LIMITED if limited else State.CONFIRMED
                self._finish(intent, state, result.detail)
            case Match.DIFFERENT if write.polls >= POLLS_TO_CONFIRM:
                del self._open[loop]
                self._mismatch(loop, write, result.detail)
            case Match.UNREADABLE if write.polls >= POLLS_TO_CONFIRM:
                del self._open[loop]
                self._finish(intent, State.EXPIRED, result.detail)
                status.held = False
            case _:
                pass

    def _mismatch(self, loop: int, write: OpenWrite, detail: Phrase) -> None:
        status = self._status(loop)
        if not write.answered:
            self._finish(write.intent, State.EXPIRED, said("write.lost", why=detail))
            status.held = False
            return
        self._mismatches[loop] = self._mismatches.get(loop, 0) + 1
        self._finish(write.intent, State.REJECTED, detail)
        status.held = False
        if self._mismatches[loop] >= 2:
            # somebody or something else writes this register: stop renewing, let the station go local
            log.error("register_mismatch", station=self.station, loop=loop, why=detail.en)
            self.admission.dropped(self.services.clock.monotonic())
            self.services.outbox.release(LoopKey(self.station, loop), said("write.mismatch", why=detail))
            self._mismatches[loop] = 0

    def _watch_lease(self, loop: int, readings: Mapping[Point, Reading]) -> None:
        """Notice a station that fell back although we believe that it holds our lease."""
        point = self._levels[loop]
        level, before = readings.get(point), self._polled.get(point)
        if level is None or (before is not None and before.received_at == level.received_at):
            return
        status = self._status(loop)
        on_own_curve = status.held and loop not in self._open and level.value == 0.0
        count = self._own_curve_polls.get(loop, 0) + 1 if on_own_curve else 0
        self._own_curve_polls[loop] = count
        if count >= LEASE_LOST_POLLS:
            log.warning("lease_lost", station=self.station, loop=loop)
            status.held = False
            self.admission.dropped(self.services.clock.monotonic())

    def _expire_open(self, loop: int, why: Phrase) -> None:
        write = self._open.pop(loop, None)
        if write is not None:
            self._finish(write.intent, State.EXPIRED, why)

    def _finish(self, intent: Intent, state: State, detail: Phrase) -> None:
        counters = self.services.state.counters
        match state:
            case State.CONFIRMED:
                counters.setpoints_confirmed += 1
            case State.CONFIRMED_LIMITED:
                counters.setpoints_limited += 1
            case State.REJECTED:
                counters.setpoints_rejected += 1
                log.warning("setpoint_rejected", station=intent.station, loop=intent.loop, why=detail.en)
            case State.EXPIRED:
                counters.setpoints_expired += 1
            case _:
                raise AssertionError(f"{state} is not final")
        self._transition(intent, state, detail)

    def _transition(self, intent: Intent, state: State, detail: Phrase | None = None) -> None:
        status, now = self._status(intent.loop), self.services.clock.now()
        if status.intent_id == intent.id:
            status.write_state = state
            status.write_state_at = now
        if state in (State.CONFIRMED, State.CONFIRMED_LIMITED):
            status.confirmed_at = now
        elif state is State.REJECTED and detail is not None:
            status.rejected = (now, detail)
        self.services.record(intent, state, detail)


def _newer(
    readings: Mapping[Point, Reading], before: Mapping[Point, Reading], points: Iterable[Point]
) -> dict[Point, Reading]:
    """Return which ``points`` a poll brought anew; a slow block repeats its own between two of its turns."""
    return {
        point: reading
        for point in points
        if (reading := readings.get(point)) is not None
        and ((old := before.get(point)) is None or old.received_at != reading.received_at)
    }


def _mirrors(loop: int, channels: Sequence[HeatChannel | CirculationChannel], what: str) -> tuple[Point, ...]:
    return tuple(Point(loop, f"{channel.value}_{what}") for channel in channels)
