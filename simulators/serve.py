"""A site's stations on real sockets: the plant inside, servers around it, a link before each, time moving."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from simulators.certificates import ensure_certificates
from simulators.control import ControlServer
from simulators.faults.engine import FaultEngine
from simulators.faults.scenario import Planned
from simulators.link_failures import LinkFailures
from simulators.link_profile import PROFILES
from simulators.operations import Operations
from simulators.plant_choice import door_of, plant_of, simulated_city
from simulators.post import PortsInUse, Post, bind_all
from simulators.servers.opcua_space import standard_nodes
from simulators.sitefile import SimSite
from simulators.station import weather_of
from simulators.trace import ControlTrace
from simulators.weather import Weather
from simulators.weather_office import WeatherOffice
from stations.model.clock import ScaledClock
from stations.profile import builtin_profile

if TYPE_CHECKING:
    from simulators.faults.model import Target

STEP_WALL_S = 0.1
"""At most ten steps in a wall second; at factor 1 one is enough."""
SLICE_S = 50.0
"""Scaled seconds of plant at once: when time has run ahead, servers answer between the slices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How to serve a site."""

    link: str = "none"
    """Name of a link profile."""
    control_port: int = 0
    seed: int | None = None
    """Replaces the seed of the site."""
    weather: Weather | None = None
    faults: Sequence[Planned] = ()
    """What a scenario has planned, counted from the start."""
    forecast: Path | None = None
    """A weather office keeps its forecast there."""
    plant: str | None = None
    """One of ``plant_choice.PLANTS``; None: the physical one where the site has it."""


class Simulation:
    """The running simulators of one site. Owner of the city, of all posts and of the stepping task."""

    def __init__(self, site: SimSite, clock: ScaledClock, options: ServeOptions) -> None:
        self.site = site
        self.clock = clock
        self.plant = plant_of(site, options.plant)
        self.city = simulated_city(
            site, self.plant, start=clock.now(), seed=options.seed, weather=options.weather
        )
        self.posts: dict[str, Post] = {}
        self.trace = ControlTrace(self.city)
        self.control_port = 0
        self._options = options
        self._seed = site.seed if options.seed is None else options.seed
        self._link_failures = LinkFailures(self._seed)
        self._office = None
        if options.forecast is not None:
            weather = options.weather or weather_of(site, self._seed, clock.now())
            self._office = WeatherOffice(weather, self._seed, options.forecast)
            self._office.advance(clock.now())
        self._targets: dict[str, Target] = {}
        self.faults = FaultEngine(self._targets)
        operations = Operations(
            self.city, self.posts, self.trace, clock, self.faults, self._targets, self._link_failures
        )
        self._control = ControlServer(operations.handle)
        self._stepping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Bind all ports, then start every server; raises PortsInUse before anything has started."""
        try:
            self.control_port = await self._control.start(self._options.control_port)
        except OSError as error:
            raise PortsInUse(f"control channel: {self._options.control_port}: {error.strerror}") from error
        everyone = {station.id: station for station in (*self.site.stations, *self.site.sources)}
        ensure_certificates(self.site)
        sockets = bind_all(everyone)
        opcua = any(builtin_profile(station.profile).protocol == "opcua" for station in everyone.values())
        nodes = await standard_nodes() if opcua else None
        profile, plant = PROFILES[self._options.link], door_of(self.city)
        for name, station in everyone.items():
            sim = self.city.stations.get(name)
            self.posts[name] = Post(
                station=station,
                served=sim or self.city.sources[name],
                driven=sim or self.city.driven_sources.get(name),
                clock=self.clock,
                link_profile=self._options.link,
                seed=self._seed,
                nodes=nodes,
            )
            if name in self.city.clocks:
                self.posts[name].device.clock = self.city.clocks[name]
            await self.posts[name].start(sockets.get(name))
            self._targets[name] = self.posts[name].target(plant, pipes=self.plant == "physical")
            self._link_failures.follow(name, self.posts[name].link, profile, self.city.start)
        self.faults.schedule(self._options.faults, self.city.start)
        # starting many servers takes long at a high factor: who connects shall find the plant of now
        await self._catch_up()
        self._stepping = asyncio.create_task(self._advance(), name="simulated time")

    async def stop(self) -> None:
        """Close every socket and end the stepping task."""
        if self._stepping is not None:
            self._stepping.cancel()
            await asyncio.wait([self._stepping])
        await self._control.stop()
        await self.faults.close()
        await asyncio.gather(*(post.stop() for post in self.posts.values()))

    async def failed(self) -> None:
        """Wait until the stepping task ends, which it only does by an error; raises that error."""
        assert self._stepping is not None
        await asyncio.shield(self._stepping)

    async def _advance(self) -> None:
        period_s = max(STEP_WALL_S, 1.0 / self.clock.factor)
        while True:
            await self._catch_up()
            await asyncio.sleep(period_s)

    async def _catch_up(self) -> None:
        while self.city.now + self.city.scan_s <= self.clock.now():
            self.city.step(min(self.clock.now(), self.city.now + SLICE_S))
            self.trace.note()
            self._link_failures.advance(self.city.now)
            if self._office is not None:
                self._office.advance(self.city.now)
            await self.faults.advance(self.city.now)
            await asyncio.sleep(0)


@contextlib.asynccontextmanager
async def serving(site: SimSite, clock: ScaledClock, options: ServeOptions) -> AsyncIterator[Simulation]:
    """Run a site's simulators for the length of a ``with`` block."""
    simulation = Simulation(site, clock, options)
    try:
        await simulation.start()
        yield simulation
    finally:
        await simulation.stop()
