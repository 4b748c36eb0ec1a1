"""A synthetic year of weather with the sun split into direct and diffuse, by the hour.

Temperature, wind and sun on the horizontal come from ``simulators.weather`` (monthly means of Taiyuan, daily
swing, autoregressive days, cold waves). The diffuse part follows D. G. Erbs, S. A. Klein and J. A. Duffie,
Solar Energy 28 (1982) 293, from the clearness of the hour; the sun's place P. I. Cooper, Solar Energy 12
(1969) 333 (declination) and the usual spherical triangle.
"""

from datetime import UTC, datetime

import numpy as np

from simulators import weather
from simulators.citygen.model import WeatherTable
from simulators.plant.arrays import Floats

FIRST_YEAR = 2025
"""The table runs from 1 July of this year: the winter lies in the middle."""
HOURS = 365 * 24

SOLAR_CONSTANT = 1361.0
"""W/m2."""
DIRECT_MAX = 1000.0
"""W/m2; more is not seen below 1,000 m."""
SUN_LOW_DEG = 4.0
"""Below, all light counts as diffuse: division by a vanishing height would make up direct sun."""


def season(seed: int, latitude: float, longitude: float) -> WeatherTable:
    """Return the year; degrees."""
    begin = datetime(FIRST_YEAR, 7, 1, tzinfo=UTC).timestamp()
    drawn = weather.generate(seed, begin)
    time, total = drawn.times[:HOURS], drawn.irradiation[:HOURS]
    elevation, azimuth = sun_place(time, latitude, longitude)
    direct, diffuse, total = split_sun(total, elevation, time)
    return WeatherTable(
        time=time,
        T_outdoor=drawn.T_outdoor[:HOURS],
        wind=drawn.wind[:HOURS],
        sun_direct=direct,
        sun_diffuse=diffuse,
        irradiation=total,
        sun_elevation=elevation,
        sun_azimuth=azimuth,
    )


def sun_place(time: Floats, latitude: float, longitude: float) -> tuple[Floats, Floats]:
    """Return the sun's elevation and azimuth (from north by east) in degrees at UTC seconds ``time``.

    Without the equation of time: a quarter of an hour at most.
    """
    day = _day_of_year(time)
    declination = np.radians(23.45) * np.sin(2.0 * np.pi * (284.0 + day) / 365.0)
    hour_angle = np.radians(15.0 * (time / 3600.0 % 24.0 - 12.0) + longitude)
    phi = np.radians(latitude)
    sine = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    east = -np.cos(declination) * np.sin(hour_angle)
    north = np.cos(phi) * np.sin(declination) - np.sin(phi) * np.cos(declination) * np.cos(hour_angle)
    return np.degrees(np.arcsin(sine)), np.degrees(np.arctan2(east, north)) % 360.0


def split_sun(total: Floats, elevation: Floats, time: Floats) -> tuple[Floats, Floats, Floats]:
    """Return direct (normal), diffuse and total (horizontal) in W/m2 of ``total`` at UTC seconds ``time``.

    ``elevation`` of the sun in degrees; light after sunset by the clock is dropped.
    """
    sine = np.sin(np.radians(elevation))
    total = np.where(elevation > 0.0, total, 0.0)
    beyond = SOLAR_CONSTANT * (1.0 + 0.033 * np.cos(2.0 * np.pi * _day_of_year(time) / 365.0))
    k = np.clip(total / (beyond * np.maximum(sine, 0.05)), 0.0, 1.0)
    middle = 0.9511 + k * (-0.1604 + k * (4.388 + k * (-16.638 + 12.336 * k)))
    share = np.where(k <= 0.22, 1.0 - 0.09 * k, np.where(k <= 0.80, middle, 0.165))
    direct = (1.0 - share) * total / np.maximum(sine, np.sin(np.radians(SUN_LOW_DEG)))
    direct = np.where(elevation > SUN_LOW_DEG, np.minimum(direct, DIRECT_MAX), 0.0)
    return direct, total - direct * np.maximum(sine, 0.0), total


def _day_of_year(time: Floats) -> Floats:
    """Return 1..366, with the hour as fraction, counted in years of 365.25 days from 1970."""
    return np.asarray(time / 86_400.0 % 365.25 + 1.0, dtype=np.float64)
