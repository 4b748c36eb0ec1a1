"""The quadratic program of a plan, per heated m2 and with time first, and what a plan costs in it.

Heat per loop q[k] in W/m2, mean over all loops P[k] = sum_i w_i q_i[k] with w_i the share of heated area.
Costs are Wh/m2 of heat at the mean price, so that they do not depend on the currency:

    sum_i w_i { sum_k [ dt c[k] q + cold dt (a s + b s^2) + hot dt (a o + b o^2) + r (q[k] - q[k-1])^2 ]
                + e } + sum_k plant dt (excess over P_max and over the plant's ramp)

with s, o the kelvins below and above the comfort band and e the heat that walls and rooms lack at the end
against what keeps the band for good. Without e, the cheapest plan ends with cold walls.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.dynamics import Houses

Floats = NDArray[np.float64]
_BY_LOOP = ("free", "lower", "upper", "ramp", "before", "T_min", "T_max", "worth_end", "weights", "steady")


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Arrays are (k, n) unless told otherwise."""

    houses: Houses
    free: Floats
    """(k, 2, n): states at the ends of the steps without heat."""
    lower: Floats
    upper: Floats
    ramp: Floats
    """Largest change of heat from the step before, W/m2."""
    before: Floats
    """(n,): heat in the step before the first."""
    T_min: Floats
    T_max: Floats
    heat: Floats
    """(k, 1): cost of 1 W/m2 over a step."""
    cold: tuple[float, float]
    """a and b of a step."""
    hot: tuple[Floats, Floats]
    """The same of each step, (k, 1) both."""
    moves: float
    end: float
    worth_end: Floats
    """(n,): worth of the state that the end shall have, Wh/m2."""
    weights: Floats
    """(n,): shares of heated area, their sum is 1."""
    plant: float
    P_max: Floats
    """(k,): mean W/m2; inf where there is no limit."""
    P_ramp: Floats
    """(k,): largest change of the mean from the step before."""
    P_before: float
    steady: Floats
    """(n,): heat that keeps the band's lower edge at the mean outdoor temperature, W/m2."""

    def take(self, part: slice) -> "Program":
        """Return what concerns some loops alone; the plant's limits stay those of all."""
        arrays: dict[str, Any] = {
            name: np.ascontiguousarray(getattr(self, name)[..., part]) for name in _BY_LOOP
        }
        return replace(self, houses=self.houses.take(part), **arrays)

    def changes(self, q: Floats) -> Floats:
        """Return heat less that of the step before."""
        return np.diff(q, axis=0, prepend=self.before[np.newaxis])

    def mean(self, q: Floats) -> Floats:
        """Return the mean heat (k,)."""
        return q @ self.weights

    def mean_changes(self, P: Floats) -> Floats:
        """Return the mean heat less that of the step before, (k,)."""
        return np.diff(P, prepend=self.P_before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a plan costs, Wh/m2 of heat at the mean price."""

    heat: float
    cold: float
    hot: float
    moves: float
    end: float
    plant: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.heat + self.cold + self.hot + self.moves + self.end + self.plant


def costs(program: Program, q: Floats) -> tuple[Costs, Floats]:
    """Return the costs of heat ``q`` and the indoor temperatures (k, n) at the ends of the steps."""
    p = program
    states = p.houses.states(p.free, q)
    T = states[:, 0]
    cold, hot = np.maximum(p.T_min - T, 0.0), np.maximum(T - p.T_max, 0.0)
    lacking = np.maximum(p.worth_end - (p.houses.worth * states[-1]).sum(axis=0), 0.0)
    P = p.mean(q)
    jumps = np.maximum(np.abs(p.mean_changes(P)) - p.P_ramp, 0.0)

    def mean(values: Floats) -> float:
        return float(values.sum(axis=0) @ p.weights)

    return Costs(
        heat=mean(p.heat * q),
        cold=mean(p.cold[0] * cold + p.cold[1] * cold**2),
        hot=mean(p.hot[0] * hot + p.hot[1] * hot**2),
        moves=p.moves * mean(p.changes(q) ** 2),
        end=p.end * float(lacking @ p.weights),
        plant=p.plant * float(np.maximum(P - p.P_max, 0.0).sum() + jumps.sum()),
    ), T


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices >= 0 of the limits, any of them: the closer to the best, the better the bound."""

    up: Floats
    down: Floats
    """Of the loops' ramps, (k, n)."""
    cold: Floats
    hot: Floats
    end: Floats
    """(n,)."""
    cap: Floats
    plant_up: Floats
    plant_down: Floats
    """(k,)."""


def lower_bound(program: Program, q: Floats, T: Floats, worth: Floats, prices: Prices) -> float:
    """Return what no plan within the limits can cost less than.

    Weak duality (Boyd and Vandenberghe, Convex Optimization, 5.2): with any prices >= 0 on the limits, what
    they cost added to what a plan costs is, for every feasible plan, no more than its own cost. That sum is
    convex, so it lies above its tangent at ``q``, and the tangent is least at one of the bounds of each q.
    ``T`` and ``worth`` are what ``q`` leads to.
    """
    p, z = program, prices
    end, cap = np.minimum(z.end, p.end), np.minimum(z.cap, p.plant)
    jump_up, jump_down = np.minimum(z.plant_up, p.plant), np.minimum(z.plant_down, p.plant)
    change, P = p.changes(q), p.mean(q)
    P_change = p.mean_changes(P)

    value = p.heat * q + p.moves * change**2
    value += z.up * (change - p.ramp) - z.down * (change + p.ramp)
    value += z.cold * (p.T_min - T) - np.maximum(z.cold - p.cold[0], 0.0) ** 2 / (4.0 * p.cold[1])
    value += z.hot * (T - p.T_max) - np.maximum(z.hot - p.hot[0], 0.0) ** 2 / (4.0 * p.hot[1])
    total = float((value.sum(axis=0) + end * (p.worth_end - worth)) @ p.weights)
    total += _priced(cap, P - p.P_max) + _priced(jump_up, P_change - p.P_ramp)
    total += _priced(jump_down, -P_change - p.P_ramp)

    by_y = np.zeros_like(q)
    p.houses.change.add_adjoint(2.0 * p.moves * change + z.up - z.down, by_y)
    p.houses.indoor.add_adjoint(z.hot - z.cold, by_y)
    add_end(p.houses.end.taps, -end, by_y)
    slope = p.houses.heat_gradient(by_y)
    slope += p.heat + (cap + less_next(jump_up - jump_down))[:, np.newaxis]
    least = np.minimum(slope * (p.lower - q), slope * (p.upper - q))
    return total + float(least.sum(axis=0) @ p.weights)


def less_next(values: Floats) -> Floats:
    """Return the adjoint of differences to the step before: each value less the one that follows."""
    out = values.copy()
    out[:-1] -= values[1:]
    return out


def add_end(taps: Floats, values: Floats, out: Floats) -> None:
    """Add the transposed map of ``values`` (n,) at the last step to ``out`` (k, n)."""
    out[-1] += taps[0] * values
    if len(out) > 1:
        out[-2] += taps[1] * values


def _priced(prices: Floats, excess: Floats) -> float:
    limited = np.isfinite(excess)
    return float(prices[limited] @ excess[limited])
