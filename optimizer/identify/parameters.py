"""The numbers that are identified: their priors, the box they stay in, and their scale.

In a fit each number is told by how many prior deviations its logarithm is off its prior (free heat and the
sensors' bias: they themselves), so a number that the data do not tell stays where it was, and all have one
size. ``h_ie`` is told by what it has above the envelope's own loss, which it can not fall below.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from optimizer.building import Buildings, Floats
from optimizer.building_prior import SPREAD

NAMES = ("UA", "share_direct", "h_ie", "C_i", "C_e", "solar_aperture", "wind", "q_n", "exponent", "gain")
"""Numbers of ``Buildings``; behind them in a fit stand water and sensors."""
N_ALL = len(NAMES) + 2
GAIN_SD_W_PER_M2 = 1.5
"""Spread of free heat between loops; it counts the error of heat meters as well."""
WATER_WH_PER_M2K, WATER_SPREAD = 1.5, 0.5
"""What the water of pipes and emitters stores: 1 to 2 litres per m2, and its spread as of the others."""
SENSOR_BIAS_SD_K = 0.75
"""Of the mean of a loop's sensors: some six dwellings 1.2 K apart stand for all (0.5 K), each sensor has its
own offset (0.5 K, together 0.2), and they hang where fitters were let in, rather where it is warm (0.5 K)."""
BIAS_IN_FIT_K = 0.3
"""The same as a fit may use it: less than half, because the level that a fit finds without sensors is off by
more than it says. With all of it, sensors were told to be 1.3 K too warm where they were 0.7 K."""
BOX: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "UA": (0.3, 5.0),
        "share_direct": (0.05, 0.8),
        "h_ie": (2.0, 40.0),
        "C_i": (5.0, 100.0),
        "C_e": (15.0, 300.0),
        "solar_aperture": (0.002, 0.15),
        "wind": (0.001, 0.15),
        "q_n": (10.0, 500.0),
        "exponent": (0.02, 0.45),
        "gain": (-5.0, 15.0),
    }
)
"""Outside of it there are no houses; units as in ``Buildings``."""
_LOG = NAMES[:-1]
_SPREAD = np.array([SPREAD[name] for name in _LOG])
_GAIN = len(_LOG)
_FAR = 4.0


class Candidates(NamedTuple):
    """Buildings that may explain a record, shape (m,) each."""

    buildings: Buildings
    water: Floats
    """What the loop's water stores, Wh/(m2 K)."""
    sensor_bias: Floats
    """What the loop's sensors show above its mean dwelling, K."""


def candidates(x: Floats, prior: Buildings) -> Candidates:
    """Return the candidates of ``x`` (m, N_ALL) in prior deviations, around one loop's ``prior``."""
    m = len(x)
    factor = np.exp(x[:, : len(_LOG)] * _SPREAD)
    values = {name: getattr(prior, name)[0] * factor[:, j] for j, name in enumerate(_LOG) if name != "h_ie"}
    values["share_direct"] = np.clip(values["share_direct"], *BOX["share_direct"])
    above = prior.h_ie[0] - prior.U_envelope[0]
    values["h_ie"] = (1.0 - values["share_direct"]) * values["UA"] + above * factor[:, _LOG.index("h_ie")]
    values["gain"] = prior.gain[0] + GAIN_SD_W_PER_M2 * x[:, _GAIN]
    fixed = {name: np.full(m, getattr(prior, name)[0]) for name in ("area", "excess_n", "flow_design")}
    return Candidates(
        Buildings(**values, **fixed),
        WATER_WH_PER_M2K * np.exp(WATER_SPREAD * x[:, -2]),
        BIAS_IN_FIT_K * x[:, -1],
    )


def bounds(prior: Buildings) -> tuple[Floats, Floats]:
    """Return the box in prior deviations, lower and upper, shape (N_ALL,); the prior lies inside."""
    low, high = np.full(N_ALL, -_FAR), np.full(N_ALL, _FAR)
    for j, name in enumerate(_LOG):
        if name != "h_ie":  # bounded by the envelope's own loss already
            value = float(getattr(prior, name)[0])
            low[j], high[j] = (math.log(limit / value) / SPREAD[name] for limit in BOX[name])
    low[_GAIN], high[_GAIN] = ((limit - float(prior.gain[0])) / GAIN_SD_W_PER_M2 for limit in BOX["gain"])
    return np.minimum(low, -1e-3), np.maximum(high, 1e-3)


def boxed(building: Buildings) -> Buildings:
    """Return the building with each number within its box."""
    values = {name: np.clip(getattr(building, name), *BOX[name]) for name in NAMES}
    envelope = (1.0 - values["share_direct"]) * values["UA"]
    values["h_ie"] = np.maximum(values["h_ie"], 1.1 * envelope)
    return replace(building, **values)
