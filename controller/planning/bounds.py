"""Between which heats a loop can be moved: what guard, source and emitters leave of it, step by step."""

from collections.abc import Container, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.decisions import LoopKey, LoopTraits
from controller.guard_limits import (
    CREEP_K,
    FROST_T_OUTDOOR_DEGC,
    FROST_T_SUPPLY_DEGC,
    OFFSET_LOWER_K,
    OFFSET_LOWER_UNPROVEN_K,
    OFFSET_UPPER_K,
    OWN_CURVE_BAND_K,
    SOURCE_APPROACH_K,
)
from optimizer.building import Buildings, Floats
from optimizer.emitters import heat_from
from optimizer.instructions import even_flow, least_flow
from stations.model.setpoint import StationClass

WIDTH_MIN_W_PER_M2 = 0.5
"""A loop that cannot be moved at all still has a band so wide: a plan needs one."""
RAMP_K = 2.5
"""A little less than the 3 K that the guard lets a supply move within a step of 15 min."""
RAMP_MIN_W_PER_M2 = 1.0


class HeatBounds(NamedTuple):
    """Shapes (n, k) and (n,), W/m2."""

    low: Floats
    high: Floats
    ramp: Floats
    frost: Floats
    """(n, k) of the coolest supply and least circulation that anybody may ask for; at most ``low``."""


def band_of(traits: LoopTraits, *, far_down: bool = False) -> tuple[float, float]:
    """Return how far below (< 0) and above the own curve a loop may be told to be, K.

    ``far_down``: the guard is sure enough of the link and the weather to let an offset go all the way.
    """
    if traits.station_class is StationClass.B:
        low = max(traits.offset_lower_K, OFFSET_LOWER_K)
        low = low if far_down else max(low, OFFSET_LOWER_UNPROVEN_K)
        return low, min(traits.offset_upper_K, OFFSET_UPPER_K)
    # a register that wears out is kept away from the edge, which moves with the weather
    reach = OWN_CURVE_BAND_K - CREEP_K if traits.wears_out else OWN_CURVE_BAND_K
    return -reach, reach


def flow_min_of(traits: LoopTraits) -> float:
    """Return the least circulation as a fraction of design; 1 where circulation is not ours to set."""
    return 1.0 if traits.circulation is None else least_flow(traits.emitter, traits.piping)


def even_flow_of(traits: LoopTraits, T_outdoor: float) -> float:
    """Return the circulation that keeps dwellings even in a day of ``T_outdoor`` degC, as ``flow_min_of``."""
    return 1.0 if traits.circulation is None else even_flow(traits.emitter, traits.piping, T_outdoor)


def own_curves(loops: Sequence[LoopTraits], T_outdoor: Floats) -> Floats:
    """Return the stations' own curves (n, k) at outdoor temperatures (k,); loops share curves."""
    known: dict[int, Floats] = {}
    for loop in loops:
        if id(loop.own_curve) not in known:
            known[id(loop.own_curve)] = np.array([loop.own_curve(float(T)) for T in T_outdoor])
    return np.stack([known[id(loop.own_curve)] for loop in loops])


def heat_bounds(
    loops: Sequence[LoopTraits],
    buildings: Buildings,
    rooms: Floats,
    T_outdoor: Floats,
    T_primary: Floats,
    T_reached: Floats,
    q_reach: Floats,
    blind: NDArray[np.bool_],
    far_down: Container[LoopKey] = (),
) -> HeatBounds:
    """Return what n loops can give in k steps with outdoor temperatures ``T_outdoor`` (k,).

    ``rooms`` (n,) are the rooms that the emitters see, ``T_primary`` (n,) what arrives from the source,
    ``T_reached`` (n,) what the loop's exchanger is seen to give at most (see ``reached``). NaN does not bind.
    ``q_reach`` (n, k) is what can reach them, W/m2 (``reaching``); inf does not bind. Where that is less than
    they must be told at least, they are planned with the least, and the plan says so (``reach_told``).
    ``blind`` (n,) are loops whose water nobody sees: in frost the guard asks for warm water there.
    ``far_down`` are those of class B whose offset may go all the way down.
    """
    own = own_curves(loops, T_outdoor)
    band = np.array([band_of(loop, far_down=loop.key in far_down) for loop in loops])
    coldest = np.array([loop.T_supply_min_degC for loop in loops])[:, None]
    warmest = np.array([loop.T_supply_max_degC for loop in loops])[:, None]
    unseen = blind[:, None] & (T_outdoor < FROST_T_OUTDOOR_DEGC)
    least = np.where(unseen, np.maximum(own + band[:, :1], FROST_T_SUPPLY_DEGC), own + band[:, :1])
    low = np.clip(least, coldest, warmest)
    high = np.clip(own + band[:, 1:], coldest, warmest)
    arrives = np.where(np.isfinite(T_primary), T_primary - SOURCE_APPROACH_K, np.inf)[:, None]
    # not below the own curve: what the source cannot give now it may give in some hours
    high = np.maximum(np.minimum(high, arrives), np.minimum(own, high))
    # but what is seen not to be reached holds: others and other hours have to carry it
    high = np.minimum(high, np.where(np.isfinite(T_reached), T_reached, np.inf)[:, None])
    high = np.maximum(high, low)
    flow_min = np.array([flow_min_of(loop) for loop in loops])
    q_low = heat_from(buildings, low.T, flow_min, rooms).T
    frost = heat_from(buildings, coldest.T, flow_min, rooms).T
    q_high = heat_from(buildings, high.T, np.ones(len(loops)), rooms).T
    per_K = (q_high - q_low).mean(axis=1) / np.maximum((high - low).mean(axis=1), 1.0)
    ramp = np.maximum(RAMP_K * per_K, RAMP_MIN_W_PER_M2)
    q_high = np.minimum(q_high, q_reach)
    return HeatBounds(q_low, np.maximum(q_high, q_low + WIDTH_MIN_W_PER_M2), ramp, np.minimum(frost, q_low))
