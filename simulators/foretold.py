"""The weather of the days to come as a forecast tells it: the truth with the errors of a forecast.

Its error is a level that is off from the first hour on and a departure that grows with lead time and keeps
its sign for hours (an autoregression); sun and wind are off by a factor of the day. Sizes are those of
services for the outdoor temperature at one place: 1.0 K on the first day and 1.4 K on the second (root mean
square). Seeded: the same run of the same city has the same forecasts.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulators.plant.arrays import Floats

ISSUED_EVERY_S = 6 * 3600.0
"""As weather services do."""
HOUR_S = 3600.0
TOLD_H = 54
LEVEL_SD_K = 0.5
GROWTH_K_PER_ROOT_H, KEEPS = 0.30, 0.98
"""Of the departure: what an hour adds, and how much of it is left an hour later."""
SUN_SD, WIND_SD = 0.30, 0.25
"""Of the logarithm of the factors that sun and wind are off by."""


@dataclass(frozen=True, slots=True)
class Air:
    """True weather at one moment."""

    T_outdoor: float
    """degC."""
    wind: float
    """m/s."""
    sun: float
    """W/m2 on the horizontal."""


class Foretold(NamedTuple):
    """One forecast, hour by hour from when it was issued; arrays of shape (TOLD_H + 1,)."""

    times: Floats
    """UTC seconds."""
    T_outdoor: Floats
    """degC."""
    wind: Floats
    """m/s."""
    sun: Floats
    """W/m2 on the horizontal."""


def issued_before(now: float) -> float:
    """Return the UTC second at which the newest forecast was issued at ``now``."""
    return ISSUED_EVERY_S * (now // ISSUED_EVERY_S)


def foretold(truth: Callable[[float], Air], seed: int, issued_at: float) -> Foretold:
    """Return the forecast of UTC second ``issued_at``.

    ``truth`` answers for any second, ``seed`` decides on the errors.
    """
    rng = np.random.default_rng([seed, round(issued_at / ISSUED_EVERY_S)])
    times = np.asarray(issued_at + HOUR_S * np.arange(TOLD_H + 1, dtype=np.float64))
    true = [truth(float(at)) for at in times]
    off = np.zeros(len(times))
    for hour, step in enumerate(rng.normal(0.0, GROWTH_K_PER_ROOT_H, TOLD_H), start=1):
        off[hour] = KEEPS * off[hour - 1] + step
    T = np.array([air.T_outdoor for air in true]) + rng.normal(0.0, LEVEL_SD_K) + off
    days = np.arange(len(times)) // 24
    sun = np.exp(rng.normal(0.0, SUN_SD, days[-1] + 1))[days] * [air.sun for air in true]
    wind = np.exp(rng.normal(0.0, WIND_SD, days[-1] + 1))[days] * [air.wind for air in true]
    return Foretold(times, T, wind, np.maximum(sun, 0.0))
