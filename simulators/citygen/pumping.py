"""Pumps in a generated city's network besides those of its sources: boosters, or pumps in the stations.

Both let the sources hold less pressure. A booster stands in a pipe that alone leads to some stations, where
these have less to spare than all others: a way up a hill, a long street. Distributed pumping puts a pump into
each station that the sources no longer reach: they serve what is near, and nobody throttles what he does not
need. Sources' own pumps, houses and pipes stay as they were drawn. What pumps must lift is read from the day
that asks most of the network: all water comes from the base plants, as it does when it is commissioned.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from simulators.citygen.judgement import DesignDay, design_day_of
from simulators.citygen.model import GeneratedCity
from simulators.citygen.network_files import network_of
from simulators.citygen.sizing import AMPLE_kPa, DP_STATION_MIN_kPa, HEAD_ROOM_kPa
from simulators.plant.arrays import Floats
from simulators.plant.network.bridges import only_ways
from simulators.plant.network.graph import Booster, Consumer
from simulators.plant.network.pumps import PumpCurve

BOOSTERS_MAX = 3
SAVING_MIN_kPa = 20.0
"""Which a booster must spare the sources: less is not worth a building."""
NEAR_SHARE = 0.25
"""Of the stations, those nearest by pressure: the sources hold what lets these have some to spare."""
HEAD_MIN_kPa = 20.0
"""Of a pump in a station: there is none smaller."""
DP_SOURCE_MIN_kPa = 20.0
"""Held at the first source's gate however much other pumps do."""


class NoPlaceForPump(ValueError):
    """A city in which no pump besides the sources' is of use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A pipe in which a booster could stand."""

    saving: float
    """kPa that the stations beyond have less than the others."""
    trench: int
    beyond: tuple[int, ...]
    """Rows of the stations that get their water through it alone."""


def boosted(city: GeneratedCity) -> GeneratedCity:
    """Return the city with one to three boosters, its first source holding so much less.

    Raises NoPlaceForPump where none would spare the sources 20 kPa.
    """
    for number in range(1, BOOSTERS_MAX + 1):
        day = _hardest_day(city)
        best = max(_places(day), key=lambda place: (place.saving, len(place.beyond)), default=None)
        if best is None or best.saving < SAVING_MIN_kPa:
            break
        city = _settled(_with_booster(city, day, best, f"B{number}"))
    if not city.pipes.boosters:
        raise NoPlaceForPump(
            f"no booster: there is no pipe to only some of the stations in which one would spare the sources "
            f"{SAVING_MIN_kPa:g} kPa; a larger city, or another seed, has some"
        )
    return city


def distributed(city: GeneratedCity) -> GeneratedCity:
    """Return the city with a pump in each station that its sources, holding much less, do not reach."""
    day = _hardest_day(city)
    dp = day.solution.dp_consumer
    lacking = DP_STATION_MIN_kPa - (dp - np.quantile(dp, 1.0 - NEAR_SHARE))
    flow = city.stations.m_flow_design
    consumers = tuple(
        _with_pump(consumer, float(m), float(head)) if head > 0.0 else consumer
        for consumer, m, head in zip(city.pipes.consumers, flow, lacking, strict=True)
    )
    return _settled(replace(city, pipes=replace(city.pipes, consumers=consumers)))


def _hardest_day(city: GeneratedCity) -> DesignDay:
    """Return the design day with all its water from the base plants, however much these must lift."""
    site = network_of(city)
    alone = np.where(site.base, site.m_flow_source, 0.0)
    alone *= site.m_flow_source.sum() / alone.sum()
    return design_day_of(replace(site, m_flow_source=alone, dp_source=AMPLE_kPa))


def _with_pump(consumer: Consumer, m_flow: float, head: float) -> Consumer:
    return replace(consumer, pump=_curve(m_flow, max(head, HEAD_MIN_kPa)))


def _curve(m_flow: float, head: float) -> PumpCurve:
    """Return the curve through a point as it is written into files, to the digit."""
    return PumpCurve.through(round(m_flow, 4), float(np.ceil(10.0 * head)) / 10.0)


def _places(day: DesignDay) -> Iterator[_Place]:
    """Return the pipes that alone lead to some stations, and what a booster there would spare the sources."""
    dp, every = day.dp_served, set(range(len(day.pipes.consumers)))
    taken = {booster.trench for booster in day.pipes.boosters}
    for trench, beyond in only_ways(day.network).items():
        others = every - set(beyond)
        if others and day.pipes.trenches[trench].name not in taken:
            saving = float(dp[list(others)].min() - dp[list(beyond)].min())
            yield _Place(saving=saving, trench=trench, beyond=beyond)


def _with_booster(city: GeneratedCity, day: DesignDay, place: _Place, name: str) -> GeneratedCity:
    """Return the city with a booster in the supply of a trench, which then points away from the sources."""
    pipes, m_flow = city.pipes, float(day.solution.m_flow[place.trench])
    trenches = list(pipes.trenches)
    trench = trenches[place.trench]
    if m_flow < 0.0:
        trenches[place.trench] = replace(trench, start=trench.end, end=trench.start)
    curve = _curve(abs(m_flow), float(np.floor(place.saving)))
    booster = Booster(name=name, trench=trench.name, side="supply", pump=curve)
    return replace(city, pipes=replace(pipes, trenches=tuple(trenches), boosters=(*pipes.boosters, booster)))


def _settled(city: GeneratedCity) -> GeneratedCity:
    """Return the city with what its first source must still hold, and with water nowhere near boiling."""
    ample = design_day_of(replace(network_of(city), dp_source=AMPLE_kPa))
    held = city.sources.dp_design.copy()
    held[0] = max(float(np.ceil(AMPLE_kPa - ample.dp_served.min() + DP_STATION_MIN_kPa)), DP_SOURCE_MIN_kPa)
    city = replace(city, sources=replace(city.sources, dp_design=held))
    day = design_day_of(network_of(city))
    p = day.solution.p
    lack = max(0.0, float(np.ceil((HEAD_ROOM_kPa - float(p.min())) / 10.0) * 10.0))
    return replace(
        city,
        pipes=replace(city.pipes, p_return=city.pipes.p_return + lack),
        sources=replace(city.sources, dp_design=_at_sources(day, p)),
    )


def _at_sources(day: DesignDay, p: Floats) -> Floats:
    network = day.network
    ends = network.link_end[network.sources], network.link_start[network.sources]
    return np.asarray(p[ends[0]] - p[ends[1]])
