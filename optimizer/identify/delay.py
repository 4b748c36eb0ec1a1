"""How long water takes from the source to a station, and from a station to its rooms.

The first is the lag at which both supplies look most alike; the second is half of that between a loop's own
supply and return: its pipes come back as they go.

Both series are freed of what changes over a day or more (weather moves both at once, without any lag),
then their correlation is taken at each lag. Its peak is refined by a parabola.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimizer.reason import Reason, because

if TYPE_CHECKING:
    from optimizer.building import Floats

DAYS_MIN = 2.0
SLOW_H = 12.0
"""Changes slower than that are taken off."""
CORRELATION_MIN = 0.5
SD_MIN_K = 0.2
"""Of the source's supply after that, below which it did not move."""
KNOWN_MIN = 0.8
LONGEST_ROUND_S = 2.0 * 3600.0
"""Of a secondary loop; pipes of houses hold 5 to 30 min of their water each way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delay:
    """Seconds from source to station, and how alike both are then (correlation)."""

    seconds: float
    correlation: float


def way_to_rooms(step_s: float, T_supply: Floats, T_return: Floats) -> Delay | Reason:
    """Return the delay between a station and its rooms from a loop's supply and return; else why not."""
    round_trip = transport_delay(step_s, T_supply, T_return, LONGEST_ROUND_S)
    if isinstance(round_trip, Reason):
        return round_trip
    return Delay(seconds=0.5 * round_trip.seconds, correlation=round_trip.correlation)


def transport_delay(
    step_s: float, T_source: Floats, T_station: Floats, longest_s: float = 6.0 * 3600.0
) -> Delay | Reason:
    """Return the delay between two supplies on one even grid of ``step_s``; else why it can not be told."""
    if len(T_source) * step_s < DAYS_MIN * 86_400.0:
        return because("identify.too_few_days", days=len(T_source) * step_s / 86_400.0, needed=DAYS_MIN)
    known = min(np.isfinite(T_source).mean(), np.isfinite(T_station).mean())
    if known < KNOWN_MIN:
        return because("identify.holes", known=float(known), needed=KNOWN_MIN)
    source, station = _quick(T_source, step_s), _quick(T_station, step_s)
    if source.std() < SD_MIN_K:
        return because("identify.source_even", sd_K=float(source.std()), needed_K=SD_MIN_K)
    lags = np.arange(round(longest_s / step_s) + 1)
    alike = np.array([_correlation(source[: len(source) - lag], station[lag:]) for lag in lags])
    best = int(alike.argmax())
    if alike[best] < CORRELATION_MIN:
        return because("identify.not_alike", correlation=float(alike[best]), needed=CORRELATION_MIN)
    if best == len(lags) - 1:
        return because("identify.delay_too_long", longest_s=longest_s)
    shift = 0.0
    if best > 0:
        before, at, after = alike[best - 1 : best + 2]
        bend = before - 2.0 * at + after
        shift = 0.5 * (before - after) / bend if bend < 0.0 else 0.0
    return Delay(seconds=float((best + shift) * step_s), correlation=float(alike[best]))


def _quick(T: Floats, step_s: float) -> Floats:
    """Return what changes within hours; holes bridged."""
    at, known = np.arange(len(T)), np.isfinite(T)
    whole = np.interp(at, at[known], T[known])
    window = np.ones(max(1, round(SLOW_H * 3600.0 / step_s)))
    slow = np.convolve(whole, window, "same") / np.convolve(np.ones_like(whole), window, "same")
    return np.asarray(whole - slow)


def _correlation(a: Floats, b: Floats) -> float:
    size = float(a.std() * b.std())
    return float(((a - a.mean()) * (b - b.mean())).mean()) / size if size > 0.0 else 0.0
