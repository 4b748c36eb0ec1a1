"""Bands around a forecast by what it was off before: no assumption about how errors are distributed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SEEN_TOO = 1.5
"""What errors on days that the model was learned from are widened by: it fits them better than it
forecasts."""
FEW_DAYS = 5.0
"""The errors of one day are alike, so days count and not hours: bands are widened by the root of one plus
this over their number, by a tenth for four weeks. Without it a band that is meant for 80 % held 69 % in
January and 79 % in April of the measured building."""
SMOOTH = (0.25, 0.5, 0.25)
"""Weights of an hour of the day and its neighbours when its usual error is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """What a forecast was off (came minus forecast), with the hours for which; shapes (e,)."""

    times: Floats
    hour: NDArray[np.intp]
    """Local hour of the day, 0..23."""
    values: Floats
    seen: bool
    """True where the model was learned from the same days, for want of others."""


def band(errors: Errors, hour: NDArray[np.intp], levels: Sequence[float]) -> Floats:
    """Return what to add to a forecast for each level and hour, (levels, k); zeros without any error.

    Errors are compared in units of what is usual for their hour of the day, so mornings get wider bands than
    nights. The finite number of errors is accounted for: of n, level p takes the one of rank (n + 1) p,
    rounded away from the median, the outermost where there are too few.
    """
    count = len(errors.values)
    if count == 0:
        return np.zeros((len(levels), len(hour)))
    usual = _usual(errors)
    ranked = np.sort(errors.values / usual[errors.hour])
    steps = [ranked[_rank(level, count)] for level in levels]
    days = len(np.unique(errors.times // 86_400.0))
    wider = (SEEN_TOO if errors.seen else 1.0) * math.sqrt(1.0 + FEW_DAYS / days)
    return np.outer(steps, usual[hour]) * wider


def together(all_errors: Sequence[Errors]) -> Errors:
    """Return the errors of the sum of several forecasts: at the hours at which every one is known.

    Errors of loops partly cancel, those of the weather do not; adding up bands would tell neither.
    """
    common = all_errors[0].times
    for errors in all_errors[1:]:
        common = np.intersect1d(common, errors.times, assume_unique=True)
    total = np.zeros(len(common))
    for errors in all_errors:
        total += errors.values[np.searchsorted(errors.times, common)]
    hour = all_errors[0].hour[np.searchsorted(all_errors[0].times, common)]
    return Errors(times=common, hour=hour, values=total, seen=any(errors.seen for errors in all_errors))


def _usual(errors: Errors) -> Floats:
    """Mean absolute error by hour of the day, smoothed around the clock, (24,), above 0."""
    size = np.abs(errors.values)
    overall = max(float(size.mean()), 1e-9)
    counts = np.bincount(errors.hour, minlength=24)
    means = np.where(counts > 0, np.bincount(errors.hour, size, 24) / np.maximum(counts, 1), overall)
    before, at, after = SMOOTH
    smooth = before * np.roll(means, 1) + at * means + after * np.roll(means, -1)
    return np.maximum(smooth, 0.1 * overall)


def _rank(level: float, count: int) -> int:
    place = (count + 1) * level
    rank = math.ceil(place) if level > 0.5 else math.floor(place) if level < 0.5 else round(place)
    return min(max(rank, 1), count) - 1
