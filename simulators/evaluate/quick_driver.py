"""The memory driver with a read that is made for ten thousand polls of forty stations.

Writes are the memory driver's own. ``read`` gives the same readings (a test compares them), but what a
profile says of a point is looked up once and not for every value.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from stations.decoding import Decoder, decoder, raw_range, to_raw
from stations.drivers.memory import MemoryDriver, MemoryStation
from stations.model.quality import Reason
from stations.model.reading import bad, good_within

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stations.model.clock import Clock
    from stations.model.identity import Point
    from stations.model.reading import Reading
    from stations.profile import Profile, ProfilePoint


class _Polled(NamedTuple):
    """A point whose values go over the wire in steps, or as they are."""

    point: Point
    declaration: ProfilePoint
    decode: Decoder
    low: float
    high: float
    """Bounds between which every value goes over the wire; low > high where each must be looked at."""
    wire: tuple[float, float, float] | None
    """Scale, offset and factor of what goes over the wire in steps; None of what goes as it is."""
    flag: bool
    """On or off."""


class TimedStation(MemoryStation, Protocol):
    """A station in memory that has a clock of its own."""

    def measured_at(self, now: float) -> float:
        """Return the time that goes with its values at UTC second ``now``."""
        ...


class QuickDriver(MemoryDriver):
    """A link that never breaks to a station in memory."""

    def __init__(
        self, station_id: str, profile: Profile, n_loops: int, station: TimedStation, clock: Clock
    ) -> None:
        super().__init__(station_id, profile, n_loops, station, clock)
        self._shown, self._time, self._measured_at = station.values, clock.now, station.measured_at
        self._every = [_polled_point(*polled) for polled in profile.polled(n_loops)]

    async def read(self) -> Mapping[Point, Reading]:
        """Return every polled point as its wire would show it."""
        values, now = self._shown(), self._time()
        at = self._measured_at(now)
        readings = {}
        for point, declaration, decode, low, high, wire, flag in self._every:
            value = values.get(point)
            if value is None or not low <= value <= high:
                readings[point] = _looked_at(point, declaration, decode, values, at, now)
                continue
            if wire is not None:
                scale, offset, factor = wire
                value = (round((value / factor - offset) / scale) * scale + offset) * factor
            elif flag:
                value = 1.0 if value else 0.0
            readings[point] = good_within(value, at, now)
        return readings


def _polled_point(point: Point, declaration: ProfilePoint) -> _Polled:
    low, high = declaration.bounds()
    scale, offset, factor = declaration.scale, declaration.offset, declaration.factor()
    step = declaration.resolution
    stepless, flag = step == 0.0 or declaration.type == "split_decimal", declaration.type == "bool"
    forbidden = [(raw * scale + offset) * factor for raw in declaration.sentinels]
    carried = raw_range(declaration)
    if carried is not None and not flag:
        # sentinels stand at the ends of what registers hold, mostly within the bounds of a point in earnest
        raw_low, raw_high = carried
        while raw_low in declaration.sentinels:
            raw_low += 1
        while raw_high in declaration.sentinels:
            raw_high -= 1
        ends = sorted((raw * scale + offset) * factor for raw in (raw_low, raw_high))
        low, high = max(low, ends[0]), min(high, ends[1])
        forbidden = [value for value in forbidden if low <= value <= high]
    if not stepless and not flag:
        # one step inside, so that rounding can not leave the bounds
        low, high = low + step, high - step
    try:
        to_raw(declaration, low)
        to_raw(declaration, high)
    except ValueError:
        low, high = math.inf, -math.inf
    if any(low - step <= value <= high + step for value in forbidden):
        low, high = math.inf, -math.inf
    wire = None if stepless or flag else (scale, offset, factor)
    return _Polled(point, declaration, decoder(declaration), low, high, wire, flag)


def _looked_at(
    point: Point,
    declaration: ProfilePoint,
    decode: Decoder,
    values: Mapping[Point, float | None],
    at: float,
    now: float,
) -> Reading:
    """Return the reading of a value that is absent, on the edge, or no number."""
    value = values.get(point)
    if value is None:
        return bad(Reason.SENTINEL if point in values else Reason.UNKNOWN_POINT, at, now)
    if not math.isfinite(value):
        return bad(Reason.NOT_A_NUMBER, at, now)
    try:
        return decode(to_raw(declaration, value), at, now)
    except ValueError:
        return bad(Reason.OUT_OF_RANGE, at, now)
