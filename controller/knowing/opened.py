"""What a site's controller knows when it starts: what it kept, else what loops of their kind are like."""

from collections.abc import Mapping
from typing import NamedTuple

from controller.config.model import SiteConfig
from controller.decisions import LoopKey, LoopTraits
from controller.knowing.keeper import Keeper, introduced
from controller.knowing.known import Kind, Known, first_known
from controller.knowing.store import KnowingStore
from controller.knowing.warm import resumed
from controller.knowing.watch import ROOMS
from controller.weather.site import calendar_of
from optimizer.forecast.calendar import Calendar
from stations.model.clock import Clock


class Begun(NamedTuple):
    """What is known at the start."""

    known: Known
    keeper: Keeper
    store: KnowingStore


def begun(
    site: SiteConfig, traits: Mapping[LoopKey, LoopTraits], T_outdoor: float | None, clock: Clock
) -> Begun:
    """Open the store in the site's data folder, and return what is believed of all loops now.

    ``T_outdoor`` is the mean of the last days, None where nobody knows it. Raises OSError, sqlite3.Error.
    """
    store = KnowingStore(site.data)
    first = first_known(traits, T_outdoor, kinds=loop_kinds(site))
    store.introduce(introduced(first, traits, clock.now()))
    loops = {key: one for key, one in store.introduced().items() if key in traits}
    keeper = Keeper(first, loops, store.believed()[0])
    known = resumed(first, store.noted(ROOMS), clock.now(), clock.monotonic())
    return Begun(keeper.believed(known), keeper, store)


def loop_kinds(site: SiteConfig) -> dict[LoopKey, Kind]:
    """Return what each loop's houses are taken for before they are identified."""
    return {
        LoopKey(station.id, loop.loop): Kind(loop.use, loop.insulation or Kind().insulation)
        for station in site.stations
        for loop in station.loops
    }


def loop_calendars(site: SiteConfig) -> dict[LoopKey, Calendar]:
    """Return the opening hours of loops that have some."""
    return {
        LoopKey(station.id, loop.loop): calendar_of(site.calendars[loop.calendar])
        for station in site.stations
        for loop in station.loops
        if loop.calendar is not None
    }
