"""What heat a loop was given in a cycle: by its meter, by flow and temperatures, or neither.

Where both tell, they are weighed by their doubts; where they differ by more than ``DISAGREE`` neither is
believed more than the other, and the doubt grows by half their difference. Where none tells, the last heat
is held and doubted ever more: stations on their own curve change their heat slowly.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.building import Buildings, Floats
from optimizer.estimate.state import Doubt, EstimateState, Measurements
from optimizer.inversion import CP_KJ_PER_KG_K

DISAGREE = 0.15
Q_LIMITS_W_PER_M2 = (-5.0, 250.0)
T_WATER_DEGC = (1.0, 130.0)
T_INDOOR_DEGC = (5.0, 40.0)
T_OUTDOOR_DEGC = (-60.0, 55.0)
SUN_W_PER_M2 = (-5.0, 1500.0)
WIND_M_PER_S = (0.0, 60.0)
M_FLOW_KG_PER_S_M2 = 0.02
"""Twenty times what circulates in practice."""
SWAPPED_K = 1.0
METER_SHARE, FLOW_SHARE, DROP_SD_K, FLOOR_W_PER_M2 = 0.03, 0.02, 0.3, 0.3
"""Doubt of a heat meter and of a flow, of a difference of two thermometers, and of any heat at least."""
HELD_SHARE_PER_H = 0.10
HELD_SHARE_MAX = 0.6
SMALL_W_PER_M2 = 5.0
"""Below, shares are taken of this: a heat of almost nothing disagrees with another by any share."""


class Heat(NamedTuple):
    """Heat of a cycle, shape (n,) each, W/m2; told by a reading only where ``told``."""

    q: Floats
    sd: Floats
    told: NDArray[np.bool_]
    by_meter: Floats
    by_water: Floats
    """0 where that did not tell."""
    doubts: NDArray[np.int64]


class Good(NamedTuple):
    """Values of a series where they are plausible (0 elsewhere), and where that is."""

    value: Floats
    there: NDArray[np.bool_]
    odd: NDArray[np.bool_]
    """There was a value, and it was none."""


def plausible(values: Floats, low: Floats | float, high: Floats | float) -> Good:
    """Sort a series; NaN is absent, infinite is odd."""
    with np.errstate(invalid="ignore"):
        there = (values >= low) & (values <= high)
    return Good(np.where(there, values, 0.0), there, ~there & ~np.isnan(values))


def delivered(state: EstimateState, measured: Measurements, buildings: Buildings, dt_s: float) -> Heat:
    """Return the heat of this cycle, ``dt_s`` seconds after the last."""
    area = buildings.area
    supply, back = (plausible(T, *T_WATER_DEGC) for T in (measured.T_supply, measured.T_return))
    flow = plausible(measured.m_flow, 0.0, M_FLOW_KG_PER_S_M2 * area)
    kW = area / 1000.0
    meter = plausible(measured.Q_meter, Q_LIMITS_W_PER_M2[0] * kW, Q_LIMITS_W_PER_M2[1] * kW)
    by_meter = meter.value / kW
    drop = supply.value - back.value
    swapped = supply.there & back.there & (drop < -SWAPPED_K)
    per_K = 1000.0 * CP_KJ_PER_KG_K * flow.value / area
    by_water = per_K * drop
    has_water = supply.there & back.there & flow.there & ~swapped & (by_water <= Q_LIMITS_W_PER_M2[1])
    sd_water = np.hypot(FLOW_SHARE * by_water, DROP_SD_K * per_K) + FLOOR_W_PER_M2
    sd_meter = METER_SHARE * np.abs(by_meter) + FLOOR_W_PER_M2
    weight_water = np.where(has_water, sd_water**-2, 0.0)
    weight_meter = np.where(meter.there, sd_meter**-2, 0.0)
    total = weight_water + weight_meter
    told = total > 0.0
    safe = np.where(told, total, 1.0)
    q = (weight_water * by_water + weight_meter * by_meter) / safe
    apart = np.where(has_water & meter.there, np.abs(by_water - by_meter), 0.0)
    disagree = apart > DISAGREE * np.maximum(0.5 * np.abs(by_water + by_meter), SMALL_W_PER_M2)
    q = np.where(disagree, 0.5 * (by_water + by_meter), q)
    sd = np.where(disagree, np.hypot(safe**-0.5, 0.5 * apart), safe**-0.5)
    held = np.maximum(state.q, SMALL_W_PER_M2)
    grown = np.hypot(state.q_sd, HELD_SHARE_PER_H * held * np.sqrt(dt_s / 3600.0))
    # what was told worse than the limit is not told better by being held
    grown = np.minimum(grown, np.maximum(HELD_SHARE_MAX * held, state.q_sd))
    odd = supply.odd | back.odd | flow.odd | meter.odd | (by_water > Q_LIMITS_W_PER_M2[1])
    doubts = (
        Doubt.HEAT_DISAGREES * disagree.astype(np.int64)
        + Doubt.NO_HEAT * (~told).astype(np.int64)
        + Doubt.SWAPPED * swapped.astype(np.int64)
        + Doubt.IMPLAUSIBLE * odd.astype(np.int64)
    )
    return Heat(
        np.where(told, q, state.q),
        np.where(told, sd, grown),
        told,
        by_meter,
        np.where(has_water, by_water, 0.0),
        doubts,
    )
