"""The two OPC UA profiles against node ids, raw values and wire bytes that were written down by hand.

The server's nodes are literals of tests/support/opcua_server.py; the bytes below follow OPC 10000-6, 5.2
(binary encoding) and were set up on paper from the reference model.
"""

import pytest
import pytest_asyncio

from stations.model.identity import Point
from stations.model.outcome import Acknowledged
from stations.model.setpoint import Heartbeat, Instruction, LoopCommand
from tests.support.opcua_drivers import connected, open_address
from tests.support.opcua_link import wire_to
from tests.support.opcua_server import SOURCE, SOURCE_NODES, station_server, substation_nodes

pytestmark = pytest.mark.asyncio(loop_scope="module")

STATION = {
    "T_supply_primary": 95.5,
    "T_return_primary": 48.25,
    "m_flow_primary": 10.0,  # 36 t/h
    "p_supply_primary": 850.0,  # 850 x 0.01 bar
    "p_return_primary": 420.0,
    "y_valve_primary": 0.375,
    "Q_flow_primary": 1980.0,
    "E_heat_primary": 3429352.7777,  # 12,345.67 GJ / 3.6 MJ per kWh
    "V_primary": 98765.4,
    "T_outdoor": -8.25,
    "T_outdoor_centre_readback": -7.5,
    "m_flow_primary_max_readback": 12.0,
    "alarm_word": 5.0,
    "A_heated": 61000.0,
}
LOOP = {
    "T_supply_secondary": 62.25,
    "T_return_secondary": 41.5,
    "m_flow_secondary": 20.0,  # 72 t/h
    "p_supply_secondary": 512.0,
    "p_return_secondary": 305.0,
    "y_pump_secondary": 0.8,
    "P_pump_secondary": 11.5,
    "E_pump_secondary": 12345.6,
    "m_flow_makeup": 0.13888888,  # 0.5 t/h
    "V_makeup": 43.21,
    "T_indoor_mean": 21.37,
    "T_supply_secondary_set_readback": 62.0,
    "T_supply_secondary_set_effective": 61.5,
    "m_flow_secondary_set_readback": 20.0,
    "m_flow_secondary_set_effective": 19.0,  # 68.4 t/h
    "limit_word": 4.0,
    "remote_level": 1.0,
    "lease_token": 7.0,
    "lease_sequence": 12.0,
}
SOURCE_VALUES = {
    "T_supply_source": 110.5,
    "T_return_source": 51.0,
    "m_flow_source": 1000.0,  # 3,600 t/h
    "p_supply_source": 1250.0,  # 12,500 x 0.0001 MPa
    "p_return_source": 310.0,
    "Q_flow_source": 248_500.0,
    "Q_flow_source_max": 350_000.0,
    "P_pump_source": 900.0,
    "T_outdoor": -9.0,
    "alarm_word": 0.0,
}


def text_node(namespace, name):
    """A String NodeId: type 3, namespace uint16, length int32, UTF-8."""
    return bytes([3, namespace, 0, len(name), 0, 0, 0]) + name


def number_node(namespace, number):
    """A FourByte NodeId: type 1, namespace one byte, identifier uint16."""
    return bytes([1, namespace]) + number.to_bytes(2, "little")


VALUE_ATTRIBUTE = bytes.fromhex("0d000000 ffffffff 0000 ffffffff")
"""AttributeId 13, no index range, no data encoding."""

READ_SOURCE = (
    bytes.fromhex("0000000000000000 00000000 0a000000")  # MaxAge 0.0, timestamps of the source, ten nodes
    + text_node(2, b"Source.T_supply")
    + VALUE_ATTRIBUTE
    + text_node(2, b"Source.T_return")
    + VALUE_ATTRIBUTE
    + text_node(2, b"Source.m_flow")
    + VALUE_ATTRIBUTE
    + number_node(2, 101)
    + VALUE_ATTRIBUTE
    + number_node(2, 102)
    + VALUE_ATTRIBUTE
    + text_node(2, b"Source.Q_flow")
    + VALUE_ATTRIBUTE
    + text_node(2, b"Source.Q_flow_max")
    + VALUE_ATTRIBUTE
    + text_node(2, b"Source.P_pump")
    + VALUE_ATTRIBUTE
    + text_node(2, b"Source.T_outdoor")
    + VALUE_ATTRIBUTE
    + number_node(2, 110)
    + VALUE_ATTRIBUTE
)
SUBSTATION_PIECES = (
    text_node(2, b"Station.T_supply_primary"),
    number_node(2, 2001),
    number_node(2, 2002),
    number_node(2, 2010),
    text_node(2, b"Loop1.T_supply_secondary"),
    text_node(2, b"Loop2.T_supply_secondary"),
    number_node(2, 3101),
    number_node(2, 3202),
    text_node(2, b"Loop2.lease_sequence"),
)
APPLY = (
    bytes.fromhex("01000000")  # one call
    + text_node(2, b"Loop2")
    + text_node(2, b"Loop2.ApplySetpoint")
    + bytes.fromhex("04000000")  # four arguments
    + bytes.fromhex("07 09000000")  # UInt32 token 9
    + bytes.fromhex("07 03000000")  # UInt32 sequence 3
    + bytes.fromhex("0b 0000000000204d40")  # Double 58.25 degC
    + bytes.fromhex("0b 0000000000004240")  # Double 36.0 t/h
)
HEARTBEAT = (
    bytes.fromhex("01000000")
    + text_node(2, b"Station")
    + text_node(2, b"Station.Heartbeat")
    + bytes.fromhex("03000000")
    + bytes.fromhex("07 09000000 07 15000000")  # token 9, counter 21
    + bytes.fromhex("0b 0000000000806640")  # Double 180 s
)
RELEASE = (
    bytes.fromhex("01000000")
    + text_node(2, b"Loop1")
    + text_node(2, b"Loop1.Release")
    + bytes.fromhex("01000000")
    + bytes.fromhex("07 09000000")
)
OUTDOOR = (
    bytes.fromhex("01000000")  # one write
    + text_node(2, b"Station.T_outdoor_centre")
    + bytes.fromhex("0d000000 ffffffff")  # attribute Value, no index range
    + bytes.fromhex("01 0b 00000000000012c0")  # DataValue of a value only: Double -4.5
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def substation():
    async with station_server(substation_nodes()) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def source():
    async with station_server(SOURCE_NODES, uri=SOURCE, n_loops=0) as server:
        yield server


async def test_every_point_of_the_substation_is_found_and_converted(substation):
    async with connected(open_address(substation.port)) as driver:
        readings = await driver.read()
    expected = {Point(0, name): value for name, value in STATION.items()}
    expected |= {Point(loop, name): value for loop in (1, 2) for name, value in LOOP.items()}
    assert set(readings) == set(expected)
    assert {point: reading.value for point, reading in readings.items()} == pytest.approx(expected, rel=1e-6)


async def test_every_point_of_the_heat_source_is_found_and_converted(source):
    async with connected(open_address(source.port), profile="source-opcua", n_loops=0) as driver:
        readings = await driver.read()
    expected = {Point(0, name): value for name, value in SOURCE_VALUES.items()}
    assert {point: reading.value for point, reading in readings.items()} == pytest.approx(expected, rel=1e-6)


async def test_a_poll_of_the_heat_source_is_this_one_request(source):
    async with (
        wire_to(source.port) as wire,
        connected(open_address(wire.port), profile="source-opcua", n_loops=0) as driver,
    ):
        wire.sent.clear()
        await driver.read()
        assert wire.sent.endswith(READ_SOURCE)
        assert wire.sent.count(b"MSGF") == 1


async def test_a_poll_of_the_substation_asks_for_these_nodes_in_one_request(substation):
    async with wire_to(substation.port) as wire, connected(open_address(wire.port)) as driver:
        wire.sent.clear()
        await driver.read()
        places = [wire.sent.find(piece + VALUE_ATTRIBUTE) for piece in SUBSTATION_PIECES]
        assert -1 not in places
        assert wire.sent.count(b"MSGF") == 1


@pytest.mark.parametrize(
    ("write", "bytes_at_the_end"),
    [
        pytest.param(
            lambda driver: driver.apply(
                LoopCommand(
                    loop=2,
                    token=9,
                    sequence=3,
                    instruction=Instruction(heat=58.25, circulation=10.0),
                )
            ),
            APPLY,
            id="ApplySetpoint",
        ),
        pytest.param(
            lambda driver: driver.renew(Heartbeat(token=9, counter=21, valid_for_s=180.0)),
            HEARTBEAT,
            id="Heartbeat",
        ),
        pytest.param(lambda driver: driver.send_outdoor(-4.5), OUTDOOR, id="outdoor"),
    ],
)
async def test_a_write_is_these_bytes(substation, write, bytes_at_the_end):
    async with wire_to(substation.port) as wire, connected(open_address(wire.port)) as driver:
        assert await write(driver) == Acknowledged()
        assert wire.sent.endswith(bytes_at_the_end)


async def test_handing_back_carries_the_token_sent_before(substation):
    async with wire_to(substation.port) as wire, connected(open_address(wire.port)) as driver:
        await driver.renew(Heartbeat(token=9, counter=22, valid_for_s=180.0))
        assert await driver.hand_back(1) == Acknowledged()
        assert wire.sent.endswith(RELEASE)
