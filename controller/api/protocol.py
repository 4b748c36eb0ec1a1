"""HTTP on the socket with deadlines that uvicorn does not have: a request that trickles in is cut off.

Measured: uvicorn keeps every half-open request for ever, and a client that does not read its answer too.
Both cost only the attacker's patience, so both get a deadline here.
"""

import asyncio
import socket
import struct

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

from controller.api.refusals import refusal

REQUEST_S = 10.0
"""Wall seconds from the first byte (or the connection) to the end of the request, head and body."""
STALL_S = 10.0
"""Wall seconds that a client may leave a full send buffer unread."""
MAX_CONNECTIONS = 512


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP/1.1 protocol, patient for ``REQUEST_S`` and not longer.

    Owner of its two timers; both are cancelled when the connection is lost.
    """

    _request_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin: the clock runs although no byte has come yet."""
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._watch_request()

    def data_received(self, data: bytes) -> None:
        """Take bytes; the whole request must have come before the timer ends."""
        super().data_received(data)
        self._watch_request()

    def on_response_complete(self) -> None:
        """Go on with the next request of the connection; a beginning may already have been received."""
        super().on_response_complete()
        if self.conn.trailing_data[0]:
            self._watch_request()

    def connection_lost(self, exc: Exception | None) -> None:
        """End both timers with the connection."""
        self._cancel_request_timer()
        self._cancel_stall_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Give a client that does not read a limited time."""
        super().pause_writing()
        if self._stall_timer is None:
            self._stall_timer = self.loop.call_later(STALL_S, self._deaf)

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        self._cancel_stall_timer()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Refuse what is no HTTP in the same shape as every refusal."""
        body = refusal(400, msg, "this is an HTTP/1.1 server", "not_http").body
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + bytes(body))
        self.transport.close()

    def _watch_request(self) -> None:
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._cancel_request_timer()
        elif self._request_timer is None and not self.transport.is_closing():
            self._request_timer = self.loop.call_later(REQUEST_S, self._too_slow)

    def _cancel_request_timer(self) -> None:
        if self._request_timer is not None:
            self._request_timer.cancel()
            self._request_timer = None

    def _cancel_stall_timer(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None

    def _too_slow(self) -> None:
        self._request_timer = None
        self.transport.abort()

    def _deaf(self) -> None:
        """Cut the connection and drop what the kernel still holds of it: nobody will read it."""
        self._stall_timer = None
        reset_on_close = struct.pack("ii", 1, 0)
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, reset_on_close
        )
        self.transport.abort()
