"""Two stores fitted to days of measurements by simulation error.

A run of the model over the whole record, driven by measured heat, outdoor temperature and sun, is compared
with what was measured: indoor sensors, and the heat that the emitters (``optimizer.emitters``), whose size
is fitted along, would give at the measured water in the room of the run. It is heat that is compared and
not the room that belongs to it: a meter's noise, or hot water for taps in it, would make a room near the
water look best. One step ahead anything predicts well; a run over days must have the right losses and
walls (simulation error rather than prediction error: Ljung, System Identification, 2nd ed., 7.2).

Residuals of hours that follow each other are nearly the same residual again: they weigh as one for each
``CORRELATED_H``, against the priors of ``optimizer.identify.parameters``.

How warm the rooms of a loop without sensors are rests on two weak pillars: the emitters' heat moves with
the water by (1 + b) / L (see ``optimizer.questioning``), and the loss moves with the outdoor temperature
by UA. So its doubt is large, and told.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimizer.identify.parameters import N_ALL, NAMES, Candidates, bounds, candidates
from optimizer.identify.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from optimizer.building import Buildings, Floats
    from optimizer.identify.history import Grid

CORRELATED_H = 6.0
SENSOR_SD_K, HEAT_SHARE = 0.3, 0.02
"""What a right model still is off by, at least: people open windows, water comes late. A record that scatters
more is weighed by that (robust deviation)."""
SCATTERS = 1.2
HUBER = 2.0
"""Deviations up to which a residual counts by its square; beyond, by its amount."""
MODEL_SD_K = 0.6
"""By how much the mean room of a right fit is off besides, tried on a plant of another make (houses of many
rooms, uneven flows, sensors where it is warm); it is added to what the fit says of itself."""
DIFFERENCE = 1e-4
EVALUATIONS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class IndoorPrior:
    """What is thought of a loop's mean indoor temperature before looking at it, e.g. from loops like it."""

    T_indoor: float = 21.0
    sd: float = 2.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A building that explains a record, and how well."""

    candidate: Candidates
    """One loop."""
    sd: Mapping[str, float]
    """Doubt of each number over its prior doubt: 1 where the record told nothing of it."""
    hours: float
    """Of record that were compared."""
    rmse_sensor_K: float | None
    rmse_heat: float | None
    """Run of the model against sensors in K; of daily heat, as a share; None where nothing was compared."""
    T_indoor_mean: float
    T_indoor_sd: float
    """Mean of all dwellings over the record by the model, and its doubt, degC and K."""
    converged: bool

    @property
    def building(self) -> Buildings:
        """The building, one loop."""
        return self.candidate.buildings


def fit(grid: Grid, prior: Buildings, indoor: IndoorPrior | None = None) -> Fitted | None:
    """Return the building of one loop that runs closest to ``grid``; None where nothing can be compared.

    ``prior`` is one loop. ``indoor`` counts only where no sensor tells.
    """
    # Not above: a controller, which only reads what was found, would load it at each start.
    from scipy.optimize import least_squares

    record = Record(grid)
    if not record.spells:
        return None
    low, high = bounds(prior)
    misfit = _Misfit(record, prior, None if record.sensed else indoor or IndoorPrior())
    x = np.zeros(N_ALL)
    while True:
        found = least_squares(
            misfit.residual, x, jac=misfit.jacobian, bounds=(low, high), max_nfev=EVALUATIONS, xtol=1e-4
        )
        x = found.x
        if not misfit.widen(x):
            break
    J = misfit.jacobian(found.x)
    covariance = np.linalg.inv(J.T @ J)
    mean, slope = misfit.indoor_mean(found.x)
    candidate = candidates(found.x[None, :], prior)
    sensor, heat = _errors(record, candidate)
    return Fitted(
        candidate=candidate,
        sd=dict(zip(NAMES, np.sqrt(np.diag(covariance)).tolist(), strict=False)),
        hours=record.hours,
        rmse_sensor_K=sensor,
        rmse_heat=heat,
        T_indoor_mean=mean,
        T_indoor_sd=float(np.hypot(np.sqrt(slope @ covariance @ slope), MODEL_SD_K)),
        converged=bool(found.status > 0),
    )


class _Misfit:
    """What candidates are off a record and their prior."""

    def __init__(self, record: Record, prior: Buildings, indoor: IndoorPrior | None) -> None:
        self._record, self._prior, self._indoor = record, prior, indoor
        self._alike = max(CORRELATED_H / record.grid.dt_h, 1.0) ** 0.5
        self._cap = HUBER / self._alike
        self._scales = (SENSOR_SD_K, HEAT_SHARE)
        self._widened = False

    def residual(self, x: Floats) -> Floats:
        return np.asarray(self._rows(x[None, :])[0])

    def jacobian(self, x: Floats) -> Floats:
        rows = self._rows(_around(x))
        return np.asarray(((rows[1:] - rows[0]) / DIFFERENCE).T)

    def indoor_mean(self, x: Floats) -> tuple[float, Floats]:
        """Return the mean of all rooms over the record in degC, and its slopes."""
        means = self._record.rooms(candidates(_around(x), self._prior))
        return float(means[0]), np.asarray((means[1:] - means[0]) / DIFFERENCE)

    def _rows(self, x: Floats) -> Floats:
        """Return weighted residuals and prior deviations, shape (m, number)."""
        tried, record = candidates(x, self._prior), self._record
        columns, total = [], np.zeros(len(x))
        for one in record.compare(tried):
            for off, scale in zip(record.off(one, tried), self._scales, strict=True):
                columns.append(self._softened(off / (scale * self._alike)))
            total += one.T.sum(axis=1)
        if self._indoor is not None:
            mean = total * record.grid.dt_h / record.hours
            columns.append(((mean - self._indoor.T_indoor) / self._indoor.sd)[:, None])
        return np.concatenate([*columns, x], axis=1)

    def widen(self, x: Floats) -> bool:
        """Weigh by what the record scatters around ``x``, once; tells whether that is more than thought."""
        tried = candidates(x[None, :], self._prior)
        off = [self._record.off(one, tried) for one in self._record.compare(tried)]
        scatter = [1.4826 * _median(np.concatenate([pair[k][0] for pair in off])) for k in range(2)]
        wider = tuple(max(a, b) for a, b in zip(self._scales, scatter, strict=True))
        more = any(b > SCATTERS * a for a, b in zip(self._scales, wider, strict=True))
        again, self._widened = more and not self._widened, True
        if again:
            self._scales = (wider[0], wider[1])
        return again

    def _softened(self, residual: Floats) -> Floats:
        """Return residuals whose squares grow as their amount beyond the cap (Huber)."""
        size = np.abs(residual)
        beyond = size > self._cap
        soft = np.sqrt(np.where(beyond, 2.0 * self._cap * size - self._cap**2, 1.0))
        return np.where(beyond, np.copysign(soft, residual), residual)


def _around(x: Floats) -> Floats:
    """Return ``x`` and a step from it along each axis."""
    return np.asarray(x + DIFFERENCE * np.vstack([np.zeros(len(x)), np.eye(len(x))]))


def _errors(record: Record, candidate: Candidates) -> tuple[float | None, float | None]:
    """Return the root mean square error against sensors in K, and of the day's heat as a share."""
    sensed, given = [], []
    width = max(round(24.0 / record.grid.dt_h), 1)
    for one in record.compare(candidate):
        sensor, heat = (pair[0] for pair in record.off(one, candidate))
        sensed.append(sensor)
        if len(heat) >= width:
            given.append(np.convolve(heat, np.full(width, 1.0 / width), "valid"))
    return _rms(sensed), _rms(given)


def _rms(errors: list[Floats]) -> float | None:
    """Return the root mean square of all, None of nothing."""
    joined = np.concatenate(errors) if errors else np.zeros(0)
    return float(np.sqrt(np.mean(joined**2))) if len(joined) else None


def _median(values: Floats) -> float:
    return float(np.median(np.abs(values))) if len(values) else 0.0
