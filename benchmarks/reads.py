"""Client CPU of one read, ours beside another library's: in turn, in one run, against one server."""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmarks.report import Result, median_of

CONNECTIONS = 50
RUNS = 5
WARM_UP_S = 5.0

Read = Callable[[], Awaitable[object]]
Side = Callable[[int], Awaitable[float]]
"""Does so many reads over all its connections and returns the client's CPU seconds for all of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """CPU microseconds of one read, run by run, of both sides."""

    ours_us: tuple[float, ...]
    theirs_us: tuple[float, ...]

    def ratio(self, name: str, note: str) -> Result:
        """Return ours / theirs; each run's ratio is one of the median, neighbours in time."""
        ratios = [ours / theirs for ours, theirs in zip(self.ours_us, self.theirs_us, strict=True)]
        return median_of(name, "ratio", ratios, note)

    def times(self, name: str, note: str) -> Result:
        """Return our side's microseconds."""
        return median_of(name, "us", self.ours_us, note)


def in_process(reads: Sequence[Read]) -> Side:
    """Return the side that calls ``reads``, one of each connection, in this process."""

    async def keep_reading(read: Read, count: int) -> None:
        for _ in range(count):
            await read()

    async def run(total: int) -> float:
        each = total // len(reads)
        before = time.process_time()
        await asyncio.gather(*(keep_reading(read, each) for read in reads))
        return (time.process_time() - before) * total / (each * len(reads))

    return run


async def warm_up(side: Side, reads: int, seconds: float = WARM_UP_S) -> None:
    """Let one side read for a while, so that caches, clocks and compilers have settled."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        await side(reads)


async def compare(ours: Side, theirs: Side, reads: int, runs: int = RUNS) -> Compared:
    """Measure both sides in turn, ``reads`` reads a run; which of them begins changes from run to run."""
    ours_us: list[float] = []
    theirs_us: list[float] = []
    for run in range(runs):
        order = [(ours, ours_us), (theirs, theirs_us)]
        for side, times in order if run % 2 == 0 else reversed(order):
            times.append(await side(reads) / reads * 1e6)
    return Compared(ours_us=tuple(ours_us), theirs_us=tuple(theirs_us))


def settle_heap() -> None:
    """Take the objects of start-up out of the collector's way, as the controller does once it is ready."""
    gc.collect()
    gc.freeze()
