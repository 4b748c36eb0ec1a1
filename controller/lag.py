"""Event-loop lag: how late a 20 ms timer fires. The one number that tells whether the loop keeps its word."""

import asyncio
from array import array

import numpy as np

from stations.model.clock import Clock

SAMPLE_S = 0.020
KEEP = 90_000
"""Half an hour of samples; the ring overwrites the oldest."""


class LagMonitor:
    """Samples the lag of the running loop in wall time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ring = array("d")
        self._at = 0

    async def run(self) -> None:
        """Sample for ever; cancel to stop."""
        while True:
            before = self._clock.wall_monotonic()
            await asyncio.sleep(SAMPLE_S)
            self._add(max(0.0, self._clock.wall_monotonic() - before - SAMPLE_S))

    def restart(self) -> None:
        """Forget the samples so far: start-up is over."""
        self._ring = array("d")
        self._at = 0

    def _add(self, lag_s: float) -> None:
        if len(self._ring) < KEEP:
            self._ring.append(lag_s)
        else:
            self._ring[self._at] = lag_s
            self._at = (self._at + 1) % KEEP

    def summary_ms(self) -> tuple[float, float]:
        """Return (99 % quantile, maximum) of the kept samples in ms; zeros before the first."""
        if not self._ring:
            return 0.0, 0.0
        samples = np.array(self._ring)
        rank = int(0.99 * (len(samples) - 1))
        # a partition, not a sort: asking for the lag must not cause any
        return float(np.partition(samples, rank)[rank]) * 1000.0, float(samples.max()) * 1000.0
