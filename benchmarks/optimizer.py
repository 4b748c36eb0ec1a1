"""[optimizer] Plans of a day in 96 steps, beside general solvers of the same program.

Cities of loops with their own houses on a winter day; the source is short in the morning, so its cap binds.
CPU time, which is wall time on a core of one's own. Ours starts from the question, so building whatever it
needs is in its time; the general solvers' setup is not in theirs. They run at their best: PIQP is stopped at
the first iteration whose heat, brought within all limits as ours is, costs no more than ours; Clarabel at a
tolerance.
"""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks import optimizer_estimate, optimizer_forecast
from benchmarks.measurement import Measurement
from benchmarks.report import Figures, Result, median_of
from controller.planning.process import WORKER, ProcessPlanner
from controller.planning.worker import keep_memory
from optimizer.plan.formulation import formulate
from optimizer.plan.interior import Effort
from optimizer.plan.problem import PlanProblem, examine
from optimizer.plan.program import Program, costs
from optimizer.plan.rationing import within_limits
from optimizer.plan.solving import solve
from optimizer.plan.status import Plan
from tests.support.plan_cities import a_step_later, city
from tests.support.plan_reference import Answer, Reference, by_clarabel, by_piqp, reference

EXACT = "optimizer.n100.exact_s"
PLAN, SETUP, GAP, SPEEDUP = N1000_NAMES = (
    "optimizer.n1000.plan_s",
    "optimizer.n1000.setup_s",
    "optimizer.n1000.gap_percent",
    "optimizer.n1000.speedup_best_general",
)
WARM_NAMES = ("optimizer.n200.warm_s", "optimizer.n1000.warm_s")
MEMORY = "optimizer.n1000.rss_MB"
LARGE = "optimizer.n5000.plan_s"
RUNS = 5
TIGHT = Effort(gap=1e-6, iterations=60)


def exact() -> Figures:
    """Measure a plan of 100 loops to solver precision, beside both general solvers."""
    problem = city(100)
    spent = [_cpu(lambda: solve(problem, None, TIGHT))[0] for _ in range(RUNS)]
    plan = solve(problem, None, TIGHT)
    program_again = reference(problem)
    piqp, clarabel = by_piqp(problem, program_again), by_clarabel(problem, program_again)
    cost = _cost(_program(problem), plan.q.T)
    apart = (100.0 * (each / piqp.cost - 1.0) for each in (cost, clarabel.cost))
    note = (
        f"proven within {100.0 * plan.gap:.1g} % in {plan.iterations} iterations; to 1e-8, setup apart, "
        f"PIQP {piqp.cpu_s:.2f} s in {piqp.iterations} iterations, Clarabel {clarabel.cpu_s:.2f} s in "
        f"{clarabel.iterations}; cost less PIQP's: ours {next(apart):.1g} %, Clarabel's {next(apart):.1g} %"
    )
    return Figures(results=[median_of(EXACT, "s", spent, note)])


def thousand() -> Figures:
    """Measure a plan of 1,000 loops, then what the general solvers take for one as good."""
    problem = city(1000)
    built = [_cpu(lambda: formulate(problem, examine(problem)))[0] for _ in range(RUNS)]
    spent, plan = [], solve(problem)
    for _ in range(RUNS):
        spent.append(_cpu(lambda: solve(problem))[0])
    program, program_again = _program(problem), reference(problem)
    best = by_piqp(problem, program_again)
    ours = _cost(program, plan.q.T)
    gap = 100.0 * (ours / best.cost - 1.0)
    piqp = _stopped(problem, program_again, program, ours, best)
    clarabel = by_clarabel(problem, program_again, eps=max(ours / best.cost - 1.0, 1e-6))
    as_good = 100.0 * (_cost(program, within_limits(program, clarabel.q)) / best.cost - 1.0)
    note = f"proven within {100.0 * plan.gap:.2f} % in {plan.iterations} iterations, from the question on"
    fastest = min(piqp.cpu_s, clarabel.cpu_s)
    compared = (
        f"PIQP {piqp.cpu_s:.1f} s in {piqp.iterations} iterations (of {best.iterations} in "
        f"{best.cpu_s:.1f} s to 1e-8, setup {best.setup_s:.1f} s); Clarabel {clarabel.cpu_s:.1f} s in "
        f"{clarabel.iterations}, its heat within limits then {as_good:.2g} % above the optimum"
    )
    apart = "cost of our plan within limits against PIQP's optimum at 1e-8"
    return Figures(
        results=[
            median_of(PLAN, "s", spent, note),
            median_of(SETUP, "s", built, "all that is prepared before the first iteration"),
            _one(GAP, gap, "%", apart),
            median_of(SPEEDUP, "ratio", [fastest / each for each in spent], compared),
        ]
    )


def warm() -> Figures:
    """Measure steps of a receding horizon: houses went on, the forecast is new, the last plan is at hand."""
    figures = Figures()
    for name, loops in zip(WARM_NAMES, (200, 1000), strict=True):
        problem = city(loops)
        plan = solve(problem)
        spent, gaps, iterations = [], [], []
        for step in range(RUNS):
            problem = a_step_later(problem, plan.q[:, 0], seed=step)
            took, plan = _cpu(lambda now=problem, last=plan: solve(now, last))
            spent.append(took)
            gaps.append(100.0 * plan.gap)
            iterations.append(plan.iterations)
        note = f"proven within {max(gaps):.2f} % at most, {min(iterations)} to {max(iterations)} iterations"
        figures.results.append(median_of(name, "s", spent, note))
    return figures


def large() -> Figures:
    """Measure a plan of 5,000 loops."""
    problem = city(5000)
    spent, plan = _cpu(lambda: solve(problem))
    note = f"proven within {100.0 * plan.gap:.2f} % in {plan.iterations} iterations"
    return Figures(results=[_one(LARGE, spent, "s", note)])


def memory() -> Figures:
    """Measure the solver's real process after two plans of 1,000 loops."""
    return asyncio.run(_memory())


async def _memory() -> Figures:
    planner, problem = ProcessPlanner(worker=WORKER), city(1000)
    try:
        plan = await planner.plan(problem, None)
        plan = await planner.plan(a_step_later(problem, plan.q[:, 0]), plan)
        status = await asyncio.to_thread(Path(f"/proc/{planner.state.pid}/status").read_text)
    finally:
        await planner.close()
    peak = float(status.split("VmHWM:")[1].split()[0]) * 1024.0 / 1e6
    return Figures(results=[_one(MEMORY, peak, "MB", "peak of its process, libraries included")])


def _stopped(problem: PlanProblem, again: Reference, program: Program, ours: float, best: Answer) -> Answer:
    """PIQP, stopped at the first iteration that is as good as ours; found by halving."""
    low, high, found = 1, best.iterations, best
    while high - low > 1:
        middle = (low + high) // 2
        stopped = by_piqp(problem, again, iterations=middle)
        heat = np.nan_to_num(stopped.q, nan=0.0, posinf=0.0, neginf=0.0)
        if _cost(program, within_limits(program, heat)) <= ours:
            high, found = middle, stopped
        else:
            low = middle
    return found


def _program(problem: PlanProblem) -> Program:
    return formulate(problem, examine(problem))


def _cost(program: Program, q: np.ndarray) -> float:
    return costs(program, np.ascontiguousarray(q))[0].total


def _one(name: str, value: float, unit: str, note: str) -> Result:
    return Result(name=name, value=value, unit=unit, runs=1, spread=(value, value), note=note)


def _cpu(work: Callable[[], Plan]) -> tuple[float, Plan]:
    keep_memory()  # as the solver's process does; all solvers that are measured here have it
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


MEASUREMENTS = (
    Measurement(title="an exact plan of 100 loops", names=(EXACT,), run=exact),
    Measurement(title="a plan of 1,000 loops beside general solvers", names=N1000_NAMES, run=thousand),
    Measurement(title="steps of a receding horizon", names=WARM_NAMES, run=warm),
    Measurement(title="a plan of 5,000 loops", names=(LARGE,), run=large),
    Measurement(title="memory of the solver", names=(MEMORY,), run=memory),
    Measurement(
        title="estimation and identification",
        names=(optimizer_estimate.ESTIMATE, optimizer_estimate.IDENTIFY),
        run=optimizer_estimate.measure,
    ),
    optimizer_forecast.MEASUREMENT,
)
