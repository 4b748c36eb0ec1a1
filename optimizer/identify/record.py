"""A record beside runs of candidates: what each would have made of the same heat and weather.

The model is linear in its inputs and both its modes are first-order filters, so a run over 14 days takes a
tenth of a millisecond. Where a record has holes, each spell begins with its own state, which follows from
its measurements by linear least squares.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from optimizer import emitters
from optimizer.building import Buildings, Floats, modes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from optimizer.identify.history import Grid
    from optimizer.identify.parameters import Candidates

SENSOR_SD_K, LAW_SD_K = 0.3, 0.3
"""By which both are weighed where a spell's beginning is sought."""
SETTLED_H = 2.0
"""Hours over which water is averaged before the law is asked."""
Q_MIN_W_PER_M2, DROP_MIN_K = 3.0, 0.3
"""Below these emitters are not at work, or sensors are swapped: the law says nothing."""
T_ROOM_DEGC = 20.0
"""At which wind's heat loss is counted; a kelvin of error in it is 4 % of that loss."""


class Compared(NamedTuple):
    """One spell; rooms in degC, shape (m, steps)."""

    spell: slice
    T: Floats
    """Mean in each step by the run."""
    q: Floats
    """What the loop would take in that room at the measured water, W/m2; means something only where
    ``Record.law`` is set."""


class Record:
    """A grid cut into spells, and what can be compared in each."""

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        working = np.isfinite(grid.T_supply) & np.isfinite(grid.T_return) & (grid.q > Q_MIN_W_PER_M2)
        with np.errstate(invalid="ignore"):
            self.law: NDArray[np.bool_] = working & (grid.T_supply - grid.T_return > DROP_MIN_K)
        self.sensor: NDArray[np.bool_] = np.isfinite(grid.T_indoor)
        self.spells = [spell for spell in grid.spells() if self.law[spell].any() or self.sensor[spell].any()]
        self.sensed = any(self.sensor[spell].any() for spell in self.spells)
        self.hours = sum((spell.stop - spell.start) * grid.dt_h for spell in self.spells)
        self._water = _settled(grid)
        self._q_mean = (
            max(float(np.mean(self._water[2][self.law])), Q_MIN_W_PER_M2) if self.law.any() else 1.0
        )

    def compare(self, candidates: Candidates, until: int | None = None) -> list[Compared]:
        """Run candidates through all spells; what is measured from step ``until`` on tells no beginning."""
        return [self._compare(candidates, spell, until) for spell in self.spells]

    def water(self, spell: slice) -> tuple[Floats, Floats, Floats, Floats]:
        """Return supply, return, heat as running means, and how fast the water warms, K/h."""
        T_supply, T_return, q, rise = (series[spell] for series in self._water)
        return T_supply, T_return, q, rise

    def off(self, one: Compared, candidates: Candidates) -> tuple[Floats, Floats]:
        """Return what runs are off sensors in K, and off the heat as a share of its mean, shape (m, rows)."""
        sensor, law = self.sensor[one.spell], self.law[one.spell]
        shown = self.grid.T_indoor[one.spell][sensor] - candidates.sensor_bias[:, None]
        q = self._water[2][one.spell][law]
        return one.T[:, sensor] - shown, (one.q[:, law] - q) / self._q_mean

    def rooms(self, candidates: Candidates) -> Floats:
        """Return each candidate's mean room over all spells in degC, shape (m,)."""
        total = np.sum([one.T.sum(axis=1) for one in self.compare(candidates)], axis=0)
        return np.asarray(total * self.grid.dt_h / self.hours)

    def _compare(self, candidates: Candidates, spell: slice, until: int | None) -> Compared:
        grid = self.grid.part(spell.start, spell.stop)
        T_law = self._by_law(candidates, spell)
        T_free, decay = run(candidates.buildings, grid)
        # the state at the begin, in modes: what is measured less what it would be from nothing
        target, weight = np.zeros_like(T_free), np.zeros_like(T_free)
        sensor, law = self.sensor[spell].copy(), self.law[spell].copy()
        if until is not None:
            sensor[max(until - spell.start, 0) :] = law[max(until - spell.start, 0) :] = False
        weight[:, sensor] += SENSOR_SD_K**-2
        target[:, sensor] += SENSOR_SD_K**-2 * (grid.T_indoor[sensor] - candidates.sensor_bias[:, None])
        weight[:, law] += LAW_SD_K**-2
        target[:, law] += LAW_SD_K**-2 * T_law[:, law]
        target -= weight * T_free
        begin = _fast_and_slow(decay, weight, target)
        T = T_free + np.einsum("mj,mjk->mk", begin, decay)
        T_supply, T_return, _, rise = (series[:, None] for series in self.water(spell))
        taken = emitters.heat(candidates.buildings, T_supply, T_return, T.T) + candidates.water * rise
        return Compared(spell, T, np.asarray(taken.T))

    def _by_law(self, candidates: Candidates, spell: slice) -> Floats:
        """Return the room's temperature by the law, shape (m, steps).

        What the loop's own water takes up or gives back does not come from its emitters.
        """
        T_supply, T_return, q, rise = (series[:, None] for series in self.water(spell))
        given = np.maximum(q - candidates.water * rise, Q_MIN_W_PER_M2)
        return np.asarray(emitters.room(candidates.buildings, T_supply, T_return, given).T)


def run(buildings: Buildings, grid: Grid) -> tuple[Floats, Floats]:
    """Run m buildings through a spell that knows its inputs.

    Returns the mean room temperature in each step from a state of 0 degC, shape (m, steps), and what a unit
    of the fast and the slow mode at the begin adds to it, shape (m, 2, steps).
    """
    # Not above: a controller, which only reads what was found, would load it at each start.
    from scipy.signal import lfilter

    settling = modes(buildings)
    K_v, K_eo = buildings.K_v(), buildings.K_eo
    sun, wind = np.nan_to_num(grid.sun), np.nan_to_num(grid.wind)
    steps = np.arange(len(grid))
    T_free, decay = np.zeros((len(buildings), len(steps))), np.empty((len(buildings), 2, len(steps)))
    for m in range(len(buildings)):
        draught = buildings.wind[m] * wind * (T_ROOM_DEGC - grid.T_outdoor)
        heat = grid.q + buildings.gain[m] + buildings.solar_aperture[m] * sun - draught
        for j, (rate, part) in enumerate(
            ((settling.fast[m], settling.of_fast[m]), (settling.slow[m], settling.of_slow[m]))
        ):
            by_heat = part[0, 0] / buildings.C_i[m]
            by_outdoor = by_heat * K_v[m] + part[0, 1] * K_eo[m] / buildings.C_e[m]
            held, kept = np.expm1(rate * grid.dt_h) / rate, np.exp(rate * grid.dt_h)
            after = lfilter([held], [1.0, -kept], by_heat * heat + by_outdoor * grid.T_outdoor)
            # a mean over the step stands between its begin and its end
            T_free[m] += 0.5 * (after + np.concatenate(([0.0], after[:-1])))
            decay[m, j] = 0.5 * (1.0 + kept) * kept**steps
    return T_free, decay


def _fast_and_slow(decay: Floats, weight: Floats, target: Floats) -> Floats:
    """Return the modes at the begin by weighted least squares, shape (m, 2).

    A weak wish for a fast mode of 0 decides where a spell has no measurement in its first hours.
    """
    normal = np.einsum("mjk,mk,mlk->mjl", decay, weight, decay, optimize=True)
    normal[:, 0, 0] += 0.1
    normal[:, 1, 1] += 1e-6
    return np.asarray(np.linalg.solve(normal, np.einsum("mjk,mk->mj", decay, target)[:, :, None])[:, :, 0])


def _settled(grid: Grid) -> tuple[Floats, Floats, Floats, Floats]:
    """Return supply, return, heat as running means, and how fast the water warms in K/h; holes bridged.

    Water that has not come back yet looks like heat: over an hour or two it has.
    """
    width = max(1, 2 * round(0.5 * SETTLED_H / grid.dt_h) + 1)
    window = np.ones(width)

    def mean(series: Floats) -> Floats:
        known = np.isfinite(series)
        if not known.any():
            return np.zeros_like(series)
        at = np.arange(len(series))
        whole = np.interp(at, at[known], series[known])
        if len(whole) < width:
            return whole
        count = np.convolve(np.ones_like(whole), window, "same")
        return np.asarray(np.convolve(whole, window, "same") / count)

    T_supply, T_return, q = mean(grid.T_supply), mean(grid.T_return), mean(grid.q)
    return T_supply, T_return, q, np.gradient(0.5 * (T_supply + T_return), grid.dt_h)
