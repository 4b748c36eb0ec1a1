"""How well a plate exchanger carries heat, day by day, and whether it fouls.

UA = Q / LMTD of the four temperatures, counterflow. Both films get thinner as flow grows: 1/UA goes with
r_p (m_p / m_p0)^-0.7 + r_w + r_s (m_s / m_s0)^-0.7 (``reach.resistance``). What is left after that is scale
and dirt. The trend is the median of all slopes (Theil and Sen), which single bad days do not move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimizer.inversion import CP_KJ_PER_KG_K
from optimizer.reach import resistance
from optimizer.reason import Reason, because

if TYPE_CHECKING:
    from optimizer.building import Floats

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
    # Not above: a controller, which only reads what was found, would load it at each start.
    from scipy.stats import theilslopes

    Q = CP_KJ_PER_KG_K * m_flow_primary * (T_supply_primary - T_return_primary)
    hot, cold = T_supply_primary - T_supply_secondary, T_return_primary - T_return_secondary
    with np.errstate(invalid="ignore"):
        works = (np.minimum(hot, cold) >= APPROACH_MIN_K) & (Q > 0.0) & (m_flow_secondary > 0.0)
    works &= np.isfinite(times)
    if not works.any():
        return because("identify.exchanger_idle", approach_K=APPROACH_MIN_K)
    hot, cold, Q = hot[works], cold[works], Q[works]
    ratio = np.log(hot / cold)
    apart = np.abs(ratio) > 1e-6
    mean = np.where(apart, (hot - cold) / np.where(apart, ratio, 1.0), hot)
    m_p, m_s = m_flow_primary[works], m_flow_secondary[works]
    usual_p, usual_s = float(np.median(m_p)), float(np.median(m_s))
    UA = Q / mean * resistance(m_p / usual_p, m_s / usual_s)
    day = (times[works] // 86_400.0).astype(np.int64)
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
        m_flow_primary=usual_p,
        m_flow_secondary=usual_s,
        m_flow_primary_most=float(np.quantile(m_p, MOST_QUANTILE)),
    )


def cleanest(before: ExchangerTrend | None, now: ExchangerTrend | Reason | None) -> ExchangerTrend | None:
    """Return the record in which the exchanger carried heat best: what dirt is held against, over months."""
    if not isinstance(now, ExchangerTrend) or now.m_flow_primary is None or now.m_flow_secondary is None:
        return before
    if before is None:
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
