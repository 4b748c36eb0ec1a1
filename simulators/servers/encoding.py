"""From a physical value to the numbers on the wire and back, by what a profile declares.

This is the simulators' own codec. It shares no code with the drivers, so that a wrong scale, unit or word
order in one of them shows as a wrong value instead of cancelling out.
"""

import math
import struct
from collections.abc import Callable

from stations.profile import REGISTERS, ModbusMap, ProfilePoint

_INSIDE_PER_WIRE = {
    "degC": 1.0, "K": 1.0, "1": 1.0, "%": 0.01,
    "kg/s": 1.0, "kg/h": 1.0 / 3600.0, "t/h": 1000.0 / 3600.0,
    "kPa": 1.0, "Pa": 0.001, "bar": 100.0, "MPa": 1000.0,
    "kW": 1.0, "W": 0.001, "MW": 1000.0,
    "kWh": 1.0, "MWh": 1000.0, "MJ": 1.0 / 3.6, "GJ": 1000.0 / 3.6,
    "m3": 1.0, "l": 0.001, "m2": 1.0,
    "s": 1.0, "min": 60.0, "h": 3600.0,
}  # fmt: skip
"""Linear wire units; inside are degC, K, kg/s, kPa, kW, kWh, m3, m2, s and fractions."""

_M3_PER_S_PER_WIRE = {"m3/h": 1.0 / 3600.0, "l/h": 1e-3 / 3600.0, "l/s": 1e-3}
"""Volume flows; times the density that the profile declares they are kg/s."""

_INTEGERS = {
    "int16": (-(2**15), 2**15 - 1, ">h"),
    "uint16": (0, 2**16 - 1, ">H"),
    "int32": (-(2**31), 2**31 - 1, ">i"),
    "uint32": (0, 2**32 - 1, ">I"),
}


def inside_per_wire(point: ProfilePoint, unit: str | None = None) -> float:
    """Return how many units inside one wire unit of ``point`` is, for ``unit`` or the declared one."""
    name = unit or point.unit
    if name in _M3_PER_S_PER_WIRE:
        return _M3_PER_S_PER_WIRE[name] * point.density_kg_per_m3
    return _INSIDE_PER_WIRE[name]


def wire_number(point: ProfilePoint, value: float | None) -> float:
    """Return the raw number of ``value`` (unit inside): whole for integers, held at the ends of their range.

    A missing sensor shows the device's sentinel, or where it has none NaN or the extreme of the integer.
    """
    if point.type == "bool":
        return float(bool(value) != point.inverted)
    integer = _INTEGERS.get(point.type)
    if value is None:
        if point.sentinels:
            return point.sentinels[0]
        if integer is None:
            return math.nan
        return float(integer[0] if integer[0] < 0 else integer[1])
    raw = (value / inside_per_wire(point) - point.offset) / point.scale
    if integer is None:
        return raw
    return float(min(max(round(raw), integer[0]), integer[1]))


def physical_value(point: ProfilePoint, raw: float) -> float:
    """Return the value (unit inside) of a raw number that was written to ``point``."""
    if point.type == "bool":
        return float(bool(raw) != point.inverted)
    return (raw * point.scale + point.offset) * inside_per_wire(point)


Encoder = Callable[[float | None], tuple[int, ...]]
"""From a value (unit inside; None for a missing sensor) to the registers that show it."""


def encoder(point: ProfilePoint, layout: ModbusMap, unit_code: int = 0) -> Encoder:
    """Return what encodes ``point``: what does not depend on the value is worked out once.

    A city's servers encode each register of each poll anew, so this is where they spend their time.
    """
    if point.type == "split_decimal":
        return lambda value: tuple(_split_decimal(point, value, unit_code))
    if point.type == "bool":
        return lambda value: (int(wire_number(point, value)),)
    swaps_bytes = (point.byte_order or layout.byte_order) == "little"
    low_first = (point.word_order or layout.word_order) == "little"
    missing = wire_number(point, None)
    unit, offset, scale = inside_per_wire(point), point.offset, point.scale
    integer = _INTEGERS.get(point.type)
    if integer is None:
        return _float_encoder(missing, unit, offset, scale, swaps_bytes, low_first)
    least, most, _ = integer
    wide = REGISTERS[point.type] == 2
    if not wide and not swaps_bytes:

        def encode_word(value: float | None) -> tuple[int, ...]:
            raw = round(missing if value is None else (value / unit - offset) / scale)
            if least <= raw <= most:
                return (raw & 0xFFFF,)
            return ((least if raw < least else most) & 0xFFFF,)

        return encode_word

    def encode(value: float | None) -> tuple[int, ...]:
        raw = round(missing if value is None else (value / unit - offset) / scale)
        if raw < least:
            raw = least
        elif raw > most:
            raw = most
        words: tuple[int, ...] = (raw >> 16 & 0xFFFF, raw & 0xFFFF) if wide else (raw & 0xFFFF,)
        if swaps_bytes:
            words = tuple([(word & 0xFF) << 8 | word >> 8 for word in words])
        return words[::-1] if low_first else words

    return encode


def _float_encoder(
    missing: float, unit: float, offset: float, scale: float, swaps_bytes: bool, low_first: bool
) -> Encoder:
    pack, unpack = struct.Struct(">f").pack, struct.Struct("<HH" if swaps_bytes else ">HH").unpack

    def encode(value: float | None) -> tuple[int, ...]:
        words = unpack(pack(missing if value is None else (value / unit - offset) / scale))
        return words[::-1] if low_first else words

    return encode


def from_words(point: ProfilePoint, words: list[int], layout: ModbusMap) -> float:
    """Return the value (unit inside) of registers that were written to ``point``; may be NaN."""
    if point.type == "bool":
        return physical_value(point, words[0])
    data = b"".join(word.to_bytes(2, "big") for word in words)
    ordered = b"".join(word.to_bytes(2, "big") for word in _ordered(data, point, layout))
    form = ">f" if point.type == "float32" else _INTEGERS[point.type][2]
    return physical_value(point, float(struct.unpack(form, ordered)[0]))


def _ordered(data: bytes, point: ProfilePoint, layout: ModbusMap) -> list[int]:
    """Cut big-endian bytes into registers in the point's order; doing it twice gives the bytes back."""
    byte_order = point.byte_order or layout.byte_order
    words = [int.from_bytes(data[i : i + 2], byte_order) for i in range(0, len(data), 2)]
    return words[::-1] if (point.word_order or layout.word_order) == "little" else words


def _split_decimal(point: ProfilePoint, value: float | None, unit_code: int) -> list[int]:
    """Show a counter as ten thousands, units and thousandths, and the code of its unit (heat meters)."""
    if value is None:
        return [int(point.sentinels[0]) & 0xFFFF if point.sentinels else 0x7FFF] * 3 + [unit_code]
    thousandths = round(value / inside_per_wire(point, point.unit_codes[unit_code]) * 1000)
    units, fraction = divmod(max(0, thousandths), 1000)
    high, low = divmod(units, 10_000)
    return [min(high, 32_766), low, fraction, unit_code]
