"""The heat source and the pipes to the stations: supply curve, capacity, ramp, pump, lag and loss."""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.plants import FIRING_S, TRIP_K
from simulators.plant.pump import EFFICIENCY_DRIVE
from simulators.plant.water import C_WATER

STORE_S = 300.0
"""The source's own water would carry its design power for 5 minutes."""

OUTDOOR_LAG_S = 6 * 3600.0
RETURN_LAG_S = 900.0
RETURN_LOSS_K = 0.5
PRESSURE_LAG_S = 30.0
MIN_LOAD = 0.1
PUMP_EFFICIENCY = 0.75


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceParams:
    """Constants of the source and of the way to each station (arrays: shape (n_stations,))."""

    T_outdoor: Floats
    T_supply: Floats
    """Supply curve: temperatures in degC over outdoor degC, shape (n_points,)."""
    Q_max: float
    """kW."""
    ramp_per_s: float
    """Share of ``Q_max`` per second; 5 % in 15 min for coal and heat-and-power plants."""
    m_flow_design: float
    """kg/s of the whole network."""
    dp: float
    """kPa held between supply and return at the source."""
    p_return: float
    """kPa held in the return at the source."""
    station: Indices
    """Index of the station that each loop belongs to, shape (n_loops,)."""
    dp_path: Floats
    """kPa lost on the way to each station and back at design flow."""
    lag_s: Floats
    """Transport time to each station at design flow, as a first-order lag."""
    loss_K: Floats
    """Cooling on the way at design flow."""

    @property
    def capacity(self) -> float:
        """Heat capacity of the source's own water in kJ/K."""
        return STORE_S * self.m_flow_design * C_WATER


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """State of source and network; temperatures in degC."""

    T_supply: float
    T_return: float
    Q_firing: float
    """kW put into the water."""
    T_outdoor_smooth: float
    m_flow_smooth: float
    """kg/s, as seen by the pressures."""
    T_station: Floats
    """At each station's entrance, shape (n_stations,)."""


def step(
    state: SourceState,
    params: SourceParams,
    m_flow_primary: Floats,
    T_return_primary: Floats,
    T_outdoor: float,
    dt: float,
    T_set: float | None = None,
) -> SourceState:
    """Advance by ``dt`` s, given flow (kg/s) and return (degC) of each loop, shape (n_loops,).

    ``T_set``: supply setpoint in degC; by default that of the source's curve.
    """
    m = float(m_flow_primary.sum())
    mixed = float((m_flow_primary * T_return_primary).sum()) / max(m, 1e-6) - RETURN_LOSS_K
    T_return = _lag(state.T_return, mixed if m > 1e-3 else state.T_return, dt, RETURN_LAG_S)
    T_outdoor_smooth = _lag(state.T_outdoor_smooth, T_outdoor, dt, OUTDOOR_LAG_S)
    T_wanted = supply_wanted(params, T_outdoor_smooth) if T_set is None else T_set
    Q_firing = _firing(state, params, m, T_return, T_wanted, dt)
    store, carry = params.capacity / dt, m * C_WATER
    T_supply = (store * state.T_supply + carry * T_return + Q_firing) / (store + carry)
    share = max(m / params.m_flow_design, 0.05)
    arriving = T_supply - params.loss_K / share
    lag = params.lag_s / share
    return SourceState(
        T_supply=T_supply,
        T_return=T_return,
        Q_firing=Q_firing,
        T_outdoor_smooth=T_outdoor_smooth,
        m_flow_smooth=_lag(state.m_flow_smooth, m, dt, PRESSURE_LAG_S),
        T_station=state.T_station + (arriving - state.T_station) * (dt / (lag + dt)),
    )


def supply_wanted(params: SourceParams, T_outdoor: float) -> float:
    """Return the supply temperature of the source's curve in degC."""
    return float(np.interp(T_outdoor, params.T_outdoor, params.T_supply))


def path_loss(state: SourceState, params: SourceParams) -> Floats:
    """Return what is lost to each station and back in kPa now, shape (n_stations,); at most 95 % of dp."""
    share = state.m_flow_smooth / params.m_flow_design
    return np.minimum(params.dp_path * share**2, 0.95 * params.dp)


def heat_delivered(state: SourceState) -> float:
    """Return the heat in kW that the water carries from the source."""
    return state.m_flow_smooth * C_WATER * (state.T_supply - state.T_return)


def pump_power(state: SourceState, params: SourceParams) -> float:
    """Return the electric power of the circulation pump in kW."""
    return state.m_flow_smooth * params.dp / 960.0 / (PUMP_EFFICIENCY * EFFICIENCY_DRIVE)


def _firing(
    state: SourceState, params: SourceParams, m: float, T_return: float, T_wanted: float, dt: float
) -> float:
    """Return the firing in kW: what keeps the supply, inside ramp, minimum load and capacity, or a trip."""
    error = T_wanted - state.T_supply
    if error < -TRIP_K:
        return 0.0
    hold = m * C_WATER * (state.T_supply - T_return)
    wanted = hold + params.capacity * error / FIRING_S
    most = params.ramp_per_s * params.Q_max * dt
    reached = min(max(wanted, state.Q_firing - most), state.Q_firing + most)
    return min(max(reached, MIN_LOAD * params.Q_max), params.Q_max)


def _lag(value: float, target: float, dt: float, tau: float) -> float:
    return value + (target - value) * dt / (tau + dt)
