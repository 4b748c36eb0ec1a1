"""The heat that a loop will take, hour by hour for a day and more, with a band that holds what it says.

A robust ridge regression on weather, clock, calendar and what the loop took a day and a week before, learned
every night from the last months (recent days count more), and corrected by what it was off in the last days.
The band is that of its own errors: the model is learned again without the last four weeks, week by week, and
what it then was off, day ahead, is what it will be off (split conformal prediction: Vovk, Gammerman and
Shafer, Algorithmic Learning in a Random World, 2005; for series that drift it holds on average, not in every
hour, so it is counted: ``optimizer.forecast.accuracy``).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.forecast.calendar import Calendar, LocalTime, is_workday
from optimizer.forecast.conformal import Errors, band
from optimizer.forecast.features import (
    LEAD_H,
    LOOK_BACK_H,
    SLOW_H,
    known_before,
    lagged,
    looked_back,
    same_kind,
)
from optimizer.forecast.history import without_gaps, without_spikes
from optimizer.forecast.ridge import Line, robust_ridge, weighted_median
from optimizer.forecast.weather import WeatherSeries
from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WINDOW_H = 90 * 24
"""Hours that are learned from. 60 and 150 days were no better on the measured building."""
HALF_LIFE_H = 30 * 24.0
"""An hour so long ago counts half: buildings change their habits and their curves with the season."""
PENALTY = 100.0
"""Of the ridge, in hours of full weight; 50 and 200 give errors within 2 % of these."""
LEAST_H = 7 * 24
"""Known hours with known hours to look back on, below which nothing is learned."""
BACKTEST_H, BACKTEST_BLOCK_H = 28 * 24, 7 * 24
CORRECTION_H = 10 * 24
LEVEL_SHARE, LEVEL_H = 0.7, 48.0
HOUR_SHARE, HOUR_DAYS = 0.3, 5.0
"""How much of the last error is expected to stay, and over what it is averaged: all hours alike, and an hour
of the day apart. Found on January, March, April and September of the measured building."""
BURST = 4.0
"""What an hour was off by more than so many median departures is a burst, and counts as so many."""
LARGEST = 1e9
"""No network takes so much, in kW or in W/m2; squares of it still fit."""
MOST_SHARE = 1.5
"""A forecast may be this much above the highest hour learned from: a colder day than any yet, not a
runaway."""
LEVELS = (0.05, 0.1, 0.5, 0.9, 0.95)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """What explains the load of hours in a row, without the load itself: once for all loops of a calendar."""

    times: Floats
    """UTC seconds at which the hours begin."""
    hour: NDArray[np.intp]
    """Local hour of the day, 0..23."""
    workday: Flags
    slow: Floats
    """Outdoor temperature as walls feel it, degC."""
    features: Floats
    """(m, p), see ``optimizer.forecast.features``."""

    def part(self, which: slice) -> "Explained":
        """Return some of the hours; what they remember of those before them stays."""
        return Explained(
            times=self.times[which],
            hour=self.hour[which],
            workday=self.workday[which],
            slow=self.slow[which],
            features=self.features[which],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadModel:
    """What was learned of one loop's load."""

    line: Line
    errors: Errors
    """What it was off a day ahead, on days that it had not seen."""
    most: float
    """No forecast is above this."""
    hours: int
    """Known hours that it was learned from."""
    until: float
    """UTC second at which the last of them ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Nothing was learned, and why; the load of the same hour of the last day of its kind is what is left."""

    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadForecast:
    """The load of hours to come, shapes (k,), in the unit of the loop's history."""

    times: Floats
    """UTC seconds at which the hours begin."""
    load: Floats
    """Best guess: the middle of what may come."""
    levels: tuple[float, ...]
    quantiles: Floats
    """(levels, k): below the row of level p lies the load in a share p of all hours."""
    correction: float
    """What was added because the model was off in the last days."""
    age_s: float
    """How long ago the last hour ended that is known."""


def explain(weather: WeatherSeries, local: LocalTime, calendar: Calendar) -> Explained:
    """Return what explains the load of hours in a row: of the past, and of the hours to come."""
    return Explained(
        times=weather.times,
        hour=local.hour.astype(np.intp),
        workday=is_workday(calendar, local),
        slow=lagged(weather.T_outdoor, SLOW_H),
        features=known_before(weather, local, calendar),
    )


def fit_load(explained: Explained, load: Floats, known: Flags) -> LoadModel | Refused:
    """Learn a loop's load (m,) from the first m hours that are explained, where it is ``known``."""
    load, known = _finite(load, known)
    if not np.isfinite(explained.features).all():
        return Refused(reason=because("weather_not_finite"))
    load = without_spikes(without_gaps(load, known))
    x, sound = _rows(explained, load, known)
    enough = int(sound[-WINDOW_H:].sum())
    if enough < LEAST_H:
        return Refused(reason=because("load_too_few_hours", known_h=enough, needed_h=LEAST_H))
    y = load[LOOK_BACK_H:]
    line = _learned(x, y, sound, len(y))
    last = int(np.flatnonzero(sound)[-1]) + LOOK_BACK_H
    return LoadModel(
        line=line,
        errors=_errors(explained, x, y, sound, line),
        most=MOST_SHARE * float(y[sound].max()),
        hours=enough,
        until=float(explained.times[last]) + 3600.0,
    )


def forecast_load(
    model: LoadModel, explained: Explained, load: Floats, known: Flags, levels: tuple[float, ...] = LEVELS
) -> LoadForecast | Refused:
    """Return the load of all hours that are explained beyond those of ``load`` (m,).

    Needs ``LOOK_BACK_H`` hours of the past, of which one at least in the last ten days is known. Further than
    ``LEAD_H`` ahead the forecast of one day is what the next looks back on.
    """
    load, known = _finite(load, known)
    if not np.isfinite(explained.features).all():
        return Refused(reason=because("weather_not_finite"))
    past, ahead = len(load), len(explained.times) - len(load)
    if past < LOOK_BACK_H or not known[-CORRECTION_H:].any():
        return Refused(reason=because("load_unknown", known_h=int(known.sum()), needed_h=LOOK_BACK_H))
    series = np.concatenate([without_spikes(without_gaps(load, known)), np.zeros(ahead)])
    level, by_hour = _off(model.line, explained, series[:past], known)
    for begin in range(past, past + ahead, LEAD_H):
        end = min(begin + LEAD_H, past + ahead)
        back = looked_back(series[:end], explained.slow, explained.workday, begin)
        told = model.line(np.concatenate([explained.features[begin:end], back], axis=1))
        told += level + by_hour[explained.hour[begin:end]]
        series[begin:end] = np.clip(told, 0.0, model.most)
    told = series[past:]
    width = band(model.errors, explained.hour[past:], levels)
    last = int(np.flatnonzero(known)[-1])
    return LoadForecast(
        times=explained.times[past:],
        load=told,
        levels=levels,
        quantiles=np.maximum(told + width, 0.0),
        correction=level,
        age_s=float(explained.times[past] - explained.times[last]) - 3600.0,
    )


def _finite(load: Floats, known: Flags) -> tuple[Floats, Flags]:
    """What is no number, or no load in any unit, is not known."""
    known = known & (np.abs(np.nan_to_num(load, nan=np.inf)) <= LARGEST)
    return np.where(known, load, 0.0), known


def _rows(explained: Explained, filled: Floats, known: Flags) -> tuple[Floats, Flags]:
    """Rows of all features from ``LOOK_BACK_H`` on, and which of them may be learned from."""
    until = len(filled)
    if until <= LOOK_BACK_H:
        return np.zeros((0, 0)), np.zeros(0, dtype=bool)
    rows = np.arange(LOOK_BACK_H, until)
    back = looked_back(filled, explained.slow, explained.workday, LOOK_BACK_H)
    sound = known[rows] & known[same_kind(explained.workday, rows)] & known[rows - 168]
    return np.concatenate([explained.features[LOOK_BACK_H:until], back], axis=1), sound


def _learned(x: Floats, y: Floats, sound: Flags, until: int) -> Line:
    """The line by the window of rows before ``until``."""
    rows = slice(max(until - WINDOW_H, 0), until)
    age_h = np.arange(until - rows.start, 0, -1)
    weights = np.where(sound[rows], 0.5 ** (age_h / HALF_LIFE_H), 0.0)
    return robust_ridge(x[rows], y[rows], weights, PENALTY)


def _errors(explained: Explained, x: Floats, y: Floats, sound: Flags, line: Line) -> Errors:
    """What the model was off in each of the last weeks, learned from what was before the week."""
    told = np.full(len(y), np.nan)
    for begin in range(max(len(y) - BACKTEST_H, 0), len(y), BACKTEST_BLOCK_H):
        until = max(begin - LEAD_H, 0)  # a day ahead: the day before the week was not seen, either
        if sound[max(until - WINDOW_H, 0) : until].sum() < LEAST_H:
            continue
        week = slice(begin, min(begin + BACKTEST_BLOCK_H, len(y)))
        told[week] = _learned(x, y, sound, until)(x[week])
    seen = not np.isfinite(told).any()
    told = line(x) if seen else told
    which = sound & np.isfinite(told)
    return Errors(
        times=explained.times[LOOK_BACK_H : LOOK_BACK_H + len(y)][which],
        hour=explained.hour[LOOK_BACK_H : LOOK_BACK_H + len(y)][which],
        values=(y - told)[which],
        seen=seen,
    )


def _off(line: Line, explained: Explained, filled: Floats, known: Flags) -> tuple[float, Floats]:
    """What is to be added at all hours, and by hour of the day (24,): what was lacking in the last days."""
    past = len(filled)
    begin = max(past - CORRECTION_H, LOOK_BACK_H)
    rows = np.arange(begin, past)
    if len(rows) == 0 or not known[rows].any():
        return 0.0, np.zeros(24)
    back = looked_back(filled, explained.slow, explained.workday, begin)
    off = filled[rows] - line(np.concatenate([explained.features[begin:past], back], axis=1))
    weights = np.exp((rows - past) / LEVEL_H) * known[rows]
    middle = weighted_median(off, weights)
    bound = BURST * float(np.median(np.abs(off - middle)[known[rows]]))
    off = np.clip(off, middle - bound, middle + bound)
    level = float(weights @ off / weights.sum())
    daily = np.exp((rows - past) / (24.0 * HOUR_DAYS)) * known[rows]
    total = np.bincount(explained.hour[rows], daily, 24)
    by_hour = np.bincount(explained.hour[rows], daily * (off - level), 24) / np.maximum(total, 1.0)
    return LEVEL_SHARE * level, HOUR_SHARE * by_hour
