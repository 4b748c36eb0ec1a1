"""Steady signature of a house: what heat a day takes at its weather, fitted robustly to daily means.

    q = UA (T_balance - T_outdoor) - aperture sun + by_wind v

T_outdoor is filtered with ``FILTER_H``, as walls do. Huber's weights bear days with open windows or a
broken meter. This is the energy signature of EN 15378-3 (annex on energy monitoring) with sun and wind
beside it. Where a control lets rooms get colder in frost, ``UA`` is what the heat follows, and less than
the house's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimizer.reason import Reason, because

if TYPE_CHECKING:
    from optimizer.building import Floats
    from optimizer.identify.history import Grid

DAYS_MIN = 14
SD_OUTDOOR_MIN_K = 2.0
"""Less of either says nothing of the slope."""
FILTER_H = 20.0
HOURS_OF_DAY = 20.0
"""Known hours that make a day's mean."""
HEATING_SHARE = 0.15
"""Of the heat of a cold day (its 95 % quantile); days below are not heated by the weather."""
Q_MIN_W_PER_M2 = 1.0
HUBER = 1.345
"""In robust deviations; 95 % efficient on normal errors (Huber, Robust Statistics)."""
ROUNDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """The straight line, its doubts (standard deviations), and what it rests on."""

    UA: float
    UA_sd: float
    """W/(m2 K)."""
    T_balance: float
    """Outdoor temperature in degC above which people and appliances suffice, without sun and wind."""
    solar_aperture: float
    solar_aperture_sd: float
    """m2 per m2; 0 where the sun was not measured or did not show."""
    by_wind: float
    """W/m2 for each m/s; 0 where wind was not measured or did not show."""
    residual: float
    """Robust deviation of days, W/m2."""
    days: int
    T_outdoor_sd: float
    """K."""

    def heat(self, T_outdoor: float, sun: float = 0.0, wind: float = 0.0) -> float:
        """Return the heat in W/m2 at the weather of a day; never below 0."""
        q = self.UA * (self.T_balance - T_outdoor) - self.solar_aperture * sun + self.by_wind * wind
        return max(0.0, q)


def steady_signature(grid: Grid) -> Signature | Reason:
    """Return the signature of a record; else why there is none."""
    days = _daily(grid)
    if len(days) == 0:
        return because("identify.too_few_days", days=0.0, needed=float(DAYS_MIN))
    days = days[days[:, 0] > max(Q_MIN_W_PER_M2, HEATING_SHARE * float(np.quantile(days[:, 0], 0.95)))]
    if len(days) < DAYS_MIN:
        return because("identify.too_few_days", days=float(len(days)), needed=float(DAYS_MIN))
    spread = float(days[:, 1].std())
    if spread < SD_OUTDOOR_MIN_K:
        return because("identify.weather_too_even", sd_K=spread, needed_K=SD_OUTDOOR_MIN_K)
    q, T, sun, wind = days.T
    regressors = {"one": np.ones(len(q)), "T": -T}
    if np.isfinite(sun).all():
        regressors["sun"] = -sun
    if np.isfinite(wind).all():
        regressors["wind"] = wind
    while True:
        line, sd, residual = _huber(np.stack(list(regressors.values()), axis=1), q)
        found, doubt = dict(zip(regressors, line, strict=True)), dict(zip(regressors, sd, strict=True))
        # sun that cools and wind that warms are chance: without them the rest is told better
        wrong = [name for name in ("sun", "wind") if found.get(name, 0.0) < 0.0]
        if not wrong:
            break
        del regressors[min(wrong, key=lambda name: found[name] / doubt[name])]
    if found["T"] < 2.0 * doubt["T"]:
        return because("identify.heat_ignores_weather", UA=found["T"], sd=doubt["T"])
    return Signature(
        UA=found["T"],
        UA_sd=doubt["T"],
        T_balance=found["one"] / found["T"],
        solar_aperture=found.get("sun", 0.0),
        solar_aperture_sd=doubt.get("sun", 0.0),
        by_wind=found.get("wind", 0.0),
        residual=residual,
        days=len(q),
        T_outdoor_sd=spread,
    )


def _daily(grid: Grid) -> Floats:
    """Return heat, filtered outdoor temperature, sun and wind of each UTC day that is known well enough."""
    # Not above: a controller, which only reads what was found, would load it at each start.
    from scipy.signal import lfilter

    known = np.isfinite(grid.T_outdoor)
    if not known.any():
        return np.zeros((0, 4))
    at = np.arange(len(grid))
    T = np.interp(at, at[known], grid.T_outdoor[known])
    keep = np.exp(-grid.dt_h / FILTER_H)
    T_filtered = lfilter([1.0 - keep], [1.0, -keep], T, zi=[keep * T[0]])[0]
    rows = []
    day = (grid.times // 86_400.0).astype(np.int64)
    for first in np.unique(day):
        of_day = day == first
        good = of_day & known & np.isfinite(grid.q)
        if good.sum() * grid.dt_h < HOURS_OF_DAY:
            continue
        sun, wind = (_mean(series[of_day]) for series in (grid.sun, grid.wind))
        rows.append((grid.q[good].mean(), T_filtered[good].mean(), sun, wind))
    return np.array(rows).reshape(-1, 4)


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) > 0.5 * len(values) else float("nan")


def _huber(A: Floats, y: Floats) -> tuple[list[float], list[float], float]:
    """Return coefficients, their standard deviations and the residuals' scale by reweighted least squares."""
    weight, scale = np.ones(len(y)), 0.0
    for _ in range(ROUNDS):
        root = np.sqrt(weight)[:, None]
        line = np.linalg.lstsq(A * root, y * root[:, 0], rcond=None)[0]
        error = y - A @ line
        scale = max(1.4826 * float(np.median(np.abs(error))), 1e-9)
        weight = 1.0 / np.maximum(np.abs(error) / (HUBER * scale), 1.0)
    free = max(len(y) - A.shape[1], 1)
    variance = float((weight * error**2).sum()) / free
    covariance = variance * np.linalg.pinv((A * weight[:, None]).T @ A)
    return line.tolist(), np.sqrt(np.diag(covariance)).tolist(), scale
