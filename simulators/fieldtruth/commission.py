"""Commissioning: what makes dwellings and stations unlike each other, brought to the size seen in the field.

Houses, emitters and flows are drawn with their physical causes. Here the spread of the steady temperatures
that follow from them is stretched or shrunk about its mean, by the size of emitters alone: ranks and causes
stay, the level and the two standard deviations become those of ``parameters.toml`` in every city, small ones
too. So no city is easier for a strategy than the field was, by luck of a draw.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from simulators.plant import people, riser, zone
from simulators.plant.arrays import Floats, Indices
from simulators.plant.city_parts import HouseParams, StationParams
from simulators.plant.network.graph import Flags
from simulators.plant.riser import RiserParams, Risers, RiserState
from simulators.plant.zone import ZoneLoads, ZoneParams, Zones

MONDAY = 1_764_547_200.0
"""Midnight UTC of a Monday in December: a week of people without holidays begins."""
T_GROUND_degC = 6.0
TURNS, STEPS, STEP_S = 14, 40, 6 * 3600.0
ROOM_PER_LOG = 10.0
"""K that a dwelling warms when its emitters grow by a factor e, about; the turns correct what it is not."""
FACTOR_LIMITS = (0.25, 4.0)
"""Emitters are made no smaller or larger than so many times what was drawn: none such are installed. A zone
that would need more stays off its temperature, and is counted (``FieldCity.at_limits``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MeanWeather:
    """The mean of a heating season, with the stations' curves at it."""

    T_outdoor: float
    wind: float
    sun: Floats
    """W/m2 on each zone's front, shape (n_houses, n_zones)."""
    T_supply: Floats
    """degC that the loops' curves ask for on the average, shape (n_loops,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """What commissioning works on."""

    house: HouseParams
    station: StationParams
    riser: RiserParams
    zone: ZoneParams
    occupied: Flags


def commission(
    city: City, mean: MeanWeather, level: dict[str, Any], spread: float
) -> tuple[RiserParams, Flags]:
    """Return the emitters with which stations differ by ``spread`` K (standard deviation) at steady state.

    And which of them stand at ``FACTOR_LIMITS``, shape (n_houses, n_zones).
    """
    station = city.station.station[city.house.loop]
    A = np.where(city.occupied, city.zone.A_heated, 0.0)
    emitters, state = city.riser, None
    wanted = None
    cut = np.zeros(A.shape, dtype=np.bool_)
    for _ in range(TURNS):
        T, state = settled(replace(city, riser=emitters), mean, state)
        if wanted is None:
            wanted = _stretched(T, A, station, level, spread)
        grow = np.exp(np.clip((wanted - T) / ROOM_PER_LOG, -0.5, 0.5))
        asked = emitters.Q_nominal * np.where(city.occupied, grow, 1.0) / city.riser.Q_nominal
        factor = np.clip(asked, *FACTOR_LIMITS)
        cut = factor != asked
        emitters = replace(emitters, Q_nominal=city.riser.Q_nominal * factor)
    return emitters, cut


def station_mean(T: Floats, A: Floats, station: Indices) -> Floats:
    """Return the area-weighted mean of each station, ``T`` and ``A`` of the zones."""
    heat = np.bincount(station, weights=(A * T).sum(axis=1))
    return np.asarray(heat / np.bincount(station, weights=A.sum(axis=1)))


def _stretched(T: Floats, A: Floats, station: Indices, level: dict[str, Any], spread: float) -> Floats:
    """Return the temperatures wanted of all zones."""
    mean = station_mean(T, A, station)
    within = T - mean[station][:, None]
    variance = np.bincount(station, weights=(A * within**2).sum(axis=1)) / np.bincount(
        station, weights=A.sum(axis=1)
    )
    within = within * level["dwelling_gain"] * level["dwelling_sd_K"] / np.sqrt(variance.mean())
    sd = mean.std()
    # what counts is the city's area: a large station that is warm by luck must not make the city warm
    middle = float((A * T).sum() / A.sum())
    between = (mean - middle) * (level["station_gain"] * spread / sd if sd > 0.0 else 0.0)
    return np.asarray(level["T_indoor_mean_degC"] + between[station][:, None] + within)


def settled(
    city: City, mean: MeanWeather, state: tuple[RiserState, Floats] | None
) -> tuple[Floats, tuple[RiserState, Floats]]:
    """Return operative temperatures of all zones in steady weather, and the state to go on from."""
    house, loop = city.house, city.house.loop
    n = city.zone.A_heated.shape
    first = np.searchsorted(loop, np.arange(len(city.station.UA)))
    parts = house.share * house.deviation
    m_house = parts * (city.station.m_flow_design / np.add.reduceat(parts, first))[loop]
    ratio = m_house / (house.share * city.station.m_flow_design[loop])
    share = riser.shares(city.riser, ratio)
    water, T = state or (
        RiserState(T_in=np.full(n, 45.0), T_out=np.full(n, 40.0)),
        np.full((zone.N_STORES, *n), 20.0),
    )
    zones, risers = Zones(city.zone, STEP_S), Risers(city.riser, STEP_S)
    streams = risers.streams(m_house, share)
    hours = np.stack([people.present(MONDAY + 3600.0 * hour) for hour in range(7 * 24)])
    present = hours.mean(axis=0)
    Q_people = house.people * present[house.kind][:, None]
    airing = people.airing(present)[house.kind][:, None] * (house.people > 0.0)
    # the way from the station
    cooled = 1.0 - np.exp(-house.pipe_rate * house.pipe_mass / m_house)
    T_in = mean.T_supply[loop] - cooled * (mean.T_supply[loop] - T_GROUND_degC)
    homes = zones.homes(Q_people, airing)
    for _ in range(STEPS):
        water, Q, _ = risers.step(water, streams, T_in, T[zone.AIR])
        loads = ZoneLoads(
            Q_emitter=Q,
            homes=homes,
            Q_sun=city.zone.aperture * mean.sun / 1000.0,
            T_outdoor=mean.T_outdoor,
            wind=mean.wind,
        )
        T, _ = zones.step(T, loads)
    return zone.indoor(T), (water, T)
