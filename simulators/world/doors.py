"""The doors of faults by name into a world: link, server, device, plant of a station; the centre's machine.

What is done through them goes through the world, so that it stands in the trace and the watch knows since
when a station can not be reached.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from simulators.faults.model import Target
from simulators.faults.site import station_facts
from simulators.plant_choice import door_of
from simulators.world.names import Trouble
from simulators.world.site import host_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.link_connection import Piece
    from simulators.link_profile import LinkProfile
    from simulators.world.world import World


class StationDoors:
    """One station's link and server; implements ``faults.model.LinkDoor`` and ``ServerDoor``."""

    def __init__(self, world: World, station: str) -> None:
        self._world, self._station = world, station

    def override(self, key: object, change: Callable[[LinkProfile], LinkProfile] | None) -> None:
        """Let ``change`` stand over the link's profile under ``key``; None ends it."""
        self._world.line(self._station).override(key, change)

    def edit(self, key: object, edit: Callable[[bytes], list[Piece]] | None) -> None:
        """Let ``edit`` make something else of each answer under ``key``; None ends it."""
        self._world.line(self._station).edit(key, edit)

    def hold(self, key: object, on: bool) -> None:
        """Swallow every byte while any ``key`` holds."""
        self._world.hold(self._station, key, on=on)

    def rebind(self) -> None:
        """Let what is open be dead without a word."""
        self._world.line(self._station).forget()

    def drop(self) -> None:
        """Reset every connection."""
        self._world.line(self._station).reset()

    async def refuse(self, on: bool) -> None:
        """Refuse new connections while on."""
        self._world.set_refusing(self._station, on=on)

    async def take_off(self) -> None:
        """Take the station off the network."""
        await self._world.stop_station(self._station)

    async def put_back(self) -> None:
        """Put it back."""
        await self._world.start_station(self._station)

    async def lose_sessions(self) -> None:
        """OPC UA: forget every session."""
        await self._world.field.stations[self._station].lose_sessions()

    def show_certificate(self, kind: str | None) -> None:
        """Never asked for: no station of a world is secured, so none can have such a fault."""
        raise AssertionError(f"{self._station} has no certificate to be {kind}")


class CentreMachine:
    """Clock and name service of a world's centre; implements ``faults.model.CentreDoor``."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._ahead: dict[object, float] = {}

    def set_clock(self, key: object, ahead_s: float | None) -> None:
        """Let UTC be so many seconds ahead under ``key``; None ends it. The last one set counts."""
        before = self._now()
        self._ahead.pop(key, None)
        if ahead_s is not None:
            self._ahead[key] = ahead_s
        if self._now() != before:
            self._world.set_clock(self._now())

    def answer_name(self, key: object, station: str, after_s: float | None, *, found: bool) -> None:
        """Let a question for a station's name be answered, or given up, after so long; None ends it."""
        trouble = None if after_s is None else Trouble(after_s=after_s, found=found)
        self._world.network.names.trouble(host_of(station), key, trouble)

    def _now(self) -> float:
        return next(reversed(self._ahead.values()), 0.0)


def targets(world: World) -> dict[str, Target]:
    """Return every station of a world as faults see it."""
    centre = CentreMachine(world)
    plant, sites = door_of(world.field.city), world.field.city.site.stations
    found = {}
    for site in sites:
        doors = StationDoors(world, site.id)
        found[site.id] = Target(
            facts=station_facts(site, pipes=world.options.plant == "physical", centre=True),
            link=doors,
            server=doors,
            device=world.field.stations[site.id].device,
            plant=plant,
            rng=random.Random(f"{world.options.seed}:{site.id}:faults"),
            now=world.clock.now,
            centre=centre,
        )
    return found
