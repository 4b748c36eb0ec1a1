"""What is wrong with a simulated device on purpose: hooks that faults hang in and take out again.

A server asks here at each point where a real device can go wrong. With nothing hung in, it behaves.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from stations.model.identity import Point
from stations.profile import ProfilePoint

Values = dict[Point, float | None]

ValuesHook = Callable[[Values, float], None]
"""Spoils what the instruments show (units inside) at a UTC second, in place."""
WordsHook = Callable[[ProfilePoint, float | None, list[int]], list[int]]
"""Gets a point, its value and its proper registers; returns what stands in the registers instead."""
RequestHook = Callable[[int], int | None]
"""Gets the function of a Modbus request; returns the exception code that refuses it, None to carry it out."""
StatusHook = Callable[[Point], int | None]
"""Returns the OPC UA status that a point's value bears, None for good."""
WriteHook = Callable[[], int | None]
"""Returns the OPC UA status that refuses a write or call, None to carry it out."""


@dataclass(frozen=True, slots=True)
class DeviceClock:
    """A clock that nobody sets: right on the average of many devices."""

    offset_s: float = 0.0
    """How far it was ahead at UTC second ``since``."""
    drift_s_per_day: float = 0.0
    since: float = 0.0

    def ahead_s(self, now: float) -> float:
        """Return how far it is ahead at UTC second ``now``."""
        return self.offset_s + self.drift_s_per_day * (now - self.since) / 86_400.0


class Misbehaviour:
    """All faults of one device that are not of its link. Owner: the device's post; servers only ask."""

    def __init__(self) -> None:
        self.clock = DeviceClock()
        self._skew_s = 0.0
        self.changes = 0
        """Rises whenever values or their times begin or cease to be spoilt: what was looked at before is out
        of date."""
        self._values: dict[object, ValuesHook] = {}
        self._words: dict[object, WordsHook] = {}
        self._requests: dict[object, RequestHook] = {}
        self._statuses: dict[object, StatusHook] = {}
        self._writes: dict[object, WriteHook] = {}
        self._without_sessions: dict[object, bool] = {}
        self._channel_lives: dict[object, float] = {}

    def ahead_s(self, now: float) -> float:
        """Return how far the device's clock is ahead at UTC second ``now``."""
        return self._skew_s + self.clock.ahead_s(now)

    def set_ahead(self, by_s: float) -> None:
        """Set the device's clock ahead by so many seconds more, or back where negative."""
        self._skew_s += by_s
        self.changes += 1

    @contextmanager
    def values(self, hook: ValuesHook) -> Iterator[None]:
        """Let a hook spoil values for the length of a ``with`` block."""
        self.changes += 1
        try:
            with _hung(self._values, hook):
                yield
        finally:
            self.changes += 1

    def words(self, hook: WordsHook) -> AbstractContextManager[None]:
        """Let a hook spoil registers for the length of a ``with`` block."""
        return _hung(self._words, hook)

    def requests(self, hook: RequestHook) -> AbstractContextManager[None]:
        """Let a hook refuse Modbus requests for the length of a ``with`` block."""
        return _hung(self._requests, hook)

    def statuses(self, hook: StatusHook) -> AbstractContextManager[None]:
        """Let a hook put a status on OPC UA values for the length of a ``with`` block."""
        return _hung(self._statuses, hook)

    def writes(self, hook: WriteHook) -> AbstractContextManager[None]:
        """Let a hook refuse OPC UA writes and calls for the length of a ``with`` block."""
        return _hung(self._writes, hook)

    def without_sessions(self) -> AbstractContextManager[None]:
        """OPC UA: create no session for the length of a ``with`` block, as when others have taken all."""
        return _hung(self._without_sessions, True)

    def short_channels(self, life_s: float) -> AbstractContextManager[None]:
        """OPC UA: grant secure channels at most this life (wall seconds) for the length of a block."""
        return _hung(self._channel_lives, life_s)

    @property
    def sessions_refused(self) -> bool:
        """True while no session is created."""
        return bool(self._without_sessions)

    @property
    def channel_life_s(self) -> float | None:
        """The longest life of a secure channel that is granted; None: as asked for."""
        return min(self._channel_lives.values(), default=None)

    def spoil(self, values: Values, now: float) -> None:
        """Let the hooks change ``values`` in place; nothing happens while none is hung in."""
        for hook in self._values.values():
            hook(values, now)

    @property
    def spoils(self) -> bool:
        """True while values are spoilt."""
        return bool(self._values)

    @property
    def respells(self) -> bool:
        """True while registers are spoilt."""
        return bool(self._words)

    def registers(self, declared: ProfilePoint, value: float | None, words: list[int]) -> list[int]:
        """Return what stands in a point's registers."""
        for hook in self._words.values():
            words = hook(declared, value, words)
        return words

    def refusal(self, function: int) -> int | None:
        """Return the exception code for a Modbus request, None to carry it out."""
        if not self._requests:
            return None
        return next((code for hook in self._requests.values() if (code := hook(function)) is not None), None)

    def status(self, point: Point) -> int | None:
        """Return the OPC UA status of a point's value, None for good."""
        return next((code for hook in self._statuses.values() if (code := hook(point)) is not None), None)

    def write_refusal(self) -> int | None:
        """Return the OPC UA status that refuses a write or call, None to carry it out."""
        return next((code for hook in self._writes.values() if (code := hook()) is not None), None)


@contextmanager
def _hung(hooks: dict[object, Any], hook: object) -> Iterator[None]:
    key = object()
    hooks[key] = hook
    try:
        yield
    finally:
        del hooks[key]
