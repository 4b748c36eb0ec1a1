"""Why a loop is told what it is told, and what is expected of it: ids and the numbers that they quote.

Everything here is read off arrays that somebody else computed: a plan, an instruction made from it, and the
course that the loop would take on its heating curve. Nothing is judged again, so a sentence can be held
against the numbers that it rests on.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.instructions import OWN_BAND_K, Emitters, Instructions, Limit
from optimizer.on_curve import Course
from optimizer.plan.problem import PlanProblem
from optimizer.plan.status import Plan, PlanStatus
from optimizer.reach import Reach
from optimizer.reach_told import at_reach, told_of_loop
from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
SOON_H, DAY_H = 3.0, 24.0
"""What is expected is told for then; the second, or for the end of the plan where that is sooner."""
COLD_K = 0.05
"""So far outside its comfort band a room is told to be."""
TOUCHES = 0.01
"""Closer to a bound of heat than this part of what lies between both is against it, as in ``binding``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """What a plan expects of n loops from a moment on; arrays (n,), NaN for excluded loops."""

    hours: float
    """How far the plan reaches from then, at most ``DAY_H``."""
    T_now: Floats
    """degC in the rooms at that moment."""
    T_soon: Floats
    """After ``SOON_H``, or at the end."""
    T_end: Floats
    """After ``hours``."""
    q: Floats
    """Mean heat over ``hours``, W/m2."""
    curve_T_supply: Floats
    curve_flow: Floats
    """What the curve asks for at that moment: degC, fraction of design. NaN, as below, where not known."""
    curve_q: Floats
    curve_T_end: Floats
    bounds: tuple[tuple[Reason, ...], ...]
    """Of each loop, which bounds of the question its plan lies against; empty where these are not given."""

    @property
    def saved(self) -> Floats:
        """Heat that the plan takes less than the curve would, as a fraction of the curve's, (n,)."""
        with np.errstate(all="ignore"):
            return np.where(self.curve_q > 0.1, 1.0 - self.q / self.curve_q, np.nan)


class Explanation(NamedTuple):
    """One sentence about one loop, by its parts."""

    asked: Reason
    """Temperature and flow, and the heat that they give."""
    source: Reason
    """Which plan, and how old what it knew is."""
    limits: tuple[Reason, ...]
    """What kept it from being cheaper or the rooms from being as wanted."""
    effect: Reason
    curve: Reason | None
    """What the heating curve would do; None where that is not known."""


def foretell(
    plan: Plan,
    now: float,
    T_now: Floats,
    course: Course,
    problem: PlanProblem,
    reach: Reach | None = None,
) -> Foretold | None:
    """Return what a plan expects from UTC second ``now`` on; None where it does not reach so far.

    ``T_now`` (n,) are the rooms as estimated. ``problem`` is what was asked last and ``course`` the curve's
    from its beginning on; the plan may answer an earlier question, moved on. ``reach`` are the bounds of
    ``problem`` by what the source's water can give, where that was asked.
    """
    step = plan.step_at(now)
    if step is None:
        return None
    lag = max(0, step + round((plan.start - problem.start) / (3600.0 * plan.dt_h)))
    left = min(plan.q.shape[1] - step, problem.size[1] - lag)
    if left < 1:
        return None
    steps = min(left, round(DAY_H / plan.dt_h))
    ahead, theirs = slice(step, step + steps), slice(lag, lag + steps)
    soon = min(steps, round(SOON_H / plan.dt_h)) - 1
    T = plan.T_indoor[:, ahead]
    known = np.asarray(np.isfinite(plan.q[:, ahead]).all(axis=1))

    def of_known(values: Floats) -> Floats:
        return np.where(known, values, np.nan)

    return Foretold(
        hours=steps * plan.dt_h,
        T_now=of_known(T_now),
        T_soon=T[:, soon],
        T_end=T[:, -1],
        q=of_known(plan.q[:, ahead].mean(axis=1)),
        curve_T_supply=of_known(course.T_supply[:, lag]),
        curve_flow=of_known(course.flow[:, lag]),
        curve_q=of_known(course.q[:, theirs].mean(axis=1)),
        curve_T_end=of_known(course.T_indoor[:, theirs][:, -1]),
        bounds=_bounds(plan, problem, reach, ahead, theirs, known),
    )


def explain(
    i: int, *, plan: Plan, now: float, foretold: Foretold, told: Instructions, emitters: Emitters
) -> Explanation:
    """Return why loop ``i`` is told what ``told`` says; it is one of the plan and ``told.known``."""
    return Explanation(
        asked=_asked(i, told, emitters),
        source=source_of(plan, now),
        limits=(*_limit(i, told, emitters), *foretold.bounds[i]),
        effect=effect_of(i, foretold),
        curve=curve_of(i, foretold),
    )


def source_of(plan: Plan, now: float) -> Reason:
    """Return which plan it is."""
    if plan.status is PlanStatus.STALE and plan.why is not None:
        return because("explain.moved_on", age_s=plan.age_s(now), because=plan.why.id)
    return because("explain.planned", age_s=plan.age_s(now))


def effect_of(i: int, foretold: Foretold) -> Reason:
    """Return what is expected of the rooms of loop ``i`` and its heat."""
    f = foretold
    return because(
        "explain.effect",
        T_now=float(f.T_now[i]),
        soon_h=min(SOON_H, f.hours),
        T_soon=float(f.T_soon[i]),
        hours=f.hours,
        T_end=float(f.T_end[i]),
        q=float(f.q[i]),
    )


def curve_of(i: int, foretold: Foretold) -> Reason | None:
    """Return what the heating curve would do with loop ``i`` in the same time."""
    f = foretold
    told = (f.curve_T_supply[i], f.curve_flow[i], f.curve_q[i], f.curve_T_end[i])
    if not (np.isfinite(told).all() and f.q[i] > 0.1):
        return None
    T_supply, flow, q, T_end = (float(value) for value in told)
    return because(
        "explain.curve",
        T_supply=T_supply,
        flow_percent=100.0 * flow,
        more_percent=100.0 * (q / float(f.q[i]) - 1.0),
        T_end=T_end,
        hours=f.hours,
    )


def _asked(i: int, told: Instructions, e: Emitters) -> Reason:
    """A class B station is told an offset; where circulation is not ours, the temperature fits what flows."""
    T_supply, q = float(told.T_supply[i]), float(told.q[i])
    flow = 100.0 * float(told.flow[i])
    if np.isfinite(e.offset_max[i]):
        return because("explain.asks_offset", dT=float(told.offset[i]), T_supply=T_supply, q=q)
    if not e.sets_flow[i]:
        return because("explain.asks_supply", T_supply=T_supply, flow_percent=flow, q=q)
    return because("explain.asks", T_supply=T_supply, flow_percent=flow, q=q)


def _limit(i: int, told: Instructions, e: Emitters) -> tuple[Reason, ...]:
    match Limit(int(told.limit[i])):
        case Limit.NONE:
            return ()
        case Limit.SUPPLY_MAX:
            return (because("explain.supply_max", T=float(e.T_supply_max[i])),)
        case Limit.SUPPLY_MIN:
            return (because("explain.supply_min", T=float(e.T_supply_min[i])), *_slow(i, told, e))
        case Limit.OWN_CURVE:
            band = because("explain.own_curve", band_K=OWN_BAND_K, T_own=float(e.T_own[i]))
            return (band, *_slow(i, told, e))
        case Limit.OFFSET:
            low, high = float(e.offset_min[i]), float(e.offset_max[i])
            return (because("explain.offset", low=low, high=high, T_own=float(e.T_own[i])),)
        case Limit.FLOW_MIN:
            return (because("explain.flow_min", flow_percent=100.0 * float(told.flow_advised[i])),)
        case Limit.FLOW_MAX:
            return (because("explain.flow_max", flow_percent=100.0 * float(told.flow_advised[i])),)


def _slow(i: int, told: Instructions, e: Emitters) -> tuple[Reason, ...]:
    """Tell where less flows than keeps dwellings even, because the coolest supply still gives too much."""
    flow = float(told.flow_advised[i])
    return (because("explain.flow_less", flow_percent=100.0 * flow),) if flow < float(e.flow_even[i]) else ()


def _bounds(
    plan: Plan, problem: PlanProblem, reach: Reach | None, ahead: slice, theirs: slice, known: Flags
) -> tuple[tuple[Reason, ...], ...]:
    """Return what each loop's plan lies against; worst numbers and hours from now on."""
    p, dt = problem, plan.dt_h
    q, T = plan.q[:, ahead], plan.T_indoor[:, ahead]
    with np.errstate(invalid="ignore"):
        short, over = p.T_min[:, theirs] - T, T - p.T_max[:, theirs]
        near = TOUCHES * (p.q_max[:, theirs] - p.q_min[:, theirs])
        at_most = np.asarray(q > p.q_max[:, theirs] - near)
        cold, hot = np.asarray(short > COLD_K), np.asarray(over > COLD_K)
    unreached = np.asarray((cold & at_most).any(axis=1))
    colder, warmer = np.asarray(cold.any(axis=1)), np.asarray(hot.any(axis=1))
    found: list[tuple[Reason, ...]] = [()] * len(q)
    bound = colder | warmer
    if reach is not None:
        bound |= at_reach(q, reach, theirs.start).any(axis=1)
    for i in np.flatnonzero(known & bound).tolist():
        told = [] if reach is None else [*told_of_loop(i, q, reach, theirs.start, dt)]
        if colder[i]:
            worst, hours = float(short[i].max()), dt * int(cold[i].sum())
            if unreached[i]:
                told.append(because("explain.out_of_reach", short_K=worst, hours=hours))
            else:
                told.append(because("explain.cold", short_K=worst, hours=hours))
        if warmer[i]:
            told.append(because("explain.warm", over_K=float(over[i].max()), hours=dt * int(hot[i].sum())))
        found[i] = tuple(told)
    return tuple(found)
