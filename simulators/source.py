"""The simulated heat source as its server sees it: read only."""

from collections.abc import Mapping

from simulators.plant import source
from simulators.sitefile import SimStation
from simulators.works import CityWorks
from stations.model.identity import Point


class SourceSim:
    """A heat source that feeds all stations, alone or in its share; made and owned by ``SimulatedCity``."""

    def __init__(self, works: CityWorks, station: SimStation, share: float = 1.0) -> None:
        self.id = station.id
        self.profile = station.profile
        self.n_loops = 0
        self._works = works
        self._share = share

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the source can report, unit inside."""
        works, share = self._works, self._share
        state, params = works.source, works.source_params
        p_supply, p_return = works.p_supply_source()
        at_limit = state.Q_firing >= 0.999 * params.Q_max
        values: dict[str, float | None] = {
            "T_supply_source": state.T_supply,
            "T_return_source": state.T_return,
            "m_flow_source": share * state.m_flow_smooth,
            "p_supply_source": p_supply,
            "p_return_source": p_return,
            "Q_flow_source": share * source.heat_delivered(state),
            "Q_flow_source_max": share * params.Q_max,
            "P_pump_source": share * source.pump_power(state, params),
            "T_outdoor": works.weather.at(works.now).T_outdoor,
            "alarm_word": 1.0 if at_limit else 0.0,
        }
        return {Point(0, name): value for name, value in values.items()}
