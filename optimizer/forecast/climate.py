"""What weather is usual at a place: the last resort where nobody tells what it will be.

Outdoor temperature is a mean, one wave a year and one wave a day; the sun is what reaches the top of the
atmosphere (Duffie and Beckman, Solar Engineering of Thermal Processes, 4th edition, chapter 1) times the
usual clearness; the wind is its mean. From a typical year (an EPW file) all of it is known; from a few weeks
of measurements only mean and daily wave are, and they are good for the weeks that follow.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

DAY_S = 86_400.0
YEAR_S = 365.2425 * DAY_S
WHOLE_YEAR_S = 300 * DAY_S
"""A shorter record does not tell a year's wave from a trend."""
LEAST_S = 2 * DAY_S
"""A shorter record does not tell a day's wave from a front that passes."""
RECENT_S = 14 * DAY_S
"""So much of a record shorter than a year counts: what lies before was another part of the season."""
SOLAR_CONSTANT = 1361.0
CLEARNESS = 0.45
"""Share of the sun that reaches the ground where no record tells; 0.3 (overcast coasts) to 0.6 (dry
winters)."""
WIND = 2.5
"""m/s at station height in a city where no record tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Climate:
    """Usual weather of a place; ``fit_climate`` makes it."""

    T_mean: float
    """degC."""
    T_year: tuple[float, float] = (0.0, 0.0)
    """Cosine and sine of the year's wave, K; phase 0 is 1 January 1970."""
    T_day: tuple[float, float] = (0.0, 0.0)
    """The same of the day's wave; phase 0 is midnight UTC."""
    wind: float = WIND
    """m/s."""
    clearness: float = CLEARNESS
    """Sun on the ground over sun above the atmosphere, both on the horizontal."""
    latitude: float
    longitude: float
    """Degrees, north and east positive."""

    def outdoor(self, times: Floats) -> Floats:
        """Return the usual outdoor temperature in degC at UTC seconds (k,)."""
        return np.asarray(_waves(times) @ np.array([self.T_mean, *self.T_day, *self.T_year]))

    def sun(self, times: Floats) -> Floats:
        """Return the usual global horizontal sun in W/m2 at UTC seconds (k,)."""
        return self.clearness * sun_above(times, self.latitude, self.longitude)


@dataclass(frozen=True, slots=True, kw_only=True)
class TooShort:
    """A record that does not tell what is usual."""

    span_s: float
    needed_s: float


def fit_climate(times: Floats, T_outdoor: Floats, *, latitude: float, longitude: float) -> Climate | TooShort:
    """Return what is usual by a record of outdoor temperatures (degC at UTC seconds, rising, finite).

    Of less than ``WHOLE_YEAR_S`` only the last ``RECENT_S`` count, and there is no year's wave. Less than
    ``LEAST_S``, or fewer than 24 values, is too short.
    """
    span = float(times[-1] - times[0]) if len(times) else 0.0
    if span < LEAST_S or len(times) < 24:
        return TooShort(span_s=span, needed_s=LEAST_S)
    whole = span >= WHOLE_YEAR_S
    kept = np.ones(len(times), dtype=bool) if whole else times >= times[-1] - RECENT_S
    design = _waves(times[kept])[:, : 5 if whole else 3]
    found, *_ = np.linalg.lstsq(design, T_outdoor[kept], rcond=None)
    mean, *waves = (float(value) for value in found)
    return Climate(
        T_mean=mean,
        T_day=(waves[0], waves[1]),
        T_year=(waves[2], waves[3]) if whole else (0.0, 0.0),
        latitude=latitude,
        longitude=longitude,
    )


def clearness_of(times: Floats, sun: Floats, latitude: float, longitude: float) -> float | None:
    """Return the usual clearness by a record of sun (W/m2 at UTC seconds); None where it tells too little.

    Two days of the mean sun of a winter are enough; a record of nights only is not.
    """
    above = sun_above(times, latitude, longitude)
    if len(times) < 48 or float(above.sum()) < 48 * 20.0:
        return None
    return float(np.clip(sun.sum() / above.sum(), 0.1, 0.8))


def sun_above(times: Floats, latitude: float, longitude: float) -> Floats:
    """Return the sun on a horizontal plane above the atmosphere in W/m2 at UTC seconds (k,).

    Declination by Cooper and equation of time by Woolf, as in Duffie and Beckman, equations 1.6.1a and 1.5.3;
    good to a degree of the sun's height, which is better than any clearness.
    """
    day = times % YEAR_S / DAY_S + 1.0
    angle = 2 * np.pi * (day - 81.0) / 364.0
    equation_min = 9.87 * np.sin(2 * angle) - 7.53 * np.cos(angle) - 1.5 * np.sin(angle)
    declination = np.radians(23.45) * np.sin(2 * np.pi * (284.0 + day) / 365.0)
    solar_h = times % DAY_S / 3600.0 + longitude / 15.0 + equation_min / 60.0
    hour_angle = np.radians(15.0 * (solar_h - 12.0))
    phi = np.radians(latitude)
    height = np.sin(phi) * np.sin(declination) + np.cos(phi) * np.cos(declination) * np.cos(hour_angle)
    distance = 1.0 + 0.033 * np.cos(2 * np.pi * day / 365.0)
    return np.asarray(SOLAR_CONSTANT * distance * np.maximum(height, 0.0))


def _waves(times: Floats) -> Floats:
    day, year = 2 * np.pi * times / DAY_S, 2 * np.pi * times / YEAR_S
    return np.stack([np.ones_like(times), np.cos(day), np.sin(day), np.cos(year), np.sin(year)], axis=-1)
