"""Weather as sources tell it and as plans use it.

A source (a weather service, a file) tells values at moments; moments it does not tell are simply not there,
so nothing is NaN. ``optimizer.forecast.outlook`` brings the sources onto the steps of a plan.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from optimizer.reason import Reason, because

Floats = NDArray[np.float64]

FRESH_S = 6 * 3600.0
"""A forecast older than this is not fresh: weather models are run anew every 6 h."""


class Quality(IntEnum):
    """What a step of weather is; the greater, the less is known."""

    FRESH = 0
    """Told by a source not older than ``FRESH_S``."""
    OLD = 1
    """Told by a source older than that."""
    PERSISTED = 2
    """From what was last known, on its way to what is usual."""
    CLIMATE = 3
    """What is usual for season and hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """One quantity as a source told it; finite, in the order of time."""

    times: Floats
    """UTC seconds, rising: the moment that a value is for, of an hourly mean the middle of its hour."""
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherTable:
    """What one source told at one time."""

    source: str
    issued_at: float
    """UTC second at which it was made, or fetched where that is not told."""
    T_outdoor: Track
    """degC."""
    wind: Track
    """m/s."""
    sun: Track
    """Global horizontal, W/m2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherSeries:
    """Weather on even steps of a plan: finite everywhere, shapes (k,)."""

    times: Floats
    """UTC seconds at which the steps begin; a value is that of the step's middle."""
    T_outdoor: Floats
    """degC."""
    wind: Floats
    """m/s."""
    sun: Floats
    """Global horizontal, W/m2."""
    quality: NDArray[np.int8]
    """A ``Quality`` for each step, that of the outdoor temperature: heat hangs on it."""

    def part(self, which: slice) -> "WeatherSeries":
        """Return some of the steps."""
        return WeatherSeries(
            times=self.times[which],
            T_outdoor=self.T_outdoor[which],
            wind=self.wind[which],
            sun=self.sun[which],
            quality=self.quality[which],
        )

    def joined(self, later: "WeatherSeries") -> "WeatherSeries":
        """Return this series up to where ``later`` begins, and that one from there on."""
        kept = self.times < later.times[0]
        return WeatherSeries(
            times=np.concatenate([self.times[kept], later.times]),
            T_outdoor=np.concatenate([self.T_outdoor[kept], later.T_outdoor]),
            wind=np.concatenate([self.wind[kept], later.wind]),
            sun=np.concatenate([self.sun[kept], later.sun]),
            quality=np.concatenate([self.quality[kept], later.quality]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was last measured: the median of the stations' outdoor temperatures; wind where known, m/s."""

    at: float
    T_outdoor: float
    wind: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hole:
    """Steps for which no source told a quantity."""

    quantity: str
    """``T_outdoor``, ``wind`` or ``sun``."""
    begin: float
    end: float
    """UTC seconds, the end excluded."""

    @property
    def reason(self) -> Reason:
        """The hole as a sentence's id and numbers."""
        return because(
            "weather_hole", quantity=self.quantity, begin_s=self.begin, hours=(self.end - self.begin) / 3600.0
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """Weather on every step, and what is to be known about it."""

    series: WeatherSeries
    holes: tuple[Hole, ...]
    """What no source told and is filled; the later, the nearer to what is usual."""
    age_s: float | None
    """Age of the source that tells the first step's outdoor temperature; None where none does."""
    reasons: tuple[Reason, ...] = ()
    """Sources that were left out, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NoWeather:
    """Nothing tells a quantity: no source, no measurement, nothing usual. There is no plan then."""

    quantity: str
    begin: float

    @property
    def reason(self) -> Reason:
        """The outcome as a sentence's id and numbers."""
        return because("weather_unknown", quantity=self.quantity, begin_s=self.begin)
