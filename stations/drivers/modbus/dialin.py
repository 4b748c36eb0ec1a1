"""Stations that call us: a DTU with a SIM card opens the connection, says who it is, passes Modbus RTU on.

``DialInPort`` listens and keeps, for each station, the newest connection that said its name: behind a
carrier's address translation an older one is dead without a word. ``DialledLink`` takes it and asks on it. A
connection on which a question stayed without an answer is hung up, so that a late answer never meets the next
question; the DTU calls again.

A registration packet proves nothing: it can be guessed. The port belongs into the carrier's private network
or behind a VPN, never onto the internet.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from stations.driver import Deadlines, DialInAddress, LinkLost, NoAnswer
from stations.drivers.modbus import rtu
from stations.drivers.modbus.exchange import RequestLink
from stations.drivers.modbus.frames import DeviceException, Request
from stations.drivers.modbus.link import watch_peer
from stations.model.clock import Clock

REGISTER_S = 15.0
"""Who has not said a known name by then is hung up."""
STRANGERS_MAX = 256
"""Connections that have not said a name yet; further ones are hung up at once."""
STREAM_MAX_BYTES = 1024
"""Kept of what comes while an answer is waited for: an answer, and what a DTU sends around it."""
BACKLOG = 1024
"""After an outage all stations call at once."""


class DialInPortError(Exception):
    """The port cannot be had; the text says what to do."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question that waits for its answer."""

    unit: int
    request: Request
    answer: "asyncio.Future[bytes | DeviceException]"


class Call(asyncio.Protocol):
    """One connection that somebody has opened. Owner: the port until it is taken, then the link."""

    def __init__(self, port: "DialInPort") -> None:
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._stream = b""
        self._asked: _Asked | None = None
        self._patience: asyncio.TimerHandle | None = None
        self.station: str | None = None
        """None until it has said its name."""

    @property
    def open(self) -> bool:
        """Whether it can still be asked on."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a name."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it
        watch_peer(transport.get_extra_info("socket"))
        if not self._port.admit(self):
            self.hang_up()
            return
        self._patience = asyncio.get_running_loop().call_later(REGISTER_S, self.hang_up)

    def data_received(self, data: bytes) -> None:
        """Take a name, or an answer; what nobody asked for is a heartbeat, or too late."""
        if self.station is None:
            self._stream = (self._stream + data)[:STREAM_MAX_BYTES]
            station = self._port.name_in(self._stream)
            if station is not None:
                self._named(station)
        elif self._asked is not None:
            self._stream = (self._stream + data)[-STREAM_MAX_BYTES:]
            found = rtu.find(self._stream, self._asked.unit, self._asked.request)
            if found is not None and not self._asked.answer.done():
                self._asked.answer.set_result(found.answer)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let who waits know."""
        self._transport = None
        if self._patience is not None:
            self._patience.cancel()
        if self._asked is not None and not self._asked.answer.done():
            self._asked.answer.set_exception(ConnectionResetError())
        self._port.over(self)

    async def ask(self, unit: int, request: Request, deadline_s: float) -> bytes | DeviceException:
        """Return the answer; raises TimeoutError, or ConnectionResetError at once when the line breaks."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        answer: asyncio.Future[bytes | DeviceException] = asyncio.get_running_loop().create_future()
        self._stream, self._asked = b"", _Asked(unit, request, answer)
        try:
            self._transport.write(rtu.frame(unit, request))
            async with asyncio.timeout(deadline_s):
                return await answer
        finally:
            self._asked = None

    def hang_up(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _named(self, station: str) -> None:
        self.station, self._stream = station, b""
        if self._patience is not None:
            self._patience.cancel()
        self._port.named(self, station)


@dataclass(slots=True)
class _Waiting:
    """What is known of one station."""

    call: Call | None = None
    called: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while a call waits to be taken."""


class DialInPort:
    """The listening socket, and for each station the newest call. Owner: the service, or a command."""

    def __init__(self, registrations: Mapping[str, bytes], patience_s: float = 0.0) -> None:
        """``registrations``: what each station says first; no packet may be the beginning of another.

        ``patience_s``: a link waits at least so long for a call; for commands that begin before stations do.
        """
        self.patience_s = patience_s
        self._station_of = {packet: station for station, packet in registrations.items()}
        self._waiting = {station: _Waiting() for station in registrations}
        self._strangers: set[Call] = set()
        self._all: set[Call] = set()
        self._server: asyncio.Server | None = None
        self.refused = 0
        """Connections that were hung up without having said a known name."""

    async def open(self, host: str, port: int) -> int:
        """Listen (port 0: on a free one) and return the port; raises DialInPortError."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: Call(self), host, port, backlog=BACKLOG)
        except OSError as error:
            raise DialInPortError(
                f"[dial_in] can not listen on {host}:{port}: {error.strerror or error}; stop what listens "
                "there (a running controller does), or choose another"
            ) from error
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    async def close(self) -> None:
        """Hang up every call and listen no more."""
        if self._server is None:
            return
        self._server.close()
        for call in tuple(self._all):
            call.hang_up()
        await self._server.wait_closed()

    async def call_of(self, station: str, wait_s: float) -> Call:
        """Take the station's call, once there is one; raises TimeoutError. It is the taker's from then on."""
        waiting = self._waiting[station]
        async with asyncio.timeout(max(wait_s, self.patience_s)):
            while True:
                await waiting.called.wait()
                waiting.called.clear()
                if waiting.call is not None and waiting.call.open:
                    return waiting.call

    # ------------------------------------------------------------------------------- for the calls

    def admit(self, call: Call) -> bool:
        """Note a new connection; False where there are too many that have said no name."""
        if len(self._strangers) >= STRANGERS_MAX:
            self.refused += 1
            return False
        self._all.add(call)
        self._strangers.add(call)
        return True

    def name_in(self, said: bytes) -> str | None:
        """Return whose registration stands at the beginning of what was said."""
        return next((name for packet, name in self._station_of.items() if said.startswith(packet)), None)

    def named(self, call: Call, station: str) -> None:
        """Take the call for the right one of its station; an older one is dead by now."""
        self._strangers.discard(call)
        waiting = self._waiting[station]
        before, waiting.call = waiting.call, call
        waiting.called.set()
        if before is not None:
            before.hang_up()

    def over(self, call: Call) -> None:
        """Forget a call that has ended."""
        self._all.discard(call)
        if call in self._strangers:
            self._strangers.discard(call)
            self.refused += 1
        if call.station is not None and self._waiting[call.station].call is call:
            self._waiting[call.station].call = None
            self._waiting[call.station].called.clear()


class DialledLink(RequestLink):
    """One connection over Modbus RTU that the station's DTU opened."""

    def __init__(
        self,
        station: str,
        address: DialInAddress,
        port: DialInPort,
        clock: Clock,
        deadlines: Deadlines,
        pause_s: float,
    ) -> None:
        super().__init__(station, clock, deadlines, pause_s)
        self._unit, self._port = address.unit, port
        self._call: Call | None = None

    async def connect(self) -> None:
        """Take the station's call; raises LinkLost where it has not called."""
        try:
            self._call = await self._port.call_of(self._station, self._deadlines.connect_s)
        except TimeoutError:
            raise LinkLost(self._station, "its DTU has not called") from None

    def close(self) -> None:
        """Hang up; the DTU calls again."""
        call, self._call = self._call, None
        if call is not None:
            call.hang_up()

    async def _exchange(self, request: Request) -> bytes | DeviceException:
        if self._call is None:
            raise LinkLost(self._station, "not connected")
        try:
            return await self._call.ask(self._unit, request, self._deadlines.request_s)
        except ConnectionResetError as error:
            raise LinkLost(self._station, f"{request}: the DTU has hung up, or called anew") from error
        except TimeoutError as error:
            silence = f"{request}: no answer within {self._deadlines.request_s} s"
            raise NoAnswer(self._station, silence) from error
