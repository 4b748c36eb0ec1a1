"""What the rules of plausibility know of one point: its limits, and what it did lately."""

import math
from array import array
from dataclasses import dataclass, field
from functools import lru_cache

from stations.model.points import MEASUREMENTS, POINTS
from stations.model.quality import Reason
from stations.model.quantity import Quantity

BUCKET_S = 900.0
BUCKETS_PER_DAY = 96
RECENT = 4
SPIKE_FLOOR = {Quantity.TEMPERATURE: 3.0, Quantity.PRESSURE: 100.0}
"""Smallest deviation from the median of five that counts as a spike; other quantities may jump."""
SPIKE_RAMP_PER_S = {Quantity.TEMPERATURE: 5.0 / 60.0, Quantity.PRESSURE: 0.0}
"""What a valve moves in earnest between two polls widens the floor, or slow polls would flag every swing."""
UNIT_FLOOR = {
    Quantity.TEMPERATURE: 20.0,
    Quantity.MASS_FLOW: 0.1,
    Quantity.HEAT_FLOW: 5.0,
    Quantity.POWER: 0.05,
    Quantity.PRESSURE: 20.0,
    Quantity.FRACTION: 0.02,
}
"""A ratio to less than this says nothing of units: the plant was off."""
UNIT_RATIOS = (10.0, 0.1, 100.0, 0.01, 1000.0, 0.001, 65536.0, 1.0 / 65536.0)
"""Powers of ten, and the exchanged words of an integer."""
UNIT_RATIOS_OF = {
    Quantity.TEMPERATURE: (10.0, 0.1),
    Quantity.MASS_FLOW: (*UNIT_RATIOS, 3.6, 1.0 / 3.6),
    Quantity.FRACTION: (),
}
"""t/h for kg/s is one of flows only: a pump at 0.65 of its speed takes 1/3.6 of its power.

Positions of valves and pumps have no unit; their leaps tell that it is the plant that leaps.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metered:
    """What makes a counter rise."""

    power: str
    """The point whose integral it is, of the same loop."""
    per_unit_second: float
    """Counter units for one unit of ``power`` in one second."""
    floor: float
    """Counter units that it must owe before it counts as stuck."""


METERED = {
    "E_heat_primary": Metered(power="Q_flow_primary", per_unit_second=1.0 / 3600.0, floor=30.0),
    "V_primary": Metered(power="m_flow_primary", per_unit_second=1e-3, floor=1.0),
    "E_pump_secondary": Metered(power="P_pump_secondary", per_unit_second=1.0 / 3600.0, floor=1.0),
    "V_secondary": Metered(power="m_flow_secondary", per_unit_second=1e-3, floor=1.0),
}
"""Make-up water is missing: its flow is mostly below what its counter resolves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointLimits:
    """What one measurement can do, gathered once."""

    resolution: float
    """One wire step, unit inside; 0 for floating point."""
    moves: float
    """More than this is another wire step and no rounding."""
    counter: bool
    rise_per_s: float
    """Counters: fastest rise that the largest meter of this kind can show; infinite where not known."""
    rate_per_s: float
    """Infinite where jumps are normal."""
    spike_floor: float
    """Infinite where jumps are normal."""
    spike_ramp_per_s: float
    unit_floor: float
    """Infinite where units are not judged."""
    unit_ratios: tuple[float, ...]
    judges_jumps: bool
    judges_unit: bool


@lru_cache(maxsize=1024)
def point_limits(name: str, resolution: float) -> PointLimits:
    """Gather the limits of the measurement ``name``; ``resolution`` is one wire step, 0 if none.

    All stations share them: they are the same, and what each poll touches the processor's cache has to hold.
    """
    spec = MEASUREMENTS[name]
    metered = METERED.get(name)
    rate_per_s = math.inf if spec.max_rate_per_min is None else spec.max_rate_per_min / 60.0
    spike_floor = SPIKE_FLOOR.get(spec.quantity, math.inf)
    unit_floor = UNIT_FLOOR.get(spec.quantity, math.inf)
    return PointLimits(
        resolution=resolution,
        moves=1.001 * resolution,
        counter=spec.counter,
        rise_per_s=math.inf if metered is None else POINTS[metered.power].maximum * metered.per_unit_second,
        rate_per_s=rate_per_s,
        spike_floor=spike_floor,
        spike_ramp_per_s=SPIKE_RAMP_PER_S.get(spec.quantity, 0.0),
        unit_floor=unit_floor,
        unit_ratios=UNIT_RATIOS_OF.get(spec.quantity, UNIT_RATIOS),
        judges_jumps=math.isfinite(min(rate_per_s, spike_floor)),
        judges_unit=math.isfinite(unit_floor),
    )


@dataclass(slots=True)
class PointMemory:
    """What one point did lately. Owner: the validator of its station; changed by the rules only.

    A city has tens of thousands of them, so there are no deques: one takes 760 bytes empty and 528 more with
    its 33rd value. With them, and pairs for the day, a point took 9.9 KB after a day in place of 2.3.
    """

    limits: PointLimits
    at: float = -math.inf
    """UTC second at which the newest value was received."""
    last: float | None = None
    verdict: Reason | None = None
    """On the newest value; a reading that is only repeated between two polls keeps it."""
    recent: list[float] = field(default_factory=list)
    """The newest ``RECENT`` values, doubted ones too: the median of five copes with two wrong ones."""
    low: float = math.inf
    high: float = -math.inf
    """Range of the undoubted values in the open bucket."""
    bucket_end: float = -math.inf
    day_low: "array[float]" = field(default_factory=lambda: array("d"))
    """Lowest undoubted value of each closed bucket of a quarter of an hour, the oldest first."""
    day_high: "array[float]" = field(default_factory=lambda: array("d"))
    """The highest of the same buckets."""
    leapt: bool = False
    """The newest value is more than twice or less than half the one before."""
    near: float = 0.0
    near_for_s: float = -1.0
    """How far a value may lie from the last ones before it is looked at closely, and for which spacing."""
    unit_before: float | None = None
    """The level before a unit was swapped; None while none is."""
    unit_after: float = 0.0
    unit_since: float = 0.0
    steady_value: float | None = None
    steady_since: float = 0.0
    steady_longest_s: float = 0.0
    """Longest stand-still that the sensor came out of by itself."""
    changes: int = 0
    quantum: float | None = None
    """Smallest rise of a counter seen so far; None before the first."""
    owed: float = 0.0
    """What a counter should have risen since it last did."""
    risen_at: float = 0.0

    def begin_anew(self, at: float) -> None:
        """Forget what needs an unbroken past; the levels of the last day stay for a day."""
        if at - self.at > BUCKETS_PER_DAY * BUCKET_S:
            self.forget_day()
        self.recent.clear()
        self.low, self.high, self.bucket_end = math.inf, -math.inf, at + BUCKET_S
        self.steady_value = None
        self.owed, self.risen_at = 0.0, at

    def forget_day(self) -> None:
        """Forget the levels of the last day, but for those of the open bucket."""
        del self.day_low[:], self.day_high[:]

    def note_range(self, value: float, at: float) -> None:
        """Book an undoubted value into the day's history."""
        if at >= self.bucket_end:
            if self.low <= self.high:
                self.day_low.append(self.low)
                self.day_high.append(self.high)
                if len(self.day_low) > BUCKETS_PER_DAY:
                    del self.day_low[0], self.day_high[0]
            self.low = self.high = value
            self.bucket_end = at + BUCKET_S
            return
        if value < self.low:
            self.low = value
        if value > self.high:
            self.high = value

    def moved(self) -> float:
        """Return the range of undoubted values over the last half to three quarters of an hour."""
        lows, highs = [self.low, *self.day_low[-2:]], [self.high, *self.day_high[-2:]]
        return max(0.0, max(highs) - min(lows))
