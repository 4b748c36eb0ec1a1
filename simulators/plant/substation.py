"""All loops' equipment in their stations through one step: valve, pump and exchanger.

Kernels of ``city_plant``: the laws stand in ``valve``, ``pump`` and ``exchanger``; shapes are (n_loops,).
"""

from typing import NamedTuple

import numpy as np

from simulators.plant import exchanger, pump, valve
from simulators.plant.arrays import Flags, Floats
from simulators.plant.city_parts import CityInputs, CityState, StationParams
from simulators.plant.compiled import callable_from_kernels, compiled
from simulators.plant.water import C_WATER, density

callable_from_kernels(
    density,
    exchanger.conductance,
    exchanger.effectiveness,
    exchanger.heat_flow,
    pump.electric_power,
    pump.mass_flow,
    pump.pressure_rise,
    pump.speed,
    valve.flow_coefficient,
    valve.follow,
    valve.move,
    valve.series,
)


class Driven(NamedTuple):
    """Where actuators stand, and what they let pass."""

    motor: Floats
    stem: Floats
    y_pump: Floats
    """Positions and speed, 0..1."""
    m_flow: Floats
    """kg/s of circulation."""
    Kv_valve: Floats
    Kv: Floats
    """Of the valve, and of all on the loop's primary path, m3/h at 1 bar."""


def driven(state: CityState, inputs: CityInputs, station: StationParams, dt: float) -> Driven:
    """Return what motors and converters reach in ``dt`` s; stuck ones stay, tripped pumps stand."""
    return Driven(
        *_driven(
            state.motor, state.stem, state.y_pump, inputs.valve, inputs.stuck, inputs.pump, inputs.tripped,
            station.stroke_s, station.play, station.m_flow_max, station.Kvs, station.K_fixed, dt,
        )
    )  # fmt: skip


@compiled
def _driven(
    motor: Floats,
    stem: Floats,
    y_pump: Floats,
    command: Floats,
    stuck: Flags,
    pump_command: Floats,
    tripped: Flags,
    stroke_s: Floats,
    play: Floats,
    m_flow_max: Floats,
    Kvs: Floats,
    K_fixed: Floats,
    dt: float,
) -> tuple[Floats, Floats, Floats, Floats, Floats, Floats]:
    motor_next, stem_next, y_next = np.empty_like(motor), np.empty_like(motor), np.empty_like(motor)
    m, Kv_valve, Kv = np.empty_like(motor), np.empty_like(motor), np.empty_like(motor)
    for i in range(len(motor)):
        told = motor[i] if stuck[i] else command[i]
        motor_next[i] = valve.move(motor[i], told, stroke_s[i], dt)
        stem_next[i] = valve.follow(motor_next[i], stem[i], play[i])
        y_next[i] = 0.0 if tripped[i] else pump.speed(y_pump[i], pump_command[i], dt)
        m[i] = pump.mass_flow(y_next[i], m_flow_max[i])
        Kv_valve[i] = valve.flow_coefficient(stem_next[i], Kvs[i])
        Kv[i] = valve.series(Kv_valve[i], K_fixed[i])
    return motor_next, stem_next, y_next, m, Kv_valve, Kv


class Exchanged(NamedTuple):
    """Both sides of the exchangers after a step, degC, and what flowed in kW."""

    T_supply: Floats
    T_return_primary: Floats
    Q_primary: Floats
    """Given up by the primary water that passed."""
    Q: Floats
    """From plate to plate."""
    P_pump: Floats
    """Electric, of the circulation."""


class Streams(NamedTuple):
    """The water at the exchangers, kg/s and degC as it comes in."""

    m_flow_primary: Floats
    T_primary: Floats
    m_flow: Floats
    T_return: Floats
    fouling: Floats
    """Extra resistance as a share of the design resistance."""
    passing: Floats
    T_passing: Floats
    """Water that enters the secondary side besides and leaves it at once (``filling.Filled.passing``)."""
    back: Floats
    """Water from the secondary to the primary side."""


def exchanged(
    state: CityState, streams: Streams, station: StationParams, C_primary: Floats, dt: float
) -> Exchanged:
    """Return what the exchangers pass in ``dt`` s; ``C_primary`` kJ/K of their primary sides.

    The primary side is explicit: the water that left had the old temperature, which the network was given.
    """
    return Exchanged(
        *_exchanged(
            state.T_supply, state.T_return_primary, streams, station.UA, station.m_flow_primary_design,
            station.m_flow_design, station.m_flow_max, station.dp_max, station.pump_efficiency,
            station.C_secondary, C_primary, dt,
        )
    )  # fmt: skip


@compiled
def _exchanged(
    T_supply: Floats,
    T_return_primary: Floats,
    streams: Streams,
    UA_design: Floats,
    m_primary_design: Floats,
    m_design: Floats,
    m_max: Floats,
    dp_max: Floats,
    efficiency: Floats,
    C_secondary: Floats,
    C_primary: Floats,
    dt: float,
) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    m_flow_primary, T_primary, m_flow, T_back = (
        streams.m_flow_primary, streams.T_primary, streams.m_flow, streams.T_return,
    )  # fmt: skip
    fouling, passing, T_passing, back = streams.fouling, streams.passing, streams.T_passing, streams.back
    supply, primary, Q_primary = np.empty_like(T_supply), np.empty_like(T_supply), np.empty_like(T_supply)
    Q_plates, P = np.empty_like(T_supply), np.empty_like(T_supply)
    for i in range(len(T_supply)):
        m_primary, m, T_return, T_old = m_flow_primary[i], m_flow[i], T_back[i], T_return_primary[i]
        UA = exchanger.conductance(UA_design[i], m_primary / m_primary_design[i], m / m_design[i], fouling[i])
        Q = exchanger.heat_flow(UA, m_primary, m, T_primary[i], T_return)
        Q_primary[i], Q_plates[i] = m_primary * C_WATER * (T_primary[i] - T_old), Q
        carry, besides, store = m * C_WATER, passing[i] * C_WATER, C_secondary[i] / dt
        held = store * T_supply[i] + carry * T_return + Q + besides * T_passing[i]
        supply[i] = held / (store + carry + besides)
        Q_back = back[i] * C_WATER * (supply[i] - T_old)
        primary[i] = T_old + (Q_primary[i] - Q + Q_back) * dt / C_primary[i]
        dp = pump.pressure_rise(m, m_max[i], dp_max[i])
        P[i] = pump.electric_power(m, dp, density(T_return), efficiency[i])
    return supply, primary, Q_primary, Q_plates, P
