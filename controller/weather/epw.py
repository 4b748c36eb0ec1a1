"""A typical year from an EPW file, the format of EnergyPlus: what weather is usual at a place.

Format: EnergyPlus, Auxiliary Programs, "EnergyPlus Weather File (EPW) Data Dictionary". Eight header lines,
the first with position and zone, then one row an hour: hour 1 ends at 01:00 standard time. Months come from
different years, so the year of a row is not looked at. Such a file is no forecast; it tells what is usual.
"""

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from controller.weather.outcome import Failure, Fault
from controller.weather.tracks import HALF_HOUR_S, track
from optimizer.forecast.climate import Climate, TooShort, clearness_of, fit_climate

HEADER_LINES = 8
MONTH, DAY, HOUR = 1, 2, 3
COLUMNS = {"T_outdoor": 6, "wind": 21, "sun": 13}
MISSING = {"T_outdoor": 99.9, "wind": 999.0, "sun": 9999.0}
DAYS_BEFORE = (0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334)
NEW_YEAR_S = 1_546_300_800.0
"""1 January 2019, UTC: any year of 365 days does."""
HOURS_LEAST = 8000


def read_epw(path: Path) -> Climate | Failure:
    """Return what is usual by an EPW file, or why it does not tell."""
    try:
        with path.open(encoding="utf-8", errors="replace", newline="") as file:
            rows = list(csv.reader(file))
    except OSError as error:
        return Failure(fault=Fault.NO_ANSWER, detail=f"{path.name}: {error.strerror}")
    except csv.Error as error:
        return Failure(fault=Fault.NOT_READABLE, detail=f"{path.name}: {error}")
    place = _place(rows[0]) if rows else None
    if place is None:
        return Failure(fault=Fault.NOT_READABLE, detail=f"{path.name}: line 1: no LOCATION with a position")
    latitude, longitude, zone_h = place
    times: list[float] = []
    cells: dict[str, list[float | None]] = {quantity: [] for quantity in COLUMNS}
    for number, row in enumerate(rows[HEADER_LINES:], HEADER_LINES + 1):
        try:
            times.append(_ends_at(row) - 3600.0 * zone_h)
            for quantity, column in COLUMNS.items():
                value = float(row[column])
                cells[quantity].append(None if value >= MISSING[quantity] else value)
        except (IndexError, ValueError):
            return Failure(fault=Fault.NOT_READABLE, detail=f"{path.name}: line {number}: no hour of weather")
    return _climate(path.name, times, cells, latitude, longitude)


def _climate(
    name: str, times: list[float], cells: dict[str, list[float | None]], latitude: float, longitude: float
) -> Climate | Failure:
    T = track("T_outdoor", times, cells["T_outdoor"])
    usual = fit_climate(T.times, T.values, latitude=latitude, longitude=longitude)
    if isinstance(usual, TooShort) or len(T.times) < HOURS_LEAST:
        return Failure(fault=Fault.TOO_LITTLE, detail=f"{name}: {len(T.times)} hours with a temperature")
    wind = track("wind", times, cells["wind"])
    sun = track("sun", times, cells["sun"], -HALF_HOUR_S)
    clearness = clearness_of(sun.times, sun.values, latitude, longitude)
    if len(wind.values):
        usual = replace(usual, wind=float(np.mean(wind.values)))
    return usual if clearness is None else replace(usual, clearness=clearness)


def _place(row: list[str]) -> tuple[float, float, float] | None:
    """Latitude, longitude and hours ahead of UTC by the first line."""
    if len(row) < 9 or row[0].strip().upper() != "LOCATION":
        return None
    try:
        latitude, longitude, zone_h = (float(cell) for cell in row[6:9])
    except ValueError:
        return None
    sound = abs(latitude) <= 90.0 and abs(longitude) <= 180.0 and abs(zone_h) <= 14.0
    return (latitude, longitude, zone_h) if sound else None


def _ends_at(row: list[str]) -> float:
    """When the hour of a row ends by local standard time, as seconds of one and the same year."""
    month, day, hour = (int(row[column]) for column in (MONTH, DAY, HOUR))
    if not (1 <= month <= 12 and 1 <= day <= 31 and 1 <= hour <= 24):
        raise ValueError
    return NEW_YEAR_S + (DAYS_BEFORE[month - 1] + day - 1) * 86_400.0 + hour * 3600.0
