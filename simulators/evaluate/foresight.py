"""The forecast that a judged centre gets: the true weather of the days to come with the errors of a forecast.

Never the truth itself: what a strategy saves with a perfect forecast nobody has. A run is issued every 6 h,
as weather services do. Its error is a level that is off from the first hour on and a departure that grows
with lead time and keeps its sign for hours (an autoregression); sun and wind are off by a factor of the day.
Sizes are those of services for the outdoor temperature at one place: 1.0 K on the first day and 1.4 K
on the second (root mean square). Seeded: the same run of the same city has the same forecasts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimizer.forecast.outlook import outlook
from optimizer.forecast.weather import NoWeather, Outlook, Track, WeatherTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from optimizer.building import Floats

ISSUED_EVERY_S = 6 * 3600.0
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


class Foresight:
    """Tells the weather of a trial as a forecast of the time would have."""

    def __init__(self, truth: Callable[[float], Air], seed: int) -> None:
        """``truth`` answers for any UTC second; ``seed`` decides on the errors."""
        self._truth, self._seed = truth, seed
        self._issued: WeatherTable | None = None

    def __call__(self, times: Floats) -> Outlook | NoWeather:
        """Return the weather of even steps beginning at ``times``; the first of them is now."""
        now = float(times[0])
        issued_at = ISSUED_EVERY_S * (now // ISSUED_EVERY_S)
        if self._issued is None or self._issued.issued_at != issued_at:
            self._issued = self._table(issued_at)
        return outlook(times, now, [self._issued])

    def _table(self, issued_at: float) -> WeatherTable:
        rng = np.random.default_rng([self._seed, round(issued_at / ISSUED_EVERY_S)])
        times = np.asarray(issued_at + HOUR_S * np.arange(TOLD_H + 1, dtype=np.float64))
        true = [self._truth(float(at)) for at in times]
        off = np.zeros(len(times))
        for hour, step in enumerate(rng.normal(0.0, GROWTH_K_PER_ROOT_H, TOLD_H), start=1):
            off[hour] = KEEPS * off[hour - 1] + step
        T = np.array([air.T_outdoor for air in true]) + rng.normal(0.0, LEVEL_SD_K) + off
        days = np.arange(len(times)) // 24
        sun = np.exp(rng.normal(0.0, SUN_SD, days[-1] + 1))[days] * [air.sun for air in true]
        wind = np.exp(rng.normal(0.0, WIND_SD, days[-1] + 1))[days] * [air.wind for air in true]
        return WeatherTable(
            source="trial",
            issued_at=issued_at,
            T_outdoor=Track(times=times, values=T),
            wind=Track(times=times, values=wind),
            sun=Track(times=times, values=np.maximum(sun, 0.0)),
        )
