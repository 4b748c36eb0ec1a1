"""State of the city at the first second: as if it had run on its own curves for three weeks.

Walls remember days, so a cold start would spend the whole demo settling. Beyond the exchanger the plant is
stepped with coarse implicit steps through the real weather before the start, supply following the curve;
valves and primary temperatures are then put where that supply needs them.
"""

from collections.abc import Callable

import numpy as np

from simulators.plant import secondary, source
from simulators.plant.arrays import Floats
from simulators.plant.building import Surroundings
from simulators.plant.loops import LoopParams, LoopState, exchanger_heat, primary_flow
from simulators.plant.secondary import SecondaryState
from simulators.plant.source import SourceParams, SourceState
from simulators.plant.water import C_WATER
from simulators.weather import HOUR_S, Weather

COARSE_DAYS = 20.0
COARSE_STEP_S = HOUR_S
FINE_DAYS = 1.0
FINE_STEP_S = 300.0

SupplyLaw = Callable[[float], Floats]
"""Supply temperature of every loop in degC, shape (n_loops,), at an outdoor temperature in degC."""


def gains_share(now: float) -> float:
    """Return the heat of people now over its daily mean: most at 20 h local time, least at 8 h."""
    local_hour = (now / HOUR_S + 8.0) % 24.0
    return float(1.0 + 0.3 * np.cos(2.0 * np.pi * (local_hour - 20.0) / 24.0))


def surroundings(weather: Weather, now: float) -> Surroundings:
    """Return what acts on the buildings at UTC second ``now``."""
    sky = weather.at(now)
    return Surroundings(
        T_outdoor=sky.T_outdoor, wind=sky.wind, irradiation=sky.irradiation, gains_share=gains_share(now)
    )


def settled_secondary(params: LoopParams, law: SupplyLaw, weather: Weather, start: float) -> SecondaryState:
    """Return pipes, emitters and buildings at ``start`` after three weeks on ``law`` at design flow."""
    one = np.ones(params.n_loops)
    state = SecondaryState(
        T_pipe=50.0 * one,
        T_emitter=40.0 * one,
        T_building=np.full((params.n_loops, 4), [21.0, 21.0, 14.0, 24.0]),
    )
    begin = start - (COARSE_DAYS + FINE_DAYS) * 24 * HOUR_S
    for first, last, dt in (
        (begin, start - FINE_DAYS * 24 * HOUR_S, COARSE_STEP_S),
        (start - FINE_DAYS * 24 * HOUR_S, start, FINE_STEP_S),
    ):
        for moment in np.arange(first + dt, last + 0.5 * dt, dt):
            sky = surroundings(weather, float(moment))
            T_supply = law(sky.T_outdoor)
            state, _ = secondary.step(state, params.secondary, T_supply, params.m_flow_design, sky, dt)
    return state


def settled_source(params: SourceParams, weather: Weather, start: float) -> SourceState:
    """Return the source at ``start``, at 70 % of design flow until the stations tell otherwise."""
    T_outdoor = weather.mean_outdoor(start - source.OUTDOOR_LAG_S, start)
    T_supply = source.supply_wanted(params, T_outdoor)
    return SourceState(
        T_supply=T_supply,
        T_return=48.0,
        Q_firing=0.6 * params.Q_max,
        T_outdoor_smooth=T_outdoor,
        m_flow_smooth=0.7 * params.m_flow_design,
        T_station=T_supply - params.loss_K,
    )


def settled_loops(
    params: LoopParams, beyond: SecondaryState, T_supply: Floats, T_supply_primary: Floats, dp: Floats
) -> LoopState:
    """Return all loops with valves where they hold ``T_supply`` degC against the return that comes back."""
    bypass = params.secondary.bypass
    T_return = (1.0 - bypass) * beyond.T_emitter + bypass * beyond.T_pipe
    Q = params.m_flow_design * C_WATER * np.maximum(T_supply - T_return, 0.0)
    y_valve = _valve_for(params, Q, T_supply_primary, T_return, dp)
    m_primary = primary_flow(params, y_valve, T_supply_primary, dp)
    return LoopState(
        y_valve=y_valve,
        y_pump=params.m_flow_design / params.m_flow_max,
        T_return_primary=T_supply_primary - Q / np.maximum(m_primary * C_WATER, 1e-6),
        T_supply=np.asarray(T_supply, dtype=np.float64),
        T_return=T_return,
        beyond=beyond,
    )


def settled_network(
    params: SourceParams, state: SourceState, loops: LoopState, m_flow_primary: Floats
) -> SourceState:
    """Return the source carrying exactly what the settled loops take."""
    m = float(m_flow_primary.sum())
    T_return = float((m_flow_primary * loops.T_return_primary).sum()) / m - source.RETURN_LOSS_K
    return SourceState(
        T_supply=state.T_supply,
        T_return=T_return,
        Q_firing=min(m * C_WATER * (state.T_supply - T_return), params.Q_max),
        T_outdoor_smooth=state.T_outdoor_smooth,
        m_flow_smooth=m,
        T_station=state.T_supply - params.loss_K * params.m_flow_design / m,
    )


def _valve_for(params: LoopParams, Q: Floats, T_primary: Floats, T_return: Floats, dp: Floats) -> Floats:
    """Bisect for the valve position at which the exchanger passes ``Q`` kW."""
    low, high = np.zeros(params.n_loops), np.ones(params.n_loops)
    for _ in range(40):
        middle = 0.5 * (low + high)
        m_primary = primary_flow(params, middle, T_primary, dp)
        enough = exchanger_heat(params, m_primary, params.m_flow_design, T_primary, T_return) >= Q
        high = np.where(enough, middle, high)
        low = np.where(enough, low, middle)
    return high
