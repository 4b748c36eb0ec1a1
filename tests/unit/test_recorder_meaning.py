"""What the bytes that come to a simulated device mean, and which it must never be sent."""

import pytest

from simulators import limits_table
from simulators.adu import RequestStream, parse
from simulators.crc import crc16_modbus
from simulators.meaning import Beat, DeadManTime, Forbidden, Offset, OutdoorCentre, Setpoint
from tests.support.modbus_writes import adu, plc_a_block

MEANINGS = [
    (
        "class A block of loop 2",
        "plc-a",
        plc_a_block(112),
        Setpoint(loop=2, T=55.5, flow=10.0, token=0x10002, sequence=3),
    ),
    ("heartbeat", "plc-a", "10 0014 0005 0A 0005 0000 0009 0000 00B4", Beat(token=5, valid_for_s=180.0)),
    ("outdoor", "plc-a", "06 001E FFB5", OutdoorCentre(T=-7.5)),
    ("offset", "plc-b", "06 0200 FFF1", Offset(loop=1, dT=-1.5)),
    ("absolute setpoint", "trovis-5578", "06 03E7 028F", Setpoint(loop=1, T=65.5)),
    ("dead-man in minutes", "trovis-5578", "06 004D 000A", DeadManTime(seconds=600.0)),
]


@pytest.mark.parametrize(("word", "device", "pdu", "meaning"), MEANINGS, ids=[row[0] for row in MEANINGS])
def test_bytes_mean(word, device, pdu, meaning):
    read = limits_table.DEVICES[device].meaning(parse(adu(pdu)))
    assert type(read) is type(meaning)
    for name in meaning.__dataclass_fields__:
        assert getattr(read, name) == pytest.approx(getattr(meaning, name))


FORBIDDEN = [
    ("a wrong checksum", "plc-a", plc_a_block(72, crc=1), "checksum"),
    ("half a block", "plc-a", "10 0048 0002 04 0001 0000", "register"),
    ("a register that nobody may write", "plc-a", "06 0000 0001", "register"),
    ("taking over by the level register", "plc-a", "06 0043 0001", "level"),
    ("the valve's level coil", "trovis-5578", "05 0059 0000", "register"),
    ("the outdoor register of a controller", "trovis-5578", "06 0009 FFB5", "register"),
    ("many coils", "trovis-5578", "0F 0073 0001 01 00", "function"),
    ("a mask write", "plc-a", "16 0043 0000 0000", "function"),
    ("read and write at once", "plc-a", "17 0000 0001 0043 0001 02 0000", "function"),
    ("diagnostics", "plc-a", "08 0000 0000", "function"),
    ("a coil of a device without", "plc-a", "05 0000 FF00", "function"),
    ("any write to a read-only controller", "ecl-310", "06 2BAB 0001", "function"),
    ("a count that lies", "plc-a", "10 0048 0008 10 0001 0000", "malformed request"),
]


@pytest.mark.parametrize(("word", "device", "pdu", "what"), FORBIDDEN, ids=[row[0] for row in FORBIDDEN])
def test_forbidden_bytes(word, device, pdu, what):
    read = limits_table.DEVICES[device].meaning(parse(adu(pdu)))
    assert isinstance(read, Forbidden)
    assert read.what == what


def test_reads_mean_nothing():
    assert limits_table.DEVICES["plc-a"].meaning(parse(adu("03 0000 0010"))) is None


def test_crc_of_a_known_frame():
    assert (
        crc16_modbus(bytes.fromhex("01 04 02 FF FF")) == 0x80B8
    )  # Modbus over serial line, appendix example


def test_a_stream_in_any_pieces_gives_the_same_requests_and_garbage_ends_it():
    data = adu("03 0000 0010") + adu("06 001E FFB5", transaction=2) + adu("05 0073 FF00", transaction=3)
    whole = RequestStream().feed(data)
    stream = RequestStream()
    pieces = [request for byte in data for request in stream.feed(bytes([byte]))]
    assert whole == pieces
    assert [request.function for request in whole] == [3, 6, 5]
    assert stream.feed(b"GET / HTTP/1.1\r\n\r\n") == []
    assert stream.broken
    assert stream.feed(data) == []
