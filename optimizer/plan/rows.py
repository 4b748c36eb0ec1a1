"""Limits of an interior point method, many of a kind at once: each has a distance t > 0 and a price z > 0.

At the optimum t z = 0; the method keeps every t z near mu and lets mu fall (Mehrotra, SIAM J. Optim. 2
(1992), 575-601; Nocedal and Wright, Numerical Optimization, 2nd ed., chapter 16.6). ``v`` is what a limit is
about, v >= 0, and dv its change in a step. A hard limit keeps t = v once a full step has reached it. A soft
one may be exceeded by s >= 0 at a cost of a s + b s^2: then t = v + s, and s >= 0 has a price of its own.

A step aims at products e = t z + dt z + t dz. Eliminating dt and dz leaves, for what a row limits, a gradient
and a curvature by v. Arrays of a group end in the axis of what has its own weight: loops, or one plant.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Aim = float | Floats
CENTRING_STEPS = 25


class Pair(NamedTuple):
    """Changes of distances and of their prices."""

    distance: Floats
    price: Floats


class Hard:
    """v >= 0."""

    __slots__ = ("_inverse", "_stiffness", "t", "v", "z")

    def __init__(self, v: Floats, least: float | Floats, mu: float) -> None:
        """Begin at products of ``mu`` and distances of at least ``least``."""
        self.v = v
        self.t = np.maximum(v, least)
        self.z = mu / self.t
        self._inverse = self._stiffness = self.t

    def pairs(self) -> tuple[Pair, ...]:
        """Return distances and prices as they are."""
        return (Pair(self.t, self.z),)

    def prepare(self) -> None:
        """Compute what all directions of one iteration share."""
        self._inverse = 1.0 / self.t
        self._stiffness = self.z * self._inverse

    def curvature(self) -> Floats:
        """Return how stiffly the group resists a change of v."""
        return self._stiffness

    def gradient(self, aims: tuple[Aim, ...]) -> Floats:
        """Return how the group pulls at v, on the way to products ``aims``."""
        (aim,) = aims
        gradient = self.v - self.t
        gradient *= self._stiffness
        gradient -= aim * self._inverse
        return gradient

    def changes(self, dv: Floats, aims: tuple[Aim, ...]) -> tuple[Pair, ...]:
        """Return what ``dv`` makes of distances and prices."""
        (aim,) = aims
        dt = dv + self.v
        dt -= self.t
        dz = aim * self._inverse
        dz -= self.z
        dz -= self._stiffness * dt
        return (Pair(dt, dz),)

    def room(self, changes: tuple[Pair, ...]) -> tuple[float, float]:
        """Return the longest steps, at most 1, that keep distances and prices above 0."""
        (change,) = changes
        return _longest(change.distance * self._inverse), _longest(change.price / self.z)

    def move(self, dv: Floats, changes: tuple[Pair, ...], primal: float, dual: float) -> None:
        """Make a step."""
        (change,) = changes
        self.v += primal * dv
        self.t += primal * change.distance
        self.z += dual * change.price


class Soft:
    """v + s >= 0, s >= 0 at a cost of a s + b s^2."""

    __slots__ = (
        "_excess",
        "_fixed",
        "_stiffness",
        "_stiffness_s",
        "_total",
        "a",
        "b",
        "s",
        "t",
        "v",
        "z",
        "zs",
    )

    def __init__(self, v: Floats, a: Floats, b: Floats, mu: float) -> None:
        """Begin at products of ``mu`` with the s that fits: a + 2 b s = mu / s + mu / (v + s)."""
        self.v, self.a, self.b = v, a, b
        least = np.maximum(-v, 0.0)
        s = least + 2.0 * mu / a
        for _ in range(CENTRING_STEPS):
            value = mu / s + mu / (v + s) - a - 2.0 * b * s
            slope = mu / s**2 + mu / (v + s) ** 2 + 2.0 * b
            s = np.maximum(s + value / slope, least + 0.3 * (s - least))
        self.s, self.t = s, v + s
        self.zs, self.z = mu / self.s, mu / self.t
        self._excess = self._fixed = self._stiffness = self._stiffness_s = self._total = s

    def pairs(self) -> tuple[Pair, ...]:
        """Return distances and prices as they are."""
        return Pair(self.s, self.zs), Pair(self.t, self.z)

    def prepare(self) -> None:
        """Compute what all directions of one iteration share."""
        self._stiffness_s, self._stiffness = self.zs / self.s, self.z / self.t
        self._total = 1.0 / (self._stiffness_s + self._stiffness + 2.0 * self.b)
        self._fixed = self.a + 2.0 * self.b * self.s

    def curvature(self) -> Floats:
        """Return how stiffly the group resists a change of v."""
        return self._stiffness * (1.0 - self._stiffness * self._total)

    def gradient(self, aims: tuple[Aim, ...]) -> Floats:
        """Return how the group pulls at v, on the way to products ``aims``."""
        at_t = aims[1] / self.t
        self._excess = (aims[0] / self.s + at_t - self._fixed) * self._total
        gradient = self._stiffness * self._excess
        gradient -= at_t
        return gradient

    def changes(self, dv: Floats, aims: tuple[Aim, ...]) -> tuple[Pair, ...]:
        """Return what ``dv`` makes of distances and prices; ``gradient`` had the same ``aims``."""
        ds = self._excess - self._stiffness * self._total * dv
        dt = dv + ds
        dzs = aims[0] / self.s - self.zs - self._stiffness_s * ds
        dz = aims[1] / self.t - self.z - self._stiffness * dt
        return Pair(ds, dzs), Pair(dt, dz)

    def room(self, changes: tuple[Pair, ...]) -> tuple[float, float]:
        """Return the longest steps, at most 1, that keep distances and prices above 0."""
        at_s, at_t = changes
        primal = min(_longest(at_s.distance / self.s), _longest(at_t.distance / self.t))
        return primal, min(_longest(at_s.price / self.zs), _longest(at_t.price / self.z))

    def move(self, dv: Floats, changes: tuple[Pair, ...], primal: float, dual: float) -> None:
        """Make a step."""
        at_s, at_t = changes
        self.v += primal * dv
        self.s += primal * at_s.distance
        self.t += primal * at_t.distance
        self.zs += dual * at_s.price
        self.z += dual * at_t.price


Rows = Hard | Soft


def complementarity(rows: Rows) -> Floats:
    """Return the sum of products t z for each element of the last axis."""
    return _dots(rows.pairs())


def complementarity_after(rows: Rows, changes: tuple[Pair, ...], primal: float, dual: float) -> Floats:
    """Return the same after a step."""
    total = _dots(rows.pairs())
    for now, change in zip(rows.pairs(), changes, strict=True):
        total += primal * _dot(change.distance, now.price) + dual * _dot(now.distance, change.price)
        total += primal * dual * _dot(change.distance, change.price)
    return total


def _dots(pairs: tuple[Pair, ...]) -> Floats:
    return np.asarray(np.sum([_dot(pair.distance, pair.price) for pair in pairs], axis=0))


def _dot(a: Floats, b: Floats) -> Floats:
    n = a.shape[-1]
    return np.asarray(np.einsum("in,in->n", a.reshape(-1, n), b.reshape(-1, n)))


def _longest(relative: Floats) -> float:
    worst = float(relative.min())
    return 1.0 if worst >= -1.0 else -1.0 / worst
