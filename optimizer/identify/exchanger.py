"""How well a plate exchanger carries heat, day by day, and whether it fouls.

UA = Q / LMTD of the four temperatures, counterflow. Both films get thinner as flow grows: 1/UA goes with
r_p (m_p / m_p0)^-0.7 + r_w + r_s (m_s / m_s0)^-0.7 (``reach.resistance``). What is left after that is scale
and dirt. The trend is the median of all slopes (Theil and Sen), which single bad days do not move.

Where a station has several loops, each has an exchanger of its own, and one meter on the primary side
measures them all. How its flow divides is not told, so neither is the UA of one of them: loops follow the
same weather, and what one lost would look like what another gained. Told is what they carry together, with
the flow divided so that all primary returns are as far above their loops' returns. Where in truth they are
not, the sum is off by some tenths, but its trend keeps to a few percents a month. How much of the dirt of
one of them is seen depends on how near to its limit it works: 30 % of the larger of two looked like 6 % of
both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimizer.inversion import CP_KJ_PER_KG_K
from optimizer.reach import resistance
from optimizer.reason import Reason, because

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from optimizer.building import Floats

DAY_S = 86_400.0
DAYS_MIN = 14
READINGS_MIN = 12
"""A day, for its median to count."""
APPROACH_MIN_K = 1.0
"""Below it the thermometers' errors are as large as what is measured."""
MOST_QUANTILE = 0.98
"""Of the primary flows: what a valve gave for longer than a meter's slip."""
FOULS = -0.10
"""Change of UA over the record by which an exchanger is told to foul, if its doubt agrees."""
CONFIDENCE = 0.95
BALANCE = 0.10
"""Part by which the loops' heat may be off that of the primary meter: beyond it a loop is not measured."""
SHARE_MOVES = 0.15
"""Part of the station's heat by which a loop's share may move within the record and the trend still tells
of dirt. Between loops as unlike as radiators and floors a move of 0.07 looks like 6 to 9 % in 30 days."""
MIX_MIN_K, HALVINGS = 0.5, 40
"""Least fall of the primary water in an exchanger, K; how often an interval of tens of kelvins is halved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangerTrend:
    """UA at the record's usual flows, and how it changes."""

    UA_kW_per_K: float
    """At the end of the record."""
    change_30_days: float
    change_low: float
    change_high: float
    """Part of UA by which it changes in 30 days; bounds of the 95 % confidence."""
    days: int
    fouls: bool
    m_flow_primary: float | None = None
    m_flow_secondary: float | None = None
    """The record's usual flows, kg/s; None in what was found before they were kept, as is the next."""
    m_flow_primary_most: float | None = None
    """kg/s that the primary side has shown to draw."""
    loops: int = 1
    """How many exchangers it tells of, all behind the same primary meter."""


def exchanger_trend(
    times: Floats,
    m_flow_primary: Floats,
    m_flow_secondary: Floats,
    T_supply_primary: Floats,
    T_return_primary: Floats,
    T_supply_secondary: Floats,
    T_return_secondary: Floats,
) -> ExchangerTrend | Reason:
    """Return the trend of one exchanger from readings (UTC seconds, kg/s, degC; NaN absent); else why not."""
    Q = CP_KJ_PER_KG_K * m_flow_primary * (T_supply_primary - T_return_primary)
    hot, cold = T_supply_primary - T_supply_secondary, T_return_primary - T_return_secondary
    with np.errstate(invalid="ignore"):
        works = (np.minimum(hot, cold) >= APPROACH_MIN_K) & (Q > 0.0) & (m_flow_secondary > 0.0)
    works &= np.isfinite(times)
    if not works.any():
        return because("identify.exchanger_idle", approach_K=APPROACH_MIN_K)
    m_p, m_s = m_flow_primary[works], m_flow_secondary[works]
    usual_p, usual_s = float(np.median(m_p)), float(np.median(m_s))
    UA = Q[works] / _mean(hot[works], cold[works]) * resistance(m_p / usual_p, m_s / usual_s)
    return _trend(times[works], UA, m_p, m_s)


def _mean(hot: Floats, cold: Floats) -> Floats:
    """Return the logarithmic mean of the differences at both ends, > 0."""
    ratio = np.log(hot / cold)
    apart = np.abs(ratio) > 1e-6
    return np.where(apart, (hot - cold) / np.where(apart, ratio, 1.0), hot)


def _trend(times: Floats, UA: Floats, m_p: Floats, m_s: Floats, loops: int = 1) -> ExchangerTrend | Reason:
    """Return the trend of ``UA`` (k,), which was brought to the usual flows of ``m_p`` and ``m_s``."""
    # Not above: a controller, which only reads what was found, would load it at each start.
    from scipy.stats import theilslopes

    day = (times // DAY_S).astype(np.int64)
    days, count = np.unique(day, return_counts=True)
    days = days[count >= READINGS_MIN]
    if len(days) < DAYS_MIN:
        return because("identify.too_few_days", days=float(len(days)), needed=float(DAYS_MIN))
    level = np.log([np.median(UA[day == one]) for one in days])
    slope, middle, low, high = theilslopes(level, days.astype(np.float64), alpha=CONFIDENCE)
    whole = slope * (days[-1] - days[0])
    return ExchangerTrend(
        UA_kW_per_K=float(np.exp(middle + slope * days[-1])),
        change_30_days=float(np.expm1(30.0 * slope)),
        change_low=float(np.expm1(30.0 * low)),
        change_high=float(np.expm1(30.0 * high)),
        days=len(days),
        fouls=bool(np.expm1(whole) <= FOULS and high < 0.0),
        m_flow_primary=float(np.median(m_p)),
        m_flow_secondary=float(np.median(m_s)),
        m_flow_primary_most=float(np.quantile(m_p, MOST_QUANTILE)),
        loops=loops,
    )


def trend_together(
    times: Floats,
    m_flow_primary: Floats,
    m_flow_secondary: Floats,
    T_supply_primary: Floats,
    T_return_primary: Floats,
    T_supply_secondary: Floats,
    T_return_secondary: Floats,
) -> ExchangerTrend | Reason:
    """Return the trend of all exchangers of a station as of one; else why not.

    Readings as ``exchanger_trend`` takes them, those of the secondary sides (n, k), a row a loop. Only times
    at which all loops are measured and take heat count.
    """
    with np.errstate(invalid="ignore"):
        heat = CP_KJ_PER_KG_K * m_flow_secondary * (T_supply_secondary - T_return_secondary)
        Q = CP_KJ_PER_KG_K * m_flow_primary * (T_supply_primary - T_return_primary)
        hot = T_supply_primary - T_supply_secondary
        works = ((heat > 0.0) & (m_flow_secondary > 0.0) & (hot >= APPROACH_MIN_K)).all(axis=0) & (Q > 0.0)
    works &= np.isfinite(times)
    silent = int((~np.isfinite(heat).any(axis=1)).sum())
    if silent:
        return because("identify.exchanger_loops_unmetered", loops=float(silent))
    if not works.any():
        return because("identify.exchanger_idle", approach_K=APPROACH_MIN_K)
    times, Q, heat, hot, m_s = (
        times[works],
        Q[works],
        heat[:, works],
        hot[:, works],
        m_flow_secondary[:, works],
    )
    apart = float(np.median(heat.sum(axis=0) / Q)) - 1.0
    if abs(apart) > BALANCE:
        return because("identify.exchanger_balance", apart=apart, allowed=BALANCE)
    shares = heat / heat.sum(axis=0)
    moved = _moved((times // DAY_S).astype(np.int64), shares)
    if moved > SHARE_MOVES:
        return because("identify.exchanger_shares", moved=moved, allowed=SHARE_MOVES)
    heat, lift = shares * Q, T_supply_primary[works] - T_return_secondary[:, works]
    cold, m_p = _divided(heat, lift, m_flow_primary[works])
    works = cold >= APPROACH_MIN_K
    if not works.any():
        return because("identify.exchanger_idle", approach_K=APPROACH_MIN_K)
    m_p, m_s = m_p[:, works], m_s[:, works]
    usual = (m_p / np.median(m_p, axis=1)[:, None], m_s / np.median(m_s, axis=1)[:, None])
    UA = (heat[:, works] / _mean(hot[:, works], cold[works]) * resistance(*usual)).sum(axis=0)
    return _trend(times[works], UA, m_p.sum(axis=0), m_s.sum(axis=0), len(m_s))


def _divided(heat: Floats, lift: Floats, m_flow: Floats) -> tuple[Floats, Floats]:
    """Divide the primary flow ``m_flow`` (k,) among exchangers that pass ``heat`` (n, k).

    ``lift`` (n, k) is primary supply over the loop's return. Returns by how much all primary returns are
    above those of the loops, (k,), and the flows (n, k); by halving, as more flow means a warmer return.
    """
    low, high = np.zeros_like(m_flow), np.maximum(lift.min(axis=0) - MIX_MIN_K, 0.0)
    for _ in range(HALVINGS):
        middle = 0.5 * (low + high)
        enough = (heat / (CP_KJ_PER_KG_K * (lift - middle))).sum(axis=0) >= m_flow
        low, high = np.where(enough, low, middle), np.where(enough, middle, high)
    return low, heat / (CP_KJ_PER_KG_K * (lift - low))


def _moved(day: NDArray[np.int64], shares: Floats) -> float:
    """Return by how much the daily median of a loop's share (n, k) moves at most."""
    days, count = np.unique(day, return_counts=True)
    daily = [np.median(shares[:, day == one], axis=1) for one in days[count >= READINGS_MIN]]
    return float(np.ptp(np.stack(daily), axis=0).max()) if daily else 0.0


def cleanest(before: ExchangerTrend | None, now: ExchangerTrend | Reason | None) -> ExchangerTrend | None:
    """Return the record in which the exchanger carried heat best: what dirt is held against, over months."""
    if not isinstance(now, ExchangerTrend) or now.m_flow_primary is None or now.m_flow_secondary is None:
        return before
    if before is None or before.loops != now.loops:
        return now
    lost = lost_since(before, now)
    return now if lost is not None and lost < 0.0 else before


def lost_since(clean: ExchangerTrend, now: ExchangerTrend) -> float | None:
    """Return the part of UA that is lost since a cleaner record, at the flows of that; None where not kept.

    Flows differ between a mild and a cold month, and UA with them: only the same flows tell of dirt.
    """
    flows = (now.m_flow_primary, now.m_flow_secondary, clean.m_flow_primary, clean.m_flow_secondary)
    if any(flow is None or not flow > 0.0 for flow in flows):
        return None
    m_p, m_s, clean_p, clean_s = np.array(flows, dtype=np.float64)
    UA = now.UA_kW_per_K / float(resistance(clean_p / m_p, clean_s / m_s))
    return float(1.0 - UA / clean.UA_kW_per_K)


def lost_for_sure(trend: ExchangerTrend) -> float:
    """Return the part of UA that is lost over the record, as its trend has it; 0 where it may be none."""
    if trend.change_high >= 0.0 or trend.change_30_days <= -1.0:
        return 0.0
    return float(-np.expm1(trend.days / 30.0 * np.log1p(trend.change_30_days)))
