"""How warm heat is sent at the least cost: warmer water loses more on its way, cooler water is pumped more.

    cost(T) = price of heat x Q_lost(T) + price of electricity x P_pump(T)

Q_lost goes with the mean excess of supply and return over the ground, P_pump with flow times lift; the lift
is the head at the gate and what the source itself takes, which goes with the square of flow. Both are scaled
from what is measured now, so neither needs the pipes' or the pumps' data. Pure.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.inversion import CP_KJ_PER_KG_K

Floats = NDArray[np.float64]
LEVELS = 6
DENSITY_KG_PER_M3, EFFICIENCY = 975.0, 0.7
"""Of the water at the pumps, and of pump, motor and converter together, where power is not told otherwise."""

Water = Callable[[Floats], tuple[Floats, Floats]]
"""From supply temperatures (k,) to the flow (k,) kg/s that stations draw and the head (k,) kPa they need."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentNow:
    """What leaves the sources now, and what it costs."""

    T_supply: float
    T_return: float
    """degC."""
    m_flow: float
    """kg/s."""
    dp: float
    """kPa at the gate."""
    Q_lost: float
    """kW lost by the pipes."""
    P_pump: float | None
    """kW electric; None where nobody tells."""
    price_heat: float
    price_electricity: float
    """Of a kWh."""
    T_ground: float


def cheapest_supply(low: Floats, high: Floats, Q: Floats, water: Water, now: SentNow) -> Floats:
    """Return the supply (k,) in degC, between ``low`` and ``high``, that costs least for ``Q`` (k,) kW.

    ``low`` where ``high`` lies below it, and where what is measured now tells nothing.
    """
    if not (now.m_flow > 0.0 and now.dp > 0.0 and now.T_supply > now.T_return > now.T_ground):
        return low
    room = np.maximum(high - low, 0.0)
    shares = np.linspace(0.0, 1.0, LEVELS)
    costs = np.stack([_cost(low + share * room, Q, water, now) for share in shares])
    best = costs.argmin(axis=0)
    at = np.clip(best, 1, LEVELS - 2)
    hour = np.arange(len(low))
    left, middle, right = costs[at - 1, hour], costs[at, hour], costs[at + 1, hour]
    bend = left - 2.0 * middle + right
    with np.errstate(all="ignore"):
        turn = np.where(bend > 0.0, 0.5 * (left - right) / bend, 0.0)  # lowest point of a parabola
    inside = best == at
    step = shares[1]
    found = shares[best] + np.where(inside & np.isfinite(turn), np.clip(turn, -1.0, 1.0) * step, 0.0)
    return np.asarray(low + found * room)


def _cost(T: Floats, Q: Floats, water: Water, now: SentNow) -> Floats:
    m_flow, head = water(T)
    back = T - Q / (CP_KJ_PER_KG_K * np.maximum(m_flow, 1e-9))
    excess = 0.5 * (T + back) - now.T_ground
    excess_now = 0.5 * (now.T_supply + now.T_return) - now.T_ground
    to_lift = m_flow / (DENSITY_KG_PER_M3 * EFFICIENCY)
    lift_now, to_lift_now = now.dp, now.m_flow / (DENSITY_KG_PER_M3 * EFFICIENCY)
    if now.P_pump is not None:
        lift_now = max(now.P_pump / to_lift_now, now.dp)
    inner = (lift_now - now.dp) * (m_flow / now.m_flow) ** 2
    lost = now.Q_lost * excess / excess_now
    return np.asarray(now.price_heat * lost + now.price_electricity * to_lift * (head + inner))
