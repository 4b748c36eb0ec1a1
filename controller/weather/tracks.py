"""From cells of a table to a ``WeatherTable``: what is no number, or no weather, is not there."""

import math
from collections.abc import Iterable, Sequence

import numpy as np

from controller.weather.outcome import Failure, Fault
from optimizer.forecast.weather import Track, WeatherTable

PLAUSIBLE = {"T_outdoor": (-60.0, 55.0), "wind": (0.0, 60.0), "sun": (-10.0, 1500.0)}
"""degC, m/s and W/m2 that were ever measured near the ground, and a little more."""
HALF_HOUR_S = 1800.0
AROUND_S = 20 * 86_400.0
"""A forecast further from now than this is one of another time."""
AHEAD_LEAST_S = 12 * 3600.0
"""A source that tells the outdoor temperature for less than this from now on is of no use for a plan."""


def track(quantity: str, times: Sequence[float], cells: Iterable[object], shift_s: float = 0.0) -> Track:
    """Return what is told of one quantity, in the order of time; of equal times the first counts.

    Left out: None, what is no finite number, and what is out of physics. ``shift_s`` is added to the times: a
    mean over the hour before belongs to the middle of that hour.
    """
    low, high = PLAUSIBLE[quantity]
    told: dict[float, float] = {}
    for at, cell in zip(times, cells, strict=True):
        if isinstance(cell, bool) or not isinstance(cell, int | float):
            continue
        if math.isfinite(cell) and low <= cell <= high:
            told.setdefault(at + shift_s, float(cell))
    order = sorted(told)
    return Track(times=np.array(order), values=np.array([told[at] for at in order]))


def fit_for_use(table: WeatherTable, now: float) -> WeatherTable | Failure:
    """Return the table, or why it is of no use at UTC second ``now``: of another time, or too short."""
    times = table.T_outdoor.times
    if len(times) == 0:
        return Failure(fault=Fault.TOO_LITTLE, detail="no outdoor temperature")
    if times[0] > now + AROUND_S or times[-1] < now - AROUND_S:
        return Failure(
            fault=Fault.WRONG_TIME, detail=f"begins {(times[0] - now) / 86_400.0:.0f} days from now"
        )
    if times[-1] < now + AHEAD_LEAST_S:
        hours = (times[-1] - now) / 3600.0
        return Failure(fault=Fault.TOO_LITTLE, detail=f"outdoor temperature ends {hours:.1f} h from now")
    return table
