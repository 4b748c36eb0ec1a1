"""All loops of the city in one step: valve, pump, exchanger, pipes, emitters, buildings.

Pure: ``step(state, inputs, params, dt)`` returns the next state and what flowed. One array element per loop.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant import exchanger, pump, secondary, valve
from simulators.plant.arrays import Floats, Indices
from simulators.plant.building import Surroundings
from simulators.plant.secondary import SecondaryFlows, SecondaryParams, SecondaryState
from simulators.plant.water import C_WATER, density

DT_MAX_S = 10.0
"""Longest step: exchanger, motor and return pipe have time constants of 20 s and more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopParams:
    """Constants of each loop, shape (n_loops,)."""

    station: Indices
    """Index of the station that each loop belongs to."""
    UA_exchanger: Floats
    """kW/K at design flows, clean."""
    fouling: Floats
    """Extra resistance as a share of the design resistance."""
    m_flow_primary_design: Floats
    m_flow_design: Floats
    """kg/s of secondary circulation."""
    C_primary: Floats
    C_secondary: Floats
    """Water and plates on each side of the exchanger, kJ/K."""
    Kvs: Floats
    """Control valve wide open, m3/h at 1 bar."""
    K_fixed: Floats
    """Everything else on the station's primary path, m3/h at 1 bar."""
    stroke_s: Floats
    m_flow_max: Floats
    """kg/s of circulation at full pump speed."""
    dp_max: Floats
    """kPa that the network takes at ``m_flow_max``."""
    pump_efficiency: Floats
    secondary: SecondaryParams

    @property
    def n_loops(self) -> int:
        """Number of loops in the city."""
        return len(self.station)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopState:
    """State of each loop; temperatures in degC, positions 0..1, shape (n_loops,)."""

    y_valve: Floats
    y_pump: Floats
    T_return_primary: Floats
    T_supply: Floats
    T_return: Floats
    beyond: SecondaryState


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopInputs:
    """What acts upon the loops during a step, shape (n_loops,)."""

    valve: Floats
    pump: Floats
    """Commands 0..1."""
    T_supply_primary: Floats
    """degC at the station's entrance."""
    dp_primary: Floats
    """kPa across the station."""
    sky: Surroundings


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopOutputs:
    """Mean flows of the step, shape (n_loops,)."""

    m_flow_primary: Floats
    m_flow: Floats
    """kg/s of circulation."""
    Q_primary: Floats
    """kW given up by the primary water that passed (what a heat meter sees)."""
    Q_exchanger: Floats
    """kW handed to the secondary water."""
    Q_lost_return: Floats
    """kW lost by the return pipe."""
    dp_secondary: Floats
    """kPa."""
    P_pump: Floats
    """kW electric."""
    beyond: SecondaryFlows


def step(
    state: LoopState, inputs: LoopInputs, params: LoopParams, dt: float
) -> tuple[LoopState, LoopOutputs]:
    """Advance all loops by ``dt`` seconds (0 < dt <= 10)."""
    assert 0.0 < dt <= DT_MAX_S, dt
    y_valve = valve.move(state.y_valve, inputs.valve, params.stroke_s, dt)
    y_pump = pump.speed(state.y_pump, inputs.pump, dt)
    m_primary = primary_flow(params, y_valve, inputs.T_supply_primary, inputs.dp_primary)
    m = pump.mass_flow(y_pump, params.m_flow_max)
    Q = exchanger_heat(params, m_primary, m, inputs.T_supply_primary, state.T_return)
    primary, T_return_primary = _primary_side(state, params, inputs.T_supply_primary, m_primary, Q, dt)
    T_supply = _supply_side(state, params, m, Q, dt)
    beyond, flows = secondary.step(state.beyond, params.secondary, T_supply, m, inputs.sky, dt)
    T_return, lost_return = _return_pipe(state, params.secondary, m, flows.T_mixed, dt)
    dp = pump.pressure_rise(m, params.m_flow_max, params.dp_max)
    outputs = LoopOutputs(
        m_flow_primary=m_primary,
        m_flow=m,
        Q_primary=primary,
        Q_exchanger=Q,
        Q_lost_return=lost_return,
        dp_secondary=dp,
        P_pump=pump.electric_power(m, dp, density(state.T_return), params.pump_efficiency),
        beyond=flows,
    )
    following = LoopState(
        y_valve=y_valve,
        y_pump=y_pump,
        T_return_primary=T_return_primary,
        T_supply=T_supply,
        T_return=T_return,
        beyond=beyond,
    )
    return following, outputs


def primary_flow(params: LoopParams, y_valve: Floats, T_supply_primary: Floats, dp: Floats) -> Floats:
    """Return each loop's primary flow in kg/s at these valve positions and differential pressures."""
    return valve.mass_flow(y_valve, params.Kvs, params.K_fixed, dp, density(T_supply_primary))


def exchanger_heat(
    params: LoopParams, m_primary: Floats, m: Floats, T_supply_primary: Floats, T_return: Floats
) -> Floats:
    """Return the heat in kW that the exchangers pass at these flows and inlet temperatures."""
    UA = exchanger.conductance(
        params.UA_exchanger,
        m_primary / params.m_flow_primary_design,
        m / params.m_flow_design,
        params.fouling,
    )
    return exchanger.heat_flow(UA, m_primary, m, T_supply_primary, T_return)


def stored_heat(state: LoopState, params: LoopParams) -> Floats:
    """Return the heat held on the secondary side in kJ above 0 degC, shape (n_loops,)."""
    water = params.C_secondary * state.T_supply + params.secondary.C_pipe * state.T_return
    return np.asarray(water + secondary.stored_heat(state.beyond, params.secondary))


def _primary_side(
    state: LoopState, params: LoopParams, T_in: Floats, m_primary: Floats, Q: Floats, dt: float
) -> tuple[Floats, Floats]:
    """Return (heat given up by the water that passed, primary return); implicit first-order lag."""
    carry = m_primary * C_WATER
    store = params.C_primary / dt
    T_return = (store * state.T_return_primary + carry * T_in - Q) / (store + carry)
    return carry * (T_in - T_return), T_return


def _supply_side(state: LoopState, params: LoopParams, m: Floats, Q: Floats, dt: float) -> Floats:
    carry = m * C_WATER
    store = params.C_secondary / dt
    return (store * state.T_supply + carry * state.T_return + Q) / (store + carry)


def _return_pipe(
    state: LoopState, params: SecondaryParams, m: Floats, T_mixed: Floats, dt: float
) -> tuple[Floats, Floats]:
    """Return (T_return, loss in kW).

    The outflow is taken at the old temperature, which the exchanger used: that closes the ring of water
    exactly. It is stable while dt is below the pipe's time constant.
    """
    carry = m * C_WATER
    store = params.C_pipe / dt
    lost = params.G_pipe * (state.T_return - secondary.T_GROUND_degC)
    return state.T_return + (carry * (T_mixed - state.T_return) - lost) / store, lost
