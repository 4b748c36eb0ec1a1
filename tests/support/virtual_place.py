"""One station on a virtual network: a loop, a line and a server that echoes."""

import asyncio
import random

from simulators.link_profile import PROFILES
from simulators.world.line import Line
from simulators.world.loop import VirtualLoop
from simulators.world.network import Network
from simulators.world.trace import EventTrace

PORT = 20_001


class Ear(asyncio.Protocol):
    """Keeps what arrives and when; answers with the same if told so."""

    def __init__(self, loop, *, echo=False):
        self.loop, self.echo = loop, echo
        self.heard = []
        self.lost = None

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.heard.append((self.loop.time(), data))
        if self.echo:
            self.transport.write(data)

    def connection_lost(self, error):
        self.lost = (self.loop.time(), error)


class Place:
    """A loop with one station on it that echoes."""

    def __init__(self, profile="good"):
        self.loop = VirtualLoop(random.Random(1))
        self.trace = EventTrace()
        self.network = self.loop.network = Network(self.loop, self.trace)
        self.line = Line(station="S001", port=PORT, profile=PROFILES[profile], seed=1, new_tap=None)
        self.network.lines[PORT] = self.line
        self.servers = []
        self.line.target_port = self.network.listen(self._accept, 0).port

    def _accept(self):
        self.servers.append(Ear(self.loop, echo=True))
        return self.servers[-1]

    async def dial(self):
        _, ear = await self.loop.create_connection(lambda: Ear(self.loop), "127.0.0.1", PORT)
        return ear

    def run(self, doing):
        return self.loop.run_until_complete(doing)
