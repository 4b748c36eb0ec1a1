"""What was measured of one loop, as it was recorded, and as identification can use it: on an even grid.

A record of the field has holes, doubled hours, rows out of order and values that no house has. What is not
plausible is absent; rows of one grid step become their mean, so a row that is there twice counts once;
holes of inputs of up to three hours are bridged by a straight line, as houses remember days. Longer ones
part the record.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from optimizer.reason import Reason, because

if TYPE_CHECKING:
    from collections.abc import Iterator

    from optimizer.building import Floats

STEP_MIN_S = 900.0
BRIDGE_H = 3.0
"""Longest hole of an input that is bridged, hours."""
SPELL_MIN_H = 24.0
"""A spell without holes below that tells nothing of walls."""
LIMITS = {
    "q": (-5.0, 400.0),
    "T_outdoor": (-60.0, 55.0),
    "sun": (-5.0, 1500.0),
    "wind": (0.0, 60.0),
    "T_indoor": (5.0, 40.0),
    "T_supply": (1.0, 130.0),
    "T_return": (1.0, 130.0),
}
"""What can be, in the unit of the series; outside of it a value is absent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Measurements of one loop; all arrays have the length of ``times``, absent values are NaN."""

    times: Floats
    """UTC seconds, in any order, doubled or not."""
    q: Floats
    """Heat to the rooms per heated area, W/m2; hot water for taps is already taken off."""
    T_outdoor: Floats
    """degC."""
    sun: Floats | None = None
    """On the horizontal, W/m2."""
    wind: Floats | None = None
    """m/s."""
    T_indoor: Floats | None = None
    """Mean of sensors, degC."""
    T_supply: Floats | None = None
    T_return: Floats | None = None
    """Of the loop's water, degC."""

    def __post_init__(self) -> None:
        """Raise ValueError where lengths differ; a bug of the caller."""
        for field in fields(self):
            values = getattr(self, field.name)
            if values is not None and values.shape != self.times.shape:
                raise ValueError(f"{field.name} has shape {values.shape}, times has {self.times.shape}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """The same on an even grid; absent values are NaN, a series that was not given is all NaN."""

    times: Floats
    """UTC seconds at the begin of each step."""
    dt_h: float
    q: Floats
    T_outdoor: Floats
    sun: Floats
    wind: Floats
    T_indoor: Floats
    T_supply: Floats
    T_return: Floats

    def __len__(self) -> int:
        return len(self.times)

    def part(self, first: int, last: int) -> Grid:
        """Return steps ``first`` .. ``last`` - 1."""
        series = {name: getattr(self, name)[first:last] for name in ("times", *LIMITS)}
        return Grid(dt_h=self.dt_h, **series)

    def last_days(self, days: float) -> Grid:
        """Return the end of the record."""
        return self.part(max(0, len(self) - round(days * 24.0 / self.dt_h)), len(self))

    @property
    def days(self) -> float:
        """Length of the record."""
        return len(self) * self.dt_h / 24.0

    @property
    def has_sun(self) -> bool:
        """Tell whether the sun was measured at all."""
        return bool(np.isfinite(self.sun).any())

    def spells(self) -> Iterator[slice]:
        """Give the spells in which all inputs are known, each of ``SPELL_MIN_H`` or more."""
        known = np.isfinite(self.q) & np.isfinite(self.T_outdoor)
        if self.has_sun:
            known &= np.isfinite(self.sun)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], known, [False])).astype(np.int8)))
        for first, last in edges.reshape(-1, 2).tolist():
            if (last - first) * self.dt_h >= SPELL_MIN_H:
                yield slice(first, last)


def on_grid(history: History) -> Grid | Reason:
    """Return the record on a grid of its own usual interval, 15 minutes at least; else why that cannot be."""
    timed = np.isfinite(history.times)
    order = np.flatnonzero(timed)[np.argsort(history.times[timed], kind="stable")]
    times = history.times[order]
    steps = np.diff(times)
    steps = steps[steps > 0.0]
    if len(steps) < 2:
        return because("identify.no_rows", rows=float(len(times)))
    step = max(STEP_MIN_S, float(np.round(np.median(steps) / STEP_MIN_S)) * STEP_MIN_S)
    row = np.floor(times / step).astype(np.int64)
    first, count = int(row[0]), int(row[-1] - row[0]) + 1
    if count > ROWS_MAX:
        return because("identify.times_scattered", days=count * step / 86_400.0)
    series = {
        name: _means(getattr(history, name), order, row - first, count, limits)
        for name, limits in LIMITS.items()
    }
    dt_h = step / 3600.0
    for name in ("q", "T_outdoor", "sun", "wind"):
        series[name] = bridged(series[name], round(BRIDGE_H / dt_h))
    return Grid(times=(first + np.arange(count, dtype=np.float64)) * step, dt_h=dt_h, **series)


ROWS_MAX = 400 * 96
"""More than a year of quarters of an hour: some time is wrong."""


def _means(
    values: Floats | None, order: np.ndarray, row: np.ndarray, count: int, limits: tuple[float, float]
) -> Floats:
    """Return the mean of the plausible values of each step, NaN where there are none."""
    if values is None:
        return np.full(count, np.nan)
    ordered = values[order]
    with np.errstate(invalid="ignore"):
        there = (ordered >= limits[0]) & (ordered <= limits[1])
    number = np.bincount(row[there], minlength=count)
    total = np.bincount(row[there], weights=ordered[there], minlength=count)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def bridged(values: Floats, longest: int) -> Floats:
    """Return the series with inner holes of up to ``longest`` steps bridged by straight lines."""
    absent = ~np.isfinite(values)
    if not absent.any() or absent.all():
        return values
    at = np.arange(len(values))
    filled = np.interp(at, at[~absent], values[~absent])
    edges = np.flatnonzero(np.diff(np.concatenate(([False], absent, [False])).astype(np.int8)))
    for first, last in edges.reshape(-1, 2).tolist():
        if last - first > longest or first == 0 or last == len(values):
            filled[first:last] = np.nan
    return filled
