"""A clock that moves only when a test moves it."""

import asyncio


class ManualClock:
    """Implements stations.model.clock.Clock; all three times advance together, at factor 1 unless said."""

    def __init__(self, start_utc=1_736_899_200.0, monotonic=1000.0, factor=1.0):
        self.factor = factor
        self._start_utc = start_utc - monotonic
        self._monotonic = monotonic
        self._sleepers = []

    def now(self):
        return self._start_utc + self._monotonic

    def monotonic(self):
        return self._monotonic

    def wall_monotonic(self):
        return self._monotonic / self.factor

    async def sleep(self, scaled_s):
        if scaled_s <= 0.0:
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._monotonic + scaled_s, woken))
        await woken

    def advance(self, scaled_s):
        """Move all times on; sleepers whose time has come are woken, in order."""
        self._monotonic += scaled_s
        due = sorted(
            (item for item in self._sleepers if item[0] <= self._monotonic), key=lambda item: item[0]
        )
        self._sleepers = [item for item in self._sleepers if item[0] > self._monotonic]
        for _, woken in due:
            if not woken.done():
                woken.set_result(None)

    def jump_utc(self, seconds):
        """Set the UTC clock as an operator or NTP does; monotonic time does not notice."""
        self._start_utc += seconds

    @property
    def sleepers(self):
        """How many coroutines sleep."""
        return sum(not woken.done() for _, woken in self._sleepers)


async def settle(turns=20):
    """Let all tasks that can run do so."""
    for _ in range(turns):
        await asyncio.sleep(0)
