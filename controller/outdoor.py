"""One outdoor temperature for the city: median of what is plausible, moved slowly, aged honestly.

A single sensor in the sun, in a wall niche or under snow must not heat or cool a city. So the centre takes
the median of district sensors and weather feed, leaves out what stands apart, and lets the result move at
most 3 K an hour, faster than weather does for long and slower than a fault does.
"""

import math
from collections.abc import Mapping
from statistics import median

from stations.model.quality import Reason
from stations.model.reading import Reading, bad, good, uncertain

MAX_AGE_S = 30 * 60.0
"""Oldest sensor or feed value that takes part."""
LOST_AFTER_S = 6 * 3600.0
"""Without any source for so long there is no value: stations go to their own curve."""
MAX_RATE_K_PER_S = 3.0 / 3600.0
OUTLIER_K = 3.0
"""A source so far from the median stands in the sun or is broken. Sensors of one city differ by 1 to 2 K."""
PLAUSIBLE_degC = (-50.0, 50.0)
DECAY_S = 3600.0
"""Time constant with which the last value goes over to the forecast when all sources are lost."""
CLOCK_TOLERANCE_S = 5.0
"""A source may be so far ahead of our clock; further ahead it is not to be trusted."""


def outdoor_centre(
    previous: Reading | None,
    sensors: Mapping[str, Reading],
    feed: Reading | None,
    now: float,
    dt: float,
    forecast: float | None = None,
) -> Reading:
    """Return the city's outdoor temperature at UTC second ``now``, ``dt`` scaled seconds after ``previous``.

    ``sensors`` are the stations' own by station, ``feed`` is the weather service's present value,
    ``forecast`` what the last forecast said for now (degC). GOOD with at least two sources that agree.
    UNCERTAIN with one source, while the rate limit holds it back, and without a source: then it goes over
    to the forecast, or stays where there is none, and ``measured_at`` keeps the time of the last source.
    BAD after 6 h without a source.
    """
    sources = [reading for reading in sensors.values() if _usable(reading, now)]
    if feed is not None and _usable(feed, now):
        sources.append(feed)
    if not sources:
        return _without_source(previous, now, dt, forecast)
    last = None if previous is None else previous.value
    kept = _without_outliers(sources, last)
    measured_at = min(now, max(reading.measured_at for reading in kept))
    wanted = median(_value(reading) for reading in kept)
    value = wanted if last is None else at_pace(wanted, last, dt)
    if abs(wanted - value) > 1.0:
        return uncertain(value, Reason.RATE, measured_at, now)
    if len(kept) < 2:
        return uncertain(value, Reason.ESTIMATED, measured_at, now)
    return good(value, measured_at, now)


def filtered_outdoor(
    previous: float | None, T_outdoor: Reading, dt: float, time_constant_s: float
) -> float | None:
    """Return the outdoor temperature as a heavy building feels it: a first-order lag (12 h by default).

    Starts at the first value and stays while there is none. ``dt`` is in scaled seconds.
    """
    if T_outdoor.value is None:
        return previous
    if previous is None or time_constant_s <= 0.0:
        return T_outdoor.value
    return previous - (T_outdoor.value - previous) * math.expm1(-max(0.0, dt) / time_constant_s)


def _usable(reading: Reading, now: float) -> bool:
    low, high = PLAUSIBLE_degC
    return (
        reading.sound
        and reading.value is not None
        and low <= reading.value <= high
        and -CLOCK_TOLERANCE_S <= reading.age_s(now) <= MAX_AGE_S
    )


def _value(reading: Reading) -> float:
    assert reading.value is not None
    return reading.value


def _without_outliers(sources: list[Reading], last: float | None) -> list[Reading]:
    """Sources near their median; of two that contradict, the one nearer to the last value.

    Without a last value the colder one: too warm a supply is a cost, too cold a supply is a cold city.
    """
    middle = median(_value(reading) for reading in sources)
    kept = [reading for reading in sources if abs(_value(reading) - middle) <= OUTLIER_K]
    if kept:
        return kept
    return [min(sources, key=lambda r: _value(r) if last is None else abs(_value(r) - last))]


def at_pace(wanted: float, last: float, dt: float) -> float:
    """Return ``wanted``, or how far one comes towards it from ``last`` in ``dt`` seconds at 3 K an hour."""
    step = MAX_RATE_K_PER_S * min(max(dt, 0.0), LOST_AFTER_S)
    return min(max(wanted, last - step), last + step)


def _without_source(previous: Reading | None, now: float, dt: float, forecast: float | None) -> Reading:
    if previous is None or previous.value is None:
        return bad(Reason.NO_ANSWER, now)
    if previous.age_s(now) > LOST_AFTER_S:
        return bad(Reason.STALE, previous.measured_at, now)
    if forecast is None or not math.isfinite(forecast):
        return uncertain(previous.value, Reason.STALE, previous.measured_at, now)
    wanted = previous.value - (forecast - previous.value) * math.expm1(-max(0.0, dt) / DECAY_S)
    return uncertain(at_pace(wanted, previous.value, dt), Reason.SUBSTITUTED, previous.measured_at, now)
