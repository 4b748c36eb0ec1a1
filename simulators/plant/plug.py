"""Water on its way between station and houses: plug flow of parcels with loss, one row for each pipe.

As ``network.transport``, for pipes in which water runs one way only and which hold more than flows through
them in a step. Parcels stand from the inlet (first) to the outlet (last).
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.network.errors import InvalidValue
from simulators.plant.water import C_WATER

PARCELS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugParams:
    """Constants of the pipes, shape (n_pipes,)."""

    mass: Floats
    """kg of water whose heat capacity is that of water and steel together."""
    rate: Floats
    """1/s by which the excess over the ground falls."""
    T_ground: float
    """degC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlugState:
    """Parcels, shape (n_pipes, n_parcels); some may be empty."""

    mass: Floats
    """kg."""
    T: Floats
    """degC."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What flows out in a step."""

    taken: Floats
    """kg of each parcel, shape (n_pipes, n_parcels)."""
    moved: Floats
    """kg, shape (n_pipes,)."""
    T: Floats
    """degC, mean; that of the last parcel where nothing flows; shape (n_pipes,)."""


def filled(params: PlugParams, T: Floats) -> PlugState:
    """Return pipes filled with water of ``T`` degC each, shape (n_pipes,)."""
    mass = np.zeros((len(params.mass), PARCELS))
    mass[:, -1] = params.mass
    return PlugState(mass=mass, T=np.repeat(T[:, None], PARCELS, axis=1))


def leaving(state: PlugState, params: PlugParams, m_flow: Floats, dt: float) -> Leaving:
    """Return what leaves with ``m_flow`` kg/s in ``dt`` s; it was all in the pipe before.

    Raises InvalidValue with the numbers of pipes that hold less than that: a shorter step is needed.
    """
    moved = m_flow * dt
    if (moved > params.mass).any():
        short = np.flatnonzero(moved > params.mass)
        raise InvalidValue(
            f"a step of {dt} s moves more water than a house pipe holds, pipe", [str(i) for i in short]
        )
    mass = state.mass
    upto = mass[:, ::-1].cumsum(axis=1)[:, ::-1]
    taken = np.minimum(np.maximum(moved[:, None] - (upto - mass), 0.0), mass)
    heat = (taken * state.T).sum(axis=1)
    out = taken.sum(axis=1)
    flows = out > 1e-9
    T = np.where(flows, heat / np.where(flows, out, 1.0), state.T[:, -1])
    return Leaving(taken=taken, moved=out, T=T)


def enter(
    state: PlugState, params: PlugParams, left: Leaving, T_in: Floats, dt: float
) -> tuple[PlugState, float]:
    """Put in as much water of ``T_in`` degC as left; return (state, kW lost to the ground by all pipes).

    A full row makes room by joining the two neighbours that differ least, which keeps their heat.
    """
    mass, T = state.mass - left.taken, state.T
    both = mass[:, :-1] + mass[:, 1:]
    product = mass[:, :-1] * mass[:, 1:]
    alike = product * (T[:, :-1] - T[:, 1:]) ** 2 / np.maximum(both, 1e-12)
    join = alike.argmin(axis=1)
    row = np.arange(len(mass))
    m_a, m_b = mass[row, join], mass[row, join + 1]
    m_joined = m_a + m_b
    T_a = T[row, join]
    T_joined = T_a + (T[row, join + 1] - T_a) * np.where(
        m_joined > 0.0, m_b / np.maximum(m_joined, 1e-12), 0.5
    )
    # parcels up to the joined pair move on by one place
    source = np.maximum(_PLACE - (join[:, None] + 1 >= _PLACE), 0)
    mass, T = mass[row[:, None], source], T[row[:, None], source]
    mass[row, join + 1], T[row, join + 1] = m_joined, T_joined
    mass[:, 0], T[:, 0] = left.moved, T_in
    kept = np.exp(-params.rate * dt)
    excess = mass * (T - params.T_ground)
    lost = float((excess.sum(axis=1) * (1.0 - kept)).sum()) * C_WATER / dt
    T = params.T_ground + (T - params.T_ground) * kept[:, None]
    return PlugState(mass=mass, T=T), lost


def stored_heat(state: PlugState) -> float:
    """Return the heat in the pipes in kJ above 0 degC."""
    return float((state.mass * state.T).sum()) * C_WATER


_PLACE = np.arange(PARCELS)[None, :]
