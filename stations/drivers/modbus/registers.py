"""Between registers and numbers: byte and word order, compiled once per block and run for every poll.

A 16-bit register travels with its high byte first ("big") or last; a 32-bit value with its high word first or
last. With A the highest byte: big/big is ABCD, big bytes with the low word first CDAB, then BADC and DCBA.
"""

import struct
from array import array
from collections.abc import Callable
from dataclasses import dataclass

from stations.decoding import Decoder, decoder, straight
from stations.drivers.modbus.plan import BlockRead, Slot
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import Reading, bad, good_within
from stations.profile import REGISTERS, ModbusMap, ProfilePoint

_CODE = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f", "split_decimal": "HHHH"}

BlockDecoder = Callable[[bytes, float], list[tuple[Point, Reading]]]
"""Turns the data of one block, as it came, and the UTC second of its arrival into readings."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """How to make little Struct codes fit: swap the bytes of each register or not, then read as "<" or ">".

    Swapping the bytes of CDAB gives DCBA, which is a plain little-endian number; so one pass over the block
    and one Struct decode all points of one order, whatever their width.
    """

    swapped: bool
    endian: str


_LAYOUT = {
    ("big", "big"): _Layout(swapped=False, endian=">"),
    ("big", "little"): _Layout(swapped=True, endian="<"),
    ("little", "big"): _Layout(swapped=True, endian=">"),
    ("little", "little"): _Layout(swapped=False, endian="<"),
}


def encode(point: ProfilePoint, raw: float, registers: ModbusMap) -> bytes:
    """Return the registers that hold ``raw`` (from ``stations.decoding.to_raw``), as bytes on the wire."""
    return pack(_CODE[point.type], raw if point.type == "float32" else int(raw), registers, point)


def pack(code: str, raw: float, registers: ModbusMap, point: ProfilePoint | None = None) -> bytes:
    """Return a number with Struct code ``code`` in the orders of the point, or else of the map."""
    layout = _layout(registers, point)
    data = struct.pack(layout.endian + code, raw)
    return _swap(data) if layout.swapped else data


def block_decoder(block: BlockRead, registers: ModbusMap) -> BlockDecoder:
    """Return the function that decodes the data of ``block``; its length has been checked before."""
    return _bit_decoder(block) if block.bits else _register_decoder(block, registers)


def _layout(registers: ModbusMap, point: ProfilePoint | None) -> _Layout:
    byte_order, word_order = registers.byte_order, registers.word_order
    if point is not None:
        byte_order, word_order = point.byte_order or byte_order, point.word_order or word_order
    return _LAYOUT[byte_order, word_order]


def _swap(data: bytes) -> bytes:
    words = array("H", data)
    words.byteswap()
    return words.tobytes()


def _bit_decoder(block: BlockRead) -> BlockDecoder:
    entries = [
        (
            slot.point,
            decoder(slot.declaration),
            (slot.address - block.start) // 8,
            (slot.address - block.start) % 8,
        )
        for slot in block.slots
    ]

    def decode(data: bytes, at: float) -> list[tuple[Point, Reading]]:
        return [
            (point, to_reading(data[byte] >> bit & 1, at, at)) for point, to_reading, byte, bit in entries
        ]

    return decode


def _register_decoder(block: BlockRead, registers: ModbusMap) -> BlockDecoder:
    passes = []
    for layout in _LAYOUT.values():
        rest = [s for s in block.slots if _layout(registers, s.declaration) is layout]
        while rest:  # two points on one register need two passes
            codes, taken, rest = _without_overlap(rest, block.start)
            plain = [_plain_entry(s) for s in taken if s.declaration.type != "split_decimal"]
            split = [_split_entry(s) for s in taken if s.declaration.type == "split_decimal"]
            passes.append((layout.swapped, struct.Struct(layout.endian + codes), plain, split))
    swaps = any(swapped for swapped, *_ in passes)

    def decode(data: bytes, at: float) -> list[tuple[Point, Reading]]:
        swapped_data = _swap(data) if swaps else b""
        readings: list[tuple[Point, Reading]] = []
        for swapped, layout, plain, split in passes:
            numbers = layout.unpack_from(swapped_data if swapped else data)
            # what nearly every number goes through stands here, without a call: this is most of a poll's work
            for (point, scale, offset, factor, low, high, to_reading), raw in zip(
                plain, numbers, strict=False
            ):
                value = (raw * scale + offset) * factor
                if low <= value <= high:
                    readings.append((point, good_within(value, at, at)))
                else:
                    readings.append((point, to_reading(raw, at, at)))
            parts = numbers[len(plain) :]
            readings += [
                (point, to_split(parts[4 * number : 4 * number + 4], at))
                for number, (point, to_split) in enumerate(split)
            ]
        return readings

    return decode


def _without_overlap(slots: list[Slot], start: int) -> tuple[str, list[Slot], list[Slot]]:
    """Return the Struct codes of slots that follow each other, those slots, and the rest.

    One Struct holds either plain numbers or split decimals, so that the values of both can be told apart.
    """
    codes, cursor = "", start
    taken: list[Slot] = []
    rest: list[Slot] = []
    for slot in slots:
        mixed = taken and (taken[0].declaration.type == "split_decimal") != (
            slot.declaration.type == "split_decimal"
        )
        if slot.address < cursor or mixed:
            rest.append(slot)
            continue
        codes += "xx" * (slot.address - cursor) + _CODE[slot.declaration.type]
        cursor = slot.address + REGISTERS[slot.declaration.type]
        taken.append(slot)
    return codes, taken, rest


def _plain_entry(slot: Slot) -> tuple[Point, float, float, float, float, float, Decoder]:
    way = straight(slot.declaration)
    return slot.point, way.scale, way.offset, way.factor, way.low, way.high, decoder(slot.declaration)


_SplitDecoder = Callable[[tuple[int, ...], float], Reading]


def _split_entry(slot: Slot) -> tuple[Point, _SplitDecoder]:
    """Return the decoder of a value sent as tens of thousands, ones, thousandths and the code of its unit."""
    declaration = slot.declaration
    by_unit: list[Decoder] = [decoder(declaration, unit) for unit in declaration.unit_codes]
    sentinels = frozenset(declaration.sentinels)

    def decode(parts: tuple[int, ...], at: float) -> Reading:
        ten_thousands, ones, thousandths, code = parts
        if sentinels.intersection(parts):
            return bad(Reason.SENTINEL, at)
        if ones > 9999 or thousandths > 999 or code >= len(by_unit):
            return bad(Reason.MALFORMED_ANSWER, at)
        return by_unit[code](ten_thousands * 1e4 + ones + thousandths * 1e-3, at, at)

    return slot.point, decode
