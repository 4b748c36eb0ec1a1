"""What a site's controller knows when it starts: what it kept, else what loops of their kind are like."""

from collections.abc import Mapping
from typing import NamedTuple

from controller.config.model import SiteConfig
from controller.decisions import LoopKey, LoopTraits
from controller.knowing.keeper import Keeper, introduced
from controller.knowing.known import Known, first_known
from controller.knowing.store import KnowingStore
from controller.knowing.warm import resumed
from controller.knowing.watch import ROOMS
from controller.weather.site import calendar_of
from optimizer.forecast.calendar import Calendar
from stations.model.clock import Clock

OPENING_HOURS_USE = "office"
"""What buildings with opening hours are taken for before they are identified; schools are alike."""


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
    uses = dict.fromkeys(loop_calendars(site), OPENING_HOURS_USE)
    store = KnowingStore(site.data)
    first = first_known(traits, T_outdoor, uses=uses)
    store.introduce(introduced(first, traits, clock.now()))
    loops = {key: one for key, one in store.introduced().items() if key in traits}
    keeper = Keeper(first, loops, store.believed()[0])
    known = resumed(first, store.noted(ROOMS), clock.now(), clock.monotonic())
    return Begun(keeper.believed(known), keeper, store)


def loop_calendars(site: SiteConfig) -> dict[LoopKey, Calendar]:
    """Return the opening hours of loops that have some."""
    return {
        LoopKey(station.id, loop.loop): calendar_of(site.calendars[loop.calendar])
        for station in site.stations
        for loop in station.loops
        if loop.calendar is not None
    }
