"""What a plan asks of the source, and what it allows each station: the coolest supply, the primary flow.

A station needs water of T_need to give its heat with all the primary flow that it can have:

    T_need = T_return_secondary + q / (eps C_min)

with the effectiveness of ``reach``. The source must send it one transport delay before, warmer by what the
pipes lose; the station that needs most decides. Any kelvin above that is lost in the pipes for nothing.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.inversion import CP_KJ_PER_KG_K
from optimizer.reach import Access, effectiveness, secondary_return

Floats = NDArray[np.float64]
HALVINGS = 30
"""Of a bracket that is as wide as the most that a station can draw: to a billionth of it."""


class SupplyAdvice(NamedTuple):
    """What the source shall send, step by step."""

    T_supply: Floats
    """(k,) degC at the source; NaN-free."""
    deciding: NDArray[np.intp]
    """(k,) the station that needs it; -1 where the least allowed serves all, or the source warms up."""
    unserved: NDArray[np.bool_]
    """(n,) stations that the warmest allowed supply does not serve in every step."""


def lowest_supply(
    q: Floats,
    T_indoor: Floats,
    dp: Floats,
    access: Access,
    *,
    dt_s: float,
    T_ground: float,
    T_least: float,
    T_most: float,
    warming_K_per_h: float,
) -> SupplyAdvice:
    """Return the lowest supply that serves heat ``q`` (n, k) everywhere, transport delays included.

    ``T_indoor`` and ``dp`` (kPa) are (n,); a station with anything unknown asks for nothing. The supply
    rises by no more than ``warming_K_per_h`` and so begins early where it must.
    """
    k = q.shape[1]
    with np.errstate(all="ignore"):
        wanted = _needed(q, T_indoor, dp, access)
        sent = T_ground + (wanted - T_ground) / (1.0 - access.loss[:, np.newaxis])
    sent = np.where(np.isfinite(sent), sent, -np.inf)
    unserved = np.asarray((sent > T_most + 1e-9).any(axis=1))
    # What arrives in a step was sent between its begin and its end, one delay before.
    lead = np.where(np.isfinite(access.delay_s), np.maximum(access.delay_s, 0.0), 0.0) / dt_s
    needed, deciding = np.full(k, -np.inf), np.full(k, -1, dtype=np.intp)
    for first in (np.floor(lead), np.ceil(lead)):
        at = np.arange(k)[np.newaxis, :] + first[:, np.newaxis].astype(np.intp)
        ahead = np.where(at < k, np.take_along_axis(sent, np.minimum(at, k - 1), axis=1), -np.inf)
        best = ahead.argmax(axis=0)
        most = ahead[best, np.arange(k)]
        deciding = np.where(most > needed, best, deciding)
        needed = np.maximum(needed, most)
    T = np.clip(needed, T_least, T_most)
    deciding = np.where(needed > T_least, deciding, -1)
    rise = warming_K_per_h * dt_s / 3600.0
    for step in range(k - 2, -1, -1):
        if T[step] < T[step + 1] - rise:
            T[step], deciding[step] = T[step + 1] - rise, -1
    return SupplyAdvice(T, deciding, unserved)


def primary_flow(q: Floats, T_primary: Floats, T_indoor: Floats, access: Access) -> Floats:
    """Return the primary flow in kg/(s m2) with which exchangers give ``q``, e.g. a share of a shortage.

    ``q`` and ``T_primary`` are (n,) or (n, k), as the answer. As a cap it acts within minutes, where a supply
    setpoint takes more than half an hour. Where even all of the flow does not give the heat, or an input is
    not finite, that flow is the answer: no cap.
    """
    a, steps = access, (slice(None),) + (np.newaxis,) * (q.ndim - 1)
    most = np.broadcast_to(a.flow_primary_max[steps], q.shape)
    with np.errstate(all="ignore"):
        C_secondary = 1000.0 * CP_KJ_PER_KG_K * a.flow_secondary
        back = secondary_return(q.reshape(len(q), -1), T_indoor, C_secondary, a).reshape(q.shape)
        low, high = np.full_like(q, 1e-9), most.copy()
        for _ in range(HALVINGS):
            middle = 0.5 * (low + high)
            C = 1000.0 * CP_KJ_PER_KG_K * middle
            eps = effectiveness(C, C_secondary[steps], a.UA_exchanger[steps])
            enough = eps * np.minimum(C, C_secondary[steps]) * (T_primary - back) >= q
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    known = np.isfinite(q) & np.isfinite(T_primary) & np.isfinite(T_indoor[steps]) & (q >= 0.0)
    return np.where(known, high, most)


def _needed(q: Floats, T_indoor: Floats, dp: Floats, a: Access) -> Floats:
    share = np.sqrt(np.clip(dp / a.dp_min, 0.0, 1.0))
    C_primary = 1000.0 * CP_KJ_PER_KG_K * np.maximum(a.flow_primary_max * share, 1e-9)
    C_secondary = 1000.0 * CP_KJ_PER_KG_K * a.flow_secondary
    eps = effectiveness(C_primary, C_secondary, a.UA_exchanger)
    capacity = eps * np.minimum(C_primary, C_secondary)
    return np.asarray(secondary_return(q, T_indoor, C_secondary, a) + q / capacity[:, np.newaxis])
