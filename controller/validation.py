"""Validation of one station's polls: lowers the quality of what is implausible, with the reason.

No value is ever changed. Keeps its own short memory per point; the rules themselves stand in
``controller/plausibility.py``.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from controller.counter_rules import stuck
from controller.plausibility import (
    BALANCE_S,
    FUTURE_DOUBT_S,
    FUTURE_REJECT_S,
    GAP_S,
    GRAVITY,
    NEIGHBOUR_MOVED_K,
    SWAPPED_S,
    out_of_balance,
    stands_still,
    swapped,
    value_fault,
)
from controller.point_memory import METERED, Metered, PointMemory, point_limits
from controller.unit_swap import leapt_by_unit
from stations.model.identity import PRIMARY, Point
from stations.model.points import MEASUREMENTS
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading, bad, doubted
from stations.profile import Profile

BEHIND_PERIODS = 3.0
BEHIND_WALL_S = 10.0
"""A fast demo squeezes a link's honest stall of seconds into minutes of its own time."""

_PAIRS = {
    "T_supply_primary": ("T_return_primary", "m_flow_primary"),
    "T_supply_secondary": ("T_return_secondary", "m_flow_secondary"),
    "T_supply_source": ("T_return_source", "m_flow_source"),
}
_WATER = frozenset(_PAIRS) | {return_ for return_, _ in _PAIRS.values()}
"""Temperatures that move together; air and rooms may rest while these move."""
_BALANCES = (
    ("Q_flow_primary", "m_flow_primary", "T_supply_primary", "T_return_primary"),
    ("Q_flow_source", "m_flow_source", "T_supply_source", "T_return_source"),
)


@dataclass(slots=True)
class Lasting:
    """A condition that counts only when it holds for a while; a poll that cannot tell must not ask it."""

    for_s: float
    since: float | None = None
    seen_at: float = 0.0

    def holds(self, wrong: bool, at: float) -> bool:
        """Note the condition at UTC second ``at`` and tell whether it has lasted."""
        if not wrong:
            self.since = None
            return False
        if self.since is None or not 0.0 <= at - self.seen_at <= GAP_S:
            self.since = at
        self.seen_at = at
        return at - self.since >= self.for_s


@dataclass(frozen=True, slots=True)
class _Pair:
    """What belongs to a supply temperature, and for how long the two have looked swapped."""

    return_: Point
    flow: Point
    lasting: Lasting = field(default_factory=lambda: Lasting(SWAPPED_S))


@dataclass(frozen=True, slots=True)
class _Balance:
    """Power, flow, supply and return of a meter, and for how long they have contradicted each other."""

    points: tuple[Point, ...]
    lasting: Lasting = field(default_factory=lambda: Lasting(BALANCE_S))


class StationValidator:
    """Plausibility of one station over time. Owner: its supervisor."""

    def __init__(self, profile: Profile, poll_s: float, *, factor: float = 1.0) -> None:
        """Judge a station of type ``profile``, polled every ``poll_s`` on a clock ``factor`` times faster."""
        self._poll_s = poll_s
        self._behind_s = max(BEHIND_PERIODS * poll_s, BEHIND_WALL_S * factor)
        self._resolution = {point.name: point.resolution for point in profile.points}
        self._memory: dict[Point, PointMemory] = {}
        self._water: dict[Point, PointMemory] = {}
        self._swapped: dict[Point, _Pair] = {}
        self._balance: list[_Balance] = []
        self._metered: dict[Point, tuple[Metered, Point]] = {}
        """What makes each counter rise, and the point of that power."""

    def check(self, readings: Mapping[Point, Reading], now: float) -> dict[Point, Reading]:
        """Return the readings with lowered quality where they are implausible; ``now`` is UTC seconds."""
        checked = dict(readings)
        self._judge_time(checked)
        leaps, counted = self._judge_values(checked)
        if len(leaps) == 1 and leapt_by_unit(self._memory[leaps[0]]):
            self._memory[leaps[0]].verdict = Reason.UNIT_SWAP
            _doubt(checked, leaps[0], Reason.UNIT_SWAP)
        self._judge_frozen(checked)
        self._judge_swapped(checked, now)
        self._judge_counters(checked, counted)
        self._judge_balance(checked, now)
        return checked

    def _judge_time(self, checked: dict[Point, Reading]) -> None:
        """Doubt the clock of single points that run ahead, and of the station where its newest value is old.

        Servers may stamp a value when it changed last, so one old stamp beside fresh ones is no fault: ages
        are limited by who uses the value, and a sensor that hangs is found as frozen.
        """
        newest_s = -math.inf
        for point, reading in checked.items():
            ahead_s = reading.measured_at - reading.received_at
            if ahead_s > FUTURE_DOUBT_S:
                checked[point] = _from_future(reading, ahead_s)
            elif ahead_s > newest_s and reading.value is not None:
                newest_s = ahead_s
        if -math.inf < newest_s < -self._behind_s:
            for point in checked:
                _doubt(checked, point, Reason.STALE)

    def _judge_values(self, checked: dict[Point, Reading]) -> tuple[list[Point], list[tuple[Point, float]]]:
        """Judge each value by its own past; return what leapt, and counters with the seconds they counted."""
        leaps: list[Point] = []
        counted: list[tuple[Point, float]] = []
        memories, poll_s = self._memory, self._poll_s
        for point, reading in checked.items():
            value = reading.value
            if value is None:
                continue
            memory = memories.get(point)
            if memory is None:
                if point.name not in MEASUREMENTS:
                    continue
                memory = self._meet(point)
            at = reading.received_at
            if at == memory.at:
                reason = memory.verdict
            else:
                if memory.limits.counter and 0.0 < at - memory.at <= GAP_S:
                    counted.append((point, at - memory.at))
                reason = value_fault(memory, value, at, poll_s)
                if memory.leapt:
                    leaps.append(point)
            if reason is not None:
                _doubt(checked, point, reason)
        return leaps, counted

    def _meet(self, point: Point) -> PointMemory:
        """Prepare the memory of a point that is seen for the first time."""
        limits = point_limits(point.name, self._resolution.get(point.name, 0.0))
        memory = self._memory[point] = PointMemory(limits)
        if point.name in METERED:
            metered = METERED[point.name]
            self._metered[point] = metered, Point(point.loop, metered.power)
        if point.name in _WATER:
            self._water[point] = memory
        if point.name in _PAIRS:
            return_name, flow_name = _PAIRS[point.name]
            self._swapped[point] = _Pair(Point(point.loop, return_name), Point(point.loop, flow_name))
        for names in _BALANCES:
            if point.name == names[0]:
                self._balance.append(_Balance(tuple(Point(PRIMARY, name) for name in names)))
        return memory

    def _judge_frozen(self, checked: dict[Point, Reading]) -> None:
        """Doubt a water temperature that stands still while another one of the station moves."""
        for point, memory in self._water.items():
            if stands_still(memory) and any(
                other.moved() > NEIGHBOUR_MOVED_K for other in self._water.values() if other is not memory
            ):
                _doubt(checked, point, Reason.FROZEN)

    def _judge_swapped(self, checked: dict[Point, Reading], now: float) -> None:
        for supply, pair in self._swapped.items():
            T_supply, T_return = _value(checked, supply), _value(checked, pair.return_)
            if T_supply is None or T_return is None:
                continue  # who cannot tell leaves it as it is
            if T_return <= T_supply:
                pair.lasting.since = None  # nearly always, and no flow makes that wrong
                continue
            if pair.lasting.holds(swapped(T_supply, T_return, _value(checked, pair.flow)), now):
                _doubt(checked, supply, Reason.SWAPPED)
                _doubt(checked, pair.return_, Reason.SWAPPED)

    def _judge_counters(self, checked: dict[Point, Reading], counted: list[tuple[Point, float]]) -> None:
        for point, elapsed_s in counted:
            if point in self._metered:
                metered, power = self._metered[point]
                if stuck(self._memory[point], metered, _sound(checked, power), elapsed_s):
                    _doubt(checked, point, Reason.COUNTER_RESET)

    def _judge_balance(self, checked: dict[Point, Reading], now: float) -> None:
        """Doubt power and flow of a meter that contradict its temperatures; doubted inputs prove nothing."""
        for balance in self._balance:
            Q_flow, m_flow, T_supply, T_return = [_sound(checked, point) for point in balance.points]
            if Q_flow is None or m_flow is None or T_supply is None or T_return is None:
                continue  # who cannot tell leaves it as it is
            if balance.lasting.holds(out_of_balance(Q_flow, m_flow, T_supply, T_return), now):
                _doubt(checked, balance.points[0], Reason.ENERGY_BALANCE)
                _doubt(checked, balance.points[1], Reason.ENERGY_BALANCE)


def _value(readings: Mapping[Point, Reading], point: Point) -> float | None:
    reading = readings.get(point)
    return None if reading is None else reading.value


def _sound(readings: Mapping[Point, Reading], point: Point) -> float | None:
    """Return the value of a reading against which nothing speaks."""
    reading = readings.get(point)
    return reading.value if reading is not None and reading.sound else None


def _from_future(reading: Reading, ahead_s: float) -> Reading:
    """Refuse what would stay "newest" for long; otherwise trust our own clock instead of the station's."""
    if ahead_s > FUTURE_REJECT_S:
        return bad(Reason.FUTURE_TIMESTAMP, reading.received_at)
    if reading.quality is Quality.GOOD:  # as nearly all values of such a station are
        return doubted(reading, Reason.CLOCK_SKEW, reading.received_at)
    return _lowered(replace(reading, measured_at=reading.received_at), Reason.CLOCK_SKEW)


def _doubt(readings: dict[Point, Reading], point: Point, reason: Reason) -> None:
    if point in readings:
        readings[point] = _lowered(readings[point], reason)


def _lowered(reading: Reading, reason: Reason) -> Reading:
    """Return the reading as UNCERTAIN; a graver reason that it has already stays, and BAD stays BAD."""
    graver = reading.quality is Quality.UNCERTAIN and GRAVITY.get(reading.reason, 0) >= GRAVITY[reason]
    if reading.value is None or graver:
        return reading
    return doubted(reading, reason, reading.measured_at)
