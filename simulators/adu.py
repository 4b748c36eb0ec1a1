"""Reads Modbus TCP requests out of a byte stream: the recorder's parser, shared with no driver or server."""

from dataclasses import dataclass

_HEADER = 7
_MAX_LENGTH = 254
"""Unit and PDU, MODBUS Messaging on TCP/IP Implementation Guide V1.0b."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
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


class RequestStream:
    """Cuts one connection's bytes into requests; bytes that are no Modbus TCP end the stream."""

    def __init__(self) -> None:
        self._buffer = b""
        self.broken = False

    def feed(self, data: bytes) -> list[Request]:
        """Return the requests that ``data`` completes."""
        self._buffer += data
        requests = []
        while not self.broken and len(self._buffer) >= _HEADER:
            protocol = int.from_bytes(self._buffer[2:4], "big")
            length = int.from_bytes(self._buffer[4:6], "big")
            if protocol != 0 or not 2 <= length <= _MAX_LENGTH:
                self.broken = True
                break
            if len(self._buffer) < 6 + length:
                break
            requests.append(parse(self._buffer[: 6 + length]))
            self._buffer = self._buffer[6 + length :]
        return requests


def parse(raw: bytes) -> Request:
    """Read one complete request (header and PDU)."""
    unit, function, body = raw[6], raw[7], raw[8:]
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
