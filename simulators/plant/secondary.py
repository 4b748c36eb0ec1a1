"""Everything a loop's warm water meets: supply pipe, emitters with their bypass, buildings, return pipe.

Stable for any time step except the return pipe, which is the caller's (``loops``).
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant import building, emitter
from simulators.plant.arrays import Floats
from simulators.plant.building import BuildingParams, Surroundings
from simulators.plant.water import C_WATER

T_GROUND_degC = 5.0
"""Around buried secondary pipes in winter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryParams:
    """Constants of pipes, emitters and buildings of each loop, shape (n_loops,)."""

    C_pipe: Floats
    """Water and steel of the supply pipe, kJ/K; the return pipe has the same."""
    G_pipe: Floats
    """Heat loss of the supply pipe to the ground, kW/K; the return pipe has the same."""
    bypass: Floats
    """Share of the circulation that flows past the emitters (open risers, missing balancing)."""
    C_emitter: Floats
    """Water and metal of the emitters, kJ/K."""
    Q_nominal: Floats
    """Heat in kW that all emitters, covered as they are, give at ``dT_nominal``."""
    dT_nominal: Floats
    """Logarithmic mean excess temperature in K at which emitters are rated."""
    b: Floats
    """Exponent of Q ~ dT^(1+b)."""
    building: BuildingParams


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryState:
    """Temperatures in degC, shape (n_loops,); ``T_building`` (n_loops, 4)."""

    T_pipe: Floats
    T_emitter: Floats
    """Water leaving the emitters."""
    T_building: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondaryFlows:
    """Mean heat flows of the step in kW and the water that comes back."""

    T_mixed: Floats
    """degC behind emitters and bypass."""
    Q_emitter: Floats
    Q_lost_pipe: Floats
    Q_lost_building: Floats
    """To outdoors; negative gains are not counted here."""


def step(
    state: SecondaryState,
    params: SecondaryParams,
    T_supply: Floats,
    m_flow: Floats,
    now: Surroundings,
    dt: float,
) -> tuple[SecondaryState, SecondaryFlows]:
    """Advance pipe, emitters and buildings by ``dt`` s with ``m_flow`` kg/s of water at ``T_supply`` degC."""
    carry = m_flow * C_WATER
    store = params.C_pipe / dt
    T_pipe = (store * state.T_pipe + carry * T_supply + params.G_pipe * T_GROUND_degC) / (
        store + carry + params.G_pipe
    )
    T_emitter, Q = emitter.step(
        state.T_emitter,
        T_pipe,
        state.T_building[:, building.AIR],
        m_flow * (1.0 - params.bypass),
        params.C_emitter,
        params.Q_nominal,
        params.dT_nominal,
        params.b,
        dt,
    )
    T_building, lost = building.step(state.T_building, Q, params.building, now, dt)
    flows = SecondaryFlows(
        T_mixed=(1.0 - params.bypass) * T_emitter + params.bypass * T_pipe,
        Q_emitter=Q,
        Q_lost_pipe=params.G_pipe * (T_pipe - T_GROUND_degC),
        Q_lost_building=lost,
    )
    return SecondaryState(T_pipe=T_pipe, T_emitter=T_emitter, T_building=T_building), flows


def stored_heat(state: SecondaryState, params: SecondaryParams) -> Floats:
    """Return the heat in pipe, emitters and buildings in kJ above 0 degC."""
    water = params.C_pipe * state.T_pipe + params.C_emitter * state.T_emitter
    return np.asarray(water + (params.building.C * state.T_building).sum(axis=1))
