"""The stations of a world: one plant, real protocol servers around it, a line and a recorder for each."""

from __future__ import annotations

import asyncio
import copy
import random
from typing import TYPE_CHECKING

from simulators.bounds import bounds_of
from simulators.recorder import StationRecorder
from simulators.servers.misbehaviour import Misbehaviour
from simulators.servers.modbus import ModbusStationServer
from simulators.servers.opcua import OpcUaStationServer
from simulators.servers.registers import RegisterImage
from simulators.world.line import PROFILES_HERE, Line
from simulators.world.opcua import standard_nodes
from simulators.world.site import SCAN_S
from stations.profile import builtin_profile

if TYPE_CHECKING:
    from simulators.link_connection import Tap
    from simulators.sitefile import SimStation
    from simulators.station import SimulatedCity
    from simulators.world.clock import WorldClock
    from simulators.world.loop import VirtualLoop


class Station:
    """Server, line and recorder of one station."""

    def __init__(
        self, station: SimStation, city: SimulatedCity, clock: WorldClock, seed: int, link: str
    ) -> None:
        profile = builtin_profile(station.profile)
        self.id = station.id
        self.unit = station.unit
        self.sim = city.stations[station.id]
        self.heard_at = clock.now()
        """UTC second at which the last write of a centre reached it."""
        self._clock = clock
        self._writes = 0
        self.recorder = StationRecorder(
            station=station.id,
            device=profile.name,
            loops=bounds_of(station),
            values=self.sim.values,
            clock=clock,
        )
        modbus = profile.protocol == "modbus"
        self.line = Line(
            station=station.id,
            port=station.port,
            profile=PROFILES_HERE[link],
            seed=seed,
            new_tap=self._new_tap if modbus else None,
        )
        self.device = Misbehaviour()
        self.device.clock = city.clocks.get(station.id, self.device.clock)
        """What faults have made of it."""
        rng = random.Random(station.id)
        self._server: ModbusStationServer | OpcUaStationServer
        if modbus:
            image = RegisterImage(profile, len(station.loops), self.sim, clock, rng.randrange(6), self.device)
            self._server = ModbusStationServer(image, station.unit)
        else:
            self._server = OpcUaStationServer(
                url=f"opc.tcp://127.0.0.1:{station.port}/",
                profile=profile,
                n_loops=len(station.loops),
                station=self.sim,
                driven=self.sim,
                clock=clock,
                nodes=standard_nodes(),
                identity=None,
                watch=_Heard(self),
                rng=rng,
                device=self.device,
            )
        self.running = False

    async def start(self) -> None:
        """Let the server listen."""
        if not self.running:
            self.running = True
            self.line.target_port = await self._server.start()

    async def stop(self) -> None:
        """Take the station off the network: its connections end, new ones are refused."""
        if self.running:
            self.running = False
            self.line.target_port = 0
            self.line.reset()
            await self._server.stop()

    async def lose_sessions(self) -> None:
        """Forget every OPC UA session; nothing happens on Modbus, which has none."""
        if isinstance(self._server, OpcUaStationServer):
            await self._server.lose_sessions()

    def lose_power(self) -> None:
        """Let the PLC start anew: every loop is on its own curve, as after a return of power."""
        for loop in range(1, self.sim.n_loops + 1):
            self.sim.hand_back(loop, self._clock.now())

    def note_heard(self) -> None:
        """Remember when a write reached the station."""
        if self.recorder.n_writes != self._writes:
            self._writes, self.heard_at = self.recorder.n_writes, self._clock.now()

    def _new_tap(self) -> Tap:
        tap = self.recorder.new_tap()

        def listen(data: bytes) -> None:
            tap(data)
            self.note_heard()

        return listen


class _Heard:
    """Tells the recorder what reached an OPC UA server, and the station that it was heard."""

    def __init__(self, station: Station) -> None:
        self._station = station

    def ua_read(self, nodes: int) -> None:
        """Count a Read."""
        self._station.recorder.ua_read(nodes)

    def ua_write(self, node: str, raw: float) -> None:
        """Judge a Write."""
        self._station.recorder.ua_write(node, raw)
        self._station.note_heard()

    def ua_call(self, method: str, loop: int, arguments: list[float]) -> None:
        """Judge a method call."""
        self._station.recorder.ua_call(method, loop, arguments)
        self._station.note_heard()


class Field:
    """All stations of one world, and the task that moves their plant."""

    def __init__(self, settled: SimulatedCity, clock: WorldClock, seed: int, link: str) -> None:
        """Take a copy of a city that has warmed up: that takes long and is the same for every seed."""
        self.city = copy.deepcopy(settled)
        self.stations = {
            station.id: Station(station, self.city, clock, seed, link) for station in self.city.site.stations
        }
        self._clock = clock

    async def start(self) -> None:
        """Let every station listen."""
        for station in self.stations.values():
            await station.start()

    def run(self, loop: VirtualLoop) -> None:
        """Move the plant one scan, and again at the next."""
        self.city.step(self._clock.now())
        loop.call_later(SCAN_S, self.run, loop)

    async def stop(self) -> None:
        """Close every server."""
        for station in self.stations.values():
            await station.stop()
        await asyncio.sleep(0)
