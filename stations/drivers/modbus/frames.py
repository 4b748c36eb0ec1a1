"""Modbus requests as bytes: what may go onto the wire, and which answer each must get.

Function codes and layouts after "MODBUS Application Protocol Specification V1.1b3" (2012), CRC after
"MODBUS over Serial Line V1.02" (2006), appendix B. Only the functions that a profile can ask for exist here:
1..4 read, 5 and 6 write one coil or register, 16 writes several. There is no 15, 22, 23 or 8.
"""

import struct
from dataclasses import dataclass

READ_BITS = frozenset({1, 2})


@dataclass(frozen=True, slots=True)
class Request:
    """One request without its transport header."""

    function: int
    body: bytes
    """Everything after the function code."""

    def __str__(self) -> str:
        """Render as ``function 3 at 40 (32)``, the form used in fault messages."""
        address, second = struct.unpack_from(">HH", self.body)
        return f"function {self.function} at {address} ({second})"


@dataclass(frozen=True, slots=True)
class DeviceException:
    """The device understood the frame and answered with an exception code instead of data."""

    code: int

    @property
    def refused(self) -> bool:
        """Tell whether the request itself is wrong for this device: repeating it can not help."""
        return self.code in (1, 2, 3)

    @property
    def from_gateway(self) -> bool:
        """Tell whether a gateway answered in place of a device that it could not reach."""
        return self.code in (10, 11)

    def __str__(self) -> str:
        """Render as ``exception 2 (illegal data address)``."""
        return f"exception {self.code} ({_EXCEPTIONS.get(self.code, 'not in the standard')})"


_EXCEPTIONS = {
    1: "illegal function",
    2: "illegal data address",
    3: "illegal data value",
    4: "device failure",
    5: "acknowledged, still working",
    6: "device busy",
    8: "memory parity error",
    10: "gateway path unavailable",
    11: "device behind the gateway did not answer",
}


def read(function: int, address: int, count: int) -> Request:
    """Return the request for ``count`` registers (function 3, 4) or bits (1, 2) from ``address`` on."""
    return Request(function, struct.pack(">HH", address, count))


def write_coil(address: int, on: bool) -> Request:
    """Return the request that sets one coil."""
    return Request(5, struct.pack(">HH", address, 0xFF00 if on else 0x0000))


def write_register(address: int, register: bytes) -> Request:
    """Return the request that writes one register, given as its two bytes on the wire."""
    return Request(6, struct.pack(">H2s", address, register))


def write_registers(address: int, registers: bytes) -> Request:
    """Return the request that writes several registers at once, given as their bytes on the wire."""
    count = len(registers) // 2
    return Request(16, struct.pack(">HHB", address, count, len(registers)) + registers)


def data_of(request: Request, answer: bytes) -> bytes | None:
    """Return the data in the answer to a read, or None where its length is not what was asked for."""
    (count,) = struct.unpack_from(">H", request.body, 2)
    expected = (count + 7) // 8 if request.function in READ_BITS else 2 * count
    if len(answer) != 1 + expected or answer[0] != expected:
        return None
    return answer[1:]


def is_echo(request: Request, answer: bytes) -> bool:
    """Tell whether the answer confirms exactly this write: address and value, or address and count."""
    return answer == request.body[:4]


def crc16(data: bytes) -> int:
    """Return the CRC-16/MODBUS of ``data``: polynomial 0xA001 reflected, start 0xFFFF."""
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return crc
