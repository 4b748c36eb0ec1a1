"""One connection through a link: delayed bytes both ways between the centre and a station.

The caller is who has opened it: the centre, or a station that dials out. The called side is the other.
"""

import asyncio
import random
import socket
import struct
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from simulators.link_profile import Lane, LinkProfile
from simulators.one_buffer import read_into_one_buffer

HALF_OPEN_S = 60.0
"""So long after the caller has given up a dead connection the called side's own keep-alive ends it there."""

PENDING_MAX_BYTES = 256 * 1024
"""A direction that holds more stops reading until some is delivered, as a full radio buffer would."""

_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER on, 0 s: closing sends RST instead of FIN."""

Tap = Callable[[bytes], None]
"""Sees the bytes of one connection on their way to the station, at the moment they arrive there."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of what a fault makes of an answer."""

    data: bytes
    after_s: float = 0.0
    """Held back for so many wall seconds on top of the link's delay."""
    cut: bool = False
    """Reset the connection after the data."""


class _Link(Protocol):
    """What a connection needs to know of its link (``simulators.link.Link``)."""

    rng: random.Random
    new_tap: Callable[[], Tap] | None
    outward: bool
    target_host: str
    target_port: int
    hole: bool
    garble: bool
    stalled_until: float

    @property
    def edits(self) -> bool: ...
    def edited(self, data: bytes) -> list[Piece]: ...
    def lane(self) -> Lane: ...
    def join(self, connection: "Connection") -> None: ...
    def leave(self, connection: "Connection") -> None: ...


class _Direction:
    """One way of a connection: holds segments until they are due, then writes them, in order."""

    def __init__(self, link: _Link, connection: "Connection", tap: Tap | None, answers: bool) -> None:
        self._link = link
        self.lane = link.lane()
        self._connection = connection
        self._tap = tap
        self._answers = answers
        """True for the way from the station to the centre."""
        self._waiting: deque[tuple[float, Piece]] = deque()
        self._bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self.source: asyncio.Transport | None = None
        self.target: asyncio.Transport | None = None

    def feed(self, data: bytes) -> None:
        """Take a segment; empty means the end of the stream."""
        if self._connection.swallows():
            return
        edited = self._answers and data and self._link.edits
        for piece in self._link.edited(data) if edited else (Piece(data),):
            self._hold(piece)
        if self._bytes > PENDING_MAX_BYTES and self.source is not None:
            self.source.pause_reading()
        self.deliver()

    def deliver(self) -> None:
        """Write what is due and set the timer for the rest."""
        if self.target is None:
            return
        now = asyncio.get_running_loop().time()
        while self._waiting and max(self._waiting[0][0], self._link.stalled_until) <= now:
            _, piece = self._waiting.popleft()
            self._bytes -= len(piece.data)
            if self._connection.swallows():
                continue
            if piece.data:
                self._write(piece.data)
            if piece.cut:
                self._connection.reset()
                return
            if not piece.data:
                self._connection.end()
                return
        if self._bytes <= PENDING_MAX_BYTES and self.source is not None and not self.source.is_reading():
            self.source.resume_reading()
        self._set_timer()

    def cancel(self) -> None:
        """Forget what waits."""
        self._waiting.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _hold(self, piece: Piece) -> None:
        """Queue a piece behind what waits already."""
        after = self._waiting[-1][0] if self._waiting else 0.0
        arrival = self.lane.arrival(asyncio.get_running_loop().time(), len(piece.data))
        self._waiting.append((max(after, arrival + piece.after_s), piece))
        self._bytes += len(piece.data)

    def _write(self, data: bytes) -> None:
        assert self.target is not None
        if self._answers and self._link.garble:
            data = self._link.rng.randbytes(len(data))
        if self._tap is not None:
            self._tap(data)
        self.target.write(data)

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._waiting:
            when = max(self._waiting[0][0], self._link.stalled_until)
            self._timer = asyncio.get_running_loop().call_at(when, self.deliver)


class Connection(asyncio.Protocol):
    """A connection from a caller, and the one that it causes to the called side."""

    def __init__(self, link: _Link) -> None:
        self.lost_bytes = False
        self._dead = False
        self._forget: asyncio.TimerHandle | None = None
        self._link = link
        tap = link.new_tap() if link.new_tap else None
        # up leads from the caller to the called side
        self._up = _Direction(link, self, None if link.outward else tap, answers=link.outward)
        self._down = _Direction(link, self, tap if link.outward else None, answers=not link.outward)
        self._dial: asyncio.Task[None] | None = None
        self._ended = False
        self._server_gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the caller's connection; in a black hole it leads nowhere."""
        assert isinstance(transport, asyncio.Transport)
        _no_delay(transport)
        read_into_one_buffer(transport, self)
        self._up.source = self._down.target = transport
        self._link.join(self)
        if self._link.hole:
            self.lost_bytes = True
        else:
            self._dial = asyncio.create_task(self._connect(), name=f"link to port {self._link.target_port}")

    def data_received(self, data: bytes) -> None:
        """Take bytes from the caller."""
        self._up.feed(data)

    def connection_lost(self, error: Exception | None) -> None:
        """Let the called side end after what is on the way; in a black hole it never hears of it."""
        self._up.source = self._down.target = None
        if self._dead:
            if self._down.source is None:
                self.reset()
            else:
                self._forget = asyncio.get_running_loop().call_later(HALF_OPEN_S, self.reset)
        elif self._link.hole:
            self.lost_bytes = True
        elif error is None and not self._server_gone and not self._ended:
            self._up.feed(b"")
        else:
            self.reset()

    def server_connected(self, transport: asyncio.Transport) -> None:
        """Take the connection to the called side and pass on what has arrived meanwhile."""
        _no_delay(transport)
        self._down.source = self._up.target = transport
        if self._ended:
            self.reset()
        else:
            self._up.deliver()

    def server_data(self, data: bytes) -> None:
        """Take bytes from the called side."""
        self._down.feed(data)

    def server_lost(self) -> None:
        """Close the caller's side after the bytes that are still on the way."""
        self._server_gone = True
        self._down.source = self._up.target = None
        if self._dead and self._down.target is not None:
            return
        if self._down.target is None or self._ended:
            self.reset()
        else:
            self._down.feed(b"")

    def end(self) -> None:
        """Close both sides in order."""
        self._finish(_close)

    def reset(self) -> None:
        """Reset both sides."""
        self._finish(_abort)

    def deaden(self) -> None:
        """Swallow everything from now on, for ever; neither side is told."""
        self._dead = True

    def swallows(self) -> bool:
        """Tell whether what arrives or is due now is lost, and remember that it was."""
        if self._link.hole:
            self.lost_bytes = True
        return self._dead or self._link.hole

    def change(self, profile: LinkProfile, base_s: float) -> None:
        """Behave as another profile from now on."""
        self._up.lane.change(profile, base_s)
        self._down.lane.change(profile, base_s)

    def wake(self) -> None:
        """Leave a black hole: a connection that lost bytes, or an end of it, is of no use any more."""
        if not self._dead and (self.lost_bytes or self._up.source is None or self._up.target is None):
            self.reset()

    async def dialled(self) -> None:
        """Wait until no dialling task is left."""
        if self._dial is not None:
            await asyncio.wait([self._dial])

    def _finish(self, close: Callable[[asyncio.Transport], None]) -> None:
        self._ended = True
        self._up.cancel()
        self._down.cancel()
        if self._forget is not None:
            self._forget.cancel()
        if self._dial is not None and not self._dial.done():
            self._dial.cancel()
        for transport in (self._up.source, self._down.source):
            if transport is not None:
                close(transport)
        self._link.leave(self)

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await loop.create_connection(
                lambda: _ServerSide(self), self._link.target_host, self._link.target_port
            )
        except OSError:
            self.reset()


class _ServerSide(asyncio.Protocol):
    """The connection from the link to the called side."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        read_into_one_buffer(transport, self)
        self._connection.server_connected(transport)

    def data_received(self, data: bytes) -> None:
        self._connection.server_data(data)

    def connection_lost(self, error: Exception | None) -> None:
        self._connection.server_lost()


def _no_delay(transport: asyncio.Transport) -> None:
    transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _close(transport: asyncio.Transport) -> None:
    transport.close()


def _abort(transport: asyncio.Transport) -> None:
    sock = transport.get_extra_info("socket")
    if sock is not None and sock.fileno() >= 0:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()
