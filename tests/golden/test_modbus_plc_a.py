"""plc-a: frames written out by hand from its map. Low word first: 36.0 = 0x42100000 is 0000 4210."""

import pytest

from stations.model.outcome import Acknowledged, Rejected
from stations.model.setpoint import Heartbeat, Instruction, LoopCommand
from tests.support.modbus_golden import alike, conversation, values

READ_0_TO_71 = "0001 0000 0006 01 03 0000 0048"

ONE_LOOP = """
0001 0000 0093 01 03 90
2541            #  0 T_supply_primary 95.37 degC
12C2            #  1 T_return_primary 48.02 degC
0000 4210       #  2 m_flow_primary 36.0 t/h
0264            #  4 p_supply_primary 0.612 MPa
01A2            #  5 p_return_primary 0.418 MPa
027B            #  6 y_valve_primary 63.5 %
0005            #  7 alarm_word
0000 44FA       #  8 Q_flow_primary 2000.0 kW
614E 00BC       # 10 E_heat_primary 123 456.78 GJ
1206 000F       # 12 V_primary 98 765.4 m3
FFAD            # 14 T_outdoor -8.3 degC
0000
EF32 0000       # 16 A_heated 61 234 m2
FFB1            # 18 T_outdoor_centre_readback -7.9 degC
0000 0000 0000 0000 0000 0000                            # 19..24, spare and heartbeat block
CCCD 422C       # 25 m_flow_primary_max_readback 43.2 t/h
0000 0000 0000  # 27..29
0000 0000 0000 0000 0000 0000 0000 0000 0000 0000        # 30..39
17ED            # 40 T_supply_secondary 61.25 degC
1036            # 41 T_return_secondary 41.50 degC
0000 4310       # 42 m_flow_secondary 144.0 t/h
015E            # 44 p_supply_secondary 0.350 MPa
00C8            # 45 p_return_secondary 0.200 MPa
FFFF            # 46 y_valve_loop: not there
0320            # 47 y_pump_secondary 80.0 %
0000 40F0       # 48 P_pump_secondary 7.5 kW
AE61 000A       # 50 E_pump_secondary 70 000.1 kWh
FFFF FFFF       # 52 V_secondary: not there
51EC 3E38       # 54 m_flow_makeup 0.18 t/h
04D2 0000       # 56 V_makeup 12.34 m3
02EE            # 58 level_makeup 75.0 %
8000            # 59 T_indoor_mean: not there
17D4            # 60 T_supply_secondary_set_readback 61.00 degC
0000 4310       # 61 m_flow_secondary_set_readback 144.0 t/h
16DA            # 63 T_supply_secondary_set_effective 58.50 degC
47AE 430F       # 64 m_flow_secondary_set_effective 143.28 t/h
0002            # 66 limit_word
0001            # 67 remote_level
0007 0000       # 68 lease_token 7
0002 0001       # 70 lease_sequence 65 538
"""

EXPECTED = {
    "0/T_supply_primary": 95.37,
    "0/T_return_primary": 48.02,
    "0/m_flow_primary": 10.0,
    "0/p_supply_primary": 612.0,
    "0/p_return_primary": 418.0,
    "0/y_valve_primary": 0.635,
    "0/alarm_word": 5.0,
    "0/Q_flow_primary": 2000.0,
    "0/E_heat_primary": 34_293_550.0,
    "0/V_primary": 98_765.4,
    "0/T_outdoor": -8.3,
    "0/A_heated": 61_234.0,
    "0/T_outdoor_centre_readback": -7.9,
    "0/m_flow_primary_max_readback": 12.0,
    "1/T_supply_secondary": 61.25,
    "1/T_return_secondary": 41.5,
    "1/m_flow_secondary": 40.0,
    "1/p_supply_secondary": 350.0,
    "1/p_return_secondary": 200.0,
    "1/y_valve_loop": "sentinel",
    "1/y_pump_secondary": 0.8,
    "1/P_pump_secondary": 7.5,
    "1/E_pump_secondary": 70_000.1,
    "1/V_secondary": "sentinel",
    "1/m_flow_makeup": 0.05,
    "1/V_makeup": 12.34,
    "1/level_makeup": 0.75,
    "1/T_indoor_mean": "sentinel",
    "1/T_supply_secondary_set_readback": 61.0,
    "1/m_flow_secondary_set_readback": 40.0,
    "1/T_supply_secondary_set_effective": 58.5,
    "1/m_flow_secondary_set_effective": 39.8,
    "1/limit_word": 2.0,
    "1/remote_level": 1.0,
    "1/lease_token": 7.0,
    "1/lease_sequence": 65_538.0,
}


async def test_one_request_reads_a_station_with_one_loop():
    async with conversation("plc-a", 1, 1, (READ_0_TO_71, ONE_LOOP)) as driver:
        readings = await driver.read()
    assert values(readings) == alike(EXPECTED)


async def test_one_request_reads_a_station_with_two_loops_the_second_forty_registers_further():
    registers = ONE_LOOP.split("# 70 lease_sequence 65 538")[0].split("0001 0000 0093 01 03 90")[1]
    answer = "0001 0000 00E3 01 03 E0" + registers + "\n0000" * 8 + "\n1162" + "\n0000" * 31
    async with conversation("plc-a", 2, 1, ("0001 0000 0006 01 03 0000 0070", answer)) as driver:
        readings = values(await driver.read())
    assert readings["1/T_supply_secondary"] == pytest.approx(61.25)
    assert readings["2/T_supply_secondary"] == pytest.approx(44.5)  # 0x1162 = 4450


def command(loop, heat, circulation, sequence):
    instruction = Instruction(heat=heat, circulation=circulation)
    return LoopCommand(loop=loop, token=7, sequence=sequence, instruction=instruction)


async def test_a_setpoint_block_is_one_write_with_its_checksum():
    # CRC-16/MODBUS of the 14 bytes 0007 .. 4310, by another implementation: 0x2A36
    request = "0001 0000 0017 01 10 0048 0008 10  0007 0000 0002 0001  17ED  0000 4310  2A36"
    async with conversation("plc-a", 2, 1, (request, "0001 0000 0006 01 10 0048 0008")) as driver:
        assert await driver.apply(command(1, 61.25, 40.0, 65_538)) == Acknowledged()


async def test_the_block_of_the_second_loop_lies_forty_registers_further():
    # 43.00 degC = 0x10CC, 25 kg/s = 90 t/h = 0x42B40000, CRC 0x2186
    request = "0001 0000 0017 01 10 0070 0008 10  0007 0000 0003 0001  10CC  0000 42B4  2186"
    async with conversation("plc-a", 2, 1, (request, "0001 0000 0006 01 10 0070 0008")) as driver:
        assert await driver.apply(command(2, 43.0, 25.0, 65_539)) == Acknowledged()


async def test_a_block_that_the_plc_refuses_is_rejected():
    request = "0001 0000 0017 01 10 0048 0008 10  0007 0000 0002 0001  17ED  0000 4310  2A36"
    async with conversation("plc-a", 2, 1, (request, "0001 0000 0003 01 90 03")) as driver:
        assert isinstance(await driver.apply(command(1, 61.25, 40.0, 65_538)), Rejected)


async def test_a_heartbeat_is_one_write_of_five_registers():
    # token 7, counter 70 000 = 0x00011170, 180 s = 0x00B4
    request = "0001 0000 0011 01 10 0014 0005 0A  0007 0000  1170 0001  00B4"
    async with conversation("plc-a", 1, 1, (request, "0001 0000 0006 01 10 0014 0005")) as driver:
        assert await driver.renew(Heartbeat(token=7, counter=70_000, valid_for_s=180.0)) == Acknowledged()


async def test_hand_back_writes_zero_to_remote_level_of_the_loop():
    exchanges = [
        ("0001 0000 0006 01 06 0043 0000", "0001 0000 0006 01 06 0043 0000"),
        ("0002 0000 0006 01 06 006B 0000", "0002 0000 0006 01 06 006B 0000"),
    ]
    async with conversation("plc-a", 2, 1, *exchanges) as driver:
        assert await driver.hand_back(1) == Acknowledged()
        assert await driver.hand_back(2) == Acknowledged()


async def test_the_outdoor_temperature_of_the_centre_is_one_register():
    # -12.4 degC = -124 = 0xFF84
    exchange = ("0001 0000 0006 01 06 001E FF84", "0001 0000 0006 01 06 001E FF84")
    async with conversation("plc-a", 1, 1, exchange) as driver:
        assert await driver.send_outdoor(-12.4) == Acknowledged()
