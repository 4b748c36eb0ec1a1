"""The physical city behind a site folder: drawn again from its numbers, with the network of its files.

What the site says of a station (loops, emitters, areas) must be what was drawn; what it says of pipes is
taken from ``network/``, so an engineer may close a street there. Whatever does not fit is told by name.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from simulators.citygen.generate import generate
from simulators.citygen.model import EMITTERS, GeneratedCity
from simulators.citygen.network_files import FOLDER, NetworkFileError, read_network
from simulators.fieldtruth.build import FieldCity, build
from simulators.plant.arrays import Floats
from simulators.plant.network.errors import NetworkError
from simulators.sitefile import Origin, SimLoop, SimSite, SiteFileError

AREA_OFF_m2 = 0.51
"""Station lists give whole square metres."""


def field_city(site: SimSite, origin: Origin) -> FieldCity:
    """Return the physical city of a site; raises SiteFileError that says what does not fit."""
    try:
        drawn = generate(origin.stations, origin.seed, origin.spread_K)
    except ValueError as error:
        raise SiteFileError(f"{site.folder / 'simulation.toml'}: [simulation.city]: {error}") from error
    unlike = _unlike(site, drawn)
    if unlike:
        raise SiteFileError(
            "the station list is not that of the city that simulation.toml names "
            "(`--plant simple` serves it all the same):\n" + "\n".join(unlike[:20])
        )
    try:
        return build(_with_network(drawn, site.folder / FOLDER))
    except (NetworkError, NetworkFileError) as error:
        raise SiteFileError(f"{site.folder / FOLDER}: {error}") from error


class SiteCurves:
    """The own curves of a site's loops; implements ``fieldtruth.control.Curves``."""

    def __init__(self, site: SimSite) -> None:
        self._loops: list[SimLoop] = [loop for station in site.stations for loop in station.loops]

    def at(self, T_outdoor: Floats | float) -> Floats:
        """Return the supply setpoint of each loop by one or by each one's outdoor temperature, degC."""
        each = np.broadcast_to(T_outdoor, len(self._loops)).tolist()
        return np.array([loop.own_supply(T) for loop, T in zip(self._loops, each, strict=True)])


def _with_network(drawn: GeneratedCity, folder: Path) -> GeneratedCity:
    if not folder.is_dir():
        return drawn
    pipes = read_network(folder).pipes
    for what, found, wanted in (
        ("stations.csv", [one.name for one in pipes.consumers], [one.name for one in drawn.pipes.consumers]),
        ("network.toml", [one.name for one in pipes.sources], [one.name for one in drawn.pipes.sources]),
    ):
        if found != wanted:
            unlike = next((pair for pair in zip(found, wanted, strict=False) if pair[0] != pair[1]), None)
            said = f"{unlike[0]}, where {unlike[1]} is due" if unlike else f"{len(found)} of {len(wanted)}"
            raise NetworkFileError(f"{what} does not list the city's own: {said}")
    return replace(drawn, pipes=pipes)


def _unlike(site: SimSite, drawn: GeneratedCity) -> list[str]:
    """Return in which stations, loops and sources a site and a drawn city differ."""
    found = [f"source {name}: not in the station list" for name in drawn.sources.id
             if name not in {source.id for source in site.sources}]  # fmt: skip
    ids = [station.id for station in site.stations]
    if ids != list(drawn.stations.id):
        extra = [name for name in ids if name not in drawn.stations.id]
        missing = [name for name in drawn.stations.id if name not in ids]
        found += [f"station {name}: not in the drawn city" for name in extra]
        found += [f"station {name}: not in the station list" for name in missing]
        return found or ["stations stand in another order"]
    loops = drawn.loops
    rows = [[int(i) for i in np.flatnonzero(loops.station == k)] for k in range(len(ids))]
    for station, places in zip(site.stations, rows, strict=True):
        if len(station.loops) != len(places):
            found.append(f"station {station.id}: {len(station.loops)} loops, {len(places)} in the drawn city")
            continue
        for loop, i in zip(station.loops, places, strict=True):
            where, emitter = f"station {station.id} loop {loop.number}", EMITTERS[loops.emitter[i]]
            if loop.emitter != emitter:
                found.append(f"{where}: emitter {loop.emitter}, {emitter} in the drawn city")
            if abs(loop.A_heated - float(loops.A_heated[i])) > AREA_OFF_m2:
                found.append(
                    f"{where}: A_heated_m2 {loop.A_heated:.0f}, {loops.A_heated[i]:.0f} in the drawn city"
                )
    return found
