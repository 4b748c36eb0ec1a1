"""Modbus RTU frames in a stream of bytes: what a DTU passes on from a serial line.

Layout after "MODBUS over Serial Line V1.02" (2006): unit, function, body, CRC-16 with its low byte first. The
silence that ends a frame on the line is lost on the way through TCP, so an answer is found by what it must
look like: its unit, its function, the length that it says itself, its checksum. Bytes around it are a DTU's
own: registration packets, heartbeats.
"""

from dataclasses import dataclass

from stations.drivers.modbus.frames import DeviceException, Request, crc16

_EXCEPTION = 0x80
_HEAD, _CRC = 2, 2
_READS = range(1, 5)
_ECHO = 4
"""Bytes with which a write is confirmed: address and value, or address and count."""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer in a stream."""

    answer: bytes | DeviceException
    """What stands behind the function code."""
    end: int
    """Where the frame ends."""


def frame(unit: int, request: Request) -> bytes:
    """Return a request as it goes onto the line."""
    body = bytes((unit, request.function)) + request.body
    return body + crc16(body).to_bytes(_CRC, "little")


def find(stream: bytes, unit: int, request: Request) -> Found | None:
    """Return the first whole answer to ``request`` in what has come so far; None while there is none."""
    for start in range(len(stream) - _HEAD):
        if stream[start] != unit:
            continue
        length = _length(stream, start, request)
        if length is None or start + length > len(stream):
            continue
        end = start + length
        if crc16(stream[start : end - _CRC]) != int.from_bytes(stream[end - _CRC : end], "little"):
            continue
        body = stream[start + _HEAD : end - _CRC]
        refused = stream[start + 1] == request.function | _EXCEPTION
        return Found(DeviceException(body[0]) if refused else body, end)
    return None


def _length(stream: bytes, start: int, request: Request) -> int | None:
    """Return how long an answer would be that begins here; None where none does."""
    function = stream[start + 1]
    if function == request.function | _EXCEPTION:
        return _HEAD + 1 + _CRC
    if function != request.function:
        return None
    if function in _READS:
        return _HEAD + 1 + stream[start + _HEAD] + _CRC
    return _HEAD + _ECHO + _CRC
