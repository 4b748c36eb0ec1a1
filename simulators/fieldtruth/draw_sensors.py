"""Sensors of a generated city: in some dwellings of most stations, and not by chance in which.

Sensors hang where somebody let the fitter in: in occupied dwellings, more often in those that are warm for
their station (near, in the middle of the house) than in the cold ones at its edges. So the mean of a
station's sensors is above its dwellings' mean, which no one who reads them can see.
"""

from typing import Any

import numpy as np

from simulators.citygen.model import GeneratedCity
from simulators.fieldtruth.parameters import between
from simulators.plant.arrays import Floats, Indices
from simulators.plant.city_parts import CityParams
from simulators.plant.meter import Meters
from simulators.plant.network.graph import Flags
from simulators.plant.sensing import IndoorSensors, SensingParams

KINDS = ("T_supply", "T_return", "T_supply_primary", "T_return_primary", "m_flow_primary", "m_flow")


def draw_indoor(
    city: GeneratedCity, params: CityParams, occupied: Flags, T_indoor: Floats, tables: dict[str, Any]
) -> IndoorSensors:
    """Return the sensors; ``T_indoor`` (n_houses, n_zones) is what dwellings are like when they are hung."""
    p, rng = tables["sensors"], np.random.default_rng([city.seed, 0x5E45])
    station_of = params.station.station[params.house.loop]
    rows: list[tuple[int, int, int]] = []
    for number, count in enumerate(city.stations.sensors):
        houses = np.flatnonzero(station_of == number)
        place = [(h, z) for h in houses for z in range(occupied.shape[1]) if occupied[h, z]]
        T = np.array([T_indoor[h, z] for h, z in place])
        warmth = (T - T.mean()) / max(float(T.std()), 1e-6)
        A = np.array([params.zone.A_heated[h, z] for h, z in place])
        weight = A * np.exp(p["placed"] * warmth)
        # zones stand for many dwellings: several sensors may hang in one
        chosen = rng.choice(len(place), size=int(count), p=weight / weight.sum())
        rows += [(number, int(place[k][0]), int(place[k][1])) for k in chosen]
    station, house, zone = (np.array([row[k] for row in rows], dtype=np.intp) for k in range(3))
    return IndoorSensors(
        station=station, house=house, zone=zone, bias=rng.normal(0.0, p["bias_sd_K"], len(rows))
    )


def draw_meters(city: GeneratedCity, station: Indices, tables: dict[str, Any]) -> SensingParams:
    """Return the instruments of each loop, rows as ``KINDS``."""
    p, rng = tables["sensors"], np.random.default_rng([city.seed, 0x3E7E])
    n, n_stations = len(station), len(city.stations.id)
    temperatures = np.array([[1.0], [1.0], [1.0], [1.0], [0.0], [0.0]])
    design = np.stack([city.stations.m_flow_design[station], city.loops.m_flow_design])
    quantum = np.full((6, n), p["quantum_K"])
    quantum[4:] = p["quantum_flow"] * design
    noise = np.full((6, n), p["noise_K"])
    noise[4:] = p["noise_flow"] * design
    return SensingParams(
        meters=Meters(
            offset=temperatures * rng.normal(0.0, p["offset_sd_K"], (6, n)),
            gain=(1.0 - temperatures) * rng.normal(0.0, p["gain_sd_flow"], (6, n)),
            noise=noise,
            quantum=quantum,
        ),
        dropout=between(rng, p["dropout"], n_stations)[station],
        clock_offset=rng.normal(0.0, p["clock_sd_s"], n_stations)[station],
        clock_drift=rng.normal(0.0, p["clock_drift_s_per_day"], n_stations)[station],
    )
