"""One connection in the world: two transports, and bytes that arrive in order, later, or not at all."""

from __future__ import annotations

import asyncio
import contextvars
import socket
from typing import TYPE_CHECKING, Any

from simulators.link_connection import Piece
from simulators.world.host import HOST

if TYPE_CHECKING:
    from collections.abc import Iterable

    from simulators.link_connection import Tap
    from simulators.world.host import Host
    from simulators.world.line import Line
    from simulators.world.loop import VirtualLoop
    from simulators.world.trace import EventTrace


class _Socket:
    """What code asks of a connection's socket."""

    def __init__(self, port: int) -> None:
        self._port = port

    def setsockopt(self, *_: object) -> None:
        """Take any option: there is no kernel below."""

    def getsockname(self) -> tuple[str, int]:
        return "127.0.0.1", self._port

    def getpeername(self) -> tuple[str, int]:
        return "127.0.0.1", self._port

    def fileno(self) -> int:
        return -1

    @property
    def family(self) -> int:
        return socket.AF_INET


class End(asyncio.Transport):
    """One end of a connection, as a protocol sees it."""

    def __init__(self, wire: Wire, port: int, context: contextvars.Context) -> None:
        super().__init__()
        self.wire = wire
        self.context = context
        self.protocol: asyncio.Protocol
        self.closed = False
        self._socket = _Socket(port)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send bytes; after the end nobody hears them."""
        if not self.closed:
            self.wire.carry(self, bytes(data))

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Send several pieces as one."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """End the connection; the other end hears of it after what is on the way."""
        if not self.closed:
            self.wire.part(self, None)

    def abort(self) -> None:
        """End the connection at once."""
        self.close()

    def is_closing(self) -> bool:
        """Tell whether the connection has ended here."""
        return self.closed

    def is_reading(self) -> bool:
        """Tell that bytes are taken as they come."""
        return not self.closed

    def pause_reading(self) -> None:
        """Take no notice: nobody here sends faster than can be read."""

    def resume_reading(self) -> None:
        """Take no notice."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Take no notice: the network takes all at once."""

    def get_write_buffer_size(self) -> int:
        """Return that nothing waits here."""
        return 0

    def can_write_eof(self) -> bool:
        """Tell that an end can not be closed by half."""
        return False

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        """Let another protocol hear from now on."""
        assert isinstance(protocol, asyncio.Protocol)
        self.protocol = protocol

    def get_protocol(self) -> asyncio.BaseProtocol:
        """Return who hears."""
        return self.protocol

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401
        """Answer for socket and addresses."""
        match name:
            case "socket":
                return self._socket
            case "peername" | "sockname":
                return self._socket.getsockname()
            case _:
                return default

    def lose(self, error: Exception | None) -> None:
        """Tell the protocol that it is over, at the next turn."""
        if not self.closed:
            self.closed = True
            self.wire.loop.call_soon(self.protocol.connection_lost, error, context=self.context)


class Wire:
    """A connection through one line. The client's end belongs to the host that made it."""

    def __init__(
        self,
        number: int,
        line: Line,
        loop: VirtualLoop,
        trace: EventTrace,
        server_context: contextvars.Context,
    ) -> None:
        self.loop = loop
        self.lost_bytes = False
        self.forgotten = False
        """Half open: a translation table on the way has forgotten it."""
        self.host: Host | None = HOST.get()
        self.client = End(self, line.port, contextvars.copy_context())
        self.server = End(self, line.port, server_context)
        self._line = line
        self._trace = trace
        self.number = number
        self._tap: Tap | None = line.new_tap() if line.new_tap is not None else None
        self.up, self.down = line.lane(), line.lane()
        self._held_until = 0.0
        self._up_name = f"{line.station} {number} >"
        self._down_name = f"{line.station} {number} <"
        line.wires[number] = self

    def carry(self, end: End, data: bytes) -> None:
        """Take a segment from one end."""
        if self.forgotten or self._silenced(end):
            return
        if self._line.takes_away():
            self.lost_bytes = self.lost_bytes or self._line.hole
            return
        self._send(end, data)

    def part(self, end: End, error: Exception | None) -> None:
        """End one side now, the other when it hears of it."""
        end.lose(error)
        if self.forgotten or self._silenced(end) or self._line.hole:
            self.lost_bytes = True
            if self.client.closed and self.server.closed:
                self._line.wires.pop(self.number, None)
            return
        self._send(end, b"")

    def reset(self) -> None:
        """End both sides with an error, as a carrier does that forgets the connection and says so."""
        self._trace.note(self.loop.now_s, f"{self._up_name} reset")
        for end in (self.client, self.server):
            end.lose(ConnectionResetError("reset by the network"))
        self._line.wires.pop(self.number, None)

    def _silenced(self, end: End) -> bool:
        """Tell whether this end belongs to a process that is dead."""
        return end is self.client and self.host is not None and not self.host.alive

    def _send(self, end: End, data: bytes) -> None:
        now, stalled_until = self.loop.now_s, self._line.stalled_until
        if end is self.client:
            due = max(stalled_until, self.up.arrival(now, len(data)))
            self.loop.call_at(due, self._arrive_up, data, context=self.server.context)
        elif not self._line.edits:  # as a rule; then an answer is one piece and nothing but late
            due = max(now, stalled_until, self._held_until, self.down.arrival(now, len(data)))
            self.loop.call_at(due, self._arrive_down, data, context=self.client.context)
        else:
            for piece in self._line.edited(data) if data else (Piece(data),):
                self._send_down(piece, data, max(now, stalled_until))

    def _send_down(self, piece: Piece, whole: bytes, now: float) -> None:
        """Send what a fault has left of an answer; what it holds back holds back what follows."""
        arrival = self.down.arrival(self.loop.now_s, len(piece.data))
        due = max(now, self._held_until, arrival + piece.after_s)
        if piece.after_s:
            self._held_until = due
        if piece.data or not whole:
            self.loop.call_at(due, self._arrive_down, piece.data, context=self.client.context)
        if piece.cut:
            self.loop.call_at(due, self._cut, context=self.client.context)

    def _cut(self) -> None:
        """Reset the connection, unless it has ended."""
        if self.number in self._line.wires:
            self.reset()

    def _arrive_up(self, data: bytes) -> None:
        if self._swallowed(self.server):
            return
        self._trace.note(self.loop.now_s, self._up_name, data)
        if not data:
            self._hear_end(self.server)
            return
        if self._tap is not None:
            self._tap(data)
        self.server.protocol.data_received(data)

    def _arrive_down(self, data: bytes) -> None:
        if self._swallowed(self.client):
            return
        if data and self._line.garble:
            data = self._line.rng.randbytes(len(data))
        self._trace.note(self.loop.now_s, self._down_name, data)
        if not data:
            self._hear_end(self.client)
            return
        self.client.protocol.data_received(data)

    def _swallowed(self, hearer: End) -> bool:
        if self._line.hole:
            self.lost_bytes = True
        return hearer.closed or self.forgotten or self._line.hole or self._silenced(hearer)

    def _hear_end(self, end: End) -> None:
        end.protocol.eof_received()
        end.lose(None)
        self._line.wires.pop(self.number, None)
