"""A plan of one loop put into temperature and flow for each of its steps, as far ahead as it reaches.

What a loop is told now comes from the strategy, which moves it at a steady pace. This is where that is going:
each step by itself at the least flow that does, held against the limits of that hour. For people to look at;
nothing is written from it.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from controller.decisions import LoopKey, LoopTraits
from controller.planning.bounds import band_of, even_flow_of, flow_min_of
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


class Asked(NamedTuple):
    """What a plan asks of one loop now; NaN where it could not be said."""

    T_supply: float
    """degC."""
    m_flow: float
    """kg/s."""


def unrolled(traits: LoopTraits, place: int, published: Published) -> Unrolled:
    """Return the course of the loop that stands at ``place`` in the plan."""
    plan, known = published.plan, published.known
    q, rooms = plan.q[place], plan.T_indoor[place] + known.state.mean[place, LAW]
    steps = len(q)
    emitters = _emitters([traits] * steps, [place] * steps, published, _outdoor(published, steps))
    return _told(q, rooms, emitters)


def asked_now(traits: Mapping[LoopKey, LoopTraits], published: Published, now: float) -> dict[LoopKey, Asked]:
    """Return what the plan asks at UTC second ``now`` of each loop that it plans for, followed or not."""
    plan, step = published.plan, published.plan.step_at(now)
    keys = [
        (place, key)
        for place, key in enumerate(published.keys)
        if key in traits and key not in published.excluded
    ]
    if step is None or not keys:
        return {}
    places = [place for place, _ in keys]
    loops = [traits[key] for _, key in keys]
    rooms = plan.T_indoor[places, step] + published.known.state.mean[places, LAW]
    T_outdoor = np.full(len(places), _outdoor(published, plan.q.shape[1])[step])
    told = _told(plan.q[places, step], rooms, _emitters(loops, places, published, T_outdoor))
    return {
        loop.key: Asked(float(T), float(flow) * loop.m_flow_design)
        for loop, T, flow in zip(loops, told.T_supply, told.flow, strict=True)
    }


def _told(q: Floats, rooms: Floats, emitters: Emitters) -> Unrolled:
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


def _emitters(
    loops: Sequence[LoopTraits], places: Sequence[int], published: Published, T_outdoor: Floats
) -> Emitters:
    """Return the emitters of loops at these places of the plan, each at its outdoor temperature.

    One loop may stand there once for each of its steps: then only its own curve moves.
    """
    b, k = published.known.buildings.take(places), len(loops)
    known = np.isfinite(T_outdoor)
    outdoor = np.where(known, T_outdoor, 0.0).tolist()
    T_own = np.array([one.own_curve(T) for one, T in zip(loops, outdoor, strict=True)])
    far = published.far_down
    bands = np.array([band_of(one, far_down=one.key in far) for one in loops]).reshape(-1, 2)
    by_offset = np.array([one.station_class is StationClass.B for one in loops], dtype=np.bool_)
    return Emitters(
        q_n=b.q_n,
        excess_n=b.excess_n,
        exponent=b.exponent,
        flow_design=b.flow_design,
        flow_min=np.array([flow_min_of(one) for one in loops]),
        flow_even=np.array([even_flow_of(one, published.T_outdoor) for one in loops]),
        T_supply_min=np.array([one.T_supply_min_degC for one in loops]),
        T_supply_max=np.array([one.T_supply_max_degC for one in loops]),
        T_own=np.where(known, T_own, np.nan),
        drop_min=np.full(k, DROP_MIN_K),
        drop_max=np.full(k, DROP_MAX_K),
        sets_flow=np.array([one.circulation is not None for one in loops], dtype=np.bool_),
        wears_out=np.full(k, fill_value=False),
        offset_min=np.where(by_offset, bands[:, 0], -np.inf),
        offset_max=np.where(by_offset, bands[:, 1], np.inf),
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
