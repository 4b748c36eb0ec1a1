"""What the instruments of the city show to stations at a poll: true values with their meters' errors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from simulators import assembly
from simulators.evaluate.city import Shown
from simulators.plant import building, pump, source
from simulators.plant.meter import measure
from simulators.plant.water import specific_heat
from simulators.truth import draw_loop, draw_station

if TYPE_CHECKING:
    from simulators.evaluate.city import Flows
    from simulators.plant.arrays import Floats
    from simulators.plant.loops import LoopParams, LoopState
    from simulators.plant.source import SourceParams, SourceState
    from simulators.sitefile import SimSite

LOOP_ROWS = (*assembly.LOOP_METERS, "y_pump", "P_pump")
STATION_ROWS = (*assembly.STATION_METERS, "Q_flow")
"""What is shown, in this order; ``Q_flow`` is the heat meter's kW."""
T_INDOOR = LOOP_ROWS.index("T_indoor")
T_OUTDOOR = STATION_ROWS.index("T_outdoor")

_LOWEST = np.array([[-np.inf], [-np.inf], [0.0], [-np.inf], [-np.inf], [-np.inf]])
"""Meters of flow show nothing below zero."""


class Instruments:
    """The meters of one city; all copies have the same, with the same errors and the same noise."""

    def __init__(self, site: SimSite, params: LoopParams) -> None:
        loops = [draw_loop(site.seed, station, loop) for station in site.stations for loop in station.loops]
        stations = [draw_station(site.seed, station) for station in site.stations]
        self.has_outdoor = [truth.outdoor_sensor for truth in stations]
        self.loop_meters = assembly.loop_meters(loops, params)
        self._params = params
        self._seed = site.seed
        self._n_stations = len(stations)
        self._p_static = np.array([truth.p_static for truth in loops])
        flow = self._per_station(params.m_flow_primary_design)
        self._station_meters = assembly.station_meters(stations, flow)

    def show(
        self,
        now: float,
        T_outdoor: float,
        loops: LoopState,
        flows: Flows,
        upstream: SourceState,
        network: SourceParams,
    ) -> Shown:
        """Return what one copy shows at UTC second ``now``; noise depends on seed and moment alone."""
        rng = np.random.default_rng([self._seed, 0x3E7E, int(now)])
        m, m_primary = flows.m_flow, flows.m_flow_primary
        dp = pump.pressure_rise(m, self._params.m_flow_max, self._params.dp_max)
        indoor = building.indoor_mean(loops.beyond.T_building)
        true = np.stack([loops.T_supply, loops.T_return, m, self._p_static + dp, self._p_static, indoor])
        of_loops = np.vstack([measure(true, self.loop_meters, rng), loops.y_pump, flows.P_pump])
        m_station = self._per_station(m_primary)
        back = self._per_station(m_primary * flows.T_return_primary) / np.maximum(m_station, 1e-9)
        lost = 0.5 * source.path_loss(upstream, network)
        p_return = network.p_return + lost
        p_supply = network.p_return + network.dp - lost
        outdoor = np.full(self._n_stations, T_outdoor)
        true = np.stack([upstream.T_station, back, m_station, p_supply, p_return, outdoor])
        of_stations = np.maximum(measure(true, self._station_meters, rng), _LOWEST)
        T_in, T_out, flow = of_stations[:3]
        Q = np.maximum(flow * specific_heat(0.5 * (T_in + T_out)) * (T_in - T_out), 0.0)
        return Shown(loops=of_loops.T.tolist(), stations=np.vstack([of_stations, Q]).T.tolist())

    def _per_station(self, by_loop: Floats) -> Floats:
        station = self._params.station
        return np.asarray(np.bincount(station, weights=by_loop, minlength=self._n_stations), dtype=np.float64)
