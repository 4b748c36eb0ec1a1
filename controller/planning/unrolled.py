"""A plan of one loop put into temperature and flow for each of its steps, as far ahead as it reaches.

What a loop is told now comes from the strategy, which moves it at a steady pace. This is where that is going:
each step by itself at the least flow that does, held against the limits of that hour. For people to look at;
nothing is written from it.
"""

from typing import NamedTuple

import numpy as np

from controller.decisions import LoopTraits
from controller.planning.bounds import band_of, flow_min_of
from controller.planning.published import Published
from optimizer.building import Floats
from optimizer.estimate.state import LAW
from optimizer.instructions import Emitters, Held, instruct
from stations.model.setpoint import StationClass


class Unrolled(NamedTuple):
    """One loop over the steps of its plan, (k,) each; NaN where it could not be said."""

    T_supply: Floats
    """degC."""
    flow: Floats
    """Fraction of design."""


def unrolled(traits: LoopTraits, place: int, published: Published) -> Unrolled:
    """Return the course of the loop that stands at ``place`` in the plan."""
    plan, known = published.plan, published.known
    q, rooms = plan.q[place], plan.T_indoor[place] + known.state.mean[place, LAW]
    emitters = _emitters(traits, place, published, _outdoor(published, len(q)))
    told = instruct(q, rooms, emitters, _nothing_held(len(q)))
    return Unrolled(np.where(told.known, told.T_supply, np.nan), np.where(told.known, told.flow, np.nan))


def _outdoor(published: Published, steps: int) -> Floats:
    """Return the forecast over the plan's steps; its last value goes on where a question began earlier."""
    problem, plan = published.problem, published.plan
    if problem is None:
        return np.full(steps, np.nan)
    lag = max(0, round((plan.start - problem.start) / (3600.0 * plan.dt_h)))
    last = len(problem.T_outdoor) - 1
    return problem.T_outdoor[np.minimum(lag + np.arange(steps), last)]


def _emitters(traits: LoopTraits, place: int, published: Published, T_outdoor: Floats) -> Emitters:
    """Return the loop's emitters once for each step: only its own curve moves."""
    one, k = published.known.buildings.take([place]), len(T_outdoor)
    known = np.isfinite(T_outdoor)
    T_own = np.array([traits.own_curve(float(T)) for T in np.where(known, T_outdoor, 0.0)])
    low, high = band_of(traits)
    by_offset = traits.station_class is StationClass.B

    def every(value: float) -> Floats:
        return np.full(k, value)

    return Emitters(
        q_n=every(float(one.q_n[0])),
        excess_n=every(float(one.excess_n[0])),
        exponent=every(float(one.exponent[0])),
        flow_design=every(float(one.flow_design[0])),
        flow_min=every(flow_min_of(traits)),
        T_supply_min=every(traits.T_supply_min_degC),
        T_supply_max=every(traits.T_supply_max_degC),
        T_own=np.where(known, T_own, np.nan),
        drop_min=every(DROP_MIN_K),
        drop_max=every(DROP_MAX_K),
        sets_flow=np.full(k, traits.circulation is not None),
        wears_out=np.full(k, fill_value=False),
        offset_min=every(low if by_offset else -np.inf),
        offset_max=every(high if by_offset else np.inf),
    )


DROP_MIN_K, DROP_MAX_K = 1.0, 35.0
"""Between supply and return; beyond them it is the strategy that says no."""


def _nothing_held(k: int) -> Held:
    unknown, long_ago = np.full(k, np.nan), np.full(k, np.inf)
    return Held(
        T_supply=unknown,
        flow=unknown,
        since_move_s=long_ago,
        since_flow_s=long_ago,
        flow_rose=np.full(k, fill_value=False),
    )
