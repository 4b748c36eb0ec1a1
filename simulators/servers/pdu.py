"""A Modbus request without its envelope and the answer to it, for stations on a serial line.

MODBUS Application Protocol V1.1b3, chapter 6. Stations on Modbus TCP leave this to pymodbus; here nothing is
shared with it, so that a client made of it is judged by another reading of the standard.
"""

import struct

from simulators.servers.reads import ILLEGAL_FUNCTION, ILLEGAL_VALUE, ModbusException
from simulators.servers.registers import RegisterImage

_BITS_MAX, _REGISTERS_MAX, _WRITTEN_MAX = 2000, 125, 123
_ON, _OFF = 0xFF00, 0x0000


def answer(image: RegisterImage, request: bytes) -> bytes:
    """Return the answer to a request of at least one byte: what was asked for, or an exception."""
    try:
        return request[:1] + _carry_out(image, request[0], request[1:])
    except ModbusException as refusal:
        return bytes([request[0] | 0x80, refusal.code])


def _carry_out(image: RegisterImage, function: int, data: bytes) -> bytes:
    match function:
        case 1 | 2:
            address, count = _two(data)
            bits = image.read(function, address, _within(count, _BITS_MAX))
            packed = sum(bool(bit) << n for n, bit in enumerate(bits)).to_bytes((count + 7) // 8, "little")
            return bytes([len(packed)]) + packed
        case 3 | 4:
            address, count = _two(data)
            words = image.read(function, address, _within(count, _REGISTERS_MAX))
            return bytes([2 * count]) + struct.pack(f">{count}H", *words)
        case 5:
            address, value = _two(data)
            if value not in (_ON, _OFF):
                raise ModbusException(ILLEGAL_VALUE)
            image.write(function, address, [int(value == _ON)])
            return data
        case 6:
            address, value = _two(data)
            image.write(function, address, [value])
            return data
        case 16:
            address, count = _two(data[:4])
            if len(data) != 5 + 2 * count or data[4] != 2 * _within(count, _WRITTEN_MAX):
                raise ModbusException(ILLEGAL_VALUE)
            image.write(function, address, list(struct.unpack(f">{count}H", data[5:])))
            return data[:4]
        case _:
            raise ModbusException(ILLEGAL_FUNCTION)


def _two(data: bytes) -> tuple[int, int]:
    if len(data) != 4:
        raise ModbusException(ILLEGAL_VALUE)
    first, second = struct.unpack(">HH", data)
    return first, second


def _within(count: int, most: int) -> int:
    if not 1 <= count <= most:
        raise ModbusException(ILLEGAL_VALUE)
    return count
