"""Outdoor temperature, wind and sun by the hour: generated for a Shanxi winter, or read from a CSV file.

The generator's climate is Taiyuan's. Monthly means of temperature follow the 1981-2010 normals (January
-5.5, July 23.4, year 10.0 degC); the daily swing (about 12 K between mean minimum and maximum, more in
spring) and the sun (8.9 MJ/m2 a day in January) are rounded from the same station's record. Day-to-day
anomalies are a first-order autoregression (sd 3 K, 0.72 from day to day), cold waves come about once a month
in winter and fall by 6..11 K within a day and a half, as the national definition of a cold wave asks (>= 8 K
in 24..48 h for the strong ones).
"""

import csv
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import numpy as np

from simulators.plant.arrays import Floats, Indices

HOUR_S = 3600.0
UTC_OFFSET_H = 8.0
"""The city lives on Chinese standard time; its sun is at 112.5 degE, half an hour later."""

MONTHLY_MEAN_degC = (-5.5, -1.6, 4.3, 12.2, 18.1, 21.8, 23.4, 21.7, 16.4, 10.2, 2.5, -3.6)
MONTHLY_SWING_K = (5.8, 6.0, 6.3, 6.8, 7.0, 6.2, 5.0, 4.8, 5.5, 5.9, 5.8, 5.6)
"""Half of the mean difference between the day's maximum and minimum."""
MONTHLY_SUN_MJ_PER_m2 = (8.9, 11.4, 14.9, 18.6, 20.9, 20.4, 18.4, 17.0, 14.5, 12.1, 9.3, 8.0)
"""Irradiation on the horizontal, mean of a day."""
MONTHLY_WIND = (1.7, 1.9, 2.3, 2.6, 2.4, 2.1, 1.7, 1.5, 1.5, 1.6, 1.7, 1.6)
"""m/s."""

ANOMALY_SD_K = 3.0
ANOMALY_MEMORY = 0.72
COLD_WAVES_PER_DAY = 1.0 / 30.0
HOURLY_SD_K = 0.5


@dataclass(frozen=True, slots=True)
class Sky:
    """Weather at one moment."""

    T_outdoor: float
    """degC."""
    wind: float
    """m/s."""
    irradiation: float
    """W/m2 on the horizontal."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Hourly series, linear in between."""

    times: Floats
    """UTC seconds, rising, shape (n,)."""
    T_outdoor: Floats
    wind: Floats
    irradiation: Floats

    def at(self, now: float) -> Sky:
        """Return the weather at UTC second ``now``; the first and last values hold beyond the ends."""
        after = min(max(int(np.searchsorted(self.times, now)), 1), len(self.times) - 1)
        t0, t1 = self.times[after - 1], self.times[after]
        share = min(max((now - t0) / (t1 - t0), 0.0), 1.0)
        return Sky(
            T_outdoor=_between(self.T_outdoor, after, share),
            wind=_between(self.wind, after, share),
            irradiation=_between(self.irradiation, after, share),
        )

    def mean_outdoor(self, begin: float, end: float) -> float:
        """Return the mean outdoor temperature in degC over [begin, end], UTC seconds."""
        inside = (self.times >= begin) & (self.times <= end)
        return float(self.T_outdoor[inside].mean()) if inside.any() else self.at(begin).T_outdoor


def steady(T_outdoor: float, wind: float = 2.0, irradiation: float = 100.0) -> Weather:
    """Return weather that never changes; 100 W/m2 is the January mean over day and night."""
    one = np.ones(2)
    return Weather(
        times=np.array([0.0, 1.0]), T_outdoor=T_outdoor * one, wind=wind * one, irradiation=irradiation * one
    )


def generate(seed: int, around: float) -> Weather:
    """Return two years of hourly weather, from the 1 July before UTC second ``around``.

    The same seed gives the same weather at the same date whatever moment of that year is asked for.
    """
    year = datetime.fromtimestamp(around, UTC).year
    begin = datetime(year, 7, 1, tzinfo=UTC)
    if begin.timestamp() > around:
        begin = datetime(year - 1, 7, 1, tzinfo=UTC)
    n_days = 730
    rng = np.random.default_rng([seed, begin.year, 0x57EA])
    days = [begin + timedelta(days=day) for day in range(n_days)]
    hours = np.arange(n_days * 24, dtype=np.float64)
    day_of_hour = np.arange(n_days * 24) // 24
    local_hour = (hours + UTC_OFFSET_H) % 24.0
    clearness = _clearness(rng, n_days)
    T = _by_month(days, MONTHLY_MEAN_degC)[day_of_hour]
    T = T + _smooth_days(_anomalies(rng, n_days)) + _cold_waves(rng, days)
    swing = (_by_month(days, MONTHLY_SWING_K) * (0.55 + 0.45 * clearness / clearness.mean()))[day_of_hour]
    T = T + swing * np.cos(2.0 * np.pi * (local_hour - 15.0) / 24.0)
    T = T + _autoregressive(rng, len(hours), 0.8, HOURLY_SD_K)
    gusts = np.exp(_autoregressive(rng, len(hours), 0.9, 0.45) - 0.5 * 0.45**2)
    wind = _by_month(days, MONTHLY_WIND)[day_of_hour] * gusts
    sun = (_by_month(days, MONTHLY_SUN_MJ_PER_m2) * clearness / clearness.mean())[day_of_hour]
    return Weather(
        times=np.asarray(begin.timestamp() + hours * HOUR_S, dtype=np.float64),
        T_outdoor=T,
        wind=np.clip(wind, 0.0, 15.0),
        irradiation=sun * 1e6 / 3600.0 * _day_shape(days, local_hour, day_of_hour),
    )


def recurring(table: Weather, around: float) -> Weather:
    """Return a table of one year at the dates around UTC second ``around``, and again for the year after."""
    first = datetime.fromtimestamp(float(table.times[0]), UTC)
    now = datetime.fromtimestamp(around, UTC)
    year = now.year if now.timetuple()[1:6] >= first.timetuple()[1:6] else now.year - 1
    day = 28 if (first.month, first.day) == (2, 29) else first.day
    begins = [first.replace(year=year + k, day=day).timestamp() for k in (0, 1)]
    hours = table.times - table.times[0]
    once = begins[0] + hours < begins[1]  # a leap year is longer by a day, on which the last value holds
    return Weather(
        times=np.concatenate([begins[0] + hours[once], begins[1] + hours]),
        T_outdoor=np.concatenate([table.T_outdoor[once], table.T_outdoor]),
        wind=np.concatenate([table.wind[once], table.wind]),
        irradiation=np.concatenate([table.irradiation[once], table.irradiation]),
    )


def read_csv(path: Path) -> Weather:
    """Read columns time (ISO 8601, UTC if no offset), T_outdoor_degC, wind_m_per_s, irradiation_W_per_m2."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    try:
        times = [_utc(row["time"]) for row in rows]
        columns = [
            np.array([float(row[name]) for row in rows])
            for name in ("T_outdoor_degC", "wind_m_per_s", "irradiation_W_per_m2")
        ]
    except (KeyError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error
    if len(times) < 2 or any(b <= a for a, b in pairwise(times)):
        raise ValueError(f"{path}: needs at least two rows with rising times")
    if not all(np.isfinite(column).all() for column in columns):
        raise ValueError(f"{path}: holds a value that is no number")
    return Weather(np.array(times), *columns)


def _utc(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _between(series: Floats, after: int, share: float) -> float:
    return float(series[after - 1] + share * (series[after] - series[after - 1]))


def _by_month(days: list[datetime], monthly: tuple[float, ...]) -> Floats:
    """Interpolate monthly means to days so that each month keeps its mean."""
    position = np.array([day.month - 1 + (day.day - 15.5) / 30.5 for day in days]) % 12.0
    month = np.array([day.month - 1 for day in days])
    wanted = np.array(monthly)
    knots = wanted.copy()
    for _ in range(8):
        daily = np.interp(position, np.arange(13.0), [*knots, knots[0]])
        counts = np.bincount(month, minlength=12)
        knots += wanted - np.bincount(month, weights=daily, minlength=12) / np.maximum(counts, 1)
    return np.asarray(np.interp(position, np.arange(13.0), [*knots, knots[0]]), dtype=np.float64)


def _autoregressive(rng: np.random.Generator, n: int, memory: float, sd: float) -> Floats:
    shocks = rng.normal(0.0, sd * np.sqrt(1.0 - memory**2), n)
    series = np.empty(n)
    value = rng.normal(0.0, sd)
    for index, shock in enumerate(shocks):
        value = memory * value + shock
        series[index] = value
    return series


def _anomalies(rng: np.random.Generator, n_days: int) -> Floats:
    return _autoregressive(rng, n_days, ANOMALY_MEMORY, ANOMALY_SD_K)


def _smooth_days(daily: Floats) -> Floats:
    """Spread daily values over hours without jumps at midnight."""
    n = len(daily)
    return np.interp(np.arange(n * 24) / 24.0, np.arange(n) + 0.5, daily)


def _cold_waves(rng: np.random.Generator, days: list[datetime]) -> Floats:
    """Return the hourly effect of cold waves in K: a fall within 36 h, recovery over three to five days."""
    n_hours = len(days) * 24
    effect = np.zeros(n_hours)
    expected = np.zeros(len(days))
    mean_area_K_d = 8.5 * (0.75 + 4.0)
    for index, day in enumerate(days):
        chance, depth, recovery = rng.random(), rng.uniform(6.0, 11.0), rng.uniform(3.0, 5.0) * 24.0
        if day.month not in (11, 12, 1, 2, 3):
            continue
        expected[index] = COLD_WAVES_PER_DAY * mean_area_K_d
        if chance < COLD_WAVES_PER_DAY:
            age = np.arange(n_hours - index * 24)
            shape = np.where(age < 36, age / 36.0, np.exp(-(age - 36.0) / recovery))
            effect[index * 24 :] -= depth * shape
    return effect + _smooth_days(expected)


def _clearness(rng: np.random.Generator, n_days: int) -> Floats:
    """Return each day's share of clear sky, 0.15..1."""
    return np.clip(0.72 + _autoregressive(rng, n_days, 0.4, 0.28), 0.15, 1.0)


def _day_shape(days: list[datetime], local_hour: Floats, day_of_hour: Indices) -> Floats:
    """Return the share of the day's sun that falls in each hour, in 1/h: a cosine from rise to set."""
    day_of_year = np.array([day.timetuple().tm_yday for day in days])
    half_day = 6.0 - 1.25 * np.cos(2.0 * np.pi * (day_of_year + 10) / 365.25)
    half = half_day[day_of_hour]
    elevation = np.cos(np.clip((local_hour - 12.5) / half, -1.0, 1.0) * np.pi / 2.0)
    return np.where(elevation > 1e-9, elevation * np.pi / (4.0 * half), 0.0)
