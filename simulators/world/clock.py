"""The world's clock: wall time, scaled time and the loop's time are one."""

import asyncio

START_UTC = 1_768_435_200.0
"""15 January 2026, 0 h UTC: 8 h in the morning in the city."""
MONOTONIC_START = 1000.0


class WorldClock:
    """Implements ``stations.model.clock.Clock`` on a virtual loop."""

    factor = 1.0

    def __init__(self, loop: asyncio.AbstractEventLoop, start: float = START_UTC) -> None:
        self._time = loop.time
        self._start = start

    def now(self) -> float:
        """UTC seconds."""
        return self._start + self._time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment."""
        return MONOTONIC_START + self._time()

    def wall_monotonic(self) -> float:
        """The same."""
        return MONOTONIC_START + self._time()

    async def sleep(self, scaled_s: float) -> None:
        """Sleep virtual seconds."""
        await asyncio.sleep(max(0.0, scaled_s))


class CentreClock(WorldClock):
    """The clock of the centre's machine: somebody may set its UTC wrong, durations stay true."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.ahead_s = 0.0
        """Seconds by which UTC is ahead of the world's."""

    def now(self) -> float:
        """UTC seconds as this machine believes."""
        return self._start + self._time() + self.ahead_s
