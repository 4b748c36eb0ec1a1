"""Water on its way between station and houses: plug flow with loss, one row for each pipe.

As ``network.transport``, for pipes in which water runs one way only and which hold more than flows through
them in a step. What entered is written down step by step, and each pipe reads at its own place of that
record; so a step costs the same whatever a pipe holds.
"""

import math
from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, Indices, some
from simulators.plant.compiled import compiled
from simulators.plant.network.errors import InvalidValue
from simulators.plant.water import C_WATER

STEPS_KEPT = 96
"""Water that stays longer is mixed with what follows it, which keeps its heat."""
SECONDS_KEPT = 2880.0
"""Short steps are kept for so long, since a far house gets its water half an hour late."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugParams:
    """Constants of the pipes, shape (n_pipes,)."""

    mass: Floats
    """kg of water whose heat capacity is that of water and steel together."""
    rate: Floats
    """1/s by which the excess over the ground falls."""
    T_ground: float
    """degC."""


class Record:
    """What entered in the last steps. Only ``enter`` writes; a state left behind gets its own copy."""

    def __init__(self, mass: Floats, excess: Floats, last: int) -> None:
        self.mass, self.excess, self.last = mass, excess, last
        """kg and K over the ground by step, shape (n_kept, n_pipes); number of the last step."""
        self.kept = len(mass)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugState:
    """Contents of the pipes."""

    record: Record
    step: int
    """Number of the last step."""
    oldest: Indices
    """Step in which the water entered that leaves next, shape (n_pipes,)."""
    rest: Floats
    """kg that are left of it."""
    excess: Floats
    """K over the ground that it has now."""
    heat: Floats
    """kg K over the ground in the whole pipe, shape (n_pipes,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What flows out in a step."""

    moved: Floats
    """kg, shape (n_pipes,)."""
    heat: Floats
    """kg K over the ground."""
    T: Floats
    """degC, mean; that of the water at the end where nothing flows; shape (n_pipes,)."""
    oldest: Indices
    rest: Floats
    excess: Floats
    """As in ``PlugState``, afterwards."""


def filled(params: PlugParams, T: Floats, dt: float) -> PlugState:
    """Return pipes filled with water of ``T`` degC each, shape (n_pipes,), to be run in steps of ``dt`` s."""
    n = len(params.mass)
    excess = T - params.T_ground
    nothing = np.zeros((max(STEPS_KEPT, math.ceil(SECONDS_KEPT / dt)), n))
    return PlugState(
        record=Record(nothing, nothing.copy(), 0),
        step=0,
        oldest=np.zeros(n, dtype=np.intp),
        rest=params.mass.copy(),
        excess=excess,
        heat=params.mass * excess,
    )


def leaving(state: PlugState, params: PlugParams, m_flow: Floats, dt: float) -> Leaving:
    """Return what leaves with ``m_flow`` kg/s in ``dt`` s; it was all in the pipe before.

    Raises InvalidValue with the numbers of pipes that hold less than that: a shorter step is needed.
    """
    moved = m_flow * dt
    if some(moved > params.mass):
        short = np.flatnonzero(moved > params.mass)
        raise InvalidValue(
            f"a step of {dt} s moves more water than a house pipe holds, pipe", [str(i) for i in short]
        )
    record = state.record
    heat, T, oldest, rest, excess = _left(
        record.mass, record.excess, params.rate, state.step, state.oldest, state.rest, state.excess, moved, dt
    )
    T += params.T_ground
    return Leaving(moved=moved, heat=heat, T=T, oldest=oldest, rest=rest, excess=excess)


def enter(
    state: PlugState, params: PlugParams, left: Leaving, T_in: Floats, dt: float
) -> tuple[PlugState, float]:
    """Put in as much water of ``T_in`` degC as left; return (state, kW lost to the ground by all pipes)."""
    record, step = state.record, state.step + 1
    if record.last != state.step:  # another state went on from here
        record = Record(record.mass.copy(), record.excess.copy(), state.step)
    warm = T_in - params.T_ground
    place = step % record.kept
    record.mass[place], record.excess[place] = left.moved, warm
    record.last = step
    kept = np.exp(-params.rate * dt)
    heat = left.moved * warm
    heat -= left.heat
    heat += state.heat
    staying = heat * kept
    lost = float((heat - staying).sum()) * C_WATER / dt
    following = PlugState(
        record=record,
        step=step,
        oldest=left.oldest,
        rest=left.rest,
        excess=left.excess * kept,
        heat=staying,
    )
    return following, lost


def stored_heat(state: PlugState, params: PlugParams) -> float:
    """Return the heat in the pipes in kJ above 0 degC."""
    return float((state.heat + params.mass * params.T_ground).sum()) * C_WATER


@compiled
def _left(
    mass: Floats,
    warm: Floats,
    rate: Floats,
    step: int,
    oldest: Indices,
    rest: Floats,
    excess: Floats,
    moved: Floats,
    dt: float,
) -> tuple[Floats, Floats, Indices, Floats, Floats]:
    """Return heat and mean excess of what leaves, and what is left of the oldest water, as in ``Leaving``.

    ``mass`` and ``warm`` are the record's. Water cooled in the step in which it entered and in each since.
    """
    kept, n = mass.shape
    oldest, rest, excess = oldest.copy(), rest.copy(), excess.copy()
    heat, mean = np.empty(n), np.empty(n)
    for pipe in range(n):
        entered, m, hot = oldest[pipe], rest[pipe], excess[pipe]
        while entered <= step + 1 - kept:  # its place in the record is needed
            entered += 1
            more = mass[entered % kept, pipe]
            hotter = warm[entered % kept, pipe] * np.exp(-rate[pipe] * ((step + 1 - entered) * dt))
            both = m + more
            hot = (m * hot + more * hotter) / both if both > 0.0 else hotter
            m = both
        taken = min(m, moved[pipe])
        out, due = taken * hot, moved[pipe] - taken
        m -= taken
        while due > 0.0 and entered < step:
            entered += 1
            more = mass[entered % kept, pipe]
            hot = warm[entered % kept, pipe] * np.exp(-rate[pipe] * ((step + 1 - entered) * dt))
            taken = min(more, due)
            out += taken * hot
            due -= taken
            m = more - taken
        out += due * hot  # what rounding left short comes with the last water
        oldest[pipe], rest[pipe], excess[pipe], heat[pipe] = entered, m, hot, out
        mean[pipe] = out / moved[pipe] if moved[pipe] > 0.0 else hot
    return heat, mean, oldest, rest, excess
