"""Everything that stands between the centre and one simulated station: link, server and recorder."""

import random
import socket
from collections.abc import Mapping
from typing import Protocol

from simulators.bounds import bounds_of
from simulators.certificates import stand_in
from simulators.faults.model import Target
from simulators.faults.plant_port import PlantPort
from simulators.faults.site import station_facts
from simulators.link import Link
from simulators.link_profile import PROFILES
from simulators.recorder import StationRecorder
from simulators.servers.dtu import DialOutStation
from simulators.servers.misbehaviour import Misbehaviour
from simulators.servers.modbus import ModbusStationServer
from simulators.servers.opcua import OpcUaStationServer, ServerIdentity
from simulators.servers.opcua_space import StandardNodes
from simulators.servers.registers import RegisterImage
from simulators.servers.served import Driven, Served
from simulators.sitefile import SimStation
from stations.model.clock import Clock
from stations.profile import Profile, builtin_profile


class _Server(Protocol):
    async def start(self) -> int: ...
    async def stop(self) -> None: ...


class Post:
    """One station on the network. Owner of its sockets; can be taken off the network and put back."""

    def __init__(
        self,
        *,
        station: SimStation,
        served: Served,
        driven: Driven | None,
        clock: Clock,
        link_profile: str,
        seed: int,
        nodes: StandardNodes | None,
    ) -> None:
        rng = random.Random(f"{seed}:{station.id}")
        profile = builtin_profile(station.profile)
        self.station = station
        self.protocol = profile.protocol
        self.recorder = StationRecorder(
            station=station.id,
            device=profile.name,
            loops=bounds_of(station),
            values=served.values,
            clock=clock,
            serial=station.dial is not None,
        )
        self.link = Link(
            host=station.host if station.dial is None else "127.0.0.1",
            port=station.port if station.dial is None else 0,
            outward=station.dial is not None,
            profile=PROFILES[link_profile],
            rng=rng,
            new_tap=self.recorder.new_tap if profile.protocol == "modbus" else None,
        )
        self.device = Misbehaviour()
        self._clock = clock
        self._rng = random.Random(f"{seed}:{station.id}:faults")
        self._opcua: OpcUaStationServer | None = None
        self._server: _Server | DialOutStation
        if profile.protocol == "modbus":
            assert driven is not None, "a heat source speaks OPC UA"
            self._server = _modbus(station, profile, driven, clock, rng, self.device)
        else:
            assert nodes is not None
            self._server = self._opcua = _opcua(
                station, profile, served, driven, clock, rng, nodes, self.recorder, self.device
            )
        self.running = False

    async def start(self, sock: socket.socket | None = None) -> None:
        """Start the server and open the link, on ``sock`` where it is bound already; or dial out."""
        if self.running:
            return
        self.running = True
        if isinstance(self._server, DialOutStation):
            assert self.station.dial is not None
            await self.link.open(self.station.dial.port, target_host=self.station.dial.host)
            self._server.start(self.link.port)
        else:
            await self.link.open(await self._server.start(), sock)

    async def stop(self) -> None:
        """Take the station off the network: connects are refused, connections reset."""
        if self.running:
            self.running = False
            await self.link.close()
            await self._server.stop()

    def target(self, plant: PlantPort | None, *, pipes: bool = False) -> Target:
        """Return this station as faults see it; ``pipes``: the plant has a network of them."""
        return Target(
            facts=station_facts(self.station, pipes=pipes),
            link=self.link,
            server=self,
            device=self.device,
            plant=plant,
            rng=self._rng,
            now=self._clock.now,
        )

    async def take_off(self) -> None:
        """Take the station off the network, for a fault."""
        await self.stop()

    async def put_back(self) -> None:
        """Put the station back after a fault; raises OSError when its port has been taken meanwhile."""
        await self.start()

    async def lose_sessions(self) -> None:
        """Forget every OPC UA session; nothing happens on Modbus, which has none."""
        if self._opcua is not None:
            await self._opcua.lose_sessions()

    def show_certificate(self, kind: str | None) -> None:
        """Show a certificate of ``certificates.stand_in`` from the next start on; None for the own one."""
        assert self._opcua is not None
        if kind is None:
            self._opcua.identify(None)
        else:
            certificate, key = stand_in(self.station, kind)
            self._opcua.identify(ServerIdentity(certificate=certificate, private_key=key))


def _modbus(
    station: SimStation,
    profile: Profile,
    driven: Driven,
    clock: Clock,
    rng: random.Random,
    device: Misbehaviour,
) -> ModbusStationServer | DialOutStation:
    unit_code = rng.randrange(6)  # heat meters are delivered with different units
    image = RegisterImage(profile, len(station.loops), driven, clock, unit_code, device)
    if station.dial is not None:
        return DialOutStation(image, station.unit, station.dial, rng)
    return ModbusStationServer(image, station.unit)


def _opcua(
    station: SimStation,
    profile: Profile,
    served: Served,
    driven: Driven | None,
    clock: Clock,
    rng: random.Random,
    nodes: StandardNodes,
    recorder: StationRecorder,
    device: Misbehaviour,
) -> OpcUaStationServer:
    identity = None
    if station_facts(station).secured:
        assert station.certificate is not None
        assert station.private_key is not None
        identity = ServerIdentity(certificate=station.certificate, private_key=station.private_key)
    return OpcUaStationServer(
        url=f"opc.tcp://{station.host}:{station.port}/",
        profile=profile,
        n_loops=station.n_loops,
        station=served,
        driven=driven,
        clock=clock,
        nodes=nodes,
        identity=identity,
        watch=recorder,
        rng=rng,
        device=device,
    )


class PortsInUse(Exception):
    """Some stations cannot listen; the text names each with its port and the reason."""


def bind_all(stations: Mapping[str, SimStation]) -> dict[str, socket.socket]:
    """Bind the port of each station that listens; raises PortsInUse with all that fail, holding none."""
    bound: dict[str, socket.socket] = {}
    faults = []
    for name, station in stations.items():
        if station.dial is not None:
            continue
        try:
            bound[name] = socket.create_server((station.host, station.port))
        except OSError as error:
            faults.append(f"station {name}: {station.host}:{station.port}: {error.strerror}")
    if faults:
        for sock in bound.values():
            sock.close()
        raise PortsInUse("\n".join(faults))
    return bound
