"""Stations, network and sources of a generated city as the plant sees them.

Valves and throttles are sized as at commissioning: with all water from the base plants, each station takes
its flow of the season; what pressure is left over there a balancing valve takes.
"""

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulators.citygen.model import EMITTERS, GeneratedCity
from simulators.fieldtruth.network_pumps import RESERVE, speed_for
from simulators.fieldtruth.parameters import between
from simulators.plant import pump
from simulators.plant.arrays import Floats
from simulators.plant.city_parts import StationParams
from simulators.plant.network.graph import Network
from simulators.plant.network.hydraulics import Hydraulics
from simulators.plant.network.operation import Operation, SourceMode, operation
from simulators.plant.network.solution import Solution, rises
from simulators.plant.network.transport import TransportParams, transport_params
from simulators.plant.plants import PlantParams
from simulators.plant.water import C_WATER, density

T_PRIMARY_COMMISSIONED_degC = (75.0, 48.0)
T_SECONDARY_degC = 40.0
HOURS_PER_MONTH = 720.0
VALVE_LOSS_MIN_kPa = 20.0
INNER_MIN_kPa = 40.0
"""Of a source's own boiler and strainers, where a large network needs the whole head of its pump."""
DP_SOURCE_MIN_kPa = 20.0
"""Held at the gate however much other pumps do."""
_TRIAL_kPa = 5000.0
"""Enough for any network; it only shifts the pressures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Commissioned:
    """The network as it was set up for a winter."""

    network: Network
    dp_source: float
    """kPa that the first source holds."""
    dp_source_alone: float
    """kPa that it would hold if no other pump helped."""
    dp_station: Floats
    """kPa at each station then with what its own pump adds, shape (n_stations,)."""
    m_flow: Floats
    """kg/s of each station then."""
    pump_speed: Floats
    """Of boosters and pumps in stations then, shape (n_pumps,)."""


def commission_network(city: GeneratedCity, tables: dict[str, Any]) -> Commissioned:
    """Return the network with the least pressure at the first source that serves the worst station."""
    p = tables["network"]
    # what is short of pressure shall be found, not refused: so stations ask for none
    consumers = tuple(replace(consumer, dp_min=0.0) for consumer in city.pipes.consumers)
    network = replace(city.pipes, consumers=consumers).network()
    A = np.bincount(city.loops.station, weights=city.loops.A_heated)
    weight = city.stations.m_flow_design / city.stations.m_flow_design.sum()
    m_flow = weight * float(A.sum()) * p["flow_kg_per_h_m2"] / 3600.0
    T_supply, T_return = T_PRIMARY_COMMISSIONED_degC
    sources = city.sources
    running = sources.base * sources.Q_max
    trial = operation(network, T_supply=T_supply, T_return=T_return, m_flow=m_flow, source_dp=1000.0)
    trial = replace(
        trial,
        source_mode=(SourceMode.DP, *(SourceMode.FLOW,) * (network.n_sources - 1)),
        source_m_flow=running / running.sum() * m_flow.sum(),
        p_return=city.pipes.p_return,
        prescribed=np.ones(network.n_consumers, dtype=np.bool_),
    )
    trial = replace(trial, source_dp=np.full(network.n_sources, _TRIAL_kPa))
    solution = Hydraulics(network).solve(trial)
    dp = solution.dp_consumer
    excess = float(dp.min()) - p["dp_worst_kPa"]
    alone = Commissioned(
        network=network,
        dp_source=round(_TRIAL_kPa - excess, 1),
        dp_source_alone=round(_TRIAL_kPa - excess, 1),
        dp_station=dp - excess,
        m_flow=m_flow,
        pump_speed=trial.pump_speed,
    )
    return _with_pumps(alone, trial, solution, p["dp_worst_kPa"]) if len(network.pump_link) else alone


def _with_pumps(alone: Commissioned, trial: Operation, solution: Solution, dp_worst: float) -> Commissioned:
    """Return the network with its pumps running: boosters at their design head, pumps in stations as needed.

    ``trial`` and its ``solution`` are without them.
    """
    network = alone.network
    link, consumers = network.pump_link, network.consumers
    curves = network.pump_curves
    design = np.array([curve.dp0 - curve.a * curve.m_flow_best**2 for curve in curves])
    lifts = np.minimum(speed_for(network, design, solution.m_flow[link]), 1.0)
    lifts = np.where(link < consumers.start, lifts, 0.0)
    boosted = Hydraulics(network).solve(replace(trial, pump_speed=lifts))
    most = rises(network, np.ones(len(link)), boosted.m_flow)[consumers]
    excess = float((boosted.dp_consumer + RESERVE * np.maximum(most, 0.0)).min()) - dp_worst
    dp_source = max(round(_TRIAL_kPa - excess, 1), DP_SOURCE_MIN_kPa)
    dp = boosted.dp_consumer - (_TRIAL_kPa - dp_source)
    lacking = np.zeros(network.n_links)
    lacking[consumers] = dp_worst - dp
    own = speed_for(network, lacking[link], boosted.m_flow[link])
    own = np.where((link >= consumers.start) & (lacking[link] > 0.0), own, 0.0)
    pumped = np.isin(np.arange(network.n_links)[consumers], link)
    return replace(
        alone,
        dp_source=dp_source,
        dp_station=np.where(pumped, np.maximum(dp, dp_worst), dp),
        pump_speed=lifts + own,
    )


def draw_stations(city: GeneratedCity, tables: dict[str, Any], set_up: Commissioned) -> StationParams:
    """Return the equipment of each loop."""
    rng = np.random.default_rng([city.seed, 0x57A7])
    loops, p, secondary = city.loops, tables["station"], tables["secondary"]
    n = len(loops.station)
    floor = loops.emitter == EMITTERS.index("floor")
    need = loops.A_heated * loops.q_design / 1000.0
    of_station = np.bincount(loops.station, weights=need)
    part = need / of_station[loops.station]
    m_primary = set_up.m_flow[loops.station] * part
    m = loops.m_flow_design * loops.balance
    approach = np.where(
        floor,
        between(rng, secondary["approach_K"]["floor"], n),
        between(rng, secondary["approach_K"]["radiator"], n),
    )
    dp = set_up.dp_station[loops.station]
    dp_valve = np.maximum(between(rng, p["authority"], n) * np.minimum(dp, 150.0), VALVE_LOSS_MIN_kPa)
    reserve = between(rng, secondary["pump_reserve"], n)
    head = between(rng, secondary["head_kPa"], n)
    efficiency = between(rng, secondary["efficiency"], n)
    spent = pump.electric_power(m, head, density(np.full(n, T_SECONDARY_degC)), efficiency).sum()
    target = secondary["electricity_kWh_per_m2_month"] / HOURS_PER_MONTH * loops.A_heated.sum()
    return StationParams(
        station=loops.station,
        UA=need / approach,
        m_flow_primary_design=m_primary,
        m_flow_design=m,
        C_primary=p["content_s"] * m_primary * C_WATER,
        C_secondary=p["content_s"] * m * C_WATER,
        Kvs=p["valve_reserve"] * _Kv(m_primary, dp_valve),
        K_fixed=_Kv(m_primary, np.maximum(dp - dp_valve, 0.3 * dp)),
        stroke_s=between(rng, p["stroke_s"], n),
        play=between(rng, p["play"], n),
        m_flow_max=m * reserve,
        dp_max=head * target / spent * reserve**2,
        pump_efficiency=efficiency,
        leak=rng.lognormal(math.log(secondary["leak"][0]), secondary["leak"][1], n),
    )


def draw_fouling(city: GeneratedCity, tables: dict[str, Any]) -> Floats:
    """Return each exchanger's fouling as a share of its design resistance."""
    rng = np.random.default_rng([city.seed, 0xF0])
    return np.asarray(between(rng, tables["secondary"]["fouling"], len(city.loops.station)))


def draw_sources(city: GeneratedCity, tables: dict[str, Any], set_up: Commissioned) -> PlantParams:
    """Return the sources."""
    p, sources = tables["source"], city.sources
    base = sources.base

    def either(pair: list[float]) -> Floats:
        return np.where(base, pair[0], pair[1])

    running = base * sources.Q_max
    m_flow = np.where(base, running / running.sum() * set_up.m_flow.sum(), sources.m_flow_design)
    return PlantParams(
        Q_max=sources.Q_max,
        m_flow_design=m_flow,
        ramp_per_s=np.full(len(base), p["ramp_per_15_min"] / 900.0),
        supply_K_per_s=np.full(len(base), p["supply_K_per_h"] / 3600.0),
        min_load=either(p["min_load"]),
        start_s=either(p["start_h"]) * 3600.0,
        T_return_max=either(p["T_return_max_degC"]),
        dp_inner=np.full(len(base), max(p["head_kPa"] - set_up.dp_source_alone, INNER_MIN_kPa)),
        efficiency=np.full(len(base), p["efficiency"]),
    )


def draw_transport(network: Network, tables: dict[str, Any]) -> TransportParams:
    """Return loss and content of the network's pipes."""
    p = tables["network"]
    width, U = np.array(p["U_W_per_mK"]).T
    return transport_params(network, np.interp(network.diameter, width, U), p["T_ground_degC"])


def _Kv(m_flow: Floats, dp: Floats) -> Floats:  # noqa: N802 - a field symbol
    """Return the flow coefficient in m3/h at 1 bar that passes ``m_flow`` kg/s at ``dp`` kPa."""
    rho = density(np.array(T_PRIMARY_COMMISSIONED_degC[0]))
    return np.asarray(m_flow * 3600.0 / np.sqrt(dp / 100.0 * 1000.0 * rho))
