"""The world's clock: wall time, scaled time and the loop's time are one."""

import asyncio

from simulators.world.loop import VirtualLoop

START_UTC = 1_768_435_200.0
"""15 January 2026, 0 h UTC: 8 h in the morning in the city."""
MONOTONIC_START = 1000.0


class WorldClock:
    """Implements ``stations.model.clock.Clock`` on a virtual loop."""

    factor = 1.0

    def __init__(self, loop: VirtualLoop, start: float = START_UTC) -> None:
        self._loop = loop
        self._start = start

    def now(self) -> float:
        """UTC seconds."""
        return self._start + self._loop.now_s

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment."""
        return MONOTONIC_START + self._loop.now_s

    def wall_monotonic(self) -> float:
        """The same."""
        return MONOTONIC_START + self._loop.now_s

    async def sleep(self, scaled_s: float) -> None:
        """Sleep virtual seconds."""
        await asyncio.sleep(max(0.0, scaled_s))


class CentreClock(WorldClock):
    """The clock of the centre's machine: somebody may set its UTC wrong, durations stay true."""

    def __init__(self, loop: VirtualLoop) -> None:
        super().__init__(loop)
        self.ahead_s = 0.0
        """Seconds by which UTC is ahead of the world's."""

    def now(self) -> float:
        """UTC seconds as this machine believes."""
        return self._start + self._loop.now_s + self.ahead_s
