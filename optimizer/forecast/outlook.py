"""The weather of the steps to come, from sources in the order in which they are preferred.

What no source tells is a hole: it is named, and filled from what was told or measured last, which goes over
to what is usual for the season. Each step says of which kind it is.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.bias import Bias, corrected
from optimizer.forecast.climate import Climate
from optimizer.forecast.weather import (
    FRESH_S,
    Hole,
    Measured,
    NoWeather,
    Outlook,
    Quality,
    Track,
    WeatherSeries,
    WeatherTable,
)
from optimizer.reason import because

Floats = NDArray[np.float64]

BRIDGE_S = 3 * 3600.0
"""Two values so far apart are joined by a straight line; across more, weather would be invented."""
PERSISTENCE_S: Mapping[str, float] = MappingProxyType(
    {"T_outdoor": 48 * 3600.0, "wind": 12 * 3600.0, "sun": 0.0}
)
"""Time constants with which what was last known goes over to what is usual. Measured in Tartu (Estonia) from
January to April 2019: departures of the temperature from trend and daily wave correlate by 0.61 over 24 h and
0.36 over 48 h, those of the wind by 0.16 over 24 h. The sun's clearness is forgotten at once."""
PERSISTED_SHARE = 0.1
"""With less than this left of what was last known, a step is what is usual and nothing else."""
AHEAD_S = 600.0
"""A source that was issued later than now by more than this has a wrong clock, or ours is wrong."""


def outlook(
    times: Floats,
    now: float,
    sources: Sequence[WeatherTable],
    *,
    climate: Climate | None = None,
    measured: Measured | None = None,
    biases: Mapping[str, Bias] = MappingProxyType({}),
) -> Outlook | NoWeather:
    """Return the weather on even steps beginning at ``times`` (at least two), as known at UTC second ``now``.

    ``sources`` stand in order of preference: each tells what those before it do not. ``biases`` correct the
    outdoor temperature of a source, by its name. Without a climate what was last known stays as it is.
    """
    moments = times + 0.5 * (times[1] - times[0])
    usable = [table for table in sources if table.issued_at <= now + AHEAD_S]
    reasons = [
        because("weather_from_future", source=table.source, ahead_s=table.issued_at - now)
        for table in sources
        if table.issued_at > now + AHEAD_S
    ]
    filled: dict[str, Floats] = {}
    holes: list[Hole] = []
    quality = np.full(len(times), Quality.CLIMATE, dtype=np.int8)
    age_s: float | None = None
    for quantity in ("T_outdoor", "wind", "sun"):
        values, told_by = _told(quantity, moments, usable, biases)
        found = _holes(quantity, times, told_by)
        shares = _fill(quantity, moments, values, told_by, climate, measured)
        if shares is None:
            return NoWeather(quantity=quantity, begin=found[0].begin)
        holes += found
        filled[quantity] = values
        if quantity == "T_outdoor":
            quality = _quality(now, usable, told_by, shares)
            age_s = now - usable[told_by[0]].issued_at if told_by[0] >= 0 else None
    series = WeatherSeries(
        times=times,
        T_outdoor=filled["T_outdoor"],
        wind=np.maximum(filled["wind"], 0.0),
        sun=np.maximum(filled["sun"], 0.0),
        quality=quality,
    )
    return Outlook(series=series, holes=tuple(holes), age_s=age_s, reasons=tuple(reasons))


def sampled(track: Track, moments: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return a track's values at moments, and where it has any: not before, after or across long gaps."""
    if len(track.times) == 0:
        return np.zeros(len(moments)), np.zeros(len(moments), dtype=bool)
    after = np.searchsorted(track.times, moments, side="left")
    right = np.minimum(after, len(track.times) - 1)
    left = np.where(track.times[right] == moments, right, after - 1)
    inside = (left >= 0) & (after < len(track.times))
    near = track.times[right] - track.times[np.maximum(left, 0)] <= BRIDGE_S
    return np.interp(moments, track.times, track.values), inside & near


def _told(
    quantity: str, moments: Floats, sources: Sequence[WeatherTable], biases: Mapping[str, Bias]
) -> tuple[Floats, NDArray[np.intp]]:
    """Values where a source tells one, and the number of the source, -1 where none does."""
    values, told_by = np.zeros(len(moments)), np.full(len(moments), -1, dtype=np.intp)
    for number, table in enumerate(sources):
        track: Track = getattr(table, quantity)
        there, known = sampled(track, moments)
        if quantity == "T_outdoor" and table.source in biases:
            there = corrected(biases[table.source], moments, there)
        taken = known & (told_by < 0)
        values[taken], told_by[taken] = there[taken], number
    return values, told_by


def _holes(quantity: str, times: Floats, told_by: NDArray[np.intp]) -> list[Hole]:
    step = times[1] - times[0]
    return [
        Hole(quantity=quantity, begin=float(times[first]), end=float(times[last] + step))
        for first, last in _runs(told_by < 0)
    ]


def _fill(
    quantity: str,
    moments: Floats,
    values: Floats,
    told_by: NDArray[np.intp],
    climate: Climate | None,
    measured: Measured | None,
) -> Floats | None:
    """Fill in place what no source told; return how much of the last known value is in each step.

    None where there is neither a last known value nor a climate.
    """
    shares = np.zeros(len(moments))
    usual = _usual(quantity, climate, moments)
    for first, last in _runs(told_by < 0):
        run = slice(first, last + 1)
        anchor = (moments[first - 1], values[first - 1]) if first > 0 else _last(quantity, measured)
        if usual is None:
            if anchor is None:
                return None
            values[run], shares[run] = anchor[1], 1.0
            continue
        values[run] = usual[run]
        if anchor is not None and PERSISTENCE_S[quantity] > 0.0:
            at, value = anchor
            shares[run] = np.exp(-np.maximum(moments[run] - at, 0.0) / PERSISTENCE_S[quantity])
            departure = value - _usual_at(quantity, climate, at)
            values[run] += departure * shares[run]
    return shares


def _usual(quantity: str, climate: Climate | None, moments: Floats) -> Floats | None:
    if climate is None:
        return None
    if quantity == "T_outdoor":
        return climate.outdoor(moments)
    return climate.sun(moments) if quantity == "sun" else np.full(len(moments), climate.wind)


def _usual_at(quantity: str, climate: Climate | None, at: float) -> float:
    usual = _usual(quantity, climate, np.array([at]))
    return 0.0 if usual is None else float(usual[0])


def _last(quantity: str, measured: Measured | None) -> tuple[float, float] | None:
    if measured is None or quantity == "sun":
        return None
    value = measured.T_outdoor if quantity == "T_outdoor" else measured.wind
    return None if value is None else (measured.at, value)


def _quality(
    now: float, sources: Sequence[WeatherTable], told_by: NDArray[np.intp], shares: Floats
) -> NDArray[np.int8]:
    by_source = [Quality.FRESH if now - table.issued_at <= FRESH_S else Quality.OLD for table in sources]
    quality = np.where(shares >= PERSISTED_SHARE, Quality.PERSISTED, Quality.CLIMATE).astype(np.int8)
    for number, told in enumerate(by_source):
        quality[told_by == number] = told
    return quality


def _runs(where: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last index of every run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], where, [False]]).astype(np.int8)))
    return [(int(begin), int(end) - 1) for begin, end in zip(edges[::2], edges[1::2], strict=True)]
