"""Whatever a station sends, no good value is ever attributed to a register that does not hold it."""

import asyncio
import struct
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stations.driver import Deadlines, DriverError, ModbusAddress
from stations.drivers.modbus.driver import ModbusDriver
from stations.drivers.modbus.frames import crc16, data_of, read
from stations.drivers.modbus.plan import plan_reads
from stations.drivers.modbus.registers import block_decoder, encode
from stations.model.clock import SystemClock
from stations.model.quality import Quality
from stations.profile import REGISTERS, ModbusMap, Profile, ProfilePoint, builtin_profile
from tests.support.modbus_server import FakeModbusServer, adu
from tests.support.soak import soaking

MAP = builtin_profile("multical-603")
# Words of a healthy meter: 36.0 m3/h, power 2000 kW, 95.37 and 48.02 degC
HEALTHY = dict(enumerate([0x4210, 0, 0, 0, 0x44FA, 0, 0x42BE, 0xBD71, 0x4240, 0x147B]))


def pieces():
    """What a broken station may put onto the wire: frames bent in one place, cut, repeated, or noise."""
    noise = st.binary(max_size=300)
    bend = st.tuples(st.just("bend"), st.integers(0, 7 + 21), st.integers(1, 255))
    cut = st.tuples(st.just("cut"), st.integers(0, 28), st.just(0))
    frame = st.tuples(st.just("frame"), st.integers(0, 255), noise)
    return st.lists(st.one_of(bend, cut, frame, noise, st.just("answer")), max_size=4)


def rendered(piece, request, answer):
    if piece == "answer":
        return answer
    if isinstance(piece, bytes):
        return piece
    kind, position, change = piece
    if kind == "cut":
        return answer[:position]
    if kind == "frame":
        return adu(request, bytes([position]) + change)
    bent = bytearray(answer)
    bent[position % len(bent)] ^= change
    return bytes(bent)


@given(script=st.lists(pieces(), min_size=1, max_size=3))
@settings(max_examples=3000 if soaking() else 60)
def test_a_garbled_answer_is_a_fault_or_exactly_what_its_registers_say(script):
    asyncio.run(_play(script))


async def _play(script):
    async with FakeModbusServer() as server:
        server.holding = dict(HEALTHY)
        proper_frames = []

        def behave(request, answer):
            step = script[(len(server.frames) - 1) % len(script)]
            sent = [rendered(piece, request, answer) for piece in step]
            stream = b"".join(sent)
            proper_frames[:] = _frames_with(request, stream)
            return sent

        server.behave = behave
        deadlines = Deadlines(connect_s=1.0, request_s=0.03)
        address = ModbusAddress(host="127.0.0.1", port=server.port, unit=1)
        driver = ModbusDriver("S001", MAP, 1, address, SystemClock(), deadlines)
        await driver.connect()
        with suppress(DriverError):
            for _ in range(len(script)):
                readings = await driver.read()
                good = {p.name: r.value for p, r in readings.items() if r.quality is Quality.GOOD}
                assert any(good == pytest.approx(_meaning(frame)) for frame in proper_frames), (
                    good,
                    proper_frames,
                )
        await driver.close()


def _frames_with(request, stream):
    """Every complete frame in the stream that answers the request by header, function and length."""
    head = request[:4] + struct.pack(">H", 23) + request[6:7] + b"\x03\x14"
    return [
        stream[i : i + 29] for i in range(len(stream)) if stream[i : i + 9] == head and len(stream) >= i + 29
    ]


LIMITS = {
    "m_flow_primary": (0, 0.0, 2000.0, 988.0 / 3600.0),
    "Q_flow_primary": (4, 0.0, 200_000.0, 1.0),
    "T_supply_primary": (6, -5.0, 160.0, 1.0),
    "T_return_primary": (8, -5.0, 160.0, 1.0),
}


def _meaning(frame):
    values = {}
    for name, (register, low, high, factor) in LIMITS.items():
        value = struct.unpack_from(">f", frame, 9 + 2 * register)[0] * factor
        if low <= value <= high:
            values[name] = value
    return values


@given(count=st.integers(1, 125), answer=st.binary(max_size=260))
def test_data_is_taken_only_with_the_exact_length(count, answer):
    data = data_of(read(3, 0, count), answer)
    assert (data is not None) == (len(answer) == 1 + 2 * count and answer[:1] == bytes([2 * count]))


ORDERS = st.sampled_from(["big", "little"])
NUMBERS = {
    "int16": (st.integers(-(2**15), 2**15 - 1), ">h"),
    "uint16": (st.integers(0, 2**16 - 1), ">H"),
    "int32": (st.integers(-(2**31), 2**31 - 1), ">i"),
    "uint32": (st.integers(0, 2**32 - 1), ">I"),
    "float32": (st.floats(width=32, allow_nan=False, allow_infinity=False), ">f"),
}


@given(data=st.data(), kind=st.sampled_from(sorted(NUMBERS)), byte_order=ORDERS, word_order=ORDERS)
def test_a_number_is_laid_out_in_the_declared_byte_and_word_order(data, kind, byte_order, word_order):
    numbers, form = NUMBERS[kind]
    raw = data.draw(numbers)
    point = ProfilePoint(name="alarm_word", unit="1", type=kind, byte_order=byte_order, word_order=word_order)
    wire = encode(point, raw, ModbusMap())
    words = [wire[i : i + 2] for i in range(0, len(wire), 2)]
    if byte_order == "little":
        words = [word[::-1] for word in words]
    if word_order == "little":
        words.reverse()
    assert struct.unpack(form, b"".join(words))[0] == raw


@given(
    profile=st.sampled_from(["plc-a", "plc-b", "trovis-5578", "ecl-310", "multical-603"]),
    n_loops=st.integers(1, 4),
)
def test_a_plan_reads_every_point_once_inside_one_request_and_one_block(profile, n_loops):
    declared = builtin_profile(profile)
    n_loops = min(n_loops, declared.max_loops)
    plan = plan_reads(declared, n_loops)
    slots = [slot for block in plan for slot in block.slots]
    assert sorted(slot.point for slot in slots) == sorted(point for point, _ in declared.polled(n_loops))
    for block in plan:
        assert 1 <= block.count <= declared.modbus.max_registers
        for slot in block.slots:
            assert block.start <= slot.address
            assert slot.address + REGISTERS[slot.declaration.type] <= block.start + block.count
        assert not declared.modbus.blocks or any(
            allowed.function == block.function
            and allowed.start <= block.start
            and block.start + block.count <= allowed.start + allowed.count
            for allowed in declared.modbus.blocks
        )


def test_points_on_one_register_and_split_decimals_among_them_are_all_decoded():
    points = [
        {"name": "T_supply_primary", "address": 0, "type": "int16", "scale": 0.1, "unit": "degC"},
        {"name": "T_return_primary", "address": 0, "type": "int16", "scale": 0.01, "unit": "degC"},
        {
            "name": "E_heat_primary",
            "address": 1,
            "type": "split_decimal",
            "unit": "kWh",
            "unit_codes": ["kWh"],
        },
        {"name": "A_heated", "address": 5, "type": "uint32", "unit": "m2"},
        {"name": "V_primary", "address": 5, "type": "uint32", "word_order": "little", "unit": "m3"},
    ]
    titles = {"name": "mixed", "title_en": "m", "title_zh": "m", "source": "this test"}
    head = {"protocol": "modbus", "station_class": "C", "modbus": {}}
    profile = Profile.model_validate({**titles, **head, "points": points})
    (block,) = plan_reads(profile, 1)
    data = struct.pack(">7H", 700, 1, 2, 3, 0, 1, 2)
    readings = {
        point.name: reading.value for point, reading in block_decoder(block, profile.modbus)(data, 0.0)
    }
    assert readings == pytest.approx(
        {
            "T_supply_primary": 70.0,
            "T_return_primary": 7.0,
            "E_heat_primary": 10_002.003,
            "A_heated": 65_538.0,
            "V_primary": 131_073.0,
        }
    )


def test_the_checksum_gives_the_check_value_of_the_catalogue():
    assert crc16(b"123456789") == 0x4B37


@given(st.binary(max_size=40))
def test_a_message_followed_by_its_checksum_low_byte_first_has_checksum_zero(message):
    assert crc16(message + crc16(message).to_bytes(2, "little")) == 0
