"""A fleet that polls and validates a site and writes what it is given: no cycle, no journal."""

from collections.abc import Callable

from benchmarks.fleet import POLL_S, Fleet, Member
from controller.config.model import SiteConfig
from controller.historian.records import Intent, State
from controller.validation import StationValidator
from controller.wiring import driver_factory, first_state, loop_traits
from stations.drivers.opcua.identity import ClientIdentity
from stations.model.clock import SystemClock

CONNECTS_PER_S = 50.0
TOKEN = 2**32 - 1
"""No controller that ran on the same stations before had a greater one."""


def city_fleet(site: SiteConfig, record: Callable[[Intent, State, str], None]) -> Fleet:
    """Return the fleet of a site; ``record`` is told of every step of a write."""
    clock = SystemClock()
    opcua = site.opcua
    identity = ClientIdentity.load_or_create(opcua.certificate, opcua.private_key, opcua.application_uri)
    traits = loop_traits(site)
    state = first_state(site, clock)
    state.token = TOKEN
    members = [
        Member(
            station=station.id,
            profile=station.profile,
            traits={key.loop: own for key, own in traits.items() if key.station == station.id},
            make_driver=driver_factory(station, clock, identity),
            validator=StationValidator(station.profile, POLL_S),
        )
        for station in site.stations
    ]
    return Fleet(members, state, clock, connects_per_s=CONNECTS_PER_S, record=record)
