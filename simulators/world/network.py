"""The network of a world: who listens where, and how a connection comes about."""

from __future__ import annotations

import asyncio
import contextvars
import errno
from typing import TYPE_CHECKING

from simulators.world.host import HOST
from simulators.world.names import NameService
from simulators.world.wire import End, Wire, _Socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.world.line import Line
    from simulators.world.loop import VirtualLoop
    from simulators.world.trace import EventTrace

FIRST_SERVER_PORT = 50_001
KNOCK_S = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
"""A connection attempt without an answer is repeated after these waits, as TCP does (RFC 6298)."""

Factory = "Callable[[], asyncio.Protocol]"


class Listener(asyncio.Server):
    """A listening server in the world; stands where ``asyncio.Server`` is expected."""

    def __init__(self, network: Network, factory: Callable[[], asyncio.Protocol], port: int) -> None:
        self.factory = factory
        self.port = port
        self.context = contextvars.copy_context()
        self._network = network

    @property
    def sockets(self) -> tuple[_Socket, ...]:  # type: ignore[override]
        """Return one socket that knows its port."""
        return (_Socket(self.port),)

    def close(self) -> None:
        """Accept no connection any more."""
        self._network.listeners.pop(self.port, None)

    def close_clients(self) -> None:
        """Leave connections to who made them."""

    def abort_clients(self) -> None:
        """Leave connections to who made them."""

    def is_serving(self) -> bool:
        """Tell whether it listens."""
        return self.port in self._network.listeners

    async def start_serving(self) -> None:
        """Do nothing: it listens from its birth."""

    async def wait_closed(self) -> None:
        """Return: nothing remains to be waited for."""


class Network:
    """All listeners and lines of one world."""

    def __init__(self, loop: VirtualLoop, trace: EventTrace) -> None:
        self._loop = loop
        self._trace = trace
        self._connections = 0
        self._free_port = FIRST_SERVER_PORT
        self.names = NameService()
        self.listeners: dict[int, Listener] = {}
        self.lines: dict[int, Line] = {}
        """Lines by the port that the centre connects to."""

    def listen(self, factory: Callable[[], asyncio.Protocol], port: int) -> Listener:
        """Begin to listen."""
        if port == 0:
            port, self._free_port = self._free_port, self._free_port + 1
        if port in self.listeners:
            raise OSError(errno.EADDRINUSE, f"port {port} of this world is taken")
        listener = self.listeners[port] = Listener(self, factory, port)
        return listener

    async def connect(
        self, factory: Callable[[], asyncio.Protocol], port: int
    ) -> tuple[asyncio.Transport, asyncio.Protocol]:
        """Connect through the line of ``port``; a hole keeps the caller waiting until its own deadline."""
        line = self.lines[port]
        knocks = iter(KNOCK_S)
        while True:
            await asyncio.sleep(line.handshake_s(self._loop.time()))
            if not line.hole:
                break
            await asyncio.sleep(next(knocks, KNOCK_S[-1]))
        host = HOST.get()
        if host is not None and not host.alive:
            raise ConnectionAbortedError("this process is dead")
        listener = self.listeners.get(line.target_port)
        if line.refusing or listener is None:
            self._trace.note(self._loop.time(), f"{line.station} refused")
            raise ConnectionRefusedError(errno.ECONNREFUSED, f"port {port} refuses")
        self._connections += 1
        wire = Wire(self._connections, line, self._loop, self._trace, listener.context)
        self._trace.note(self._loop.time(), f"{line.station} {self._connections} connected")
        wire.client.protocol = factory()
        wire.server.protocol = listener.context.copy().run(listener.factory)
        _greet(wire.client)
        self._loop.call_soon(_greet, wire.server, context=wire.server.context)
        return wire.client, wire.client.protocol

    def cut_off(self, host: object, *, silently: bool) -> None:
        """End all connections of a dead process: its system says so, unless its power was cut."""
        for line in self.lines.values():
            for wire in list(line.wires.values()):
                if wire.host is not host:
                    continue
                wire.client.closed = True
                if silently or line.hole or wire.forgotten:
                    wire.forgotten = True
                else:
                    wire.server.lose(None)
                    line.wires.pop(wire.number, None)


def _greet(end: End) -> None:
    end.protocol.connection_made(end)
