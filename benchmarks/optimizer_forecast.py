"""Load forecast on a measured building: a winter month and October, neither of which it was learned from.

One residential building with hot water in Tartu (Estonia), 2019, hourly (``DHC_REALDATA/tartu_2019``). The
load of an hour is the rise of the heat meter's counter, which counts whole kWh. The same meter tells a
momentary power on the hour as well; of that the forecast misses both targets, so the choice decides, and its
figures stand beside the official ones. The weather is that of a station in the town, so these are errors of
the load forecast alone; further figures add errors as weather forecasts have them.

Every hour is forecast as it would have been 24 h before its end, from nothing later. ``held out`` means that
nothing of the month was learned from; ``nightly`` learns anew at every midnight, as the product does.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from benchmarks.measurement import Measurement
from benchmarks.report import ROOT, Figures, Result
from optimizer.forecast.calendar import DWELLINGS, LocalTime, local_time
from optimizer.forecast.history import hourly_load
from optimizer.forecast.load import (
    WINDOW_H,
    Explained,
    LoadForecast,
    LoadModel,
    explain,
    fit_load,
    forecast_load,
)
from optimizer.forecast.weather import WeatherSeries
from simulators.replay.table import read_table
from simulators.replay.weather import read_weather
from stations.model.identity import Point

Floats = NDArray[np.float64]
TemperatureLine = Callable[[float], float]

NAMES = ("optimizer.forecast.tartu_daily_wape_percent", "optimizer.forecast.tartu_hourly_wape_percent")
FURTHER = (
    "optimizer.forecast.tartu_daily_wape_weather_error_percent",
    "optimizer.forecast.tartu_hourly_wape_weather_error_percent",
    "optimizer.forecast.tartu_daily_wape_momentary_percent",
    "optimizer.forecast.tartu_hourly_wape_momentary_percent",
)
MONTHS = (2, 10)
"""Held out: the settings of the forecast were chosen on January, March, April and September."""
WEATHER_SD_K, WEATHER_H, WEATHER_SEED = 1.5, 12.0, 1
"""Error of a day-ahead temperature forecast: usual size, and how long it lasts."""
ZONE = ZoneInfo("Europe/Tallinn")
MOMENTARY = "of the power told on the hour in place of the hour's heat; nothing of the month learned from"
WITH_ERROR = f"learned anew every night, temperature forecast off by {WEATHER_SD_K} K (standard deviation)"
HOUR_S, DAY_H = 3600.0, 24
LOOK_H = 20 * DAY_H
MOST_KWH = 100.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Building:
    """Ten months, hour by hour."""

    weather: WeatherSeries
    local: LocalTime
    load: Floats
    known: NDArray[np.bool_]

    @property
    def month(self) -> NDArray[np.int64]:
        """Local month of each hour."""
        return (self.local.day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)) % 12 + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A month as it was forecast and as it came, kWh an hour; shapes (hours,)."""

    came: Floats
    ahead: Floats
    """24 h ahead of the end of each hour."""
    at_midnight: Floats
    """Each day forecast at its begin."""
    low: Floats
    high: Floats
    """Levels 0.1 and 0.9, 24 h ahead."""
    persistence: Floats
    """The same hour of the day before."""
    line: Floats
    """Temperature line with its kink, learned from the same past."""
    day: NDArray[np.int64]

    def hourly(self, told: Floats) -> float:
        """Sum of absolute errors of the hours over the sum of what came, percent."""
        return 100.0 * float(np.abs(told - self.came).sum() / self.came.sum())

    def daily(self, told: Floats) -> float:
        """The same of the sums of days."""
        _, day = np.unique(self.day, return_inverse=True)
        return 100.0 * float(np.abs(np.bincount(day, told - self.came)).sum() / self.came.sum())

    def coverage(self) -> float:
        """Share of hours within the band that is meant to hold 80 %."""
        return float(((self.low <= self.came) & (self.came <= self.high)).mean())


def read_building(folder: Path, *, momentary: bool = False) -> Building:
    """Read the measured building; doubled rows count once, hours without a row are not known.

    ``momentary``: the load is the power that the meter told at the begin of each hour.
    """
    formats = ROOT / "tests" / "realdata"
    table = read_table(folder / "substation_jan_oct.csv", formats / "substation.toml")
    weather = read_weather(folder / "weather.csv", formats / "weather.toml")
    energy = table.values[Point(0, "E_heat_primary")]
    told = [(at, value) for at, value in zip(table.times, energy, strict=True) if value is not None]
    at, counts = (np.array(column, dtype=np.float64) for column in zip(*told, strict=True))
    hours = np.arange(at[0], at[-1], HOUR_S)
    load, known = hourly_load(at, counts, hours, MOST_KWH)
    if momentary:
        power = dict(zip(table.times, table.values[Point(0, "Q_flow_primary")], strict=True))
        known = np.array([power.get(hour) is not None for hour in hours])
        load = np.array([power.get(hour) or 0.0 for hour in hours])
    middle = hours + 0.5 * HOUR_S
    return Building(
        weather=WeatherSeries(
            times=hours,
            T_outdoor=np.interp(middle, weather.times, weather.T_outdoor),
            wind=np.interp(middle, weather.times, weather.wind),
            sun=np.interp(middle, weather.times, weather.irradiation),
            quality=np.zeros(len(hours), dtype=np.int8),
        ),
        local=local_time(hours, np.array([_ahead_of_utc(at) for at in hours])),
        load=load,
        known=known,
    )


def _ahead_of_utc(at: float) -> float:
    offset = datetime.fromtimestamp(at, ZONE).utcoffset()
    assert offset is not None
    return offset.total_seconds()


def judge(building: Building, month: int, *, nightly: bool, T_error: Floats | None = None) -> Judged:
    """Forecast a month; ``T_error`` (hours,) K is what the weather forecast is off where it is one."""
    explained = explain(building.weather, building.local, DWELLINGS)
    hours = np.flatnonzero(building.month == month)
    came, T_told = building.load, building.weather.T_outdoor + (0.0 if T_error is None else T_error)
    ahead, low, high, line = (np.zeros(len(came)) for _ in range(4))
    at_midnight: dict[int, Floats] = {}
    model, kinked = _learned(explained, building, int(hours[0]) - DAY_H)
    for last in hours:
        issue = int(last) - DAY_H + 1
        if nightly and explained.hour[issue] == 0:
            model, kinked = _learned(explained, building, issue)
        forecast = _forecast(model, explained, building, issue, T_error)
        ahead[last] = forecast.load[-1]
        low[last], high[last] = forecast.quantiles[:, -1]
        line[last] = kinked(T_told[last])
        if explained.hour[issue] == 0:
            at_midnight[issue] = forecast.load
    midnight = ahead.copy()  # the one hour more of the day on which summer time ends stays as it is
    for issue, day in at_midnight.items():
        midnight[issue : issue + DAY_H] = day
    return Judged(
        came=came[hours],
        ahead=ahead[hours],
        at_midnight=midnight[hours],
        low=low[hours],
        high=high[hours],
        persistence=came[hours - DAY_H],
        line=line[hours],
        day=building.local.day[hours],
    )


def weather_error(hours: int) -> Floats:
    """Return an error of the temperature forecast, K, hour by hour: first order, the same at every call."""
    keeps = np.exp(-1.0 / WEATHER_H)
    shocks = np.random.default_rng(WEATHER_SEED).normal(0.0, WEATHER_SD_K * np.sqrt(1.0 - keeps**2), hours)
    error = np.zeros(hours)
    for i in range(1, hours):
        error[i] = keeps * error[i - 1] + shocks[i]
    return error


def measure() -> Figures:
    """Return the official figures of the held-out months, with those of plain forecasts beside them."""
    figures = Figures()
    folder = os.environ.get("DHC_REALDATA")
    if not folder:
        figures.missing = dict.fromkeys(NAMES, "needs measured data: DHC_REALDATA is not set")
        return figures
    building = read_building(Path(folder) / "tartu_2019")
    held_out = [judge(building, month, nightly=False) for month in MONTHS]
    nightly = [judge(building, month, nightly=True) for month in MONTHS]
    error = weather_error(len(building.load))
    off = [judge(building, month, nightly=True, T_error=error) for month in MONTHS]
    power = read_building(Path(folder) / "tartu_2019", momentary=True)
    sampled = [judge(power, month, nightly=False) for month in MONTHS]
    figures.results = [
        _result(NAMES[0], held_out, "daily", _beside(nightly, "daily")),
        _result(NAMES[1], held_out, "hourly", _beside(nightly, "hourly")),
        _result(FURTHER[0], off, "daily", WITH_ERROR),
        _result(FURTHER[1], off, "hourly", WITH_ERROR),
        _result(FURTHER[2], sampled, "daily", MOMENTARY),
        _result(FURTHER[3], sampled, "hourly", MOMENTARY),
    ]
    return figures


def _learned(
    explained: Explained, building: Building, until: int
) -> tuple[LoadModel, Callable[[float], float]]:
    model = fit_load(explained.part(slice(0, until)), building.load[:until], building.known[:until])
    assert isinstance(model, LoadModel), model
    seen = slice(max(until - WINDOW_H, 0), until)
    return model, _kinked_line(building.weather.T_outdoor[seen], building.load[seen], building.known[seen])


def _kinked_line(T: Floats, load: Floats, known: NDArray[np.bool_]) -> TemperatureLine:
    """The best of the lines a + b max(limit - T, 0) for limits of 12..20 degC."""
    best = (np.inf, 0.0, 0.0, 0.0)
    for limit in np.arange(12.0, 20.5, 0.5):
        cold = np.maximum(limit - T[known], 0.0)
        slope, base = np.polyfit(cold, load[known], 1)
        best = min(best, (float(np.abs(base + slope * cold - load[known]).sum()), limit, slope, base))
    _, limit, slope, base = best
    return lambda T_outdoor: base + slope * max(limit - T_outdoor, 0.0)


def _forecast(
    model: LoadModel, explained: Explained, building: Building, issue: int, T_error: Floats | None
) -> LoadForecast:
    """Forecast 24 h from hour ``issue`` on, of which nothing later than its begin is known but the
    weather."""
    begin = max(issue - LOOK_H, 0)
    seen, past = slice(begin, issue + DAY_H), slice(begin, issue)
    if T_error is None:
        part = explained.part(seen)
    else:
        weather = building.weather.part(seen)
        T_told = weather.T_outdoor + np.where(
            weather.times >= building.weather.times[issue], T_error[seen], 0.0
        )
        part = explain(replace(weather, T_outdoor=T_told), building.local.part(seen), DWELLINGS)
    forecast = forecast_load(model, part, building.load[past], building.known[past], (0.1, 0.9))
    assert isinstance(forecast, LoadForecast), forecast
    return forecast


def _result(name: str, months: list[Judged], pace: str, note: str) -> Result:
    """Both months together; the spread is that of the months."""
    each = [_percent(month, pace, "forecast") for month in months]
    return Result(
        name=name,
        value=_together(months, pace, "forecast"),
        unit="%",
        runs=len(months),
        spread=(min(each), max(each)),
        note=f"February and October together, spread: each; {note}; {_plain(months, pace)}",
    )


def _beside(months: list[Judged], pace: str) -> str:
    anew = _together(months, pace, "forecast")
    return (
        f"heat of the hour by the counter; nothing of the month learned from; anew every night: {anew:.2f} %"
    )


def _plain(months: list[Judged], pace: str) -> str:
    line, persistence = (_together(months, pace, name) for name in ("line", "persistence"))
    held = float(np.mean([month.coverage() for month in months]))
    return (
        f"temperature line {line:.2f} %, the day before {persistence:.2f} %; "
        f"the band meant for 80 % of the hours holds {100 * held:.0f} %"
    )


def _told(month: Judged, pace: str, what: str) -> Floats:
    if what == "forecast":
        return month.ahead if pace == "hourly" else month.at_midnight
    return month.line if what == "line" else month.persistence


def _percent(month: Judged, pace: str, what: str) -> float:
    told = _told(month, pace, what)
    return month.hourly(told) if pace == "hourly" else month.daily(told)


def _together(months: list[Judged], pace: str, what: str) -> float:
    came = [float(month.came.sum()) for month in months]
    return float(np.average([_percent(month, pace, what) for month in months], weights=came))


MEASUREMENT = Measurement(title="the load forecast on a measured building", names=NAMES, run=measure)
