"""Answers are found in what a DTU passes on, whatever stands around them; golden frames are pymodbus' own."""

from hypothesis import assume, given
from hypothesis import strategies as st
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU, ExceptionResponse
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    WriteMultipleRegistersResponse,
)

from stations.drivers.modbus import frames, rtu
from stations.drivers.modbus.frames import DeviceException

UNITS = st.integers(1, 247)
WORDS = st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=125)
NOISE = st.binary(max_size=40)


def answered(pdu, unit):
    """The bytes of an answer as pymodbus builds them."""
    pdu.dev_id = unit
    return FramerRTU(DecodePDU(True)).buildFrame(pdu)


@given(unit=UNITS, address=st.integers(0, 0xFFFF), count=st.integers(1, 125))
def test_a_question_is_the_frame_that_pymodbus_builds(unit, address, count):
    asked = ReadHoldingRegistersRequest(address=address, count=count, dev_id=unit)
    golden = FramerRTU(DecodePDU(False)).buildFrame(asked)
    assert rtu.frame(unit, frames.read(3, address, count)) == golden


@given(unit=UNITS, words=WORDS, before=NOISE, after=NOISE)
def test_an_answer_is_found_between_heartbeats_and_registrations(unit, words, before, after):
    request = frames.read(3, 0, len(words))
    whole = answered(ReadHoldingRegistersResponse(registers=words), unit)
    stream = before + whole + after
    found = rtu.find(stream, unit, request)
    assume(rtu.find(before + whole[:-1], unit, request) is None)  # noise that is an answer itself
    assert found is not None
    assert found.end == len(before + whole)
    data = frames.data_of(request, found.answer)
    assert data == b"".join(word.to_bytes(2, "big") for word in words)


@given(unit=UNITS, words=WORDS, kept=st.integers(0, 400))
def test_a_part_of_an_answer_is_none_yet(unit, words, kept):
    whole = answered(ReadHoldingRegistersResponse(registers=words), unit)
    assert rtu.find(whole[: min(kept, len(whole) - 1)], unit, frames.read(3, 0, len(words))) is None


@given(unit=UNITS, words=WORDS, place=st.integers(0, 400), flip=st.integers(1, 255))
def test_an_answer_with_a_wrong_byte_is_none(unit, words, place, flip):
    whole = bytearray(answered(ReadHoldingRegistersResponse(registers=words), unit))
    whole[place % len(whole)] ^= flip
    found = rtu.find(bytes(whole), unit, frames.read(3, 0, len(words)))
    assert found is None or frames.data_of(frames.read(3, 0, len(words)), found.answer) is None


@given(unit=UNITS, code=st.integers(1, 11))
def test_an_exception_and_a_confirmed_write_are_known(unit, code):
    request = frames.write_registers(72, b"\x00\x01\x00\x02")
    refused = rtu.find(answered(ExceptionResponse(16, code), unit), unit, request)
    assert refused is not None
    assert refused.answer == DeviceException(code)
    confirmed = answered(WriteMultipleRegistersResponse(address=72, count=2), unit)
    found = rtu.find(confirmed, unit, request)
    assert found is not None
    assert frames.is_echo(request, found.answer)
    other = rtu.find(confirmed, unit % 247 + 1, request)
    assert other is None
