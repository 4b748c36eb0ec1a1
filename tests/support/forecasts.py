"""Weather and loads made by rule, for whoever tests what is made of them."""

import numpy as np

from optimizer.forecast.weather import Track, WeatherSeries, WeatherTable

HOUR = 3600.0
MIDNIGHT = 1_768_435_200.0
"""Thursday 15 January 2026, 00:00 UTC."""


def hours(count, begin=MIDNIGHT):
    """Begin of ``count`` hours in a row."""
    return begin + HOUR * np.arange(count)


def track(values, begin=MIDNIGHT, step=HOUR, without=()):
    """Values at moments a step apart, some left out by their number."""
    kept = [i for i in range(len(values)) if i not in without]
    return Track(times=begin + step * np.array(kept, dtype=float), values=np.array(values, dtype=float)[kept])


def nothing():
    return Track(times=np.zeros(0), values=np.zeros(0))


def table(source="open_meteo", issued_at=MIDNIGHT, T_outdoor=None, wind=None, sun=None):
    """What a source told; by default 48 h of -5 degC, 2 m/s and 100 W/m2 from the day before on."""
    begin = MIDNIGHT - 24 * HOUR

    def constant(value):
        return track([value] * 72, begin)

    return WeatherTable(
        source=source,
        issued_at=issued_at,
        T_outdoor=constant(-5.0) if T_outdoor is None else T_outdoor,
        wind=constant(2.0) if wind is None else wind,
        sun=constant(100.0) if sun is None else sun,
    )


def winter(count, begin=MIDNIGHT, seed=1):
    """Hours of weather with days, fronts and clouds."""
    rng = np.random.default_rng(seed)
    times = hours(count, begin)
    day = times % 86_400.0 / 86_400.0
    fronts = np.convolve(rng.normal(0.0, 1.0, count + 96), np.ones(96) / 9.8, mode="valid")[:count] * 4.0
    return WeatherSeries(
        times=times,
        T_outdoor=-3.0 + 3.0 * np.sin(2 * np.pi * (day - 0.375)) + fronts,
        wind=np.abs(rng.normal(2.5, 1.0, count)),
        sun=np.maximum(np.sin(2 * np.pi * (day - 0.25)), 0.0) * rng.uniform(50.0, 300.0, count),
        quality=np.zeros(count, dtype=np.int8),
    )
