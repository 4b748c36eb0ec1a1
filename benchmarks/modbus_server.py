"""A cheap Modbus TCP server: one process answers thousands of connections from one register map."""

import asyncio
import struct
import threading
from multiprocessing.connection import Connection
from typing import cast

import uvloop

from benchmarks.device import REGISTER_BYTES
from benchmarks.isolated import allow_open_files, wait_for_end

_HEADER = struct.Struct(">HHHBB")  # transaction, protocol, length, unit, function
_WANTED = struct.Struct(">HH")  # first register, count
_LENGTH_ENDS = 6
BACKLOG = 4096


class _Station(asyncio.Protocol):
    """One connection. Function 3 is answered from the device's registers, anything else with exception 1."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)  # uvloop's have no common base with it
        self._received = b""

    def data_received(self, data: bytes) -> None:
        received = self._received + data
        while len(received) >= _LENGTH_ENDS:
            end = _LENGTH_ENDS + int.from_bytes(received[4:6])
            if len(received) < end:
                break
            self._transport.write(answer(received[:end]))
            received = received[end:]
        self._received = received


def answer(frame: bytes) -> bytes:
    """Return the answer frame to a whole request frame."""
    transaction, protocol, _, unit, function = _HEADER.unpack_from(frame)
    if function != 3:
        return _HEADER.pack(transaction, protocol, 3, unit, function | 0x80) + b"\x01"
    start, count = _WANTED.unpack_from(frame, _HEADER.size)
    data = REGISTER_BYTES[2 * start : 2 * (start + count)]
    if len(data) != 2 * count:
        return _HEADER.pack(transaction, protocol, 3, unit, function | 0x80) + b"\x02"
    return _HEADER.pack(transaction, protocol, 3 + len(data), unit, function) + bytes([len(data)]) + data


def serve(connection: Connection, open_files: int) -> None:
    """Serve on a free port of the loopback, send the port, and end when the connection closes."""
    allow_open_files(open_files)
    uvloop.run(_serve(connection))


async def _serve(connection: Connection) -> None:
    loop = asyncio.get_running_loop()
    listener = await loop.create_server(_Station, "127.0.0.1", 0, backlog=BACKLOG)
    told = asyncio.Event()

    def watch() -> None:
        wait_for_end(connection)
        loop.call_soon_threadsafe(told.set)

    threading.Thread(target=watch, daemon=True).start()
    connection.send(listener.sockets[0].getsockname()[1])
    await told.wait()
