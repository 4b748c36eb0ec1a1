"""A small simulated city on real sockets whose faults a test switches, and the controller's own drivers."""

import dataclasses
import time
from contextlib import asynccontextmanager

from simulators.city import write_city
from simulators.control import ask
from simulators.serve import ServeOptions, serving
from simulators.sitefile import load_site
from stations.driver import Deadlines, DriverError, ModbusAddress, OpcUaAddress
from stations.drivers.modbus.driver import ModbusDriver
from stations.drivers.opcua.driver import OpcUaDriver
from stations.drivers.opcua.identity import ClientIdentity
from stations.model.clock import ScaledClock
from stations.model.quality import Quality
from stations.profile import builtin_profile
from tests.support.raw_modbus import RawModbus

START_UTC = 1_736_899_200.0
DEADLINES = Deadlines(connect_s=2.0, request_s=1.0, close_s=1.0)


def driver_of(station, clock, identity, deadlines=DEADLINES, host="127.0.0.1"):
    """A new driver of the controller for a simulated station; not connected."""
    profile, n_loops = builtin_profile(station.profile), len(station.loops)
    if profile.protocol == "modbus":
        address = ModbusAddress(host=host, port=station.port, unit=station.unit)
        return ModbusDriver(station.id, profile, n_loops, address, clock, deadlines)
    secured = station.security != "none"
    address = OpcUaAddress(
        url=f"opc.tcp://{host}:{station.port}/",
        security=station.security,
        server_certificate=station.certificate if secured else None,
    )
    return OpcUaDriver(station.id, profile, n_loops, address, clock, identity if secured else None, deadlines)


class FaultBench:
    """The running city, its clock and its switch."""

    def __init__(self, simulation, clock, folder):
        self.simulation, self.clock, self.folder = simulation, clock, folder
        self.identity = ClientIdentity.load_or_create(
            folder / "controller.der", folder / "controller.pem", "urn:dhc:controller"
        )

    def post(self, profile, *, secured=False):
        return next(
            post
            for post in self.simulation.posts.values()
            if post.station.profile == profile and (post.station.security != "none") == secured
        )

    async def ask(self, action, **request):
        return await ask(self.simulation.control_port, "fault", action=action, **request)

    @asynccontextmanager
    async def fault(self, name, post, **options):
        """One fault at one station for the length of the block."""
        station = post.station.id
        await self.ask("on", name=name, stations=[station], options=options)
        try:
            yield
        finally:
            await self.ask("off", name=name, stations=[station])

    def driver(self, post, deadlines=DEADLINES, **where):
        """A new driver of the controller for a station; not connected."""
        station = dataclasses.replace(post.station, port=post.link.port)
        return driver_of(station, self.clock, self.identity, deadlines, **where)

    @asynccontextmanager
    async def connected(self, post, deadlines=DEADLINES):
        driver = self.driver(post, deadlines)
        try:
            await driver.connect()
            yield driver
        finally:
            await driver.close()

    @asynccontextmanager
    async def raw(self, profile):
        """The post of a Modbus station, and a raw connection to it."""
        post = self.post(profile)
        client = await RawModbus.connect(post.link.port, post.station.unit)
        try:
            yield post, client
        finally:
            await client.close()


async def reads(bench, post, times=2):
    """What a driver that connects and reads now gets: readings, or the error that it raises."""
    seen = []
    for _ in range(times):
        driver = bench.driver(post)
        try:
            await driver.connect()
            seen.append(await driver.read())
        except DriverError as error:
            seen.append(error)
        finally:
            await driver.close()
    return seen


async def sound(bench, post):
    """The station answers as if nothing had been."""
    (seen,) = await reads(bench, post, 1)
    assert not isinstance(seen, DriverError), seen
    assert sum(reading.quality is Quality.GOOD for reading in seen.values()) > 20


@asynccontextmanager
async def fault_bench(folder, *, stations=6, factor=1.0, faults=(), write=write_city, **options):
    """Serve a city of every kind of station, each on a free port; ``faults`` as in ``ServeOptions``."""
    write(folder, stations=stations, seed=1, base_port=20_000)
    site = load_site(folder)
    site = dataclasses.replace(
        site,
        stations=tuple(dataclasses.replace(station, port=0) for station in site.stations),
        sources=tuple(dataclasses.replace(station, port=0) for station in site.sources),
    )
    clock = ScaledClock(start_utc=START_UTC, anchor=time.monotonic(), factor=factor)
    async with serving(site, clock, ServeOptions(faults=faults, **options)) as simulation:
        yield FaultBench(simulation, clock, folder)
