"""The radiator law of ``optimizer.inversion`` for many loops at once, and the room that it tells of.

q = q_n (L / excess_n)^(1 + b), L the logarithmic mean excess of the water over the room. With a = T_supply
- T_return the water enters S = a / (1 - e^(-a/L)) above the room, so heat and water tell the room's
temperature: T_room = T_supply - S. That room is the one in which one emitter of the loop's size would
stand.
"""

import numpy as np

from optimizer.building import Buildings, Floats
from optimizer.inversion import CP_KJ_PER_KG_K

DROP_MIN_K = 1e-6
NEAR_K = 0.5
HALVINGS = 25


def excess(buildings: Buildings, q: Floats) -> Floats:
    """Return L in K at heat ``q`` W/m2 (last axis by loop); heat below 0 counts as none."""
    load = np.maximum(q, 0.0) / buildings.q_n
    return np.asarray(buildings.excess_n * load ** (1.0 / (1.0 + buildings.exponent)))


def heat(buildings: Buildings, T_supply: Floats, T_return: Floats, T_room: Floats) -> Floats:
    """Return what the emitters give in W/m2, last axis by loop.

    Where the return is hardly above the room or below it, it is taken for ``NEAR_K`` and less above: the heat
    goes to nothing smoothly, so that whoever seeks a room finds the way out.
    """
    above = T_return - T_room
    cold = np.where(above < NEAR_K, NEAR_K**2 / np.maximum(2.0 * NEAR_K - above, NEAR_K), above)
    drop = np.maximum(T_supply - T_return, 0.0)
    ratio = np.log1p(drop / cold)
    apart = ratio > DROP_MIN_K
    L = np.where(apart, drop / np.where(apart, ratio, 1.0), cold)
    return np.asarray(buildings.q_n * (L / buildings.excess_n) ** (1.0 + buildings.exponent))


def supply_above_room(excess: Floats, drop: Floats) -> Floats:
    """Return S in K for ``excess`` >= 0 K and ``drop`` >= 0 K."""
    flat = drop <= DROP_MIN_K * np.maximum(excess, 1.0)
    cold = excess <= DROP_MIN_K * drop
    t = np.where(flat | cold, 1.0, drop / np.where(cold, 1.0, excess))
    return np.where(cold, drop, np.where(flat, excess, drop / -np.expm1(-t)))


def room(buildings: Buildings, T_supply: Floats, T_return: Floats, q: Floats) -> Floats:
    """Return the temperature in degC of the room that takes ``q`` W/m2 from this water."""
    return T_supply - supply_above_room(excess(buildings, q), np.maximum(T_supply - T_return, 0.0))


def heat_from(buildings: Buildings, T_supply: Floats, flow: Floats, T_room: Floats) -> Floats:
    """Return the heat (k, n) in W/m2 of loops at ``T_supply`` (k, n) and a fraction ``flow`` of design flow.

    ``flow`` (> 0) and ``T_room`` are broadcast to it; the return follows. Bisection on the heat: the more is
    given, the warmer the supply that it takes, by the rise of ``supply_above_room``.
    """
    rise = np.maximum(T_supply - T_room, 0.0)
    capacity = 1000.0 * CP_KJ_PER_KG_K * buildings.flow_design * flow
    low, high = np.zeros_like(rise), capacity * rise
    for _ in range(HALVINGS):
        q = 0.5 * (low + high)
        enough = supply_above_room(excess(buildings, q), q / capacity) <= rise
        low, high = np.where(enough, q, low), np.where(enough, high, q)
    return np.asarray(0.5 * (low + high))
