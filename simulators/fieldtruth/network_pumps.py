"""Pumps in the network besides those of the sources: how they were commissioned, and what controls them.

Each holds a differential pressure: a pump in a station that of its valves, a booster that of the worst of the
stations which get their water through its pipe alone (of all stations, where it stands in a ring). It knows
what it measured a step ago; where the network gives enough without it, it stands and is passed by.
"""

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.city_parts import CityOutputs
from simulators.plant.network.bridges import only_ways
from simulators.plant.network.graph import Network
from simulators.plant.network.solution import rises

SPEED_MIN = 0.2
"""Of a running pump: below, its motor is no longer cooled."""
STOP_kPa = 10.0
"""A running pump stops when the network gives so much more than it shall hold."""
LAG_S = 60.0
"""Pumps that correct each other's pressures at once would hunt."""
RESERVE = 0.8
"""Of the full head at the flow of commissioning: what pumps in stations are counted on then."""


class PumpControl:
    """The controllers of all pumps of one network; what they remember, the speeds, is the caller's."""

    def __init__(self, network: Network, dp_set: float) -> None:
        """``dp_set``: kPa that each pump holds at its stations."""
        self._network, self._dp_set = network, dp_set
        first, n_trenches = network.consumers.start, network.n_pipes // 2
        alone = only_ways(network) if (network.pump_link < first).any() else {}
        every = tuple(range(network.n_consumers))
        held = [
            alone.get(link % n_trenches, every) if link < first else (link - first,)
            for link in network.pump_link.tolist()
        ]
        self._held = [np.array(stations, dtype=np.intp) for stations in held]

    def next(self, speed: Floats, last: CityOutputs, dt: float) -> Floats:
        """Return the speeds for the next ``dt`` s of pumps that ran at ``speed`` in the last step."""
        network, link = self._network, self._network.pump_link
        added = rises(network, speed, last.m_flow_link)
        there = last.dp + added[network.consumers]
        lacking = np.array([self._dp_set - there[stations].min() for stations in self._held])
        wanted = added[link] + lacking
        target = np.clip(speed_for(network, wanted, last.m_flow_link[link]), SPEED_MIN, 1.0)
        ran = speed > 0.0
        following = np.where(ran, speed + (target - speed) * dt / (dt + LAG_S), target)
        return np.where(wanted > np.where(ran, -STOP_kPa, 0.0), following, 0.0)


def speed_for(network: Network, head: Floats, m_flow: Floats) -> Floats:
    """Return the speeds at which pumps add ``head`` kPa to ``m_flow`` kg/s, shape (n_pumps,)."""
    shut_off = head + network.pump_a * m_flow * np.abs(m_flow)
    return np.sqrt(np.maximum(shut_off, 0.0) / network.pump_dp0)
