"""Houses in a form whose Newton systems have four bands: one free number a step in place of three.

A house is x[k+1] = A x[k] + b q[k] + what is not ours to choose. With s = tr A and p = det A,

    q[k] = y[k] - s y[k-1] + p y[k-2]
    T_i[k+1] = b_i y[k] + (A_ie b_e - A_ee b_i) y[k-1]

describes every change of q and what it does to the rooms by one sequence y (a flat output; Fliess, Levine,
Martin and Rouchon, Int. J. Control 61 (1995), 1327-1361). Whatever is quadratic in heat, in its changes from
step to step and in indoor temperatures is a band matrix in y, and y needs no equations beside it.

Arrays are (k, n), time first: each operation then runs over all loops of a step.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.banded import WIDTH

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Filter:
    """A causal difference equation: out[k] = sum_m taps[m] y[k-m], with taps (m, n)."""

    taps: Floats

    def of(self, y: Floats) -> Floats:
        """Return the sequence (k, n) that belongs to ``y`` (k, n)."""
        out: Floats = self.taps[0] * y
        for m in range(1, len(self.taps)):
            out[m:] += self.taps[m] * y[:-m]
        return out

    def add_adjoint(self, weights: Floats, out: Floats) -> None:
        """Add the transposed map of ``weights`` (k, n), or (k, 1) for all loops alike, to ``out`` (k, n)."""
        out += self.taps[0] * weights
        for m in range(1, len(self.taps)):
            out[:-m] += self.taps[m] * weights[m:]

    def add_square(self, weights: Floats, bands: Floats) -> None:
        """Add F^T diag(``weights``) F to ``bands`` (k, 4, n); ``weights`` is (k, n)."""
        for upper in range(len(self.taps)):
            for lower in range(upper + 1):
                product = self.taps[upper] * self.taps[lower]
                end = len(weights) - upper
                bands[:end, upper - lower] += product * weights[upper:]


@dataclass(frozen=True, slots=True)
class Houses:
    """The filters of n loops, and what their state is worth as heat."""

    A: Floats
    """(2, 2, n)."""
    b: Floats
    """(2, n): K per W/m2 of heat."""
    heat: Filter
    change: Filter
    """Of heat, against the step before."""
    indoor: Filter
    """T_i at the end of step k."""
    worth: Floats
    """(2, n): Wh/(m2 K) of room and envelope, see ``worth_of_state``."""
    end: Filter
    """``worth`` times the state, at the end of step k."""

    def take(self, part: slice) -> "Houses":
        """Return those of some loops."""
        return Houses(
            A=self.A[..., part],
            b=self.b[:, part],
            heat=Filter(self.heat.taps[:, part]),
            change=Filter(self.change.taps[:, part]),
            indoor=Filter(self.indoor.taps[:, part]),
            worth=self.worth[:, part],
            end=Filter(self.end.taps[:, part]),
        )

    def free_response(self, x0: Floats, forced: Floats) -> Floats:
        """Return the states (k, 2, n) at the ends of all steps without heat; ``forced`` is (k, 2, n)."""
        states, x = np.empty_like(forced), x0
        for k in range(len(forced)):
            x = self.A[:, 0] * x[0] + self.A[:, 1] * x[1] + forced[k]
            states[k] = x
        return states

    def states(self, free: Floats, q: Floats) -> Floats:
        """Return the states (k, 2, n) at the ends of all steps with heat ``q`` (k, n)."""
        heated = self.free_response(np.zeros_like(self.b), self.b * q[:, np.newaxis])
        heated += free
        return heated

    def heat_gradient(self, gradient: Floats) -> Floats:
        """Turn a gradient by y (k, n) into one by q: solve heat^T g = ``gradient`` from the last step on."""
        g = gradient.copy()
        _, a1, a2 = self.heat.taps
        for k in range(len(g) - 2, -1, -1):
            g[k] -= a1 * g[k + 1]
            if k + 2 < len(g):
                g[k] -= a2 * g[k + 2]
        return g


def houses(A: Floats, b: Floats, dt_h: float) -> Houses:
    """Return the filters for ``A`` (n, 2, 2) and ``b`` (n, 2)."""
    a, bT = np.ascontiguousarray(np.moveaxis(A, 0, -1)), np.ascontiguousarray(b.T)
    trace, det = a[0, 0] + a[1, 1], a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    one = np.ones_like(trace)
    room = np.stack([bT[0], a[0, 1] * bT[1] - a[1, 1] * bT[0]])
    envelope = np.stack([bT[1], a[1, 0] * bT[0] - a[0, 0] * bT[1]])
    worth = worth_of_state(a, bT, dt_h)
    change = np.stack([one, -trace - 1.0, det + trace, -det])
    assert len(change) == WIDTH + 1
    return Houses(
        A=a,
        b=bT,
        heat=Filter(np.stack([one, -trace, det])),
        change=Filter(change),
        indoor=Filter(room),
        worth=worth,
        end=Filter(worth[0] * room + worth[1] * envelope),
    )


def worth_of_state(a: Floats, b: Floats, dt_h: float) -> Floats:
    """Return the heat in Wh/m2 that a kelvin of room and of envelope stand for, (2, n).

    By what it does later: a kelvin is worth the heat that, given in one step, adds as many degree hours
    to the room for all time. What leaks from walls straight to outdoors counts for nothing.
    """
    # first row of (I - A)^-1, up to its determinant, which cancels
    later = np.stack([1.0 - a[1, 1], a[0, 1]])
    return np.asarray(dt_h * later / (later * b).sum(axis=0))
