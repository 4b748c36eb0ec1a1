"""What the sun gives each front of a house."""

import math
from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats
from stations.model.quick import quickly_made

GROUND_REFLECTION = 0.2
"""Of bare ground and old snow in a city (ASHRAE Fundamentals, chapter 14)."""

_LOWEST_deg = 2.0
"""Houses opposite hide a sun lower than this."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Sky:
    """Weather at one moment, for the whole city."""

    T_outdoor: float
    """degC."""
    wind: float
    """m/s."""
    sun_direct: float
    """W/m2 on a surface that faces the sun."""
    sun_diffuse: float
    """W/m2 on the horizontal from the sky."""
    sun_elevation: float
    sun_azimuth: float
    """Degrees above the horizon, and from north by east."""


def horizontal(sky: Sky) -> float:
    """Return W/m2 on the horizontal."""
    return sky.sun_diffuse + sky.sun_direct * max(math.sin(math.radians(sky.sun_elevation)), 0.0)


def irradiation(sky: Sky, north: Floats, east: Floats) -> Floats:
    """Return W/m2 on vertical fronts that look along the unit vectors (``north``, ``east``), any shape.

    Direct sun by the angle of incidence; half of an isotropic sky and half of what the ground reflects.
    """
    height = math.radians(sky.sun_elevation)
    flat = 0.5 * sky.sun_diffuse
    if sky.sun_elevation <= _LOWEST_deg:
        return np.full_like(north, flat)
    flat += 0.5 * GROUND_REFLECTION * (sky.sun_diffuse + sky.sun_direct * math.sin(height))
    around = math.radians(sky.sun_azimuth)
    level = sky.sun_direct * math.cos(height)
    facing = level * math.cos(around) * north + level * math.sin(around) * east
    return np.asarray(flat + np.maximum(facing, 0.0))
