"""What a generated city is: tables of stations, loops, buildings and sources, its network and its weather.

Positions are metres from the city's centre: x to the east, y to the north, z above the sea. Tables are
columns of equal length; ``loops.station`` and ``buildings.loop`` are row numbers of the table above. Nothing
here is random: ``generate.generate`` draws it, ``site_files`` writes what an owner would know of it, and the
plant works on all of it.
"""

from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats, Indices
from simulators.plant.network.graph import (
    Booster,
    Consumer,
    Flags,
    Network,
    Place,
    Source,
    Trench,
    network,
)

SPREAD_K = 2.3
"""Standard deviation between stations' mean indoor temperatures that a city has unless told otherwise."""

EMITTERS = ("radiator", "floor")
PIPINGS = ("double", "single")
ZONES = ("all", "low", "middle", "high")
BUILDING_TYPES = ("residential", "school", "office", "hospital")
TRENCH_KINDS = ("transmission", "trunk", "tie", "branch", "service")
"""From a source to the city, main streets, those that only close a ring, side streets, to one station."""


@dataclass(frozen=True, slots=True)
class CityDistrict:
    """A district of the city."""

    key: str
    title_en: str
    title_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StationTable:
    """One row for each station, shape (n_stations,)."""

    id: tuple[str, ...]
    name_en: tuple[str, ...]
    name_zh: tuple[str, ...]
    profile: tuple[str, ...]
    """Device profile."""
    x: Floats
    y: Floats
    z: Floats
    district: Indices
    """Row of ``GeneratedCity.districts``."""
    year: Indices
    """Year in which most of its houses were built."""
    sensors: Indices
    """Dwellings with an indoor sensor: 0 (30 % of the stations) or 3..10."""
    m_flow_design: Floats
    """Primary flow that the network was designed for, kg/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopTable:
    """One row for each secondary loop, those of a station together and in order, shape (n_loops,)."""

    station: Indices
    number: Indices
    """1.. within the station."""
    zone: Indices
    """Code of ``ZONES``: which floors of high houses it serves."""
    emitter: Indices
    """Code of ``EMITTERS``."""
    piping: Indices
    """Code of ``PIPINGS``."""
    A_heated: Floats
    """m2."""
    q_design: Floats
    """Heat need of its buildings at design outdoor temperature, area-weighted, W/m2."""
    oversize: Floats
    """Installed over needed emitter heat: 1.3..2 at the usual spread, less far apart at a smaller one."""
    balance: Floats
    """Circulation over what the loop's own buildings would need alike everywhere; 1 in the middle."""
    curve_offset: Floats
    """K by which its PLC's own curve lies above the common one of its emitter, whole degrees."""
    m_flow_design: Floats
    """Secondary circulation, kg/s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildingTable:
    """One row for each building, those of a loop together, shape (n_buildings,)."""

    loop: Indices
    type: Indices
    """Code of ``BUILDING_TYPES``."""
    share: Floats
    """Of the loop's heated area; they add up to 1 in each loop."""
    year: Indices
    q_design: Floats
    """Heat need at design outdoor temperature and 20 degC indoors, W/m2."""
    azimuth: Floats
    """Where the front with most windows looks, degrees from north by east: 180 is south."""
    storeys: Indices
    distance: Floats
    """m of pipe from the station."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTable:
    """One row for each heat source, shape (n_sources,), in the order of the network's sources."""

    id: tuple[str, ...]
    name_en: tuple[str, ...]
    name_zh: tuple[str, ...]
    base: Flags
    """True: base load (heat and power, runs all winter); False: peak boilers."""
    x: Floats
    y: Floats
    z: Floats
    Q_max: Floats
    """kW."""
    m_flow_design: Floats
    """kg/s on the design day, all sources running."""
    dp_design: Floats
    """kPa between supply and return at its gate then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipes:
    """The network as it was laid: what ``network`` was built from, and where it lies on the map."""

    places: tuple[Place, ...]
    x: Floats
    y: Floats
    """Of each place, shape (n_places,)."""
    trenches: tuple[Trench, ...]
    """Both pipes of a trench have the same inner diameter."""
    kind: Indices
    """Code of ``TRENCH_KINDS``, shape (n_trenches,)."""
    DN: Indices
    """Nominal size, mm, shape (n_trenches,)."""
    consumers: tuple[Consumer, ...]
    """One for each station, in order and of its name; some may have a pump of their own."""
    sources: tuple[Source, ...]
    p_return: float
    """kPa held at the first source's return: high enough for the highest place, at rest too."""
    T_supply_design: float
    T_return_design: float
    """Primary design temperatures, degC."""
    boosters: tuple[Booster, ...] = ()
    """Pumps in pipes; generated only when asked for."""

    def network(self) -> Network:
        """Return the arrays that the solvers work on; raises a NetworkError that names what is wrong."""
        return network(
            places=self.places,
            trenches=self.trenches,
            consumers=self.consumers,
            sources=self.sources,
            boosters=self.boosters,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class WeatherTable:
    """One year by the hour from 1 July on, shape (n_hours,)."""

    time: Floats
    """UTC second at which the value holds."""
    T_outdoor: Floats
    """degC."""
    wind: Floats
    """m/s."""
    sun_direct: Floats
    """W/m2 on a surface that faces the sun."""
    sun_diffuse: Floats
    """W/m2 from the sky on the horizontal."""
    irradiation: Floats
    """W/m2, both together on the horizontal."""
    sun_elevation: Floats
    sun_azimuth: Floats
    """Degrees above the horizon, and from north by east."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedCity:
    """A synthetic city; the same arguments of ``generate`` give the same one."""

    seed: int
    spread: float
    """K, see ``SPREAD_K``."""
    latitude: float
    longitude: float
    """Degrees, of the centre."""
    districts: tuple[CityDistrict, ...]
    stations: StationTable
    loops: LoopTable
    buildings: BuildingTable
    sources: SourceTable
    pipes: Pipes
    weather: WeatherTable

    @property
    def station_area(self) -> Floats:
        """Heated m2 of each station, shape (n_stations,)."""
        areas = np.bincount(self.loops.station, weights=self.loops.A_heated)
        return np.asarray(areas, dtype=np.float64)
