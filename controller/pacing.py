"""When to try: poll ticks on a grid, waits after failures, and one gate for all connection attempts."""

import asyncio
import random
from dataclasses import dataclass

from stations.model.clock import Clock

BACKOFF_CAP_S = 10.0
"""Longest wait in the first ten minutes of an outage, so that recovery needs at most about 15 s."""
BACKOFF_CAP_LONG_S = 60.0
BACKOFF_LONG_AFTER_S = 600.0
PERMANENT_RETRY_S = 600.0
"""Wait after a fault that only people can mend, and after a quarantine."""
CONNECTS_PER_S = 50.0
"""Over all stations: after an outage of the whole network a fleet must not reconnect in lock-step."""


class TickPacer:
    """Ticks every ``period_s`` scaled seconds on a grid shifted by ``phase_s``; missed ticks are counted."""

    def __init__(self, clock: Clock, period_s: float, phase_s: float) -> None:
        self._clock = clock
        self._period_s = period_s
        self._phase_s = phase_s % period_s
        self.missed = 0
        self._next = self._after(clock.monotonic())

    def _after(self, moment: float) -> float:
        """Return the first grid point after ``moment``, scaled monotonic seconds."""
        periods = (moment - self._phase_s) // self._period_s + 1
        return periods * self._period_s + self._phase_s

    def remaining_s(self) -> float:
        """Scaled seconds until the next tick; zero or less when it is due."""
        return self._next - self._clock.monotonic()

    def taken(self) -> None:
        """Book the due tick and move to the next one in the future; ticks in between count as missed.

        After a poll ahead of its tick, right after a new connection, the next one is at least half a period
        away.
        """
        now = self._clock.monotonic()
        if self._next > now:
            self._next = self._after(now + self._period_s / 2.0)
            return
        self._next += self._period_s
        if self._next <= now:
            following = self._after(now)
            self.missed += round((following - self._next) / self._period_s)
            self._next = following


@dataclass(slots=True)
class Backoff:
    """Full-jitter waits in wall seconds: uniform between 0 and a ceiling that doubles from 0.5 s."""

    random: random.Random
    attempts: int = 0
    since: float | None = None
    """Wall monotonic second of the first failure of this outage."""

    def next_s(self, wall_now: float) -> float:
        """Return how long to wait after one more failure at wall monotonic second ``wall_now``."""
        if self.since is None:
            self.since = wall_now
        long_outage = wall_now - self.since > BACKOFF_LONG_AFTER_S
        cap = BACKOFF_CAP_LONG_S if long_outage else BACKOFF_CAP_S
        ceiling = min(cap, 0.5 * 2.0 ** min(self.attempts, 10))
        self.attempts += 1
        return self.random.uniform(0.0, ceiling)

    def reset(self) -> None:
        """Forget the outage: a poll was answered."""
        self.attempts = 0
        self.since = None


class ConnectGate:
    """Spaces connection attempts of all supervisors evenly; first come, first served."""

    def __init__(self, clock: Clock, per_s: float = CONNECTS_PER_S) -> None:
        self._clock = clock
        self._spacing_s = 1.0 / per_s
        self._free_at = 0.0

    async def turn(self) -> None:
        """Wait until this caller may open a connection."""
        now = self._clock.wall_monotonic()
        mine = max(now, self._free_at)
        self._free_at = mine + self._spacing_s
        await asyncio.sleep(mine - now)
