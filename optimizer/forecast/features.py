"""What explains an hour's load: weather now and before, hour and kind of day, and what the loop took."""

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.calendar import Calendar, LocalTime, is_workday, share_open
from optimizer.forecast.weather import WeatherSeries

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAD_H = 24
"""What a loop took is looked back on from at least so long ago: the forecast for an hour is then the same
whether it is made a minute or a day ahead, and errors of one hour do not travel into the next."""
LOOK_BACK_H = 8 * 24
"""Hours before the first row that some feature reaches back to: a day of the same kind, the week before."""
LIMIT_DEGC = 14.0
"""Outdoor temperature, filtered, above which houses take no heat for their rooms. Best of 10..18 on the
measured building of ``docs/explanation/forecast.md``; 17 and 13 together were no better."""
WIND_LIMIT_DEGC = 17.0
QUICK_H, SLOW_H, SUN_H = 5.0, 20.0, 4.0
"""Time constants of air and furniture, of walls, and of rooms in the sun."""
DAY_WAVES, COLD_WAVES = 6, 2
"""Waves a day that the profile of the hours is made of, and those that grow with the cold: hot water has
sharp peaks, a night setback is broad."""


def lagged(values: Floats, time_constant_h: float) -> Floats:
    """Return hourly values (m,) through a first-order lag; it begins at the mean of the first day."""
    share = -np.expm1(-1.0 / time_constant_h)
    out = np.empty_like(values)
    state = float(values[:24].mean())
    for i, value in enumerate(values):
        state += share * (value - state)
        out[i] = state
    return out


def known_before(weather: WeatherSeries, local: LocalTime, calendar: Calendar) -> Floats:
    """Return the features (m, p) that weather, clock and calendar tell, for hours in a row.

    The lags of the first two days still remember how they began.
    """
    T = weather.T_outdoor
    quick, slow = lagged(T, QUICK_H), lagged(T, SLOW_H)
    cold = np.maximum(LIMIT_DEGC - slow, 0.0)
    open_ = share_open(calendar, local)
    off = ~is_workday(calendar, local)
    columns = [T, quick, slow, cold, np.maximum(LIMIT_DEGC - quick, 0.0)]
    columns += [weather.wind, weather.wind * np.maximum(WIND_LIMIT_DEGC - quick, 0.0)]
    columns += [weather.sun, lagged(weather.sun, SUN_H)]
    columns += [off.astype(np.float64), open_, open_ * cold]
    for number in range(1, DAY_WAVES + 1):
        phase = 2 * np.pi * number * local.hour / 24.0
        for wave in (np.cos(phase), np.sin(phase)):
            columns += [wave, wave * off]
            if number <= COLD_WAVES:
                columns.append(wave * cold)
    return np.stack(columns, axis=-1)


def looked_back(load: Floats, slow: Floats, workday: Flags, first: int) -> Floats:
    """Return the features (m - first, 4) that what the loop took tells, for the hours from ``first`` on.

    ``load`` (m,) has no gaps; what it says within ``LEAD_H`` of a row is not looked at. The mean of the last
    known day with the outdoor temperature of its end (so that only what the weather does not explain is left
    of it), the same hour of the last day of this kind, and the same hour a week ago.
    """
    rows = np.arange(first, len(load))
    sums = np.concatenate([[0.0], np.cumsum(load)])
    day_mean = (sums[rows - LEAD_H + 1] - sums[rows - 2 * LEAD_H + 1]) / LEAD_H
    return np.stack(
        [day_mean, slow[rows - LEAD_H], load[same_kind(workday, rows)], load[rows - 168]], axis=-1
    )


def same_kind(workday: Flags, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return for each row the same hour of the last day of its kind, at most a week ago."""
    found = rows - 168
    for days in range(6, 0, -1):
        alike = workday[rows - 24 * days] == workday[rows]
        found = np.where(alike, rows - 24 * days, found)
    return found
