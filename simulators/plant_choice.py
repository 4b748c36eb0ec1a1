"""Which plant stands behind a site's stations: the physical city where one was drawn, else the simple one."""

from simulators.faults.plant_port import PlantPort
from simulators.plant_troubles import CityTroubles
from simulators.sitefile import SimSite, SiteFileError, origin_of
from simulators.station import Behind, SimulatedCity, weather_of
from simulators.weather import Weather
from simulators.works import CityWorks

PLANTS = ("physical", "simple")


def plant_of(site: SimSite, asked: str | None) -> str:
    """Return which plant serves a site: ``asked``, or by the site. Raises SiteFileError where it has none."""
    drawn = origin_of(site.folder) is not None
    if asked == "physical" and not drawn:
        raise SiteFileError(
            f"{site.folder / 'simulation.toml'} does not say what the city was drawn from "
            "([simulation.city]); `dhc city new` writes sites that have a physical city"
        )
    return asked or ("physical" if drawn else "simple")


def simulated_city(
    site: SimSite, plant: str, *, start: float, seed: int | None = None, weather: Weather | None = None
) -> SimulatedCity:
    """Return the city of a site with one of ``PLANTS`` behind its stations; raises SiteFileError.

    ``seed`` replaces the site's; a physical city itself is always that of its file.
    """
    if plant == "simple":
        return SimulatedCity(site, start=start, seed=seed, weather=weather)
    from simulators.physical import served  # scipy, which the simple plant does not need
    from simulators.physical.works import SCAN_S

    origin = origin_of(site.folder)
    assert origin is not None, "plant_of has seen it"
    number = site.seed if seed is None else seed
    works = served.physical_works(
        site, origin, weather=weather or weather_of(site, number, start), start=start, seed=number
    )
    behind = Behind(
        works=works, sources=served.sources(works, site), scan_s=SCAN_S, clocks=served.clocks(works, site)
    )
    return SimulatedCity(site, start=start, behind=behind)


def door_of(city: SimulatedCity) -> PlantPort:
    """Return the door for faults of a city's plant."""
    if isinstance(city.works, CityWorks):
        return CityTroubles(city)
    from simulators.physical import served

    return served.door(city)
