"""The heat sources of the simple plant as their servers see them, each with its share of one plant's heat.

Behind them the plant is one: water of one temperature, one pace, one pressure. What each source can give, and
does give, follows from its share and from what is left of it.
"""

from collections.abc import Callable, Mapping
from functools import partial

from simulators.plant import source
from simulators.plc.source import OwnHold
from simulators.sitefile import SimStation
from simulators.works import CityWorks
from stations.model.identity import Point

FULL = 0.999
"""A source fires all it has above this share of its capacity."""


class Capacities:
    """What each source of a city can give; keeps the plant in step with it. Owner: ``SimulatedCity``."""

    def __init__(self, works: CityWorks, shares: Mapping[str, float]) -> None:
        """``shares`` of all sources, made to add up to 1."""
        self._works = works
        total = sum(shares.values())
        self._full = {name: works.source_params.Q_max * share / total for name, share in shares.items()}
        self._dp_own = works.source_params.dp
        self._orders: dict[str, tuple[float, float]] = {}
        self._limits: dict[str, dict[object, float]] = {name: {} for name in shares}

    def limit(self, name: str, share: float) -> Callable[[], None]:
        """Leave a source no more than a share of its capacity; the function returned ends it.

        Several limits of one source multiply. Raises KeyError for a name that is no source.
        """
        key = object()
        self._limits[name][key] = share
        self._tell()
        return partial(self._end, name, key)

    def own(self) -> OwnHold:
        """Return what all sources hold by themselves now."""
        works = self._works
        T_outdoor = works.source.T_outdoor_smooth
        T_supply = source.supply_wanted(works.source_params, T_outdoor)
        return OwnHold(T_supply=T_supply, dp=self._dp_own, T_outdoor=T_outdoor)

    def order(self, name: str, T_supply: float, dp: float) -> None:
        """Let one source hold temperature (degC) and head (kPa): by capacity it moves those of the plant."""
        self._orders[name] = (T_supply, dp)
        own, total = self.own(), sum(self._full.values())
        T = p = 0.0
        for one, full in self._full.items():
            T_one, dp_one = self._orders.get(one, (own.T_supply, own.dp))
            T, p = T + full / total * T_one, p + full / total * dp_one
        self._works.order_source(T, p)

    def of(self, name: str) -> float:
        """Return what a source can give now in kW."""
        left = self._full[name]
        for share in self._limits[name].values():
            left *= share
        return left

    def given(self, name: str, Q_flow: float) -> float:
        """Return what a source gives of ``Q_flow`` kW in all.

        By capacity in health; what a limited one can not give, the others do.
        """
        left = {one: self.of(one) for one in self._full}
        part, rest = dict[str, float](), Q_flow
        open_ = dict(self._full)
        while open_:
            per_kW = rest / sum(open_.values())
            bound = [one for one, full in open_.items() if full * per_kW > left[one]]
            if not bound:
                part |= {one: full * per_kW for one, full in open_.items()}
                break
            for one in bound:
                part[one] = left[one]
                rest -= left[one]
                del open_[one]
        return part[name]

    def _end(self, name: str, key: object) -> None:
        self._limits[name].pop(key, None)
        self._tell()

    def _tell(self) -> None:
        self._works.limit_source(sum(map(self.of, self._full)))


class SourceSim:
    """A heat source that feeds all stations, alone or in its share; made and owned by ``SimulatedCity``."""

    def __init__(self, works: CityWorks, station: SimStation, capacities: Capacities) -> None:
        self.id = station.id
        self.profile = station.profile
        self._works = works
        self._capacities = capacities

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the source can report, unit inside."""
        works, mine = self._works, self._capacities
        state, params = works.source, works.source_params
        p_supply, p_return = works.p_supply_source()
        most = mine.of(self.id)
        fired = mine.given(self.id, min(state.Q_firing, params.Q_max))
        # water goes where the heat is fired: all send out the same temperature
        share = fired / state.Q_firing if state.Q_firing > 0.0 else most / params.Q_max
        values: dict[str, float | None] = {
            "T_supply_source": state.T_supply,
            "T_return_source": state.T_return,
            "m_flow_source": share * state.m_flow_smooth,
            "p_supply_source": p_supply,
            "p_return_source": p_return,
            "Q_flow_source": share * source.heat_delivered(state),
            "Q_flow_source_max": most,
            "P_pump_source": share * source.pump_power(state, params),
            "T_outdoor": works.weather.at(works.now).T_outdoor,
            "alarm_word": 1.0 if fired >= FULL * most else 0.0,
        }
        return {Point(0, name): value for name, value in values.items()}

    def own(self) -> OwnHold:
        """Return what the source holds by itself now."""
        return self._capacities.own()

    def obey(self, T_supply: float, dp: float) -> None:
        """Hold this supply temperature (degC) and head (kPa) from now on."""
        self._capacities.order(self.id, T_supply, dp)
