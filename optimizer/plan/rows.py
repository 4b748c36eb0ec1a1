"""Limits of an interior point method, many of a kind at once: each has a distance t > 0 and a price z > 0.

At the optimum t z = 0; the method keeps every t z near mu and lets mu fall (Mehrotra, SIAM J. Optim. 2
(1992), 575-601; Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 16.6). ``v`` is what a limit is
about, v >= 0, and dv its change in a step. A hard limit keeps t = v once a full step has reached it. A soft
one may be exceeded by s >= 0 at a cost of a s + b s^2: then t = v + s, and s >= 0 has a price of its own.

A step aims at products e = t z + dt z + t dz. Eliminating dt and dz leaves, for what a row limits, a gradient
and a curvature by v. Changes are kept relative, r = dt/t and dz/z = e/(t z) - 1 - r, as are aims, e/(t z):
that saves half of the arithmetic, and the longest step is where the least of them is. Arrays of a group end
in the axis of what has its own weight: loops, or one plant.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Aim = Floats | None
"""Products wanted over products that are; None: 0 for all."""
CENTRING_STEPS = 25
BOTH = np.array([1.0, -1.0])[:, np.newaxis, np.newaxis]
"""Signs of dv in a group of limits from below and from above."""


class Pair(NamedTuple):
    """Distances and prices, or their relative changes."""

    distance: Floats
    price: Floats


class Hard:
    """v >= 0."""

    __slots__ = ("_lack", "_lack_relative", "_signed_inverse", "_stiffness", "products", "signs", "t", "z")

    def __init__(self, v: Floats, signs: Floats, least: float | Floats, mu: float) -> None:
        """Begin at products of ``mu`` and distances of at least ``least``; dv comes without ``signs``."""
        self.signs = signs
        self.t = np.maximum(v, least)
        self.z = mu / self.t
        lack = v - self.t
        self._lack = lack if lack.any() else None
        self._lack_relative = self._signed_inverse = self._stiffness = self.t
        self.products: tuple[Floats, ...] = ()

    def pairs(self) -> tuple[Pair, ...]:
        """Return distances and prices as they are."""
        return (Pair(self.t, self.z),)

    def prepare(self) -> None:
        """Compute what all directions of one iteration share."""
        self._signed_inverse = self.signs / self.t
        self._stiffness = self.z / self.t
        self.products = (self.t * self.z,)
        if self._lack is not None:
            self._lack_relative = self._lack / self.t

    def curvature(self) -> Floats:
        """Return how stiffly the group resists a change of v."""
        return self._stiffness

    def gradient(self, aims: tuple[Aim, ...]) -> Floats:
        """Return how the group pulls at v, on the way to ``aims``; one number each where all pull alike."""
        (aim,) = aims
        if aim is None:
            if self._lack is None:
                return np.zeros_like(self.signs)
            return np.asarray(self._lack_relative * self.z)
        gradient = aim - self._lack_relative if self._lack is not None else aim
        gradient = gradient * self.z
        return np.asarray(np.negative(gradient, out=gradient))

    def changes(self, dv: Floats, aims: tuple[Aim, ...]) -> tuple[Pair, ...]:
        """Return what ``dv`` makes of distances and prices."""
        (aim,) = aims
        r = dv * self._signed_inverse
        if self._lack is not None:
            r += self._lack_relative
        return (Pair(r, _of_price(aim, r)),)

    def move(self, changes: tuple[Pair, ...], primal: float, dual: float) -> None:
        """Make a step."""
        _move(self.pairs(), changes, primal, dual)
        if self._lack is not None:
            self._lack *= 1.0 - primal


class Soft:
    """v + s >= 0, s >= 0 at a cost of a s + b s^2."""

    __slots__ = (
        "_excess",
        "_fixed",
        "_give",
        "_stiffness",
        "_total",
        "a",
        "b",
        "products",
        "s",
        "signs",
        "t",
        "z",
        "zs",
    )

    def __init__(self, v: Floats, signs: Floats, a: Floats, b: Floats, mu: float) -> None:
        """Begin at products of ``mu`` with the s that fits: a + 2 b s = mu / s + mu / (v + s)."""
        self.signs, self.a, self.b = signs, a, b
        least = np.maximum(-v, 0.0)
        s = least + 2.0 * mu / a
        for _ in range(CENTRING_STEPS):
            by_s, by_t = mu / s, mu / (v + s)
            value = by_s + by_t - a - 2.0 * b * s
            slope = by_s / s + by_t / (v + s) + 2.0 * b
            value /= slope
            s = np.maximum(s + value, least + 0.3 * (s - least))
            # Newton's steps double the digits: the next would be below the last one
            if not (np.abs(value) > SETTLED * s).any():
                break
        self.s, self.t = s, v + s
        self.zs, self.z = mu / self.s, mu / self.t
        self._excess = self._fixed = self._give = self._stiffness = self._total = s
        self.products: tuple[Floats, ...] = ()

    @property
    def v(self) -> Floats:
        """What the limits are about."""
        return self.t - self.s

    def pairs(self) -> tuple[Pair, ...]:
        """Return distances and prices as they are."""
        return Pair(self.s, self.zs), Pair(self.t, self.z)

    def prepare(self) -> None:
        """Compute what all directions of one iteration share."""
        self._stiffness = self.z / self.t
        total = self.zs / self.s
        total += self._stiffness
        total += 2.0 * self.b
        self._total = np.divide(1.0, total, out=total)
        self._give = self._stiffness * self._total
        self._fixed = 2.0 * self.b * self.s
        self._fixed += self.a
        self.products = (self.s * self.zs, self.t * self.z)

    def curvature(self) -> Floats:
        """Return how stiffly the group resists a change of v."""
        curvature = 1.0 - self._give
        curvature *= self._stiffness
        return curvature

    def gradient(self, aims: tuple[Aim, ...]) -> Floats:
        """Return how the group pulls at v, on the way to ``aims``."""
        at_s, at_t = aims
        if at_s is None or at_t is None:
            self._excess = -self._fixed * self._total
            return np.asarray(self._stiffness * self._excess)
        pull = at_t * self.z
        self._excess = at_s * self.zs
        self._excess += pull
        self._excess -= self._fixed
        self._excess *= self._total
        gradient = self._stiffness * self._excess
        gradient -= pull
        return gradient

    def changes(self, dv: Floats, aims: tuple[Aim, ...]) -> tuple[Pair, ...]:
        """Return what ``dv`` makes of distances and prices; ``gradient`` had the same ``aims``."""
        dt = dv * self.signs
        ds = self._give * dt
        np.subtract(self._excess, ds, out=ds)
        dt += ds
        ds /= self.s
        dt /= self.t
        return Pair(ds, _of_price(aims[0], ds)), Pair(dt, _of_price(aims[1], dt))

    def move(self, changes: tuple[Pair, ...], primal: float, dual: float) -> None:
        """Make a step."""
        _move(self.pairs(), changes, primal, dual)


Rows = Hard | Soft
SETTLED = 1e-9
"""Relative change of s at which a beginning is centred."""


def complementarity(rows: Rows) -> Floats:
    """Return the sum of products t z for each element of the last axis."""
    return np.asarray(np.sum([_sum(product) for product in rows.products], axis=0))


def complementarity_after(rows: Rows, changes: tuple[Pair, ...], primal: float, dual: float) -> Floats:
    """Return the same after a step that aimed at 0: prices change by -1 - r where distances change by r.

    (1 + p r) (1 - d (1 + r)) = 1 - d + (p - d - p d) r - p d r^2.
    """
    total = (1.0 - dual) * complementarity(rows)
    for product, change in zip(rows.products, changes, strict=True):
        first = product * change.distance
        total += (primal - dual - primal * dual) * _sum(first)
        first *= change.distance
        total -= primal * dual * _sum(first)
    return total


def room(changes: tuple[Pair, ...]) -> tuple[float, float]:
    """Return the longest steps, at most 1, that keep distances and prices above 0."""
    return (
        min(_longest(change.distance) for change in changes),
        min(_longest(change.price) for change in changes),
    )


def _of_price(aim: Aim, of_distance: Floats) -> Floats:
    change = -1.0 - of_distance if aim is None else aim - of_distance
    if aim is not None:
        change -= 1.0
    return np.asarray(change)


def _move(pairs: tuple[Pair, ...], changes: tuple[Pair, ...], primal: float, dual: float) -> None:
    for pair, change in zip(pairs, changes, strict=True):
        for values, relative, length in zip(pair, change, (primal, dual), strict=True):
            factor = length * relative
            factor += 1.0
            values *= factor


def _sum(values: Floats) -> Floats:
    n = values.shape[-1]
    flat = values.reshape(-1, n)
    return np.asarray(np.ones(len(flat)) @ flat)


def _longest(relative: Floats) -> float:
    worst = float(relative.min())
    return 1.0 if worst >= -1.0 else -1.0 / worst
