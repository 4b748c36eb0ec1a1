"""The one connection of a commissioning: polls, renews leases while asked to, survives a short loss."""

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping

from stations.driver import DriverError, StationDriver
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown, WriteOutcome
from stations.model.reading import Reading
from stations.model.setpoint import Heartbeat

TRIES = 5
RETRY_WALL_S = 1.0
"""A mobile link that stalls for a few seconds must not spoil a trial of half an hour."""

Readings = Mapping[Point, Reading]


class LinkGone(Exception):
    """The station can not be reached, or refuses us; the text says why."""


class TrialLink:
    """Owner of the driver. Used by one task."""

    def __init__(
        self,
        make_driver: Callable[[], StationDriver],
        clock: Clock,
        *,
        poll_s: float,
        heartbeat_s: float,
        watchdog_s: float,
        token: int,
    ) -> None:
        self._make, self._clock = make_driver, clock
        self._step_s = min(poll_s, heartbeat_s)
        self._heartbeat_s, self._watchdog_s, self._token = heartbeat_s, watchdog_s, token
        self._driver: StationDriver | None = None
        self._counter = 0
        self.beating = False
        """While True, leases are renewed."""
        self.renewed_at: float | None = None
        """UTC second of the last renewal or write that the station acknowledged."""
        self.refused_beat: str | None = None
        self.readings: dict[Point, Reading] = {}
        self.polls = 0
        self.losses = 0
        self._connect_ms: list[float] = []
        self._read_ms: list[float] = []

    async def connect(self) -> None:
        """Open the connection, with some patience; raises LinkGone."""
        for attempt in range(1, TRIES + 1):
            await self.close()
            driver = self._driver = self._make()
            begun = self._clock.wall_monotonic()
            try:
                await driver.connect()
            except DriverError as error:
                if attempt == TRIES or not error.retryable:
                    raise LinkGone(f"{type(error).__name__}: {error.why}") from error
                await asyncio.sleep(RETRY_WALL_S)
            else:
                self._connect_ms.append((self._clock.wall_monotonic() - begun) * 1e3)
                return

    async def close(self) -> None:
        """Close the connection; harmless when there is none."""
        driver, self._driver = self._driver, None
        if driver is not None:
            await driver.close()

    async def poll(self) -> Readings:
        """Read every point; connects anew where the link broke. Raises LinkGone."""
        for _ in range(TRIES):
            if self._driver is None:
                await self.connect()
            assert self._driver is not None
            begun = self._clock.wall_monotonic()
            try:
                self.readings = dict(await self._driver.read())
            except DriverError as error:
                await self._lost(error)
            else:
                self._read_ms.append((self._clock.wall_monotonic() - begun) * 1e3)
                self.polls += 1
                return self.readings
        raise LinkGone(f"no answer to {TRIES} polls in a row, each on a new connection")

    async def write(self, action: Callable[[StationDriver], Awaitable[WriteOutcome]]) -> WriteOutcome:
        """Write once; never repeated here, because an answer that was lost may have been a success."""
        if self._driver is None:
            await self.connect()
        assert self._driver is not None
        outcome = await action(self._driver)
        match outcome:
            case Acknowledged():
                self.renewed_at = self._clock.now()
            case Unknown():
                self.losses += 1
                await self.close()
            case Rejected() | NotApplicable():
                pass
        return outcome

    async def watch(self, seen: Callable[[Readings], bool], limit_s: float) -> bool:
        """Poll until ``seen`` is true of a poll; False after ``limit_s`` scaled seconds. Raises LinkGone."""
        deadline = self._clock.monotonic() + limit_s
        due = self._clock.monotonic()
        while True:
            await self._renew_if_due()
            if seen(await self.poll()):
                return True
            if self._clock.monotonic() >= deadline:
                return False
            due = max(due + self._step_s, self._clock.monotonic())
            await self._clock.sleep(due - self._clock.monotonic())

    def facts(self) -> dict[str, object]:
        """Return what was measured of the link, wall milliseconds."""
        return {
            "connect_ms": round(statistics.median(self._connect_ms), 1) if self._connect_ms else None,
            "read_ms_median": round(statistics.median(self._read_ms), 1) if self._read_ms else None,
            "read_ms_max": round(max(self._read_ms), 1) if self._read_ms else None,
            "polls": self.polls,
            "heartbeats": self._counter,
            "link_losses": self.losses,
        }

    async def _renew_if_due(self) -> None:
        if not self.beating:
            return
        # Half a step early: waiting for the next step would be late.
        not_before = self._heartbeat_s - 0.5 * self._step_s
        if self._counter and self.renewed_at is not None and self._clock.now() < self.renewed_at + not_before:
            return
        self._counter += 1
        beat = Heartbeat(token=self._token, counter=self._counter, valid_for_s=self._watchdog_s)
        outcome = await self.write(lambda driver: driver.renew(beat))
        if isinstance(outcome, Rejected):
            self.refused_beat = outcome.why

    async def _lost(self, error: DriverError) -> None:
        self.losses += 1
        await self.close()
        if not error.retryable:
            raise LinkGone(f"{type(error).__name__}: {error.why}") from error


def fresh(readings: Readings, since: float) -> Readings:
    """Return the readings that were received after UTC second ``since``; slow blocks repeat older ones."""
    return {point: reading for point, reading in readings.items() if reading.received_at > since}
