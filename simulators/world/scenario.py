"""Scenario files in a world: faults by name at their times, as ``dhc simulate`` has them on sockets."""

from __future__ import annotations

import asyncio
import hashlib
import tomllib
from typing import TYPE_CHECKING

from simulators.faults.engine import FaultEngine
from simulators.faults.scenario import ScenarioFaults, read_scenario
from simulators.faults.site import facts_of
from simulators.world.clock import START_UTC
from simulators.world.doors import targets
from simulators.world.faults import Fault
from simulators.world.site import read_site

if TYPE_CHECKING:
    from simulators.faults.scenario import Planned
    from simulators.world.world import World, WorldOptions


def read_planned(options: WorldOptions, end_s: float) -> list[Planned]:
    """Return what the scenario of a world has planned; nothing where it has none.

    Raises ScenarioFaults with everything that is wrong; so is what lasts beyond virtual second ``end_s``.
    """
    if options.scenario is None:
        return []
    try:
        raw = tomllib.loads(options.scenario.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioFaults([str(error)]) from error
    sites = read_site(
        stations=options.stations,
        opcua=options.opcua,
        poll_s=options.poll_s,
        cycle_s=options.cycle_s,
        plant=options.plant,
    )
    facts = facts_of(sites.city.site, pipes=options.plant == "physical", centre=True)
    planned = read_scenario(raw, facts, options.seed)
    late = [
        f"fault {number} ({one.fault.name}): lasts until {one.at_s + (one.duration_s or 0.0):g} s; "
        f"this world is quiet from {end_s:g} s on, give it more --hours"
        for number, one in enumerate(planned, 1)
        if one.at_s + (one.duration_s or 0.0) > end_s
    ]
    if late:
        raise ScenarioFaults(late)
    return planned


def as_faults(planned: list[Planned]) -> tuple[Fault, ...]:
    """Return what is planned as a plan shows it, station by station, in order of time."""
    return tuple(
        Fault(at=one.at_s, kind=one.fault.name, station=station, seconds=one.duration_s or 0.0)
        for one in sorted(planned, key=lambda one: one.at_s)
        for station in one.stations
    )


def digest(scenario: bytes) -> str:
    """Return the SHA-256 of a scenario's bytes, which stands in the trace."""
    return hashlib.sha256(scenario).hexdigest()


async def play_scenario(world: World, planned: list[Planned]) -> None:
    """Begin and end what is planned, each at its second."""
    if world.options.scenario is None:
        return
    world.note(f"scenario {digest(world.options.scenario)}")
    engine = FaultEngine(targets(world))
    engine.schedule(planned, START_UTC)
    told = set[str]()
    while (at := engine.next_at()) is not None:
        await asyncio.sleep(max(at - START_UTC - world.loop.time(), 0.0))
        await engine.advance(max(at, world.clock.now()))
        on = {
            f"{one['name']} {one['station']} since {one['since'] - START_UTC:.1f}" for one in engine.active()
        }
        for what in sorted(on - told):
            world.note(f"begun {what}")
        for what in sorted(told - on):
            world.note(f"ended {what}")
        told = on
