"""How far a weather service is off at this place, learned from the stations' own outdoor temperature.

A grid cell of a weather model is 2 to 11 km wide and knows no street canyon, no valley and no roof. What is
left is steady enough to be learned: a level, and a departure by hour of the day (cities cool less at night).
Both are exponential means of measured minus told; the level over a week, an hour's departure over two. What
is learned counts the more the more hours stand behind it, so the first day corrects little. Such running
corrections are usual practice for site forecasts; see Galanis et al., Annales Geophysicae 24 (2006),
2451-2460.
"""

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

LEVEL_H = 7 * 24.0
"""Hours over which the level is learned: longer than a front, shorter than a season."""
HOURLY_DAYS = 14.0
"""Days over which the departure of an hour of the day is learned; it comes once a day."""
PRIOR_H = 24.0
"""Hours of comparison that the belief in no bias is worth."""
PRIOR_DAYS = 5.0
"""The same, in days, for an hour of the day."""
OUTLIER_K = 8.0
"""A difference so large is a broken sensor or a front that came early; neither is a bias."""
MOST_K = 4.0
"""No place departs steadily by more from its grid cell, once its height was taken into account."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bias:
    """What was learned of one source. ``Bias()`` knows nothing and corrects nothing."""

    level: float = 0.0
    """Mean of measured minus told, K."""
    by_hour: tuple[float, ...] = (0.0,) * 24
    """Mean of the same minus ``level`` by hour of the day in UTC, K."""
    hours: float = 0.0
    """Hours compared, at most ``LEVEL_H``."""
    days: tuple[float, ...] = (0.0,) * 24
    """Days compared by hour, at most ``HOURLY_DAYS``."""
    last: float = -math.inf
    """UTC second of the last comparison."""


def learn(bias: Bias, at: float, told: float, measured: float) -> Bias:
    """Return the bias after one comparison of an hour: what a source told for it and what came, degC.

    Once an hour; an hour that was compared already, a value that is no number and a difference that is none
    of a bias leave it as it is.
    """
    difference = measured - told
    if not math.isfinite(difference) or abs(difference) > OUTLIER_K or at < bias.last + 3600.0:
        return bias
    hour = int(at % 86_400.0 // 3600.0)
    hours = min(bias.hours + 1.0, LEVEL_H)
    level = bias.level + (difference - bias.level) / hours
    days, by_hour = list(bias.days), list(bias.by_hour)
    days[hour] = min(days[hour] + 1.0, HOURLY_DAYS)
    by_hour[hour] += (difference - level - by_hour[hour]) / days[hour]
    return replace(bias, level=level, by_hour=tuple(by_hour), hours=hours, days=tuple(days), last=at)


def corrected(bias: Bias, times: Floats, told: Floats) -> Floats:
    """Return outdoor temperatures (k,) in degC with what was learned added, at most ``MOST_K``."""
    hour = (times % 86_400.0 // 3600.0).astype(np.intp)
    days = np.array(bias.days)
    own = np.array(bias.by_hour) * days / (days + PRIOR_DAYS)
    level = bias.level * bias.hours / (bias.hours + PRIOR_H)
    return np.asarray(told + np.clip(level + own[hour], -MOST_K, MOST_K))
