"""The simulated Modbus devices, asked by a client that knows only bytes."""

import contextlib
import struct
import time

import pytest

from simulators.crc import crc16_modbus
from simulators.servers.modbus import ModbusStationServer
from simulators.servers.registers import RegisterImage
from stations.model.clock import ScaledClock
from stations.model.identity import Point
from stations.profile import builtin_profile
from tests.support.polling import until
from tests.support.raw_modbus import RawModbus
from tests.support.reads_seen import ports_read_in_blocks
from tests.support.served_station import WrittenStation

CLOCK = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic(), factor=1.0)


@contextlib.asynccontextmanager
async def served(profile, values, n_loops=1, unit=1, unit_code=0):
    station = WrittenStation({Point(loop, name): value for (loop, name), value in values.items()})
    image = RegisterImage(builtin_profile(profile), n_loops, station, CLOCK, unit_code)
    server = ModbusStationServer(image, unit)
    client = await RawModbus.connect(await server.start(), unit)
    try:
        yield station, client
    finally:
        await client.close()
        await server.stop()


async def test_requests_are_not_read_in_blocks_of_their_own(monkeypatch):
    image = RegisterImage(builtin_profile("plc-a"), 1, WrittenStation({}), CLOCK, 0)
    server = ModbusStationServer(image, 1)
    ports = ports_read_in_blocks(monkeypatch)
    client = await RawModbus.connect(port := await server.start())
    await client.registers(3, 0, 12)
    await client.close()
    await server.stop()
    assert ports  # the client's
    assert port not in ports


async def test_plc_a_shows_scaled_integers_floats_low_word_first_and_counters():
    values = {
        (0, "T_supply_primary"): 95.12,
        (0, "T_return_primary"): None,  # broken sensor: -32768
        (0, "m_flow_primary"): 10.0,  # 36 t/h = 0x42100000
        (0, "p_supply_primary"): 612.0,  # 0.612 MPa
        (0, "y_valve_primary"): 0.455,
        (0, "E_heat_primary"): 1_000_000.0,  # 3600 GJ = 360000 x 0.01 = 0x00057E40
    }
    async with served("plc-a", values) as (_, client):
        words = await client.registers(3, 0, 12)
    assert words[:7] == [9512, 0x8000, 0x0000, 0x4210, 612, 0x8000, 455]
    assert words[10:12] == [0x7E40, 0x0005]


async def test_plc_a_repeats_its_loops_forty_registers_apart():
    values = {(1, "T_supply_secondary"): 50.0, (2, "T_supply_secondary"): -1.5, (2, "remote_level"): 1.0}
    async with served("plc-a", values, n_loops=2) as (_, client):
        assert await client.registers(3, 40, 1) == [5000]
        assert await client.registers(3, 80, 1) == [0x10000 - 150]
        assert await client.registers(3, 107, 1) == [1]


async def test_plc_b_answers_measurements_with_function_4_and_its_offset_with_function_3():
    values = {
        (0, "T_supply_primary"): 95.12,
        (0, "m_flow_primary"): 988.0 / 3600.0 * 12.34,  # 12.34 m3/h
        (1, "dT_supply_secondary_offset_readback"): -2.5,
    }
    async with served("plc-b", values) as (_, client):
        assert await client.registers(4, 0, 3) == [951, 0x7FFF, 1234]
        assert await client.registers(3, 512, 1) == [0x10000 - 25]


async def test_trovis_shows_its_meter_as_split_decimals_in_the_meters_own_unit():
    values = {
        (0, "Q_flow_primary"): 12_345.678,
        (0, "deadman_remaining"): 600.0,
        (1, "remote_level"): 0.0,
        (0, "device_id"): 5578.0,
    }
    async with served("trovis-5578", values) as (_, client):
        assert await client.registers(3, 6513, 4) == [1, 2345, 678, 0]
        assert await client.registers(3, 77, 1) == [10]
        assert await client.registers(3, 0, 1) == [5578]
        assert await client.ask(bytes.fromhex("01 0073 0001")) == bytes([1, 1, 1])  # autonomous
    async with served("trovis-5578", {**values, (1, "remote_level"): 1.0}, unit_code=1) as (_, client):
        assert await client.registers(3, 6513, 4) == [0, 12, 346, 1]  # MW
        assert await client.ask(bytes.fromhex("01 0073 0001")) == bytes([1, 1, 0])


async def test_ecl_shows_a_missing_sensor_as_19200_and_multical_as_nan():
    async with served("ecl-310", {(0, "T_outdoor"): -8.25, (1, "T_indoor_mean"): None}, unit=254) as (
        _,
        client,
    ):
        assert await client.registers(3, 10200, 2) == [0x10000 - 825, 19200]
    async with served("multical-603", {(0, "T_supply_primary"): 95.5}) as (_, client):
        words = await client.registers(3, 0, 10)
    assert struct.pack(">2H", *words[6:8]) == struct.pack(">f", 95.5)
    assert words[0:2] == [0x7FC0, 0x0000]


async def test_a_value_that_changes_shows_at_the_next_poll():
    async with served("plc-a", {(0, "T_supply_primary"): 90.0}) as (station, client):
        assert await client.registers(3, 0, 1) == [9000]
        station.set(0, "T_supply_primary", 91.0)

        async def shown():
            return await client.registers(3, 0, 1) == [9100]

        await until(shown, what="new value")


def block(token, sequence, T, flow_t_per_h, crc=None):
    flow = struct.pack(">f", flow_t_per_h)
    words = [token & 0xFFFF, token >> 16, sequence & 0xFFFF, sequence >> 16, round(T * 100)]
    words += [int.from_bytes(flow[2:], "big"), int.from_bytes(flow[:2], "big")]
    return [*words, crc16_modbus(struct.pack(">7H", *words)) if crc is None else crc]


async def test_a_setpoint_block_reaches_its_loop_in_units_inside():
    async with served("plc-a", {}, n_loops=2) as (station, client):
        answer = await client.write(112, block(0x0001_0002, 7, 55.5, 36.0))
    assert answer == bytes.fromhex("10 0070 0008")
    assert station.written == [("block", 2, 0x0001_0002, 7, 55.5, 10.0)]


def cap(token, sequence, flow_t_per_h, crc=None):
    flow = struct.pack(">f", flow_t_per_h)
    words = [token & 0xFFFF, token >> 16, sequence & 0xFFFF, sequence >> 16]
    words += [int.from_bytes(flow[2:], "big"), int.from_bytes(flow[:2], "big")]
    return [*words, crc16_modbus(struct.pack(">6H", *words)) if crc is None else crc]


async def test_a_cap_on_primary_flow_reaches_the_station_and_a_senseless_one_does_not():
    async with served("plc-a", {}, n_loops=2) as (station, client):
        assert await client.write(32, cap(0x0001_0002, 7, 36.0)) == bytes.fromhex("10 0020 0007")
        for refused in (cap(1, 8, 36.0, crc=0x1234), cap(1, 8, float("nan")), cap(1, 8, 0.0), cap(1, 8, 3e3)):
            assert await client.write(32, refused) == b"\x90\x03"
        assert await client.write(36, cap(1, 8, 36.0)[4:6]) == b"\x90\x02", "not without token and checksum"
    assert station.written == [("cap", 0x0001_0002, 7, 10.0)]


async def test_a_setpoint_block_with_a_wrong_checksum_is_an_illegal_value_and_does_nothing():
    async with served("plc-a", {}) as (station, client):
        assert await client.write(72, block(1, 1, 55.5, 36.0, crc=0x1234)) == b"\x90\x03"
        assert station.written == []


async def test_a_setpoint_that_the_station_does_not_take_is_an_illegal_value():
    async with served("plc-a", {}) as (station, client):
        station.takes = False
        assert await client.write(72, block(1, 1, 55.5, 36.0)) == b"\x90\x03"


async def test_heartbeat_outdoor_and_hand_back_reach_the_station():
    async with served("plc-a", {}) as (station, client):
        assert await client.write(20, [5, 0, 9, 0, 180]) == bytes.fromhex("10 0014 0005")
        assert await client.ask(struct.pack(">BHh", 6, 30, -75)) == struct.pack(">BHh", 6, 30, -75)
        assert await client.ask(struct.pack(">BHH", 6, 67, 0)) == struct.pack(">BHH", 6, 67, 0)
    assert station.written == [("heartbeat", 5, 9, 180.0), ("outdoor", -7.5), ("hand_back", 1)]


async def test_offset_and_the_three_writes_of_a_device_with_a_dead_man():
    async with served("plc-b", {}) as (station, client):
        await client.ask(struct.pack(">BHh", 6, 512, -15))
    assert station.written == [("offset", 1, -1.5)]
    async with served("trovis-5578", {}) as (station, client):
        await client.ask(struct.pack(">BHH", 6, 77, 10))
        await client.ask(struct.pack(">BHH", 6, 999, 655))
        assert await client.ask(bytes.fromhex("05 0073 0000")) == bytes.fromhex("05 0073 0000")
        await client.ask(bytes.fromhex("05 0073 FF00"))
    assert station.written == [
        ("deadman", 600.0),
        ("absolute", 1, 65.5),
        ("level", 1, True),
        ("level", 1, False),
    ]


REFUSED = [
    ("reading beyond a readable block", "plc-b", "04 0000 001D", "84 02"),
    ("reading across two blocks", "trovis-5578", "03 0009 0030", "83 02"),
    ("reading with a function that the device has not", "multical-603", "04 0000 0002", "84 01"),
    ("writing a measurement", "plc-a", "06 0000 0001", "86 02"),
    ("writing half a setpoint block", "plc-a", "10 0048 0002 04 0001 0000", "90 02"),
    ("writing the offset with function 16", "plc-b", "10 0200 0001 02 0005", "90 01"),
    ("writing an offset out of bounds", "plc-b", "06 0200 0064", "86 03"),
    ("taking a loop over by its level register", "plc-a", "06 0043 0001", "86 03"),
    ("writing any register of a read-only device", "ecl-310", "06 2BAB 0001", "86 01"),
    ("writing the valve's level coil", "trovis-5578", "05 0059 0000", "85 02"),
    ("writing many coils", "trovis-5578", "0F 0073 0001 01 00", "8F 01"),
    ("mask write", "plc-a", "16 0043 0000 0000", "96 01"),
    ("read and write at once", "plc-a", "17 0000 0001 0043 0001 02 0000", "97 01"),
    ("diagnostics", "plc-a", "08 0000 0000", "88 01"),
]


@pytest.mark.parametrize(
    ("profile", "request_pdu", "answer"), [row[1:] for row in REFUSED], ids=[r[0] for r in REFUSED]
)
async def test_a_device_refuses(profile, request_pdu, answer):
    async with served(profile, {}) as (station, client):
        assert await client.ask(bytes.fromhex(request_pdu)) == bytes.fromhex(answer)
        assert station.written == []


async def test_another_unit_behind_the_same_address_does_not_answer_for_this_one():
    async with served("plc-a", {}, unit=1) as (_, client):
        assert await client.ask(bytes.fromhex("03 0000 0001"), unit=9) == b"\x83\x0b"


async def test_a_server_that_stopped_refuses_and_after_a_start_answers_again():
    station = WrittenStation({Point(0, "T_supply_primary"): 90.0})
    server = ModbusStationServer(RegisterImage(builtin_profile("plc-a"), 1, station, CLOCK), 1)
    first = await server.start()
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await RawModbus.connect(first)
    client = await RawModbus.connect(await server.start())
    assert await client.registers(3, 0, 1) == [9000]
    await client.close()
    await server.stop()


def test_stations_of_one_type_share_what_a_read_shows_and_show_their_own_values():
    stations = [WrittenStation({Point(0, "T_supply_primary"): T}) for T in (90.0, 70.5)]
    images = [RegisterImage(builtin_profile("plc-a"), 1, station, CLOCK) for station in stations]
    assert [image.read(3, 0, 1) for image in images] == [[9000], [7050]]
    assert images[0]._reads is images[1]._reads
