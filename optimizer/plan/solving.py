"""One plan, from question to answer: ``solve``. Pure, and for the same question always the same answer."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from optimizer.plan.binding import bindings
from optimizer.plan.formulation import beginning, formulate
from optimizer.plan.interior import MU_COLD, MU_WARM, Effort, Solution, minimise, roughly
from optimizer.plan.problem import Examined, PlanProblem, examine
from optimizer.plan.program import Costs, Program, costs
from optimizer.plan.rationing import shared_out, spared_of, within_limits
from optimizer.plan.status import CostSplit, Plan, PlanStatus, Shares, moved_on, no_plan
from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
OPTIMAL_GAP = 0.005
"""Proven relative distance to the best below which a plan is called optimal."""
USABLE_GAP = 0.05
"""Above that a plan is not handed out."""
SHORT_K = 0.1
"""Mean kelvins that the cap takes from rooms, above which it is a shortage and is shared out fairly."""


def solve(problem: PlanProblem, previous: Plan | None = None, effort: Effort | None = None) -> Plan:
    """Return a plan, ``previous`` moved on where none can be made, or none with the reason."""
    examined = examine(problem)
    if examined.fault is not None:
        return _instead(problem, examined, previous, examined.fault)
    program = formulate(problem, examined)
    guess = _guess(problem, examined, previous)
    solution = minimise(
        program,
        lambda q: within_limits(program, q),
        effort or Effort(),
        *roughly(program, beginning(program, guess), MU_COLD if guess is None else MU_WARM),
    )
    rationed = _rationed(problem, examined, program, solution, effort or Effort())
    if rationed is not None:
        return rationed
    # not (a <= b) is also true where nothing is known
    if not solution.gap <= USABLE_GAP:
        gap = solution.gap if np.isfinite(solution.gap) else "unknown"
        why = because("plan.not_solved", gap=gap, iterations=solution.iterations)
        return _instead(problem, examined, previous, why)
    status, why_not = PlanStatus.OPTIMAL, None
    if solution.gap > OPTIMAL_GAP:
        status = PlanStatus.USABLE
        why_not = because("plan.gap", gap_percent=100.0 * solution.gap, iterations=solution.iterations)
    return _plan(problem, examined, program, solution, status, why_not)


def _instead(problem: PlanProblem, examined: Examined, previous: Plan | None, why: Reason) -> Plan:
    loops = problem.size[0]
    start = problem.start if np.isfinite(problem.start) else 0.0
    if previous is not None and len(previous.q) == loops and np.isfinite(problem.start):
        return moved_on(previous, start, why)
    return no_plan(loops, start, problem.dt_h, why, examined.excluded)


def _guess(problem: PlanProblem, examined: Examined, previous: Plan | None) -> Floats | None:
    """Heat of an earlier plan in the steps of this one, its last step repeated; None where it fits not."""
    if previous is None or previous.dt_h != problem.dt_h or len(previous.q) != problem.size[0]:
        return None
    step = previous.step_at(problem.start)
    if step is None:
        return None
    q = previous.q[examined.keep, step:]
    if not np.isfinite(q).all():
        return None
    steps = np.minimum(np.arange(problem.size[1]), q.shape[1] - 1)
    return np.ascontiguousarray(q[:, steps].T)


def _rationed(
    problem: PlanProblem, examined: Examined, program: Program, solution: Solution, effort: Effort
) -> Plan | None:
    """Return the fair plan if the cap takes comfort away, else None."""
    hours = problem.dt_h * len(program.lower)

    def cold(T: Floats) -> float:
        return float(np.maximum(program.T_min - T, 0.0).mean(axis=0) @ program.weights)

    capped = cold(solution.T)
    if capped < SHORT_K or not (program.mean(solution.q) > 0.99 * program.P_max).any():
        return None
    free = formulate(replace(problem, P_max=np.full_like(problem.P_max, np.inf)), examined)
    enough = minimise(free, lambda q: within_limits(free, q), effort, *roughly(free, beginning(free)))
    if capped - cold(enough.T) < SHORT_K or not enough.gap <= USABLE_GAP:
        return None
    n = len(problem.area)
    first = np.zeros(n, dtype=np.bool_) if problem.critical is None else problem.critical
    owed = np.zeros(n) if problem.owed is None else np.nan_to_num(problem.owed, posinf=0.0, neginf=0.0)
    P = np.minimum(program.mean(solution.q), program.P_max)
    spared = spared_of(program, first[examined.keep], owed[examined.keep])
    q, share = shared_out(program, P, enough.q, spared, owed[examined.keep])
    cost, T = costs(program, q)
    fair = solution._replace(q=q, T=T, cost=cost.total)
    if (np.abs(program.changes(q)) > program.ramp + 1e-6).any():
        fair = fair._replace(bound=-np.inf)  # it holds for plans within the ramps; a shortage comes first
    why = because(
        "plan.rationed",
        share_percent=100.0 * float(share.min()),
        hours=problem.dt_h * int((share < 0.99).sum()),
        cold_K=cold(T),
        horizon_h=hours,
    )
    needed, all_spared = np.full(problem.size, np.nan), np.zeros(n, dtype=np.bool_)
    needed[examined.keep], all_spared[examined.keep] = enough.q.T, spared
    plan = _plan(problem, examined, program, fair, PlanStatus.USABLE, why)
    return replace(plan, shares=Shares(needed=needed, spared=all_spared))


def _plan(
    problem: PlanProblem,
    examined: Examined,
    program: Program,
    solution: Solution,
    status: PlanStatus,
    why: Reason | None,
) -> Plan:
    n, k = problem.size
    cost, T = costs(program, solution.q)
    tariff = problem.tariff[:k]
    mean = float(tariff.mean())
    area = float(problem.area[examined.keep].sum())
    per_unit = mean * area / 1000.0

    def whole(values: Floats) -> Floats:
        table = np.full((n, k), np.nan)
        table[examined.keep] = values.T
        return table

    return Plan(
        start=problem.start,
        dt_h=problem.dt_h,
        made_from=problem.start,
        status=status,
        q=whole(solution.q),
        T_indoor=whole(T),
        price=tariff + mean / problem.dt_h * solution.price,
        P=program.mean(solution.q) * area / 1000.0,
        gap=solution.gap,
        cost=_in_currency(cost, per_unit),
        bound=solution.bound * per_unit,
        iterations=solution.iterations,
        binding=bindings(program, solution.q, T, solution.price, problem.dt_h),
        excluded=examined.excluded,
        why=why,
    )


def _in_currency(cost: Costs, per_unit: float) -> CostSplit:
    return CostSplit(
        heat=per_unit * cost.heat,
        cold=per_unit * cost.cold,
        hot=per_unit * cost.hot,
        moves=per_unit * cost.moves,
        end=per_unit * cost.end,
        plant=per_unit * cost.plant,
    )
