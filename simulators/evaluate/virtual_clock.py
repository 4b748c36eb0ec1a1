"""A clock that stands still until the judge moves it: nobody sleeps in virtual time."""

import asyncio

MONOTONIC_START = 1000.0


class VirtualClock:
    """Implements ``stations.model.clock.Clock``; scaled and wall time advance together."""

    factor = 1.0

    def __init__(self, start: float) -> None:
        self._start = self._now = start

    def now(self) -> float:
        """UTC seconds of the judged world."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment before the start."""
        return self._now - self._start + MONOTONIC_START

    def wall_monotonic(self) -> float:
        """The same; deadlines can not run out while a call is made."""
        return self.monotonic()

    async def sleep(self, scaled_s: float) -> None:
        """Yield; nobody waits here, the judge moves the time between the turns."""
        del scaled_s
        await asyncio.sleep(0)

    def move_to(self, now: float) -> None:
        """Move on to UTC second ``now``."""
        assert now >= self._now, (now, self._now)
        self._now = now
