"""From a generated city to the physical one: drawn, commissioned, with its own controllers, ready to step."""

from dataclasses import dataclass, replace

import numpy as np

from simulators.citygen.model import GeneratedCity, WeatherTable
from simulators.fieldtruth import commission
from simulators.fieldtruth.commission import City, MeanWeather
from simulators.fieldtruth.control import Curves, OwnControl, OwnCurves, own_curves
from simulators.fieldtruth.draw_houses import draw_houses
from simulators.fieldtruth.draw_stations import (
    commission_network,
    draw_fouling,
    draw_sources,
    draw_stations,
    draw_transport,
)
from simulators.fieldtruth.parameters import parameters
from simulators.plant import filling, plug
from simulators.plant.arrays import Floats, Indices
from simulators.plant.city_parts import CityParams, CityState
from simulators.plant.city_plant import house_pipes
from simulators.plant.facade import Sky, irradiation
from simulators.plant.network import transport
from simulators.plant.network.errors import InvalidValue
from simulators.plant.network.graph import Flags
from simulators.plant.plants import PlantState

SEASON_DAYS = 151
"""1 November to 31 March."""
PARCELS = 8
"""Of each pipe of the network: a city has so many pipes that none needs more."""
_CHINA_S = 8 * 3600.0
_STEADY_S = 4 * 86_400.0
"""Weather of so long before the start is what walls remember."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldCity:
    """A physical city and what it was made from."""

    city: GeneratedCity
    params: CityParams
    curves: OwnCurves
    dp_source: float
    pump_speed: Floats
    """Of boosters and pumps in stations when the network was commissioned, shape (n_pumps,)."""
    fouling: Floats
    occupied: Flags
    """Zones in which people live or work, shape (n_houses, n_zones)."""
    at_limits: Flags
    """Zones whose emitters commissioning would have made still smaller or larger, of the same shape."""

    @property
    def station_of_house(self) -> Indices:
        """Row of the station of each house."""
        return np.asarray(self.params.station.station[self.params.house.loop])

    def control(self, time: float) -> OwnControl:
        """Return the stations' and sources' own control, begun at UTC second ``time``."""
        return OwnControl(
            self.params,
            self.curves,
            parameters(),
            T_outdoor=_mean_outdoor(self.city.weather, time),
            dp_source=self.dp_source,
            base=self.city.sources.base,
            fouling=self.fouling,
            pump_speed=self.pump_speed,
        )

    def begin(self, time: float, dt: float, curves: Curves | None = None) -> CityState:
        """Return the city at UTC second ``time`` as the weather of the days before would leave it.

        On its own curves, or on others.
        """
        weather = self.city.weather
        T_outdoor = _mean_outdoor(weather, time)
        parts = City(
            house=self.params.house,
            station=self.params.station,
            riser=self.params.riser,
            zone=self.params.zone,
            occupied=self.occupied,
        )
        around = (weather.time >= time - _STEADY_S) & (weather.time < time)
        mean = _mean_weather(self.params, weather, around, (curves or self.curves).at(T_outdoor))
        _, (water, T) = commission.settled(parts, mean, None)
        loop = self.params.house.loop
        T_house = np.concatenate([mean.T_supply[loop], water.T_out.mean(axis=1)])
        tables = parameters()["source"]
        T_source = float(np.interp(T_outdoor, tables["T_outdoor_degC"], tables["T_supply_degC"]))
        n_sources, n_loops = self.params.network.n_sources, len(self.params.station.UA)
        base = self.city.sources.base
        return CityState(
            time=time,
            motor=np.full(n_loops, 0.7),
            stem=np.full(n_loops, 0.7),
            y_pump=self.params.station.m_flow_design / self.params.station.m_flow_max,
            T_return_primary=np.full(n_loops, 45.0),
            T_supply=mean.T_supply,
            p_secondary=np.full(n_loops, filling.HOLD_kPa),
            network=transport.filled(self.params.transport, T_source, 45.0, PARCELS),
            source=PlantState(
                T_supply=np.full(n_sources, T_source),
                T_wanted=np.full(n_sources, T_source),
                Q_firing=0.5 * base * self.params.source.Q_max,
                ordered_s=np.where(base, 1e9, 0.0),
            ),
            pipe=plug.filled(house_pipes(self.params, dt), T_house, dt),
            riser=water,
            T=T,
        )


def build(city: GeneratedCity) -> FieldCity:
    """Return the physical city, calibrated by ``parameters.toml``; its spread is the generated city's."""
    tables = parameters()
    set_up = commission_network(city, tables)
    drawn = draw_houses(city, tables)
    curves = own_curves(city, tables)
    params = CityParams(
        network=set_up.network,
        transport=draw_transport(set_up.network, tables),
        p_return=city.pipes.p_return,
        source=draw_sources(city, tables, set_up),
        station=draw_stations(city, tables, set_up),
        house=drawn.house,
        riser=drawn.riser,
        zone=drawn.zone,
        T_ground=tables["network"]["T_ground_degC"],
    )
    weather, start = city.weather, season_start(city.weather)
    season = (weather.time >= start) & (weather.time < start + SEASON_DAYS * 86_400.0)
    T_supply = np.mean([curves.at(float(T)) for T in weather.T_outdoor[season]], axis=0)
    mean = _mean_weather(params, weather, season, np.asarray(T_supply))
    parts = City(
        house=drawn.house,
        station=params.station,
        riser=drawn.riser,
        zone=drawn.zone,
        occupied=~drawn.vacant,
    )
    riser, at_limits = commission.commission(parts, mean, tables["level"], city.spread)
    return FieldCity(
        city=city,
        params=replace(params, riser=riser),
        curves=curves,
        dp_source=set_up.dp_source,
        pump_speed=set_up.pump_speed,
        fouling=draw_fouling(city, tables),
        occupied=~drawn.vacant,
        at_limits=at_limits,
    )


def season_start(weather: WeatherTable) -> float:
    """Return the UTC second of 1 November, midnight in China, in the table's year from 1 July."""
    days = 31 + 31 + 30 + 31
    return float(weather.time[0]) + days * 86_400.0 - _CHINA_S


def sky_at(weather: WeatherTable, time: float) -> Sky:
    """Return the weather at UTC second ``time``, linear between hours.

    Raises InvalidValue for a moment of which the table knows nothing.
    """
    first, last = float(weather.time[0]), float(weather.time[-1])
    if not first <= time <= last:
        raise InvalidValue(f"the weather is of UTC seconds {first:.0f}..{last:.0f}, there is none at {time}")
    place = (time - first) / 3600.0
    i = min(int(place), len(weather.time) - 2)
    share = place - i

    def between(series: Floats) -> float:
        return float(series[i] + share * (series[i + 1] - series[i]))

    turn = (float(weather.sun_azimuth[i + 1] - weather.sun_azimuth[i]) + 180.0) % 360.0 - 180.0
    return Sky(
        T_outdoor=between(weather.T_outdoor),
        wind=between(weather.wind),
        sun_direct=between(weather.sun_direct),
        sun_diffuse=between(weather.sun_diffuse),
        sun_elevation=between(weather.sun_elevation),
        sun_azimuth=float(weather.sun_azimuth[i]) + share * turn,
    )


def _mean_outdoor(weather: WeatherTable, time: float) -> float:
    before = (weather.time >= time - _STEADY_S) & (weather.time < time)
    return float(weather.T_outdoor[before].mean())


def _mean_weather(params: CityParams, weather: WeatherTable, when: Flags, T_supply: Floats) -> MeanWeather:
    house = params.house
    sun = np.zeros_like(house.front_north)
    hours = weather.time[when]
    for time in hours:
        sun += irradiation(sky_at(weather, float(time)), house.front_north, house.front_east)
    return MeanWeather(
        T_outdoor=float(weather.T_outdoor[when].mean()),
        wind=float(weather.wind[when].mean()),
        sun=sun / len(hours),
        T_supply=T_supply,
    )
