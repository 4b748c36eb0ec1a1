"""Frames of a station's answers as faults see them: cut out of bytes, taken apart, put together again.

Modbus TCP (MODBUS Messaging on TCP/IP Implementation Guide V1.0b, 3.1): transaction, protocol, length, unit,
function, data. Modbus RTU (MODBUS over Serial Line V1.02, 2.5): unit, function, data, checksum with the low
byte first.
"""

import random
from dataclasses import dataclass, replace
from typing import Protocol

from simulators.crc import crc16_modbus

READS = frozenset({1, 2, 3, 4})
_TCP_LEAST = 9
"""Bytes of the shortest answer: header, function, one byte."""
_RTU_LEAST = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One whole answer."""

    head: bytes | None
    """Transaction and protocol number, two bytes each; None on a serial line."""
    unit: int
    pdu: bytes

    @property
    def is_read(self) -> bool:
        """True where it carries values that were read."""
        return len(self.pdu) > 2 and self.pdu[0] in READS

    def saying(self, pdu: bytes) -> "Frame":
        """Return the frame with another content, lengths and checksum fitting."""
        return replace(self, pdu=pdu)

    def to_bytes(self) -> bytes:
        """Return the bytes on the wire."""
        body = bytes([self.unit]) + self.pdu
        if self.head is None:
            return body + crc16_modbus(body).to_bytes(2, "little")
        return self.head + len(body).to_bytes(2, "big") + body


class Spoil(Protocol):
    """Makes another frame of an answer, or bytes that are none."""

    __name__: str

    def __call__(self, frame: Frame, rng: random.Random, /) -> Frame | bytes:
        """Return what is sent instead of ``frame``."""
        ...


def cut(data: bytes, *, rtu: bool) -> list[Frame | bytes]:
    """Cut bytes of a station into frames; what is no whole frame stays bytes, in its place."""
    return _cut_rtu(data) if rtu else _cut_tcp(data)


def spoilt(data: bytes, spoil: Spoil, rng: random.Random, *, rtu: bool) -> list[bytes]:
    """Return what ``spoil`` makes of the frames in ``data``, piece by piece."""
    pieces = [spoil(piece, rng) if isinstance(piece, Frame) else piece for piece in cut(data, rtu=rtu)]
    return [piece.to_bytes() if isinstance(piece, Frame) else piece for piece in pieces]


def _cut_tcp(data: bytes) -> list[Frame | bytes]:
    found: list[Frame | bytes] = []
    while len(data) >= (end := 6 + int.from_bytes(data[4:6], "big")) >= _TCP_LEAST:
        found.append(Frame(head=data[:4], unit=data[6], pdu=data[7:end]))
        data = data[end:]
    return [*found, data] if data else found


def _cut_rtu(data: bytes) -> list[Frame | bytes]:
    """Nothing on a serial line says where an answer begins: it is what the last checksum fits to."""
    for start in range(len(data) - _RTU_LEAST + 1):
        if crc16_modbus(data[start:-2]) == int.from_bytes(data[-2:], "little"):
            frame = Frame(head=None, unit=data[start], pdu=data[start + 1 : -2])
            return [data[:start], frame] if start else [frame]
    return [data] if data else []
