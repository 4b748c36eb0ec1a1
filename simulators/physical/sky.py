"""The sky over a physical city at any date: weather of a table, the sun's place by the almanac."""

import numpy as np

from simulators.citygen.model import WeatherTable
from simulators.citygen.season import split_sun, sun_place
from simulators.fieldtruth.build import sky_at
from simulators.plant.facade import Sky
from simulators.weather import Weather

HOUR_S = 3600.0
_HELD_h = 48
"""Hours that are worked out at once."""


class Skies:
    """Skies of one weather over one place; remembers the hours around the moment that was asked for last."""

    def __init__(self, weather: Weather, latitude: float, longitude: float) -> None:
        self._weather, self._latitude, self._longitude = weather, latitude, longitude
        self._held = self.table(0.0, 0.0)

    def at(self, now: float) -> Sky:
        """Return the sky at UTC second ``now``."""
        if not self._held.time[0] <= now < self._held.time[-1]:
            self._held = self.table(now, now + _HELD_h * HOUR_S)
        return sky_at(self._held, now)

    def table(self, begin: float, end: float) -> WeatherTable:
        """Return the weather by whole hours from before UTC second ``begin`` to after ``end``."""
        first, last = np.floor(begin / HOUR_S), np.floor(end / HOUR_S) + 1.0
        time = np.arange(first, last + 1.0) * HOUR_S
        skies = [self._weather.at(float(moment)) for moment in time]
        elevation, azimuth = sun_place(time, self._latitude, self._longitude)
        direct, diffuse, total = split_sun(np.array([sky.irradiation for sky in skies]), elevation, time)
        return WeatherTable(
            time=time,
            T_outdoor=np.array([sky.T_outdoor for sky in skies]),
            wind=np.array([sky.wind for sky in skies]),
            sun_direct=direct,
            sun_diffuse=diffuse,
            irradiation=total,
            sun_elevation=elevation,
            sun_azimuth=azimuth,
        )
