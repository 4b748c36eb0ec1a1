"""How much heat can reach a loop: what the source's water can give its exchanger, and emitters its rooms.

The source's water is what really leaves it, one transport delay ago, less what the pipes lose on the way. The
exchanger follows the effectiveness of counterflow (VDI Heat Atlas C1): with C the capacity flows, R = C_min /
C_max and NTU = UA / C_min,

    eps = (1 - e^(-NTU (1 - R))) / (1 - R e^(-NTU (1 - R))),  NTU / (1 + NTU) at R = 1.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.inversion import CP_KJ_PER_KG_K

Floats = NDArray[np.float64]
SLACK = 1.1
"""By which more than the law says counts as reachable: what meters and the law of plates are off."""
FILM, WALL, EXPONENT = 0.45, 0.10, 0.7
"""Of an exchanger's resistance: each film's part, the wall's, and how films thin with flow (chevron plates,
e.g. Kakac and Liu, Heat Exchangers, ch. 10)."""


NEEDED = ("T_source", "T_arrives", "m_flow_primary_most", "UA_exchanger", "m_flow_circulating", "T_indoor")
"""What has to be known of a loop for it to be bound, by name; the first is the city's."""


class Reach(NamedTuple):
    """What can reach n loops in k steps, as far as that is known."""

    q: Floats
    """(n, k) W/m2; inf where nothing is known: it does not bind."""
    T_arrives: Floats
    """(n, k) degC of the source's water at the station; NaN where not known."""
    unknown: tuple[str | None, ...]
    """(n,) the first quantity that lacks, None where the loop is bound."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """How n loops are reached; arrays (n,)."""

    delay_s: Floats
    """From the source to the station."""
    loss: Floats
    """Part of the water's excess over the ground that is lost on the way, 0..1."""
    UA_exchanger: Floats
    """W/(m2 K) of heated area."""
    flow_primary_max: Floats
    """kg/(s m2) at the differential pressure that the station needs to have."""
    dp_min: Floats
    """kPa below which that flow is not had; it falls with the root of what is there."""
    flow_secondary: Floats
    """kg/(s m2)."""
    T_supply_max: Floats
    """degC of the loop."""
    q_n: Floats
    excess_n: Floats
    exponent: Floats
    """Emitters, as in ``Buildings``."""


def arriving(times: Floats, T_source: Floats, at: Floats, access: Access, T_ground: float) -> Floats:
    """Return the temperature (n, k) at the stations at ``at`` (k,); it is ``T_source`` at ``times``.

    Before the first and after the last time the source is taken to have been, or to stay, as there.
    """
    left = at[np.newaxis, :] - access.delay_s[:, np.newaxis]
    T = np.interp(left, times, T_source)
    return np.asarray(T_ground + (T - T_ground) * (1.0 - access.loss[:, np.newaxis]))


def resistance(share_primary: Floats, share_secondary: Floats) -> Floats:
    """Return 1/UA of an exchanger over that at its usual flows, of which its flows are these shares (> 0)."""
    return np.asarray(FILM * share_primary**-EXPONENT + WALL + FILM * share_secondary**-EXPONENT)


def on_the_way(
    times: Floats, T_source: Floats, arrives: Floats, at: Floats, delay_s: Floats, T_ground: float
) -> Floats:
    """Return the temperature (n, k) at the stations at ``at`` (k,), where ``arrives`` (n,) is measured now.

    ``at[0]`` is now. From what is measured on, it moves as the source's supply (``T_source`` at ``times``)
    did one delay (n,) before, less what the pipes keep of that. NaN where ``arrives`` is.
    """
    T = np.interp(at[np.newaxis, :] - delay_s[:, np.newaxis], times, T_source)
    with np.errstate(invalid="ignore", divide="ignore"):
        kept = np.clip((arrives - T_ground) / (T[:, 0] - T_ground), 0.0, 1.0)
    return np.asarray(arrives[:, np.newaxis] + kept[:, np.newaxis] * (T - T[:, :1]))


def reach(T_arrives: Floats, T_indoor: Floats, access: Access) -> Reach:
    """Return what reaches n loops, with ``SLACK``; where anything is not known a loop is not bound.

    ``T_arrives`` (n, k), ``T_indoor`` (n,). The primary flow of ``access`` is that at the differential
    pressure that there is.
    """
    told = (
        T_arrives.max(axis=1, initial=-np.inf),
        access.flow_primary_max,
        access.UA_exchanger,
        access.flow_secondary,
        T_indoor,
    )
    unknown: list[str | None] = [None] * len(T_indoor)
    for name, values in zip(NEEDED[1:], told, strict=True):
        for i in np.flatnonzero(~np.isfinite(values)):
            unknown[i] = unknown[i] or name
    q = reachable_heat(T_arrives, T_indoor, access.dp_min, access)
    bound = np.array([name is None for name in unknown], dtype=np.bool_)
    return Reach(np.where(bound[:, np.newaxis], SLACK * q, np.inf), T_arrives, tuple(unknown))


def effectiveness(C_primary: Floats, C_secondary: Floats, UA: Floats) -> Floats:
    """Return eps of a counterflow exchanger; all in W/(m2 K), > 0."""
    least, most = np.minimum(C_primary, C_secondary), np.maximum(C_primary, C_secondary)
    ratio = np.minimum(least / most, 1.0 - 1e-9)  # at 1 the formula is 0 / 0, and its limit NTU / (1 + NTU)
    decay = np.exp(-UA / least * (1.0 - ratio))
    return np.asarray((1.0 - decay) / (1.0 - ratio * decay))


def reachable_heat(T_primary: Floats, T_indoor: Floats, dp: Floats, access: Access) -> Floats:
    """Return q_max (n, k) in W/m2: the least of what exchanger and emitters can give.

    ``T_primary`` (n, k) is what arrives, ``T_indoor`` (n,) the rooms, ``dp`` (n,) kPa at the station. Where
    an input is not finite the answer is 0: what is not known to be reachable is not planned with.
    """
    a = access
    with np.errstate(all="ignore"):
        share = np.sqrt(np.clip(dp / a.dp_min, 0.0, 1.0))
        C_primary = 1000.0 * CP_KJ_PER_KG_K * np.maximum(a.flow_primary_max * share, 1e-9)
        C_secondary = 1000.0 * CP_KJ_PER_KG_K * a.flow_secondary
        eps = effectiveness(C_primary, C_secondary, a.UA_exchanger)
        hot = _emitted(a.T_supply_max, T_indoor, C_secondary, access)
        # The return that the exchanger sees is that of the heat which it gives; a few turns find both.
        q = np.broadcast_to(hot[:, np.newaxis], T_primary.shape)
        capacity = (eps * np.minimum(C_primary, C_secondary))[:, np.newaxis]
        low, high = np.zeros_like(T_primary), q.copy()
        for _ in range(40):
            middle = 0.5 * (low + high)
            enough = (
                capacity * (T_primary - secondary_return(middle, T_indoor, C_secondary, access)) >= middle
            )
            low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    known = np.isfinite(T_primary) & np.isfinite(hot)[:, np.newaxis] & np.isfinite(capacity)
    return np.where(known & np.isfinite(T_indoor)[:, np.newaxis], low, 0.0)


def secondary_return(q: Floats, T_indoor: Floats, C_secondary: Floats, a: Access) -> Floats:
    """Return the water (n, k) that comes back from loops that give ``q`` (n, k): T_indoor + D - a.

    ``C_secondary`` is (n,), W/(m2 K); D and a are those of ``inversion``.
    """
    q = np.maximum(q, 1e-6)
    excess = a.excess_n[:, np.newaxis] * (q / a.q_n[:, np.newaxis]) ** (
        1.0 / (1.0 + a.exponent[:, np.newaxis])
    )
    drop = q / C_secondary[:, np.newaxis]
    return np.asarray(T_indoor[:, np.newaxis] + drop / np.expm1(drop / excess))


def _emitted(T_supply: Floats, T_indoor: Floats, C_secondary: Floats, a: Access) -> Floats:
    """Most heat (n,) at a supply temperature and the loop's circulation, by bisection."""
    low, high = np.zeros_like(T_supply), C_secondary * np.maximum(T_supply - T_indoor, 0.0)
    for _ in range(60):
        q = 0.5 * (low + high)
        needs = secondary_return(q[:, np.newaxis], T_indoor, C_secondary, a)[:, 0] + q / C_secondary
        low, high = np.where(needs <= T_supply, q, low), np.where(needs <= T_supply, high, q)
    return low
