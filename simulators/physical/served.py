"""A site's physical city for the servers: works, heat sources and the door for faults, put together."""

from collections.abc import Callable, Mapping

from simulators.faults.plant_port import CurveMoved, SunOnSensor, Trouble
from simulators.physical.site_city import SiteCurves, field_city
from simulators.physical.sky import Skies
from simulators.physical.works import PhysicalWorks
from simulators.plc.source import OwnHold
from simulators.servers.misbehaviour import DeviceClock
from simulators.sitefile import Origin, SimSite
from simulators.source_face import SourceOfPlant
from simulators.station import SimulatedCity
from simulators.station_face import StationSim
from simulators.weather import Weather
from stations.model.identity import Point

End = Callable[[], None]


def physical_works(
    site: SimSite, origin: Origin, *, weather: Weather, start: float, seed: int
) -> PhysicalWorks:
    """Return the city of a site at UTC second ``start``; raises SiteFileError where it is another one."""
    field = field_city(site, origin)
    skies = Skies(weather, field.city.latitude, field.city.longitude)
    return PhysicalWorks(field, site, SiteCurves(site), skies, start=start, seed=seed)


def sources(works: PhysicalWorks, site: SimSite) -> dict[str, SourceOfPlant]:
    """Return the heat sources as their servers see them."""
    return {source.id: PhysicalSource(works, source.id, source.profile) for source in site.sources}


def clocks(works: PhysicalWorks, site: SimSite) -> dict[str, DeviceClock]:
    """Return the stations' own clocks, which nobody sets."""
    gauges = works.gauges
    drawn = zip(site.stations, gauges.clock_offset.tolist(), gauges.clock_drift.tolist(), strict=True)
    return {station.id: DeviceClock(offset, drift, works.now) for station, offset, drift in drawn}


def door(city: SimulatedCity) -> "PhysicalDoor":
    """Return the door for faults of the plant of a city with a physical one."""
    assert isinstance(city.works, PhysicalWorks)
    return PhysicalDoor(city.works, city.stations)


class PhysicalSource:
    """A heat source of the physical city as its server sees it."""

    def __init__(self, works: PhysicalWorks, name: str, profile: str) -> None:
        self.id, self.profile = name, profile
        self._works = works
        self._row = works.field.city.sources.id.index(name)

    def values(self) -> Mapping[Point, float | None]:
        """Return everything the source can report, unit inside."""
        return {Point(0, name): value for name, value in self._works.source_shows(self._row).items()}

    def own(self) -> OwnHold:
        """Return what the source holds by itself now."""
        return self._works.source_own()

    def obey(self, T_supply: float, dp: float) -> None:
        """Hold this supply temperature (degC) and head (kPa) from now on; only the first holds a head."""
        self._works.source_orders[self._row] = (T_supply, dp)


class PhysicalDoor:
    """The door of a served physical city for faults of its plant; implements ``plant_port.PlantPort``."""

    def __init__(self, works: PhysicalWorks, stations: Mapping[str, StationSim]) -> None:
        self._works, self._stations = works, stations
        self._row = {name: row for row, name in enumerate(stations)}

    def begin(self, station: str, trouble: Trouble) -> End:
        """Begin a trouble at a station (or source); the function returned ends it.

        What misleads a controller is done to the PLC, all else to the water.
        """
        match trouble:
            case CurveMoved(dT=dT):
                return self._both(lambda sign: self._stations[station].move_curves(sign * dT))
            case SunOnSensor(K_per_W_m2=gain):
                return self._both(lambda sign: self._shine(self._row[station], sign * gain))
            case _:
                return self._works.troubles.begin(station, trouble)

    def _shine(self, row: int, gain: float) -> None:
        self._works.sun_gain[row] += gain

    def _both(self, change: Callable[[float], None]) -> End:
        change(1.0)
        return lambda: change(-1.0)
