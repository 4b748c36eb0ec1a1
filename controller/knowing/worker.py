"""The night's process: identifies every loop of a store, one after another, and lays down what it finds.

Started as ``python -m controller.knowing.worker PARENT_PID MEMORY_BYTES DATA_FOLDER UTC_SECOND [STATION]``,
with a station for its loops alone. A process of its own: an hour of arithmetic must not slow down polling,
and whatever becomes of it, the city goes on with what was believed before. What it found until then stays.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from controller.knowing.belief import Belief
from controller.knowing.nightly import identified, summary
from controller.knowing.store import KnowingStore

NICENESS = 10
CHUNK = 16
"""Loops that are laid down in one transaction."""
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Identify all loops, or those of one station; prints how many were accepted, kept and refused."""
    parent, memory_bytes, data, now = (
        int(sys.argv[1]),
        int(sys.argv[2]),
        Path(sys.argv[3]),
        float(sys.argv[4]),
    )
    station = sys.argv[5] if len(sys.argv) > 5 else None
    _confine(parent, memory_bytes)
    print(json.dumps(summary(list(identify_stored(KnowingStore(data), now, station)))))
    return 0


def identify_stored(
    store: KnowingStore, now: float, station: str | None = None, *, at_once: bool = False
) -> Iterator[Belief]:
    """Identify the loops of a store (of one ``station``), lay down what is found and give it loop by loop.

    To identify all takes minutes. What a loop's own answer or a person laid down of it meanwhile stays, as
    it is not counted with here; what a person wants of one station counts in any case.
    """
    loops = store.introduced()
    beliefs, newest = store.believed()
    unless_after = newest if station is None else None
    waiting: list[Belief] = []
    window = store.window(tuple(loops))
    for one in identified(window, loops, beliefs, now, station=station, at_once=at_once):
        waiting.append(one)
        if len(waiting) >= CHUNK:
            store.believe(waiting, unless_after)
            waiting.clear()
        yield one
    store.believe(waiting, unless_after)


def _confine(parent: int, memory_bytes: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before it could be tied to
        sys.exit(0)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)


if __name__ == "__main__":
    sys.exit(main())
