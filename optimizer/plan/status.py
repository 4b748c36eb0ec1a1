"""A plan as it is handed out: what it says, how good it is known to be, how old it is, and what bound it."""

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.problem import Excluded
from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
AGE_MAX_S = 2700.0
"""From what a plan was made from until it may no longer be followed: then the curve answers."""


class PlanStatus(StrEnum):
    """How far a plan may be trusted. That a limit of time or effort was reached says nothing here."""

    OPTIMAL = "optimal"
    """Proven within ``solving.OPTIMAL_GAP`` of the best."""
    USABLE = "usable"
    """Within all limits; further from the best, or shared out by fairness in place of cost."""
    STALE = "stale"
    """An earlier plan, moved on in time."""
    NONE = "none"
    """There is none; ``why`` says it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSplit:
    """What a plan costs over its horizon, in the currency of the tariff."""

    heat: float
    cold: float
    """What is set against under-heating; nobody pays it."""
    hot: float
    moves: float
    end: float
    """Heat that is borrowed from rooms and walls."""
    plant: float

    @property
    def total(self) -> float:
        """All of it, which is what the plan makes least."""
        return self.heat + self.cold + self.hot + self.moves + self.end + self.plant


@dataclass(frozen=True, slots=True, kw_only=True)
class Shares:
    """By what a shortage is shared out; rows of excluded loops are NaN and not spared."""

    needed: Floats
    """(n, k) W/m2 that each loop would be given if there were enough."""
    spared: NDArray[np.bool_]
    """(n,) who gets all of it: critical users, and who has borne too much."""

    def given(self, q: Floats) -> Floats:
        """Return which part of its need each loop gets over the horizon by the heat ``q`` (n, k), (n,)."""
        return np.asarray(q.sum(axis=1) / np.maximum(self.needed.sum(axis=1), 1e-6))

    def spread(self, q: Floats) -> float:
        """Return how far apart the parts of those are that share, largest less smallest; 0 for nobody."""
        given = self.given(q)[~self.spared]
        given = given[np.isfinite(given)]
        return float(np.ptp(given)) if len(given) else 0.0


NO_COST = CostSplit(heat=0.0, cold=0.0, hot=0.0, moves=0.0, end=0.0, plant=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """n loops over k steps; k is 0 where ``status`` is NONE. Rows of excluded loops are NaN."""

    start: float
    """UTC second at which its first step begins."""
    dt_h: float
    made_from: float
    """UTC second of what was known when it was made; moving it on in time does not change it."""
    status: PlanStatus
    q: Floats
    """(n, k) W/m2 in each step."""
    T_indoor: Floats
    """(n, k) degC expected at the end of each step."""
    price: Floats
    """(k,) what one kWh more would cost: the tariff, and more where the plant is at a limit."""
    P: Floats
    """(k,) kW of all planned loops."""
    gap: float
    """Relative distance of its cost to a bound that no plan within all limits can pass; inf where that tells
    nothing, as where a shortage is shared out faster than loops' ramps allow."""
    cost: CostSplit
    bound: float
    """That bound, in the currency of the tariff."""
    iterations: int
    binding: tuple[Reason, ...]
    """What kept the plan from costing less."""
    excluded: tuple[Excluded, ...]
    why: Reason | None
    """Why it is not OPTIMAL."""
    shares: Shares | None = None
    """None where there is enough."""

    def age_s(self, now: float) -> float:
        """Return how old its inputs are at UTC second ``now``."""
        return now - self.made_from

    def step_at(self, now: float) -> int | None:
        """Return the step that holds ``now``, None outside of the plan."""
        step = int((now - self.start) // (3600.0 * self.dt_h))
        return step if 0 <= step < self.q.shape[1] else None


def no_plan(loops: int, start: float, dt_h: float, why: Reason, excluded: tuple[Excluded, ...] = ()) -> Plan:
    """Return a plan that says nothing, and why."""
    return Plan(
        start=start,
        dt_h=dt_h,
        made_from=start,
        status=PlanStatus.NONE,
        q=np.empty((loops, 0)),
        T_indoor=np.empty((loops, 0)),
        price=np.empty(0),
        P=np.empty(0),
        gap=float("inf"),
        cost=NO_COST,
        bound=float("-inf"),
        iterations=0,
        binding=(),
        excluded=excluded,
        why=why,
    )


def moved_on(plan: Plan, now: float, why: Reason) -> Plan:
    """Return ``plan`` from the step that holds ``now`` on, because of ``why``; NONE where it is too old.

    Whole steps are dropped at its begin; nothing is made up at its end.
    """
    step = plan.step_at(now)
    if plan.status is PlanStatus.NONE or step is None or not 0.0 <= plan.age_s(now) <= AGE_MAX_S:
        age = plan.age_s(now)
        old = because("plan.too_old", age_s=age if np.isfinite(age) else 0.0, because=why.id)
        usable = plan.status is not PlanStatus.NONE
        return no_plan(len(plan.q), now, plan.dt_h, old if usable else why, plan.excluded)
    shares = plan.shares
    return replace(
        plan,
        shares=None if shares is None else replace(shares, needed=shares.needed[:, step:]),
        start=plan.start + step * 3600.0 * plan.dt_h,
        status=PlanStatus.STALE,
        q=plan.q[:, step:],
        T_indoor=plan.T_indoor[:, step:],
        price=plan.price[step:],
        P=plan.P[step:],
        why=why,
    )
