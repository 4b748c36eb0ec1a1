"""The read side of the journal behind HTTP: bounded work, in a thread of its own."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol, TypeVar

from controller.historian.slot import JournalStats, Series
from stations.model.identity import Point
from stations.model.reading import Reading

Result = TypeVar("Result")
MAX_POINTS = 2000
MIN_POINTS = 3
MAX_SPAN_S = 8 * 86_400.0
"""The journal keeps days, not years."""
MAX_WAITING = 8


class HistorySource(Protocol):
    """What the API needs of the journal."""

    @property
    def stats(self) -> JournalStats:
        """What was stored and lost."""
        ...

    def history(self, station: str, point: Point, start: float, end: float, max_points: int = ...) -> Series:
        """Return the trend of one point; blocks, so it is called in a thread."""
        ...

    def stored_span(self) -> tuple[float, float] | None:
        """Return from when until when something is stored, UTC seconds; blocks."""
        ...

    def at_instants(
        self, instants: Sequence[float], wanted: Mapping[str, Sequence[Point]]
    ) -> list[dict[tuple[str, Point], Reading]]:
        """Return the readings of wanted points nearest to each instant; blocks."""
        ...


class Busy(Exception):
    """Too many trends are asked for at once."""


class HistoryReader:
    """Reads one trend after the other, in one thread: a screen full of them must not take control's CPU."""

    def __init__(self, source: HistorySource) -> None:
        self.source = source
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="api-history")
        self._waiting = 0

    async def read(self, station: str, point: Point, start: float, end: float, max_points: int) -> Series:
        """Return a trend; raises Busy instead of queueing without bound."""
        return await self.run(partial(self.source.history, station, point, start, end, max_points))

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do a piece of reading in the thread; raises Busy instead of queueing without bound."""
        if self._waiting >= MAX_WAITING:
            raise Busy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Drop what waits; a read that runs ends by itself."""
        self._executor.shutdown(wait=False, cancel_futures=True)


def history_message(series: Series) -> dict[str, object]:
    """Return ``schema.History`` as plain values: columns, because a trend has thousands of samples."""
    return {
        "station": series.station,
        "point": str(series.point),
        "start": series.start,
        "end": series.end,
        "bucket_s": series.bucket_s,
        "stored": series.stored,
        "measured_at": [round(sample.measured_at, 3) for sample in series.samples],
        "value": [sample.value for sample in series.samples],
        "quality": [int(sample.quality) for sample in series.samples],
        "reason": [sample.reason.value for sample in series.samples],
        "damaged": series.damaged,
    }
