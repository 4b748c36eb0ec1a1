"""Heads along the way from a source to the station with the least pressure."""

from dataclasses import dataclass

import numpy as np

from simulators.citygen.model import GeneratedCity
from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.graph import Network
from simulators.plant.network.laws import GRAVITY
from simulators.plant.water import density

T_WEIGHED_degC = 70.0
"""At which the water is weighed that a head is told in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PressureProfile:
    """One way through the network at one moment, shape (n_places,); the source first."""

    far_km: Floats
    ground: Floats
    supply: Floats
    back: Floats
    """m above the sea: the ground, the heads of supply and return."""
    station: str
    dp_kPa: float
    """At the station."""
    at: float
    """UTC second."""


def pressure_profile(
    city: GeneratedCity, network: Network, m_flow: Floats, p: Floats, at: float
) -> PressureProfile:
    """Return the heads at UTC second ``at`` with these flows of links (kg/s) and pressures of nodes (kPa)."""
    consumers = network.consumers
    dp = p[network.link_start[consumers]] - p[network.link_end[consumers]]
    station = int(np.argmin(dp))
    path = supply_path(network, m_flow, station)
    n = network.n_nodes // 2
    places = {name.removesuffix(" supply"): i for i, name in enumerate(network.node_names[:n])}
    order = [places[place.name] for place in city.pipes.places]
    xy = np.empty((2, n))
    xy[:, order] = np.array([city.pipes.x, city.pipes.y])
    far = np.concatenate([[0.0], np.abs(np.diff(xy[:, path], axis=1)).sum(axis=0).cumsum()]) / 1000.0
    ground = network.elevation[path]
    per_m = float(density(np.array(T_WEIGHED_degC))) * GRAVITY / 1000.0
    return PressureProfile(
        far_km=far,
        ground=ground,
        supply=ground + p[path] / per_m,
        back=ground + p[path + n] / per_m,
        station=network.link_names[consumers][station],
        dp_kPa=float(dp[station]),
        at=at,
    )


def supply_path(network: Network, m_flow: Floats, station: int) -> Indices:
    """Return the supply nodes from the source to a station, against the water: by the largest inflow."""
    start, end = network.link_start, network.link_end
    half = network.n_pipes // 2
    flow = m_flow[:half]
    into = np.where(flow >= 0.0, end[:half], start[:half])
    out_of = np.where(flow >= 0.0, start[:half], end[:half])
    node = int(start[network.consumers][station])
    path = [node]
    sources = set(end[network.sources].tolist())
    while node not in sources and len(path) <= half:
        feeding = np.flatnonzero(into == node)
        node = int(out_of[feeding[np.argmax(np.abs(flow[feeding]))]])
        path.append(node)
    return np.array(path[::-1], dtype=np.intp)
