"""The stations of a site folder as faults see them, before anything runs."""

from collections.abc import Mapping

from simulators.faults.model import Facts
from simulators.sitefile import SimSite, SimStation
from stations.profile import builtin_profile


def facts_of(site: SimSite, *, pipes: bool = False, centre: bool = False) -> Mapping[str, Facts]:
    """Return what decides which faults each station and source can have; what is named is as in ``Facts``."""
    every = (*site.stations, *site.sources)
    return {station.id: station_facts(station, pipes=pipes, centre=centre) for station in every}


def station_facts(station: SimStation, *, pipes: bool = False, centre: bool = False) -> Facts:
    """Return the same of one station."""
    return Facts(
        station=station.id,
        kind=station.kind,
        profile=builtin_profile(station.profile),
        n_loops=len(station.loops),
        secured=station.certificate is not None and station.security != "none",
        dials=station.dial is not None,
        pipes=pipes,
        centre=centre,
    )
