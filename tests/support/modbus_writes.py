"""Requests to Modbus devices as bytes, to be written down in a test."""

import struct

from simulators.crc import crc16_modbus


def adu(pdu, unit=1, transaction=1):
    body = bytes.fromhex(pdu)
    return struct.pack(">HHHB", transaction, 0, len(body) + 1, unit) + body


def plc_a_block(address, crc=None):
    # token 0x00010002, sequence 3, 55.5 degC, 36 t/h; 32-bit values with the low word first
    data = bytes.fromhex("0002 0001 0003 0000 15AE 0000 4210")
    word = crc16_modbus(data) if crc is None else crc
    return f"10 {address:04X} 0008 10 {data.hex()} {word:04X}"
