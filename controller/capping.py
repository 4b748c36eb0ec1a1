"""Caps on the primary flow of one station, from the outbox to the wire and back.

Each is an instruction of the command log, of loop 0: the station as a whole. The way is that of setpoints
with one difference: a cap takes heat away, so lifting one waits for nothing, not even for the log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from controller.decisions import LoopTraits
from controller.historian.records import Intent, State
from controller.last_clamp import cap_fault
from controller.outbox import FlowCapWish, StationBox
from controller.state import ControllerState
from controller.verification import POLLS_TO_CONFIRM, Match, compare_point
from controller.words.phrase import Phrase, said
from stations.driver import StationDriver
from stations.model.clock import Clock
from stations.model.identity import PRIMARY, Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown
from stations.model.reading import Reading
from stations.model.setpoint import FlowCap
from stations.profile import FLOW_CAP, Profile

log = structlog.get_logger("dispatch")

OPEN_SHARE = 0.99
"""Of the largest cap that a device takes, which caps nothing: so a cap is lifted."""
SHOWN = Point(PRIMARY, f"{FLOW_CAP}_readback")

Recorded = Callable[[Intent, State, Phrase | None], None]


def open_cap(profile: Profile) -> float | None:
    """Return the cap in kg/s that caps nothing; None where the device takes none."""
    point = profile.point(FLOW_CAP)
    return OPEN_SHARE * point.bounds()[1] if profile.caps_flow and point is not None else None


@dataclass(slots=True)
class _Open:
    """A cap whose read-back is awaited."""

    intent: Intent
    before: Reading | None
    """What was shown when it was written; a slow block that only repeats it proves nothing."""
    answered: bool = False
    polls: int = 0


@dataclass(slots=True)
class CapWriter:
    """Owner: the station's dispatcher."""

    station: str
    profile: Profile
    traits: Mapping[int, LoopTraits]
    state: ControllerState
    clock: Clock
    record: Recorded
    _sequence: int = 0
    _open: _Open | None = None
    _shown: Reading | None = None

    async def write_pending(self, driver: StationDriver, box: StationBox) -> None:
        """Send what waits in the station's box; a cap that waited too long is void, its lifting never."""
        if box.cap is None:
            return
        wish, box.cap = box.cap, None
        of = wish.intent
        if of is not None and wish.m_flow_max is not None and self.clock.now() > of.valid_until:
            self.record(of, State.EXPIRED, said("write.too_old"))
        else:
            await self._write(driver, wish)

    def drop(self, box: StationBox, why: Phrase) -> None:
        """End what waits and what is not read back yet: nobody looks at it any more."""
        if box.cap is not None and box.cap.intent is not None:
            self.record(box.cap.intent, State.EXPIRED, why)
        box.cap = None
        self._finish(State.EXPIRED, why)

    async def lift(self, driver: StationDriver, box: StationBox) -> None:
        """Lift the cap that the station was told, if there is one: the centre stops."""
        waited = box.cap is not None
        self.drop(box, said("write.stopping"))
        if waited or self.station in self.state.caps:
            await self._write(driver, FlowCapWish(None, self._sequence + 1))

    def verify(self, readings: Mapping[Point, Reading]) -> None:
        """Look for the cap in a fresh poll."""
        shown, write = readings.get(SHOWN), self._open
        self._shown = shown
        if write is None or (shown is not None and _same(shown, write.before)):
            return
        result = compare_point(self.profile, PRIMARY, FLOW_CAP, write.intent.heat_value, readings)
        write.polls += 1
        if result.match is Match.CONFIRMED:
            self._finish(State.CONFIRMED, result.detail)
        elif write.polls >= POLLS_TO_CONFIRM:
            if result.match is Match.DIFFERENT and write.answered:
                self._finish(State.REJECTED, said("write.mismatch", why=result.detail))
            elif result.match is Match.DIFFERENT:
                self._finish(State.EXPIRED, said("write.lost", why=result.detail))
            else:
                self._finish(State.EXPIRED, result.detail)

    async def _write(self, driver: StationDriver, wish: FlowCapWish) -> None:
        """Cap the station's primary flow or lift the cap; one that is lost or refused is told anew.

        No answer is no fault of the link here: a cap that is not taken, or not lifted, ends with the lease.
        """
        fault, most = cap_fault(self.traits.values(), wish.m_flow_max), open_cap(self.profile)
        if fault is not None or most is None:
            # past the guard this can only be a bug of ours: refuse, say so, never clip silently
            fault = fault or "no such point"
            log.error("clamp_before_wire", station=self.station, why=fault)
            if wish.intent is not None:
                self.record(wish.intent, State.REJECTED, said("write.clamped", detail=fault))
            return
        self._finish(State.EXPIRED, said("write.replaced"))
        self._sequence = wish.sequence
        m_flow_max = most if wish.m_flow_max is None else min(wish.m_flow_max, most)
        write = None
        if wish.intent is not None:
            write = self._open = _Open(wish.intent, self._shown)
            self.record(wish.intent, State.SENT, None)
        outcome = await driver.cap_flow(
            FlowCap(token=self.state.token, sequence=wish.sequence, m_flow_max=m_flow_max)
        )
        match outcome:
            case Acknowledged():
                log.info("primary_flow_capped", station=self.station, m_flow_max=wish.m_flow_max)
                if write is not None:
                    write.answered = True
                    self.record(write.intent, State.ACKNOWLEDGED, None)
            case Rejected(why):
                log.warning("cap_not_taken", station=self.station, why=why)
                self._finish(State.REJECTED, said("write.refused", detail=why))
            case Unknown(why):  # the read-back tells
                log.warning("cap_not_taken", station=self.station, why=why)
            case NotApplicable():
                self._finish(State.REJECTED, said("write.no_function"))

    def _finish(self, state: State, why: Phrase) -> None:
        write, self._open = self._open, None
        if write is not None:
            self.record(write.intent, state, why)


def _same(shown: Reading, before: Reading | None) -> bool:
    return before is not None and before.received_at == shown.received_at
