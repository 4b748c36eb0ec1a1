"""The physical city behind a site folder: drawn again from its numbers, with what people wrote there."""

import numpy as np

from simulators.citygen.generate import generate
from simulators.citygen.taken import taken
from simulators.fieldtruth.build import FieldCity, build
from simulators.plant.arrays import Floats
from simulators.plant.network.errors import NetworkError
from simulators.sitefile import Origin, SimLoop, SimSite, SiteFileError


def field_city(site: SimSite, origin: Origin) -> FieldCity:
    """Return the physical city of a site; raises SiteFileError that says all that does not fit."""
    try:
        city = taken(generate(origin.stations, origin.seed, origin.spread_K), site.folder)
        listed = [(station.id, loop.number) for station in site.stations for loop in station.loops]
        rows = zip(city.loops.station.tolist(), city.loops.number.tolist(), strict=True)
        if listed != [(city.stations.id[station], number) for station, number in rows]:
            raise ValueError("station list: stations and loops stand in another order than they were drawn")
        if strangers := [source.id for source in site.sources if source.id not in city.sources.id]:
            raise ValueError(f"station list: {', '.join(strangers)}: no source of the network")
        return build(city)
    except (NetworkError, ValueError) as error:  # SiteFaults are ValueErrors, too
        raise SiteFileError(
            f"no physical city stands behind it (`--plant simple` serves it all the same):\n{error}"
        ) from error


class SiteCurves:
    """The own curves of a site's loops; implements ``fieldtruth.control.Curves``."""

    def __init__(self, site: SimSite) -> None:
        self._loops: list[SimLoop] = [loop for station in site.stations for loop in station.loops]

    def at(self, T_outdoor: Floats | float) -> Floats:
        """Return the supply setpoint of each loop by one or by each one's outdoor temperature, degC."""
        each = np.broadcast_to(T_outdoor, len(self._loops)).tolist()
        return np.array([loop.own_supply(T) for loop, T in zip(self._loops, each, strict=True)])
