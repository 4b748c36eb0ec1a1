"""The solver: a primal-dual interior point method that knows what a heat network looks like.

Each Newton step has one band matrix per loop (``dynamics``) and one dense matrix of k x k for the plant
(``coupling``), so time and memory grow with the number of loops, not with a power of it, and all of it is
arithmetic on arrays over loops. Predictor and corrector are Mehrotra's, followed by one correction that
pulls outlying products back (Gondzio, Comput. Optim. Appl. 6 (1996), 137-156): among tens of thousands of
limits the worst one would hold back all others. Distances and prices take steps of their own length; what
that leaves of dual infeasibility enters the next step.

It ends by a bound that is true whatever the iterations did (``program.lower_bound``), against the cost of the
plan as it would be carried out; both where the predictor points to, an order nearer to the best than where
the iteration stands. Nothing in it depends on time or chance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.banded import WIDTH, Factors, factorise, solve
from optimizer.plan.coarse import TOGETHER, can_be_coarser, coarser, finer, mean
from optimizer.plan.coupling import answer
from optimizer.plan.newton import Aims, Loops, Plant, Step
from optimizer.plan.program import Prices, Program, costs, lower_bound
from optimizer.plan.rows import Pair, Rows, complementarity, complementarity_after

Floats = NDArray[np.float64]
MU_COLD, MU_WARM, MU_JAMMED = 10.0, 2.0, 1000.0
"""Products to begin with, Wh/m2: from nothing, from an earlier plan, again after steps came to nothing."""
TO_BOUNDARY = 0.995
NEAR, LOOK = 0.02, 30.0
"""Products whose sum is a larger part of the cost, or of what is wanted of the gap, are not worth a look."""
LONG, FURTHER = 0.9, 0.4
"""Below the first a step is corrected, with the aim to go so much further."""
SHORTEST = 1e-4
"""Steps shorter than this, twice in a row, are a jam: limits that fight each other closed in too early."""
ROUGH, ROUGH_ITERATIONS = 0.5, 10
"""In longer steps it ends where products sum up to this part of the cost, or after so many iterations."""
ROUGH_INSIDE = 0.05
"""Part of the width between bounds that heat found there keeps away from them."""
NOTHING_LEFT = 1e-6
"""Products whose sum is a smaller part of the cost leave nothing to gain; the gap is then the repair's."""
BLOCK = 24_576
"""Steps of loops that are worked on at a time, so that what an operation leaves is cached for the next."""


class Solution(NamedTuple):
    """The best plan found, and what is known of how good it is."""

    q: Floats
    """(k, n) W/m2, within all limits."""
    T: Floats
    """(k, n) degC."""
    cost: float
    bound: float
    """No plan costs less; -inf where nothing is known."""
    price: Floats
    """(k,): what 1 Wh/m2 more of heat costs beyond its own price, because the plant is at a limit."""
    iterations: int

    @property
    def gap(self) -> float:
        """Relative distance to the bound; 0 where the cap won over loops' ramps and made it cheaper."""
        return max((self.cost - self.bound) / max(abs(self.cost), 1e-6), 0.0)


@dataclass(frozen=True, slots=True)
class Effort:
    """When to stop: no clock, so that the same problem gives the same plan anywhere."""

    gap: float = 5e-3
    iterations: int = 40


class _State:
    """All loops and the plant."""

    def __init__(self, program: Program, q: Floats, mu: float) -> None:
        self.program = program
        n, width = q.shape[1], max(BLOCK // len(q), 1)
        self.places = [slice(begin, min(n, begin + width)) for begin in range(0, n, width)]
        self.loops = [Loops(program.take(place), q[:, place], mu) for place in self.places]
        self.plant = Plant(program, q, mu)
        self.parts: tuple[Loops | Plant, ...] = (*self.loops, self.plant)
        self.count = 14 * len(q) + 2
        self.factors = Factors(q, q, q)

    @property
    def q(self) -> Floats:
        return np.concatenate([loops.q for loops in self.loops], axis=1)

    @property
    def mu(self) -> float:
        loops = sum(
            float(complementarity(row) @ part.program.weights) for part in self.loops for row in part.rows
        )
        return (loops + float(complementarity(self.plant.limits)[0])) / self.count

    def mu_after(self, steps: list[Step]) -> float:
        primal, dual = _length(steps)
        total = 0.0
        for part, step in zip(self.parts, steps, strict=True):
            weights = part.program.weights if isinstance(part, Loops) else np.ones(1)
            for row, changes in zip(part.rows, step.changes, strict=True):
                total += float(complementarity_after(row, changes, primal, dual) @ weights)
        return total / self.count

    def prepare(self) -> None:
        bands = np.zeros((len(self.program.lower), WIDTH + 1, self.program.lower.shape[1]))
        for part, place in zip(self.loops, self.places, strict=True):
            part.prepare(bands[..., place])
        self.factors = factorise(bands)
        answers = np.zeros((len(bands), len(bands)))
        for part, place in zip(self.loops, self.places, strict=True):
            mine = Factors(*(np.ascontiguousarray(each[..., place]) for each in self.factors))
            answers += answer(mine, part.program.houses.heat.taps, part.program.weights)
        self.plant.prepare(answers)

    def direction(self, aims: list[Aims]) -> list[Step]:
        price = self.plant.price(aims[-1])
        loops = list(zip(self.loops, self.places, strict=True))
        y, back = np.zeros_like(self.program.lower), np.zeros_like(self.program.lower)
        for (part, place), aim in zip(loops, aims[:-1], strict=True):
            part.pull(aim, price, y[:, place])
        y = solve(self.factors, y)
        response = self.plant.response(np.sum([part.mean(y[:, place]) for part, place in loops], axis=0))
        self.program.houses.heat.add_adjoint(response[:, np.newaxis], back)
        y -= solve(self.factors, back)
        steps = [part.together(aim, y[:, place]) for (part, place), aim in zip(loops, aims[:-1], strict=True)]
        weighted = zip(self.loops, steps, strict=True)
        P = np.sum([step.dv[0] @ part.program.weights for part, step in weighted], axis=0)
        return [*steps, self.plant.together(aims[-1], P)]

    def move(self, steps: list[Step]) -> float:
        primal, dual = (min(1.0, TO_BOUNDARY * length) for length in _length(steps))
        for part, step in zip(self.parts, steps, strict=True):
            part.move(step, primal, dual)
        return min(primal, dual)

    def ahead(self, steps: list[Step]) -> Floats:
        """Return heat at the end of a whole step, (k, n), within no limits."""
        loops = zip(self.loops, steps, strict=False)
        return np.concatenate([part.q + step.dv[0] for part, step in loops], axis=1)

    def shadow_ahead(self, steps: list[Step]) -> Floats:
        """Return the price of heat at the plant beyond its own at the end of a whole step, (k,)."""
        return self.plant.shadow(_prices_ahead(self.plant.limits, steps[-1].changes[0]))

    def bound_ahead(self, steps: list[Step], q: Floats) -> float:
        """Return the lower bound that prices at the end of a whole step give; ``q`` is ``ahead``."""
        p = self.program

        def joined(of: Callable[[Loops, Step], Floats]) -> Floats:
            loops = zip(self.loops, steps, strict=False)
            return np.concatenate([of(part, step) for part, step in loops], axis=-1)

        def prices(group: int, row: int) -> Floats:
            return joined(lambda part, step: _prices_ahead(part.rows[group], step.changes[group])[row])

        z = _prices_ahead(self.plant.limits, steps[-1].changes[0])[..., 0]
        limits = Prices(
            up=prices(1, 1),
            down=prices(1, 0),
            cold=prices(2, 0),
            hot=prices(2, 1),
            end=prices(3, 0),
            cap=z[0],
            plant_up=z[1],
            plant_down=z[2],
        )
        T = p.T_min + joined(lambda part, step: part.comfort.v[0] + step.dv[2])
        worth = p.worth_end + joined(lambda part, step: part.end.v[0] + step.dv[3])
        return lower_bound(p, q, T, worth, limits)


def roughly(program: Program, start: Floats, mu: float = MU_COLD) -> tuple[Floats, float]:
    """Return heat and products to begin with, found in longer steps; ``start`` where nothing is."""
    if not can_be_coarser(program):
        return start, mu
    rough = coarser(program)
    state = _State(rough, mean(start), TOGETHER * mu)
    with np.errstate(all="ignore"):
        for _ in range(ROUGH_ITERATIONS):
            try:
                straight = _predict(state)
                if state.mu * state.count < ROUGH * costs(rough, state.q)[0].total:
                    q, margin = finer(state.q), ROUGH_INSIDE * (program.upper - program.lower)
                    return np.clip(q, program.lower + margin, program.upper - margin), state.mu
                if not _correct(state, straight) > SHORTEST:
                    break
            except np.linalg.LinAlgError:
                break
    return start, mu


def minimise(
    program: Program,
    repair: Callable[[Floats], Floats],
    effort: Effort,
    start: Floats,
    mu: float = MU_COLD,
) -> Solution:
    """Return the best plan that ``effort`` allows, from heat ``start`` strictly inside its bounds.

    ``repair`` makes what an iteration has strictly feasible; the cost is that of what it returns.
    """
    q = repair(start.copy())
    now, T = costs(program, q)
    best = Solution(q, T, now.total, -np.inf, np.zeros(len(q)), 0)
    best, jammed = _attempt(_State(program, start, mu), best, repair, effort)
    if jammed and best.gap > effort.gap:
        best, _ = _attempt(_State(program, start, MU_JAMMED), best, repair, effort)
    return best


def _attempt(
    state: _State, best: Solution, repair: Callable[[Floats], Floats], effort: Effort
) -> tuple[Solution, bool]:
    """Iterate until ``effort`` is spent; returns the best plan, and whether steps came to nothing."""
    short, so_far = 0, best.iterations
    with np.errstate(all="ignore"):  # where numbers run out, that is seen and the best so far is kept
        for iteration in range(so_far + 1, effort.iterations + 1):
            try:
                straight = _predict(state)
                left = state.mu * state.count / max(abs(best.cost), 1e-6)
                ends = short == 2 or iteration == effort.iterations or left < NOTHING_LEFT
                # The look costs a twentieth of an iteration; far from the end it tells nothing.
                if ends or left < max(LOOK * effort.gap, NEAR):
                    best = _better(best, state, straight, repair)
                best = best._replace(iterations=iteration)
                if ends or best.gap <= effort.gap:
                    break
                length = _correct(state, straight)
            except np.linalg.LinAlgError:
                return best, True  # the plant's matrix has lost its digits: the same as below
            if not np.isfinite(length):
                return best, True
            short = short + 1 if length < SHORTEST else 0
    return best, short == 2


def _better(
    best: Solution, state: _State, straight: list[Step], repair: Callable[[Floats], Floats]
) -> Solution:
    """Look at where the predictor points to: at a whole step, which meets all but the smallest limits.

    Linear equations hold there and products are 0 but for second order, so both the cost of heat brought
    within limits and the bound of prices brought above 0 are an order nearer to the best than at the iterate.
    """
    ahead = state.ahead(straight)
    bound = state.bound_ahead(straight, ahead)
    q = repair(ahead)
    now, T = costs(state.program, q)
    if now.total < best.cost:
        best = best._replace(q=q, T=T, cost=now.total, price=state.shadow_ahead(straight))
    return best._replace(bound=max(best.bound, bound)) if np.isfinite(bound) else best


def _predict(state: _State) -> list[Step]:
    """Return the direction straight to the best, as if limits were far."""
    state.prepare()
    return state.direction([tuple((None,) * len(row.pairs()) for row in part.rows) for part in state.parts])


def _correct(state: _State, steps: list[Step]) -> float:
    """Make a step, knowing where the straight one would lead; returns its length, NaN where numbers end."""
    mu = state.mu
    aim = max((state.mu_after(steps) / mu) ** 3, 1e-6) * mu
    wanted = [tuple(tuple(aim / each for each in row.products) for row in part.rows) for part in state.parts]
    aims = _over_all(_second_order, wanted, [step.changes for step in steps])
    steps = state.direction(aims)
    if min(_length(steps)) < LONG:
        primal, dual = (min(1.0, length + FURTHER) for length in _length(steps))

        def pulled_back(wanted: Floats, change: Pair, aim: Floats) -> Floats:
            return _pulled_back(wanted, change, primal, dual) + aim

        corrected = state.direction(_over_all(pulled_back, wanted, [step.changes for step in steps], aims))
        if sum(_length(corrected)) > sum(_length(steps)):
            steps = corrected
    if not all(np.isfinite(step.dv[0]).all() for step in steps):
        return float("nan")
    return state.move(steps)


def _prices_ahead(rows: Rows, changes: tuple[Pair, ...]) -> Floats:
    """Return what prices of limits would be after a whole step, none below 0."""
    ahead = 1.0 + changes[-1].price
    np.maximum(ahead, 0.0, out=ahead)
    ahead *= rows.z
    return np.asarray(ahead)


def _over_all(function: Callable[..., Floats], *of_parts: Sequence[Sequence[Sequence[Any]]]) -> list[Aims]:
    """Return ``function`` of what belongs to each kind of distance of each group of rows of each part."""
    return [
        tuple(
            tuple(function(*each) for each in zip(*of_rows, strict=True))
            for of_rows in zip(*of_part, strict=True)
        )
        for of_part in zip(*of_parts, strict=True)
    ]


def _second_order(wanted: Floats, change: Pair) -> Floats:
    """What to aim at where a step with ``change`` would miss ``wanted`` by the product of changes."""
    aim = change.distance * change.price
    return np.asarray(np.subtract(wanted, aim, out=aim))


def _length(steps: list[Step]) -> tuple[float, float]:
    return min(step.primal for step in steps), min(step.dual for step in steps)


def _pulled_back(wanted: Floats, change: Pair, primal: float, dual: float) -> Floats:
    """What to add to an aim so that a longer step would end within a decade of ``wanted``."""
    product, factor = primal * change.distance, dual * change.price
    product += 1.0
    factor += 1.0
    product *= factor
    most = np.multiply(10.0, wanted, out=factor)
    more = 0.1 * wanted
    np.clip(product, more, most, out=more)
    more -= product
    return np.asarray(np.maximum(more, np.negative(most, out=most), out=more))
