"""The load of many loops together, and the load of an hour brought onto the steps of a plan."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.conformal import Errors, band, together
from optimizer.forecast.load import LEVELS, LoadForecast

Floats = NDArray[np.float64]

COMMON_LEAST = 72
"""Hours at which the errors of all loops must be known for the band to be that of their sum."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkForecast:
    """The sum over loops."""

    forecast: LoadForecast
    added_up: bool
    """True where too few common hours are known, and the band is the sum of the loops' bands: too wide."""


def network_load(
    forecasts: Sequence[LoadForecast],
    errors: Sequence[Errors],
    hour: NDArray[np.intp],
    levels: tuple[float, ...] = LEVELS,
) -> NetworkForecast:
    """Return the sum of forecasts of the same hours, in the same unit (kW), with a band of its own.

    ``errors`` are those of the loops' models in the same order, ``hour`` (k,) is the local hour of the day.
    The band is that of the summed errors: between loops they partly cancel. At least one loop, equal times.
    """
    total = np.sum([forecast.load for forecast in forecasts], axis=0)
    common = together(errors)
    enough = len(common.values) >= COMMON_LEAST
    if enough:
        quantiles = np.maximum(total + band(common, hour, levels), 0.0)
    else:
        widths = [band(one, hour, levels) for one in errors]
        quantiles = np.maximum(total + np.sum(widths, axis=0), 0.0)
    return NetworkForecast(
        forecast=LoadForecast(
            times=forecasts[0].times,
            load=total,
            levels=levels,
            quantiles=quantiles,
            correction=sum(forecast.correction for forecast in forecasts),
            age_s=max(forecast.age_s for forecast in forecasts),
        ),
        added_up=not enough,
    )


def on_steps(times: Floats, hourly: Floats, steps: Floats) -> Floats:
    """Return hourly means (k,) of hours beginning at ``times`` at the middle of shorter even steps.

    Straight lines join the middles of the hours, so nothing jumps on the hour; a plan's steps within half an
    hour of either end take the first and the last hour's mean.
    """
    middle = steps + 0.5 * (steps[1] - steps[0])
    return np.asarray(np.interp(middle, times + 1800.0, hourly))
