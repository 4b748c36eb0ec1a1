"""The field loop of one station: connect, poll on the grid, write before reading, give up cleanly, try again.

One supervisor per station owns its connection, its deadlines and its waits. Faults of link and device are
data and end in a wait; an unexpected error in the code path of one station quarantines that station alone.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import structlog

from controller.admission import Admission
from controller.dispatch import Dispatcher
from controller.image import Link, ProcessImage, StationImage
from controller.pacing import PERMANENT_RETRY_S, Backoff, ConnectGate, TickPacer
from controller.words.phrase import Phrase, said
from stations.driver import (
    BadAnswer,
    ConfigurationFault,
    DriverError,
    NoAnswer,
    SecurityRefused,
    StationDriver,
)
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading, bad

log = structlog.get_logger("field")

MISSES_TO_LOST = 3
"""Answers missed in a row before a station counts as lost: a 5G link stalls for seconds and is not down."""


class Validator(Protocol):
    """Plausibility of one station's readings over time; keeps its own short memory."""

    def check(self, readings: Mapping[Point, Reading], now: float) -> dict[Point, Reading]:
        """Return the readings with quality lowered where they are implausible; ``now`` is UTC seconds."""
        ...


class SlotSink(Protocol):
    """Takes every answered poll for the journal; never blocks."""

    def add(self, station: str, received_at: float, readings: Mapping[Point, Reading]) -> None:
        """Note the readings of one poll."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldServices:
    """What all supervisors share."""

    clock: Clock
    image: ProcessImage
    gate: ConnectGate
    slots: SlotSink


class Supervisor:
    """Field loop of one station: ``run`` it as a task, ``stop`` it for a planned end, cancel it otherwise."""

    def __init__(
        self,
        station: str,
        make_driver: Callable[[], StationDriver],
        validator: Validator,
        dispatcher: Dispatcher,
        admission: Admission,
        services: FieldServices,
        poll_s: float,
        phase_s: float,
    ) -> None:
        """Poll every ``poll_s`` scaled seconds, on a grid shifted by ``phase_s``."""
        self.station = station
        self.dispatcher = dispatcher
        self._make_driver = make_driver
        self._validator = validator
        self._admission = admission
        self._services = services
        self._pacer = TickPacer(services.clock, poll_s, phase_s)
        self._backoff = Backoff(random.Random(station))
        self._misses = 0
        self._answered = False
        self._overdue = False
        """A session ended with a fault: the next link is asked at once, not at its turn on the grid."""
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Ask for a planned end: held loops are handed back, the link is closed, ``run`` returns."""
        self._stop.set()
        self.dispatcher.wake()

    async def run(self) -> None:
        """Keep the station polled until ``stop``."""
        clock = self._services.clock
        while not self._stop.is_set():
            try:
                await self._session()
                return
            except DriverError as fault:
                wait_s = self._missed(fault)
            except Exception as error:  # a bug in one station's path must not take the other stations down
                self._down(Link.QUARANTINED, Reason.QUARANTINED, _bug(error))
                log.exception("station_quarantined", station=self.station, retry_after_s=PERMANENT_RETRY_S)
                wait_s = PERMANENT_RETRY_S
            self._overdue = True
            await self._wait_missing_ticks(clock.wall_monotonic() + wait_s)

    async def _wait_missing_ticks(self, until_wall: float) -> None:
        """Wait until a wall second; polls that fall due meanwhile are booked as asked and not answered."""
        clock = self._services.clock
        while (left := until_wall - clock.wall_monotonic()) > 0 and not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left, max(0.0, self._pacer.remaining_s()) / clock.factor)):
                    await self._stop.wait()
            if self._pacer.remaining_s() <= 0:
                self._book_missed_tick()

    async def _session(self) -> None:
        """One connection from its birth to its first fault."""
        await self._services.gate.turn()
        driver = self._make_driver()
        try:
            await driver.connect()
            self.dispatcher.connected()
            while not self._stop.is_set():
                if not self._overdue:
                    await self._until_due(driver)
                self._overdue = False
                if self._stop.is_set():
                    break  # nothing new goes out any more
                await self.dispatcher.write_pending(driver)
                await self._poll(driver)
            await self.dispatcher.hand_back_all(driver)
        finally:
            await driver.close()

    async def _until_due(self, driver: StationDriver) -> None:
        """Wait for the next poll; commands that arrive meanwhile go out at once, leases are kept."""
        clock = self._services.clock
        while (remaining_s := self._pacer.remaining_s()) > 0 and not self._stop.is_set():
            wait_s = min(remaining_s, self.dispatcher.renewal_due_s())
            if await self.dispatcher.woken(max(0.0, wait_s) / clock.factor) and not self._stop.is_set():
                await self.dispatcher.write_pending(driver)
            await self.dispatcher.renew_if_due(driver)

    async def _poll(self, driver: StationDriver) -> None:
        clock = self._services.clock
        asked_wall = clock.wall_monotonic()
        try:
            raw = await driver.read()
        except DriverError:
            self._book_missed_tick()
            raise
        now = clock.now()
        readings = self._validator.check(raw, now)
        self._admission.answered(clock.monotonic())
        self._misses = 0
        self._answered = True
        self._backoff.reset()
        before = self._services.image[self.station]
        if before.link is not Link.ONLINE:
            self._log_recovery(before, now)
        self._pacer.taken()
        self._services.image.answered(
            self.station, readings, now, clock.wall_monotonic() - asked_wall, self._pacer.missed
        )
        self._services.slots.add(self.station, now, readings)
        self.dispatcher.verify(readings)

    def _book_missed_tick(self) -> None:
        self._pacer.taken()
        polls = self._services.image[self.station].polls + 1
        self._services.image.update(self.station, polls=polls, missed_ticks=self._pacer.missed)

    def _missed(self, fault: DriverError) -> float:
        """Note one missed answer and return how long to wait, in wall seconds."""
        self._misses += 1
        self._services.image.faults[type(fault).__name__] += 1
        # what worked before is not given up on one word: a broken link can look like a refusal
        if not fault.retryable and (not self._answered or self._misses >= MISSES_TO_LOST):
            self._down(Link.REFUSED, Reason.LINK_DOWN, _told(fault))
            return PERMANENT_RETRY_S
        if self._misses >= MISSES_TO_LOST:
            self._down(Link.LOST, Reason.LINK_DOWN, _told(fault))
        else:
            self._doubt()
        return 0.0 if self._misses == 1 else self._backoff.next_s(self._services.clock.wall_monotonic())

    def _doubt(self) -> None:
        """One answer is missing: what was sound is now the last that is known, until the next answer."""
        before = self._services.image[self.station].readings
        doubted = {
            point: replace(reading, quality=Quality.UNCERTAIN, reason=Reason.NO_ANSWER)
            if reading.sound
            else reading
            for point, reading in before.items()
        }
        self._services.image.update(self.station, readings=doubted)

    def _down(self, link: Link, reason: Reason, why: Phrase) -> None:
        """Mark every value of the station BAD; log the transition once."""
        before = self._services.image[self.station]
        if before.link is link:
            return
        now = self._services.clock.now()
        if before.link is Link.ONLINE:
            self._admission.dropped(self._services.clock.monotonic())
            self.dispatcher.link_lost()
        log.warning("link_down", station=self.station, was=before.link, now=link, why=why.en)
        self._services.image.update(
            self.station,
            link=link,
            link_since=now,
            link_why=why,
            readings={point: bad(reason, now) for point in before.readings},
        )

    def _log_recovery(self, before: StationImage, now: float) -> None:
        down_s = now - before.link_since if before.link is not Link.NEVER else None
        log.info("link_up", station=self.station, was=before.link, down_s=down_s)


def _told(fault: DriverError) -> Phrase:
    """Say what kind of fault it is; what the driver found stays in its own words."""
    match fault:
        case NoAnswer():
            return said("link.no_answer", detail=fault.why)
        case BadAnswer():
            return said("link.bad_answer", detail=fault.why)
        case ConfigurationFault():
            return said("link.configuration", detail=fault.why)
        case SecurityRefused():
            return said("link.security", detail=fault.why)
        case _:
            return said("link.lost", detail=fault.why)


def _bug(error: Exception) -> Phrase:
    return said("link.quarantined", detail=f"{type(error).__name__}: {error}")
