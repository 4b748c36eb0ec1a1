"""With what water a source sends its heat, hour by hour: temperature, flow. Pure.

The temperature is no lower than ``optimizer.source.lowest_supply`` says, as one order an hour. The flow is
what the stations draw with it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.inversion import CP_KJ_PER_KG_K
from optimizer.reach import Access, arriving
from optimizer.reason import Reason, because
from optimizer.source import primary_flow

Floats = NDArray[np.float64]
HOUR_S = 3600.0
TELLS_SHARE = 0.3
"""Of the heat that stations which can be reckoned with must take, or nothing is told of the water."""


class Supply(NamedTuple):
    """Supply temperature by the hour."""

    T: Floats
    """(k,) degC."""
    late_K: float
    """By how much the source can not be as warm in time as the first hours need; 0 mostly."""


def hour_of(times: Floats, dt_s: float, first: float) -> NDArray[np.intp]:
    """Return in which hour after UTC second ``first`` the middle of each step lies; < 0 before it."""
    return np.floor((times + 0.5 * dt_s - first) / HOUR_S).astype(np.intp)


def hourly(values: Floats, hours: NDArray[np.intp], count: int) -> Floats:
    """Return means (..., count) of steps (..., k) by hour; NaN for an hour without a step."""
    inside = (hours >= 0) & (hours < count)
    taken = np.zeros((len(hours), count))
    taken[np.flatnonzero(inside), hours[inside]] = 1.0
    steps = taken.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray((values @ taken) / np.where(steps > 0.0, steps, np.nan))


def supply_by_hour(
    T_needed: Floats, hours: NDArray[np.intp], count: int, T_now: float | None, change_K_per_h: float
) -> Supply:
    """Return the coolest order an hour that is nowhere below ``T_needed`` (k,) and changes no faster.

    It rises before it must; ``T_now`` is what is sent now, None where nobody tells.
    """
    T = np.full(count, -np.inf)
    inside = (hours >= 0) & (hours < count)
    np.maximum.at(T, hours[inside], T_needed[inside])
    for hour in range(count - 2, -1, -1):
        T[hour] = max(T[hour], T[hour + 1] - change_K_per_h)
    late = 0.0
    for hour in range(count):
        before = T_now if hour == 0 else T[hour - 1]
        if before is None:
            continue
        late = max(late, float(T[hour] - before - change_K_per_h))
        T[hour] = min(max(T[hour], before - change_K_per_h), before + change_K_per_h)
    return Supply(T, max(late, 0.0))


class Drawn(NamedTuple):
    """What stations draw of the primary water."""

    m_flow: Floats
    """(k,) kg/s, all together."""
    each: Floats
    """(n, k) kg/(s m2)."""


def network_flow(
    q: Floats,
    area: Floats,
    T_supply: Floats,
    rooms: Floats,
    access: Access,
    T_ground: float,
    Q: Floats,
    T_before: float | None = None,
) -> Drawn | Reason:
    """Return the primary flow with which stations take ``q`` (n, k), hourly W/m2.

    ``Q`` (k,) is the heat in kW that the source sends; stations of which too little is known are taken to
    draw as much for their heat as the others. ``T_before`` is what was sent in the hour before, None as in
    the first.
    """
    k = q.shape[1]
    at = HOUR_S * (np.arange(k, dtype=np.float64) + 0.5)
    sent = np.append(T_supply[:1] if T_before is None else T_before, T_supply)
    T = arriving(np.append(at[:1] - HOUR_S, at), sent, at, access, T_ground)
    told = np.isfinite(access.UA_exchanger + access.flow_primary_max + access.loss + rooms)
    told &= np.isfinite(q).all(axis=1)
    heat = area[:, None] * np.nan_to_num(np.maximum(q, 0.0)) / 1000.0
    known = heat[told].sum(axis=0)
    if not told.any() or (known < TELLS_SHARE * heat.sum(axis=0)).any():
        share = float(known.sum() / max(heat.sum(), 1e-9))
        return because("dispatch.stations_unknown", share=share, needed=TELLS_SHARE)
    each = primary_flow(q, T, rooms, access)
    drawn = area[told] @ each[told]
    return Drawn(np.asarray(drawn * Q / np.maximum(known, 1e-9)), each)


def return_of(Q: Floats, T_supply: Floats, m_flow: Floats) -> Floats:
    """Return what comes back (k,), degC, when ``Q`` kW leave with ``m_flow`` kg/s."""
    return np.asarray(T_supply - Q / (CP_KJ_PER_KG_K * np.maximum(m_flow, 1e-9)))
