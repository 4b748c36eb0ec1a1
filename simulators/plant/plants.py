"""Heat sources, base and peak: supply ramp, minimum load, start time, return limit, pump.

One element per source. A source holds water for ten minutes of its design flow; its firing brings that to the
wanted supply temperature as fast as ramps allow.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.network.graph import Flags
from simulators.plant.water import C_WATER, density

STORE_S = 600.0
FIRING_S = 120.0
"""How fast firing corrects a supply temperature that is off."""
TRIP_K = 10.0
"""So far above what is wanted firing stops at once, past ramp and minimum load."""
RETURN_BAND_K = 5.0
"""Over so many K above the return limit a source gives up all of its heat (condenser, boiler protection)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantParams:
    """Constants of each source, shape (n_sources,)."""

    Q_max: Floats
    """kW."""
    m_flow_design: Floats
    """kg/s."""
    ramp_per_s: Floats
    """Share of ``Q_max`` per second; 3..5 % in 15 min for coal and heat-and-power plants."""
    supply_K_per_s: Floats
    """Of the supply temperature, 10..20 K/h: long steel pipes want to stretch slowly."""
    min_load: Floats
    """Share of ``Q_max`` below which it cannot fire."""
    start_s: Floats
    """From the order to the first heat."""
    T_return_max: Floats
    """degC."""
    dp_inner: Floats
    """kPa lost in condensers, boilers, filters at design flow."""
    efficiency: Floats
    """Circulation pump with motor and converter."""

    @property
    def capacity(self) -> Floats:
        """Heat capacity of their own water in kJ/K."""
        return STORE_S * self.m_flow_design * C_WATER


@dataclass(frozen=True, slots=True, kw_only=True)
class PlantState:
    """State of each source, shape (n_sources,)."""

    T_supply: Floats
    """degC of the water that leaves."""
    T_wanted: Floats
    """Setpoint in force, degC: it moves no faster than the ramp."""
    Q_firing: Floats
    """kW put into the water."""
    ordered_s: Floats
    """Time since it was ordered to run; 0 while it is not."""


def step(
    state: PlantState,
    params: PlantParams,
    on: Flags,
    T_set: Floats,
    m_flow: Floats,
    T_return: Floats,
    share: Floats,
    dt: float,
) -> PlantState:
    """Advance by ``dt`` <= 600 s with flow (kg/s) and return (degC).

    ``on`` are the orders to run, ``share`` 0..1 is what is left of each capacity; it goes before the minimum
    load, as a hot return does: a plant of which a tenth is left fires a tenth. What left in the step had
    the old supply temperature, which the network was given: so the balance closes.
    """
    assert 0.0 < dt <= STORE_S, dt
    most = params.supply_K_per_s * dt
    T_wanted = np.minimum(np.maximum(T_set, state.T_wanted - most), state.T_wanted + most)
    ordered_s = np.where(on, state.ordered_s + dt, 0.0)
    carry, capacity = m_flow * C_WATER, params.capacity
    off = T_wanted - state.T_supply
    given = carry * (state.T_supply - T_return)
    wanted = given + capacity * off / max(FIRING_S, dt)
    most = params.ramp_per_s * params.Q_max * dt
    fired = np.minimum(np.maximum(wanted, state.Q_firing - most), state.Q_firing + most)
    cooled = np.minimum(np.maximum(1.0 - (T_return - params.T_return_max) / RETURN_BAND_K, 0.0), 1.0)
    fired = np.minimum(np.maximum(fired, params.min_load * params.Q_max), params.Q_max * share * cooled)
    runs = on & (ordered_s > params.start_s) & (off > -TRIP_K)
    Q = np.where(runs, fired, 0.0)
    T_supply = state.T_supply + (Q - given) * dt / capacity
    return PlantState(T_supply=T_supply, T_wanted=T_wanted, Q_firing=Q, ordered_s=ordered_s)


def pump_power(params: PlantParams, m_flow: Floats, dp: Floats, T_return: Floats) -> Floats:
    """Return the electric power in kW of the circulation pumps in the return, ``dp`` kPa at the gate."""
    lift = np.maximum(dp, 0.0) + params.dp_inner * (m_flow / params.m_flow_design) ** 2
    return np.maximum(m_flow, 0.0) * lift / density(T_return) / params.efficiency
