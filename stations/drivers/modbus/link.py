"""One Modbus TCP connection: pymodbus carries the frames, this file does not trust what comes back.

What pymodbus 3.16 leaves open and is closed here: answers with the wrong number of registers, another
function or transaction id 0 count as good; exception answers do not raise; a connection that breaks in the
middle of a request is noticed only when the whole timeout is over; a call on a closed client connects again.
So its transport and framer are used; what waits for an answer stands here: one task, one request at a time.
"""

import asyncio
import logging
import socket
from typing import Any

from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ConnectionException
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.transaction import TransactionManager

from stations.driver import BadAnswer, Deadlines, LinkLost, ModbusAddress, NoAnswer
from stations.drivers.modbus.exchange import RequestLink
from stations.drivers.modbus.frames import DeviceException, Request
from stations.model.clock import Clock

# Each fault reaches the caller as a DriverError; the library's own lines would say everything twice.
logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)

KEEPALIVE_IDLE_S, KEEPALIVE_INTERVAL_S, KEEPALIVE_PROBES = 20, 5, 3
"""A peer that vanished between two polls is noticed after 20 + 3 * 5 s."""
USER_TIMEOUT_MS = 15_000
"""Bytes that nobody acknowledged for so long end the connection."""

RECEIVE_BUFFER_BYTES = 4096
"""The library's 264 bytes would throw away an answer that comes together with a late one."""

_EXCEPTION = 0x80


class _Frame(ModbusPDU):
    """A frame as its bytes; what they mean is decided in ``frames`` and ``registers``, not by the library."""

    def __init__(self, function: int, body: bytes, unit: int = 0) -> None:
        # the base class prepares registers, bits and counts that a frame of bytes has not
        self.dev_id, self.transaction_id = unit, 0
        self.function_code = function
        self.body = body

    def encode(self) -> bytes:
        return self.body


class _FrameDecoder(DecodePDU):
    """Takes every frame as it is, so that an unknown function is an answer to judge and not an error."""

    def __init__(self) -> None:
        super().__init__(is_server=False)

    def decode(self, frame: bytes) -> ModbusPDU:
        return _Frame(frame[0], frame[1:])


class ModbusLink(RequestLink):
    """One connection over Modbus TCP that we open."""

    def __init__(
        self, station: str, address: ModbusAddress, clock: Clock, deadlines: Deadlines, pause_s: float
    ) -> None:
        super().__init__(station, clock, deadlines, pause_s)
        self._address = address
        self._client: AsyncModbusTcpClient | None = None

    async def connect(self) -> None:
        """Open the connection; raises LinkLost with what the system said."""
        client = AsyncModbusTcpClient(
            self._address.host,
            port=self._address.port,
            timeout=self._deadlines.request_s,
            retries=0,
            reconnect_delay=0,
            trace_connect=self._on_connection,
        )
        client.ctx.framer.decoder = _FrameDecoder()
        client.ctx.max_buffer_size = RECEIVE_BUFFER_BYTES
        self._client = client
        where = f"{self._address.host}:{self._address.port}"
        try:
            async with asyncio.timeout(self._deadlines.connect_s):
                transport, _ = await client.ctx.call_create()
        except TimeoutError:
            raise LinkLost(
                self._station, f"{where} did not accept within {self._deadlines.connect_s} s"
            ) from None
        except OSError as error:
            raise LinkLost(self._station, f"{where}: {error.strerror or error}") from error
        watch_peer(transport.get_extra_info("socket"))

    def close(self) -> None:
        """Drop the connection at once, whatever is still unsent."""
        if self._client is None:
            return
        client, self._client = self._client, None
        transport: Any = client.ctx.transport
        client.close()
        if transport is not None:
            transport.abort()

    async def _exchange(self, request: Request) -> bytes | DeviceException:
        client = self._client
        if client is None or client.ctx.transport is None:
            raise LinkLost(self._station, "not connected")
        frame = _Frame(request.function, request.body, self._address.unit)
        try:
            answer = await self._answer(client.ctx, frame)
        except ConnectionException as error:
            raise LinkLost(self._station, f"{request}: connection closed by the device") from error
        except TimeoutError as error:
            silence = f"{request}: no answer within {self._deadlines.request_s} s"
            raise NoAnswer(self._station, silence) from error
        return self._judge(request, frame, answer)

    async def _answer(self, connection: TransactionManager, frame: _Frame) -> ModbusPDU:
        """Send a frame and return the next one that comes; raises TimeoutError, ConnectionException."""
        loop = asyncio.get_running_loop()
        frame.transaction_id = connection.getNextTID()
        connection.recv_buffer = b""
        answer: asyncio.Future[ModbusPDU] = loop.create_future()
        connection.response_future = answer
        deadline = loop.call_later(self._deadlines.request_s, _give_up, answer)
        try:
            connection.pdu_send(frame)
            return await answer
        finally:
            deadline.cancel()

    def _judge(self, request: Request, frame: _Frame, answer: ModbusPDU) -> bytes | DeviceException:
        assert isinstance(answer, _Frame)  # our decoder makes nothing else
        if answer.transaction_id != frame.transaction_id or answer.dev_id != self._address.unit:
            raise BadAnswer(
                self._station,
                f"{request}: answer of unit {answer.dev_id} to transaction {answer.transaction_id}, "
                f"expected unit {self._address.unit}, transaction {frame.transaction_id}",
            )
        if answer.function_code == request.function:
            return answer.body
        if answer.function_code == request.function | _EXCEPTION and len(answer.body) == 1:
            return DeviceException(answer.body[0])
        raise BadAnswer(self._station, f"{request}: answer has function {answer.function_code}")

    def _on_connection(self, connected: bool) -> None:
        """Fail a waiting request at once when the connection breaks; called by pymodbus."""
        if connected or self._client is None:
            return
        waiting = self._client.ctx.response_future
        if not waiting.done():
            waiting.set_exception(ConnectionException("connection lost"))
            waiting.exception()  # nobody may be waiting: then it shall not be reported as never retrieved


def _give_up(answer: "asyncio.Future[ModbusPDU]") -> None:
    if not answer.done():
        answer.set_exception(TimeoutError())


def watch_peer(sock: socket.socket) -> None:
    """Let the kernel notice a peer that vanished without a word."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        (socket.TCP_KEEPIDLE, KEEPALIVE_IDLE_S),
        (socket.TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S),
        (socket.TCP_KEEPCNT, KEEPALIVE_PROBES),
        (socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS),
        (socket.TCP_NODELAY, 1),
    ):
        sock.setsockopt(socket.IPPROTO_TCP, option, value)
