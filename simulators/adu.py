"""Reads Modbus requests out of a byte stream: the recorder's parser, shared with no driver or server."""

import struct
from typing import NamedTuple, Protocol

from simulators.crc import crc16_modbus

_HEADER = 7
_MAX_LENGTH = 254
"""Unit and PDU, MODBUS Messaging on TCP/IP Implementation Guide V1.0b."""


class Request(NamedTuple):
    """One request as it was on the wire."""

    raw: bytes
    unit: int
    function: int
    address: int
    """First register or coil; -1 where the function has none."""
    words: tuple[int, ...]
    """What functions 5, 6 and 16 write; empty for all others."""
    well_formed: bool
    """False where lengths or counts contradict each other."""


class Stream(Protocol):
    """Cuts the bytes of one connection into requests."""

    broken: bool
    """True where the last bytes were no requests."""

    def feed(self, data: bytes) -> list[Request]:
        """Return the requests that ``data`` completes."""
        ...


_PROTOCOL_AND_LENGTH = struct.Struct(">HH").unpack_from


class RequestStream:
    """Modbus TCP; bytes that are none end the stream."""

    def __init__(self) -> None:
        self._buffer = b""
        self.broken = False

    def feed(self, data: bytes) -> list[Request]:
        """Return the requests that ``data`` completes."""
        buffer = self._buffer + data
        requests = []
        while not self.broken and len(buffer) >= _HEADER:
            protocol, length = _PROTOCOL_AND_LENGTH(buffer, 2)
            if protocol != 0 or not 2 <= length <= _MAX_LENGTH:
                self.broken = True
                break
            if len(buffer) < 6 + length:
                break
            requests.append(parse(buffer[: 6 + length]))
            buffer = buffer[6 + length :]
        self._buffer = b"" if self.broken else buffer
        return requests


class SerialStream:
    """Modbus RTU; lengths follow from the function, and what does not fit is dropped as a device would."""

    def __init__(self) -> None:
        self._buffer = b""
        self.broken = False

    def feed(self, data: bytes) -> list[Request]:
        """Return the requests that ``data`` completes."""
        self._buffer += data
        self.broken = False
        requests = []
        while (length := _serial_length(self._buffer)) is not None and len(self._buffer) >= length:
            raw, self._buffer = self._buffer[:length], self._buffer[length:]
            if length == 0 or crc16_modbus(raw[:-2]) != int.from_bytes(raw[-2:], "little"):
                self._buffer, self.broken = b"", True
                break
            requests.append(_request(raw, raw[0], raw[1], raw[2:-2]))
        return requests


def _serial_length(buffer: bytes) -> int | None:
    """Return how long the request at the beginning is; None while that is open, 0 where nobody knows.

    MODBUS over Serial Line V1.02, 2.5, and Application Protocol V1.1b3, chapter 6.
    """
    if len(buffer) < 2:
        return None
    function = buffer[1]
    if function in (1, 2, 3, 4, 5, 6, 8):
        return 8
    if function in (7, 11, 12, 17):
        return 4
    if function in (15, 16):
        return None if len(buffer) < 7 else 9 + buffer[6]
    if function == 22:
        return 10
    if function == 23:
        return None if len(buffer) < 11 else 13 + buffer[10]
    return 0


def parse(raw: bytes) -> Request:
    """Read one complete Modbus TCP request (header and PDU)."""
    return _request(raw, raw[6], raw[7], raw[8:])


def _request(raw: bytes, unit: int, function: int, body: bytes) -> Request:
    if function in (1, 2, 3, 4) and len(body) == 4:  # nearly all
        return Request(raw, unit, function, body[0] << 8 | body[1], (), True)
    address, well_formed = -1, True
    words: tuple[int, ...] = ()
    if function in (1, 2, 3, 4, 5, 6, 15, 16, 22):
        well_formed = len(body) >= 4
        address = int.from_bytes(body[0:2], "big")
    if function in (1, 2, 3, 4, 5, 6):
        well_formed = len(body) == 4
    if function in (5, 6):
        words = (int.from_bytes(body[2:4], "big"),)
    if function == 16:
        count = int.from_bytes(body[2:4], "big")
        well_formed = len(body) == 5 + 2 * count and body[4] == 2 * count
        words = tuple(int.from_bytes(body[i : i + 2], "big") for i in range(5, len(body) - 1, 2))
    return Request(
        raw=raw, unit=unit, function=function, address=address, words=words, well_formed=well_formed
    )
