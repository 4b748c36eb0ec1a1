"""The simulated city: one plant for all stations, a PLC for each, advanced together in fixed scans."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plc.limits import LoopInputs
from simulators.plc.loop import ControlState, LoopPlc
from simulators.plc.outdoor import FIXED_degC
from simulators.plc.station import StationPlc
from simulators.servers.misbehaviour import DeviceClock
from simulators.servers.served import Served
from simulators.sitefile import SimLoop, SimSite, SimStation
from simulators.source import Capacities, SourceSim
from simulators.source_face import DrivenSource, SourceOfPlant
from simulators.station_face import StationNow, StationSim
from simulators.truth import draw_loop, draw_station
from simulators.warmup import SupplyLaw
from simulators.weather import Weather, generate, read_csv, recurring
from simulators.works import CityWorks
from simulators.works_port import Works
from stations.profile import builtin_profile

SCAN_S = 5.0
"""PLC scan and plant step in scaled seconds."""

__all__ = ["SCAN_S", "Behind", "CityNow", "SimulatedCity", "SourceSim", "StationNow", "StationSim"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """A plant that stands ready behind a city's stations."""

    works: Works
    sources: Mapping[str, SourceOfPlant]
    scan_s: float
    """Step of PLCs and plant."""
    clocks: Mapping[str, DeviceClock] = field(default_factory=dict)
    """Of stations whose clock is not right."""
    capacities: Capacities | None = None
    """What each source of the simple plant can give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CityNow:
    """The truth of the whole city at one moment, for tests and summaries."""

    at: float
    """UTC second."""
    T_outdoor: float
    """degC."""
    indoor_mean: float
    """Mean over stations of their area-weighted indoor temperature, degC."""
    indoor_sd: float
    """Standard deviation of the same between stations, K."""
    heat_W_per_m2_mean: float
    """Heat handed to the secondary sides over all heated area."""
    Q_source: float
    """kW delivered by the source."""
    states: dict[str, tuple[ControlState, ...]]
    """Who decides over each loop, by station."""


class SimulatedCity:
    """All stations of a site with their plant; the only thing that moves time.

    The trajectory depends on site, seed, start, scan and on what was written when, never on how the calls of
    ``step`` are spread. The plant is the simple one unless another stands ``behind``. ``weather`` replaces
    that of the site (a CSV file if it names one, else generated), and like ``seed`` is for the simple plant.
    """

    def __init__(
        self,
        site: SimSite,
        *,
        start: float,
        seed: int | None = None,
        weather: Weather | None = None,
        scan_s: float = SCAN_S,
        behind: Behind | None = None,
    ) -> None:
        self.site = site
        self.start = start
        self._scans = 0
        behind = behind or _simple(site, start, site.seed if seed is None else seed, weather, scan_s)
        self.works, self.scan_s = behind.works, behind.scan_s
        self._sources = behind.sources
        self.driven_sources = {
            name: DrivenSource(source)
            for name, source in behind.sources.items()
            if builtin_profile(source.profile).station_class.driven
        }
        """Sources that take setpoints."""
        self.clocks, self._capacities = behind.clocks, behind.capacities
        loops = self.works.loops_now()
        self._valve, self._pump = loops.y_valve.copy(), loops.y_pump.copy()
        self.stations: dict[str, StationSim] = {}
        first = 0
        for place, station in enumerate(site.stations):
            plc = self._plc(station, place, first)
            self.stations[station.id] = StationSim(self.works, station, plc, place, first)
            first += len(station.loops)

    @property
    def now(self) -> float:
        """UTC second that the city has reached."""
        return self.start + self._scans * self.scan_s

    @property
    def sources(self) -> Mapping[str, Served]:
        """All heat sources, as their servers see them."""
        return {**self._sources, **self.driven_sources}

    @property
    def capacities(self) -> Capacities:
        """What each source can give; only where the simple plant stands."""
        assert self._capacities is not None, "another plant stands behind"
        return self._capacities

    @property
    def simple_works(self) -> CityWorks:
        """The works of a city that has the simple plant, for those who need its parts."""
        assert isinstance(self.works, CityWorks), "another plant stands behind"
        return self.works

    def step(self, now: float) -> None:
        """Advance in whole scans up to UTC second ``now``; a moment already passed changes nothing."""
        while self.now + self.scan_s <= now:
            self._scan()

    def truth(self) -> CityNow:
        """Return the true state of the city."""
        works = self.works
        A, station_of_loop, n = works.A_heated, works.station_of_loop, len(self.stations)
        by_station = np.bincount(station_of_loop, weights=works.indoor * A, minlength=n)
        indoor = by_station / np.bincount(station_of_loop, weights=A, minlength=n)
        heat = works.loops_now().Q_exchanger.sum() / A.sum() * 1000.0
        return CityNow(
            at=self.now,
            T_outdoor=works.T_outdoor,
            indoor_mean=float(indoor.mean()),
            indoor_sd=float(indoor.std()),
            heat_W_per_m2_mean=float(heat),
            Q_source=works.Q_source,
            states={name: tuple(plc.state for plc in sim.plc.loops) for name, sim in self.stations.items()},
        )

    def _scan(self) -> None:
        """One scan: PLCs read instruments and command actuators, the plant follows."""
        works, dt, now = self.works, self.scan_s, self.now
        seen, loops = works.loop_seen, works.loops_now()
        y_valve = loops.y_valve.tolist()
        T_return_primary = loops.T_return_primary.tolist()
        m_flow_primary = loops.m_flow_primary.tolist()
        place = 0
        for index, sim in enumerate(self.stations.values()):
            inputs = [
                LoopInputs(
                    T_supply=seen["T_supply"][i],
                    T_return=seen["T_return"][i],
                    T_return_primary=T_return_primary[i],
                    m_flow=seen["m_flow"][i],
                    y_valve=y_valve[i],
                    m_flow_primary=m_flow_primary[i],
                )
                for i in range(place, place + sim.n_loops)
            ]
            for outputs in sim.plc.step(inputs, works.outdoor_sensor(index), now, dt):
                self._valve[place] = outputs.valve
                self._pump[place] = outputs.pump
                place += 1
        for source in self.driven_sources.values():
            source.scan(now, dt)
        self._scans += 1
        works.step(self._valve, self._pump, self.now, dt)

    def _plc(self, station: SimStation, place: int, first: int) -> StationPlc:
        station_class = builtin_profile(station.profile).station_class
        own = self.works.outdoor_sensor(place)
        # before its first scan, too, it goes by what it knows: else its own curve would jump then
        T_outdoor = FIXED_degC if own is None else own
        return StationPlc(
            station_class,
            [
                LoopPlc(
                    number=loop.number,
                    station_class=station_class,
                    curve=loop.curve,
                    rating=loop.rating,
                    T_outdoor=T_outdoor,
                    valve=float(self._valve[first + offset]),
                    pump=float(self._pump[first + offset]),
                )
                for offset, loop in enumerate(station.loops)
            ],
        )


def _simple(site: SimSite, start: float, seed: int, weather: Weather | None, scan_s: float) -> Behind:
    """Return the simple plant of a site, settled."""
    loops = [(station, loop) for station in site.stations for loop in station.loops]
    index = {station.id: place for place, station in enumerate(site.stations)}
    works = CityWorks(
        loop_truths=[draw_loop(seed, station, loop) for station, loop in loops],
        station_truths=[draw_station(seed, station) for station in site.stations],
        station_of_loop=[index[station.id] for station, _ in loops],
        law=_own_curves([loop for _, loop in loops]),
        weather=weather or weather_of(site, seed, start),
        start=start,
        seed=seed,
    )
    capacities = Capacities(works, _shares(site))
    sources: dict[str, SourceOfPlant] = {
        station.id: SourceSim(works, station, capacities) for station in site.sources
    }
    return Behind(works=works, sources=sources, scan_s=scan_s, capacities=capacities)


def _own_curves(loops: list[SimLoop]) -> SupplyLaw:
    """Return the own curves of all loops as one function of the outdoor temperature."""
    curves = list({loop.curve: None for loop in loops})
    which = np.array([curves.index(loop.curve) for loop in loops])
    highest = np.array([loop.T_supply_max for loop in loops])

    def law(T_outdoor: float) -> Floats:
        return np.asarray(np.minimum(np.array([curve.at(T_outdoor) for curve in curves])[which], highest))

    return law


def weather_of(site: SimSite, seed: int, start: float) -> Weather:
    """Return the weather that a site names, else one drawn from ``seed``, around UTC second ``start``."""
    if site.weather_csv is None:
        return generate(seed, start)
    table = read_csv(site.weather_csv)
    return recurring(table, start) if site.weather_recurs else table


def _shares(site: SimSite) -> dict[str, float]:
    """Return the share of each source: as the site says, the rest in equal parts."""
    known = {source.id: site.source_shares.get(source.id) for source in site.sources}
    told = [share for share in known.values() if share is not None]
    rest = max(0.0, 1.0 - sum(told)) / max(1, len(known) - len(told))
    return {name: rest if share is None else share for name, share in known.items()}
