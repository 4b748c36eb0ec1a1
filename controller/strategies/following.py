"""From the newest plan to what its loops shall hold now: heat becomes temperature and flow. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.decisions import LoopKey, LoopTraits
from controller.guard_limits import SOURCE_APPROACH_K
from controller.planning.bounds import band_of, even_flow_of, flow_min_of
from controller.planning.published import Published
from controller.planning.reached import most_reached
from controller.strategies.holding import held_by, inside_band, may_stay, past_band
from controller.strategies.inputs import StrategyInputs
from controller.strategies.pace import reach_of
from optimizer.building import Buildings, Floats
from optimizer.emitters import heat_from
from optimizer.estimate.state import LAW
from optimizer.instructions import Emitters, Held, Instructions, heat_ahead, instruct
from optimizer.inversion import CP_KJ_PER_KG_K
from stations.model.setpoint import StationClass

AGE_S = 300.0
DROP_K: Mapping[str, tuple[float, float]] = {"radiator": (2.0, 35.0), "floor": (1.0, 12.0)}
"""Least and most between supply and return."""


class Followed(NamedTuple):
    """Loops that follow the plan in this cycle, in the order of ``keys``."""

    keys: tuple[LoopKey, ...]
    rows: NDArray[np.intp]
    """Their places in the plan."""
    told: Instructions
    emitters: Emitters
    T_indoor: Floats
    """degC, as estimated now."""


def follow(
    loops: Sequence[LoopTraits], published: Published, inputs: StrategyInputs, T_outdoor: float
) -> Followed:
    """Return what those of ``loops`` shall hold that are planned for; ``published`` is usable."""
    places = {key: place for place, key in enumerate(published.keys)}
    plan = published.plan
    mine = [
        traits
        for traits in loops
        if traits.key in places
        and traits.key not in published.excluded
        and traits.emitter in DROP_K
        and bool(np.isfinite(plan.q[places[traits.key]]).all())
    ]
    rows = np.array([places[traits.key] for traits in mine], dtype=np.intp)
    now_known = inputs.known
    known = now_known if now_known is not None and now_known.keys == published.keys else published.known
    buildings, state = known.buildings.take(rows), known.state
    T_indoor = state.T_indoor[rows]
    with np.errstate(invalid="ignore"):  # inf less inf is not known, and such a loop is left to its curve
        rooms = T_indoor + state.mean[rows, LAW]
    ahead_s = np.full(len(rows), inputs.now - plan.start)
    if published.to_rooms_s is not None:  # what rooms shall get then leaves the station so much earlier
        ahead_s += published.to_rooms_s[rows]
    q = heat_ahead(plan.q[rows], 3600.0 * plan.dt_h, ahead_s)
    emitters = _emitters(mine, buildings, inputs, T_outdoor, published)
    held = held_by(mine, inputs, emitters.T_own)
    return Followed(
        keys=tuple(traits.key for traits in mine),
        rows=rows,
        told=_paced(mine, q, rooms, buildings, emitters, held, inputs),
        emitters=emitters,
        T_indoor=T_indoor,
    )


def _emitters(
    loops: Sequence[LoopTraits],
    b: Buildings,
    inputs: StrategyInputs,
    T_outdoor: float,
    published: Published,
) -> Emitters:
    """Return the emitters at ``T_outdoor`` degC of now."""
    T_day, far = published.T_outdoor, published.far_down
    band = np.array([band_of(traits, far_down=traits.key in far) for traits in loops]).reshape(-1, 2)
    by_offset = np.array([traits.station_class is StationClass.B for traits in loops], dtype=np.bool_)
    drops = np.array([DROP_K[traits.emitter] for traits in loops]).reshape(-1, 2)
    low = np.array([traits.T_supply_min_degC for traits in loops])
    high = np.array([_warmest(traits, inputs) for traits in loops])
    return Emitters(
        q_n=b.q_n,
        excess_n=b.excess_n,
        exponent=b.exponent,
        flow_design=b.flow_design,
        flow_min=np.array([flow_min_of(traits) for traits in loops]),
        flow_even=np.array([even_flow_of(traits, T_day) for traits in loops]),
        T_supply_min=low,
        T_supply_max=np.maximum(high, low),
        T_own=np.array([traits.own_curve(T_outdoor) for traits in loops]),
        drop_min=drops[:, 0],
        drop_max=drops[:, 1],
        sets_flow=np.array([traits.circulation is not None for traits in loops], dtype=np.bool_),
        wears_out=np.array([traits.wears_out for traits in loops], dtype=np.bool_),
        offset_min=np.where(by_offset, band[:, 0], -np.inf),
        offset_max=np.where(by_offset, band[:, 1], np.inf),
    )


def _warmest(traits: LoopTraits, inputs: StrategyInputs) -> float:
    """Return what the loop may have at most, degC: its limit, or what water and exchanger can give."""
    seen, high = inputs.observations[traits.key], traits.T_supply_max_degC
    primary, history = seen.T_supply_primary, inputs.sent.get(traits.key, ())
    if primary.value is not None and primary.usable(inputs.now, AGE_S):
        high = min(high, primary.value - SOURCE_APPROACH_K)
    told, since_move_s = None, np.inf
    if history:
        since_move_s = inputs.monotonic - history[-1].at
        absolute = traits.station_class is not StationClass.B and seen.remote is not False
        told = history[-1].T_supply if absolute else None
    reached = most_reached(seen, told, since_move_s, inputs.now, AGE_S)
    return high if reached is None else min(high, reached)


def _paced(
    loops: Sequence[LoopTraits],
    q: Floats,
    rooms: Floats,
    buildings: Buildings,
    emitters: Emitters,
    held: Held,
    inputs: StrategyInputs,
) -> Instructions:
    """Return the instructions, none further from what was in force than the pace allows."""
    limits = np.array(
        [reach_of(traits, inputs, float(T)) for traits, T in zip(loops, emitters.T_own, strict=True)]
    ).reshape(-1, 4)
    wanted = instruct(q, rooms, emitters, held)
    flow = np.clip(wanted.flow, limits[:, 2], limits[:, 3])
    # the temperature that gives the heat with the flow as it shall be now
    as_it_flows = replace(emitters, sets_flow=np.zeros_like(emitters.sets_flow))
    told = instruct(q, rooms, as_it_flows, replace(held, flow=flow))
    crept = past_band(held, emitters)
    T_supply = np.where(crept, np.clip(told.T_supply, *inside_band(emitters)), told.T_supply)
    T_supply = np.clip(T_supply, limits[:, 0], limits[:, 1])
    stays = may_stay(T_supply, flow, wanted, held) & ~crept
    T_supply, flow = np.where(stays, held.T_supply, T_supply), np.where(stays, held.flow, flow)
    given = heat_from(buildings, T_supply[np.newaxis], flow, rooms)[0]
    drop = given / (1000.0 * CP_KJ_PER_KG_K * emitters.flow_design * flow)
    return replace(
        told,
        T_supply=T_supply,
        flow=flow,
        offset=T_supply - emitters.T_own,
        q=given,
        T_return=T_supply - drop,
    )
