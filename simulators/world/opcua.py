"""asyncua in a world: the library unchanged, and what it asks of the machine answered by the world.

It stamps messages with the machine's clock, watches sessions with its stopwatch, draws nonces from the system
and counts sessions over all servers of the process. None of that may come into a trace. Nothing of asyncua is
replaced; while a world runs, its modules only see another ``datetime``, ``time`` and ``os``.
"""

import asyncio
import contextlib
import datetime
import functools
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

from asyncua.server.internal_session import InternalSession

from simulators.servers.opcua_space import StandardNodes
from simulators.servers.opcua_space import standard_nodes as build
from simulators.world.clock import MONOTONIC_START, START_UTC

_COUNTERS = ("_counter", "_auth_counter", "_current_connections")
"""What ``InternalSession`` counts for the whole process: numbers of sessions and of their tokens."""
_FIRST = {name: getattr(InternalSession, name) for name in _COUNTERS}


@functools.lru_cache(maxsize=1)
def standard_nodes() -> StandardNodes:
    """Build the standard nodes once in this process, at the world's first second; takes 1 to 2 s of CPU."""
    loop = asyncio.new_event_loop()  # not the world's: what a build draws there would come only once
    try:
        with machine_of_the_world(lambda: 0.0, random.Random(0)):
            return loop.run_until_complete(build())
    finally:
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()


@contextlib.contextmanager
def machine_of_the_world(seconds: Callable[[], float], rng: random.Random) -> Iterator[None]:
    """Let asyncua see the world's clock and generator inside the block; one world at a time.

    ``seconds`` are the virtual seconds since the world began.
    """
    fakes: dict[str, tuple[object, object]] = {
        "datetime": (datetime.datetime, _datetime_of(seconds)),
        "time": (time, _like(time, time=lambda: START_UTC + seconds(), monotonic=_stopwatch(seconds))),
        "os": (os, _like(os, urandom=rng.randbytes)),
    }
    replaced: list[tuple[dict[str, Any], str, object]] = []
    for name in sorted(name for name in sys.modules if name.partition(".")[0] == "asyncua"):
        seen = vars(sys.modules[name])
        for what, (real, fake) in fakes.items():
            if seen.get(what) is real:
                seen[what] = fake
                replaced.append((seen, what, real))
    before = {name: getattr(InternalSession, name) for name in _COUNTERS}
    _count_from(_FIRST)
    try:
        yield
    finally:
        for seen, what, real in replaced:
            seen[what] = real
        _count_from(before)


def _count_from(numbers: dict[str, int]) -> None:
    for name, number in numbers.items():
        setattr(InternalSession, name, number)


def _stopwatch(seconds: Callable[[], float]) -> Callable[[], float]:
    return lambda: MONOTONIC_START + seconds()


def _like(module: object, **others: object) -> SimpleNamespace:
    """Return what stands for a module in which some functions are others."""
    return SimpleNamespace(**{**vars(module), **others})


def _datetime_of(seconds: Callable[[], float]) -> type[datetime.datetime]:
    """Return a class that stands for ``datetime`` and tells the world's time; it makes plain datetimes."""

    class Kind(type(datetime.datetime)):  # type: ignore[misc]
        def __instancecheck__(cls, thing: object) -> bool:
            return isinstance(thing, datetime.datetime)

        def __subclasscheck__(cls, kind: type) -> bool:
            return issubclass(kind, datetime.datetime)

    class Datetime(datetime.datetime, metaclass=Kind):
        @classmethod
        def now(cls, tz: datetime.tzinfo | None = None) -> datetime.datetime:  # type: ignore[override]
            return datetime.datetime.fromtimestamp(START_UTC + seconds(), tz or datetime.UTC)

        @classmethod
        def utcnow(cls) -> datetime.datetime:  # type: ignore[override]
            return cls.now().replace(tzinfo=None)

    return Datetime
