"""One Newton system of the interior point method: some loops at a time, and the plant that they share."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.program import Program, add_end, less_next
from optimizer.plan.rows import BOTH, Aim, Hard, Pair, Rows, Soft, room

Floats = NDArray[np.float64]
Aims = tuple[tuple[Aim, ...], ...]
"""For each group of rows what its products shall become, relative."""


class Step(NamedTuple):
    """A direction: what changes, and how far one may go."""

    dv: tuple[Floats, ...]
    """What each group of rows is about: heat, its change, indoor temperature, worth at the end."""
    changes: tuple[tuple[Pair, ...], ...]
    """Relative, for each group of rows."""
    primal: float
    dual: float


class Loops:
    """Some loops with their limits, in the order bounds, ramps, comfort band, end."""

    def __init__(self, program: Program, q: Floats, mu: float) -> None:
        """Begin at heat ``q`` strictly inside its bounds, with products of ``mu``."""
        p = self.program = program
        states = p.houses.states(p.free, q)
        T, worth = states[:, 0], (p.houses.worth * states[-1]).sum(axis=0)
        self.q = q.copy()
        """Heat now, (k, n)."""
        self.change = p.changes(q)
        a, b = (np.stack([np.full_like(p.hot[i], p.cold[i]), p.hot[i]]) for i in range(2))
        self.bounds = Hard(np.stack([q - p.lower, p.upper - q]), BOTH, 1e-6, mu)
        self.ramps = Hard(np.stack([p.ramp + self.change, p.ramp - self.change]), BOTH, 0.2 * p.ramp, mu)
        self.comfort = Soft(np.stack([T - p.T_min, p.T_max - T]), BOTH, a, b, mu)
        above = np.ones((1, 1))
        self.end = Soft((worth - p.worth_end)[np.newaxis], above, np.array(p.end), np.array(0.0), mu)
        self.rows: tuple[Rows, ...] = (self.bounds, self.ramps, self.comfort, self.end)

    def prepare(self, bands: Floats) -> None:
        """Write the band matrices of this iteration into ``bands`` (k, 4, n), which holds zeros."""
        houses = self.program.houses
        for row in self.rows:
            row.prepare()
        bounds, ramps, comfort, end = (row.curvature() for row in self.rows)
        houses.heat.add_square(bounds[0] + bounds[1], bands)
        houses.change.add_square(2.0 * self.program.moves + ramps[0] + ramps[1], bands)
        houses.indoor.add_square(comfort[0] + comfort[1], bands)
        last = houses.end.taps
        bands[-1, 0] += last[0] ** 2 * end[0]
        bands[-2, 0] += last[1] ** 2 * end[0]
        bands[-2, 1] += last[0] * last[1] * end[0]

    def pull(self, aims: Aims, price: Floats, right: Floats) -> None:
        """Write into ``right`` (k, n), which holds zeros, what pulls at y at the plant's ``price`` (k,)."""
        p, houses = self.program, self.program.houses
        bounds, ramps, comfort, end = (row.gradient(aim) for row, aim in zip(self.rows, aims, strict=True))
        houses.heat.add_adjoint(bounds[1] - bounds[0] - (p.heat + price[:, np.newaxis]), right)
        by_change = (-2.0 * p.moves) * self.change
        by_change += ramps[1] - ramps[0]
        houses.change.add_adjoint(by_change, right)
        houses.indoor.add_adjoint(comfort[1] - comfort[0], right)
        add_end(houses.end.taps, -end[0], right)

    def mean(self, y: Floats) -> Floats:
        """Return what ``y`` contributes to the change of mean heat, (k,)."""
        return np.asarray(self.program.houses.heat.of(y) @ self.program.weights)

    def together(self, aims: Aims, y: Floats) -> Step:
        """Return the step that ``y`` means."""
        houses = self.program.houses
        q, T = houses.heat.of(y), houses.indoor.of(y)
        changed = q.copy()
        changed[1:] -= q[:-1]
        worth = houses.end.taps[0] * y[-1] + houses.end.taps[1] * y[-2]
        return step_of(self.rows, (q, changed, T, worth), aims)

    def move(self, step: Step, primal: float, dual: float) -> None:
        """Make a step."""
        move(self.rows, step, primal, dual)
        self.q += primal * step.dv[0]
        self.change += primal * step.dv[1]


class Plant:
    """The plant's limits: its cap, and its changes up and down."""

    def __init__(self, program: Program, q: Floats, mu: float) -> None:
        """Begin at heat ``q`` of all loops."""
        self.program = program
        P = program.mean(q)
        jump = program.mean_changes(P)
        v = np.stack([program.P_max - P, program.P_ramp - jump, program.P_ramp + jump])
        ones = np.ones((3, 1, 1))
        self.limits = Soft(v[..., np.newaxis], ones, np.array(program.plant), np.array(0.0), mu)
        self.rows: tuple[Rows, ...] = (self.limits,)
        self._curvature: Floats = np.zeros((len(P), len(P)))
        self._damped: Floats = self._curvature

    def prepare(self, answers: Floats) -> None:
        """Take in S, see ``coupling``."""
        self.limits.prepare()
        self._curvature = _three_bands(self.limits.curvature()[..., 0])
        self._damped = np.asarray(np.linalg.inv(np.eye(len(answers)) + answers @ self._curvature))

    def price(self, aims: Aims) -> Floats:
        """Return the price of heat that a direction begins with, (k,)."""
        gradient = self.limits.gradient(aims[0])[..., 0]
        return np.asarray(less_next(gradient[2] - gradient[1]) - gradient[0])

    def response(self, P: Floats) -> Floats:
        """Return the change of price, given the change of mean heat that loops made without it."""
        return np.asarray(self._curvature @ (self._damped @ P))

    def together(self, aims: Aims, P: Floats) -> Step:
        """End a direction in which mean heat changes by ``P`` (k,)."""
        jump = np.diff(P, prepend=0.0)
        return step_of(self.rows, (np.stack([-P, -jump, jump])[..., np.newaxis],), aims)

    def move(self, step: Step, primal: float, dual: float) -> None:
        """Make a step."""
        move(self.rows, step, primal, dual)

    def shadow(self, prices: Floats) -> Floats:
        """Return what ``prices`` (3, k, 1) of the limits add to the price of heat, (k,)."""
        z = prices[..., 0]
        return np.asarray(z[0] + less_next(z[1] - z[2]))


def step_of(rows: tuple[Rows, ...], dv: tuple[Floats, ...], aims: Aims) -> Step:
    """Return the step of some rows."""
    changes = tuple(row.changes(each, aim) for row, each, aim in zip(rows, dv, aims, strict=True))
    rooms = [room(each) for each in changes]
    return Step(dv, changes, min(each[0] for each in rooms), min(each[1] for each in rooms))


def move(rows: tuple[Rows, ...], step: Step, primal: float, dual: float) -> None:
    """Make a step of some rows."""
    for row, changes in zip(rows, step.changes, strict=True):
        row.move(changes, primal, dual)


def _three_bands(curvature: Floats) -> Floats:
    """Curvature by mean heat of its cap and of its changes from step to step."""
    ramps = curvature[1] + curvature[2]
    diagonal = curvature[0] + ramps
    diagonal[:-1] += ramps[1:]
    return np.asarray(np.diag(diagonal) - np.diag(ramps[1:], 1) - np.diag(ramps[1:], -1))
