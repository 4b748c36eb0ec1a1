"""Samson TROVIS 5578: frames written out by hand. Wire address of HR40001 is 0, of CL1 is 0."""

import pytest

from stations.model.outcome import Acknowledged, Rejected
from stations.model.setpoint import Heartbeat, Instruction, LoopCommand
from tests.support.modbus_golden import alike, conversation, values

FIRST_POLL = [
    # CL116: 0 = supervisory level, the loop follows the centre
    ("0001 0000 0006 01 01 0073 0001", "0001 0000 0004 01 01 01 00"),
    # HR40001..40003: 5578, spare, firmware 2.62
    ("0002 0000 0006 01 03 0000 0003", "0002 0000 0009 01 03 06 15CA 0000 0106"),
    # HR40010..40020: AF1 -8.3, VF1 61.2, RueF1 41.5, RF1 not connected
    (
        "0003 0000 0006 01 03 0009 000B",
        "0003 0000 0019 01 03 16  FFAD 7FFF 7FFF 0264 7FFF 7FFF 7FFF 019F 7FFF 7FFF 7FFF",
    ),
    # HR40078: 7 minutes
    ("0004 0000 0006 01 03 004D 0001", "0004 0000 0005 01 03 02 0007"),
    # HR40099: 60.0 degC
    ("0005 0000 0006 01 03 0062 0001", "0005 0000 0005 01 03 02 0258"),
    # HR40107: 64 %
    ("0006 0000 0006 01 03 006A 0001", "0006 0000 0005 01 03 02 0040"),
    # HR40150: no error
    ("0007 0000 0006 01 03 0095 0001", "0007 0000 0005 01 03 02 0000"),
    # HR41000: 61.5 degC
    ("0008 0000 0006 01 03 03E7 0001", "0008 0000 0005 01 03 02 0267"),
    # HR46506..46521: flow 36.500 m3/h, volume 12 x 10^4 + 3456 + 0.789 m3, power 2.125 MW, energy 45 678.9 GJ
    (
        "0009 0000 0006 01 03 1969 0010",
        """0009 0000 0023 01 03 20
        0000 0024 01F4 0000
        000C 0D80 0315 0000
        0000 0002 007D 0001
        0004 162E 0384 0002""",
    ),
]

EXPECTED = {
    "0/device_id": 5578.0,
    "0/firmware": 2.62,
    "0/T_outdoor": -8.3,
    "1/T_supply_secondary": 61.2,
    "0/T_return_primary": 41.5,
    "1/T_indoor_mean": "sentinel",
    "0/deadman_remaining": 420.0,
    "1/T_supply_secondary_set_effective": 60.0,
    "0/y_valve_primary": 0.64,
    "0/alarm_word": 0.0,
    "1/T_supply_secondary_set_readback": 61.5,
    "1/remote_level": 1.0,
    "0/m_flow_primary": 36.5 * 988.0 / 3600.0,
    "0/V_primary": 123_456.789,
    "0/Q_flow_primary": 2125.0,
    "0/E_heat_primary": 45_678.9 / 3.6 * 1000.0,
}


async def test_the_first_poll_reads_every_block_and_takes_the_units_from_the_device():
    async with conversation("trovis-5578", 1, 1, *FIRST_POLL) as driver:
        readings = await driver.read()
    assert values(readings) == alike(EXPECTED)


@pytest.mark.parametrize(
    ("flow", "expected"),
    [
        ("0001 0024 01F4 0001", 10_036.5 * 988.0 / 3.6e6),  # l/h
        ("0000 0024 01F4 0002", "malformed_answer"),  # a unit that the list does not know
        ("0000 2710 01F4 0000", "malformed_answer"),  # ones beyond 9999
        ("0000 0024 03E8 0000", "malformed_answer"),  # thousandths beyond 999
        ("7FFF 7FFF 7FFF 0000", "sentinel"),
        ("0014 0024 01F4 0000", "out_of_range"),  # 200 036.5 m3/h
    ],
)
async def test_the_flow_of_the_meter_is_a_number_only_with_a_known_unit(flow, expected):
    request, answer = FIRST_POLL[-1]
    exchanges = [*FIRST_POLL[:-1], (request, answer.replace("0000 0024 01F4 0000", flow))]
    async with conversation("trovis-5578", 1, 1, *exchanges) as driver:
        readings = values(await driver.read())
    assert readings["0/m_flow_primary"] == pytest.approx(expected)


async def test_taking_the_loop_over_arms_ten_minutes_then_writes_61_5_degc_then_clears_the_level_coil():
    exchanges = [
        ("0001 0000 0006 01 03 0000 0001", "0001 0000 0005 01 03 02 15CA"),  # 5578
        ("0002 0000 0006 01 03 0002 0001", "0002 0000 0005 01 03 02 0106"),  # firmware 2.62
        ("0003 0000 0006 01 03 004D 0001", "0003 0000 0005 01 03 02 0000"),  # timer at 0
        ("0004 0000 0006 01 06 004D 000A", "0004 0000 0006 01 06 004D 000A"),  # 10 min
        ("0005 0000 0006 01 01 0073 0001", "0005 0000 0004 01 01 01 01"),  # CL116 = 1: local
        ("0006 0000 0006 01 03 0062 0001", "0006 0000 0005 01 03 02 025D"),  # HR40099: 60.5 degC
        ("0007 0000 0006 01 06 03E7 0267", "0007 0000 0006 01 06 03E7 0267"),  # 61.5 degC
        ("0008 0000 0006 01 01 0073 0001", "0008 0000 0004 01 01 01 01"),  # still local
        ("0009 0000 0006 01 05 0073 0000", "0009 0000 0006 01 05 0073 0000"),  # CL116 = 0: supervisory
    ]
    instruction = Instruction(heat=61.5, circulation=None)
    async with conversation("trovis-5578", 1, 1, *exchanges) as driver:
        command = LoopCommand(loop=1, token=7, sequence=1, instruction=instruction)
        assert await driver.apply(command) == Acknowledged()


async def test_a_loop_whose_timer_ended_since_the_poll_is_not_taken_over_at_what_it_held_then():
    exchanges = [
        ("0001 0000 0006 01 03 0000 0001", "0001 0000 0005 01 03 02 15CA"),
        ("0002 0000 0006 01 03 0002 0001", "0002 0000 0005 01 03 02 0106"),
        ("0003 0000 0006 01 03 004D 0001", "0003 0000 0005 01 03 02 0000"),  # timer at 0
        ("0004 0000 0006 01 06 004D 000A", "0004 0000 0006 01 06 004D 000A"),  # 10 min
        ("0005 0000 0006 01 01 0073 0001", "0005 0000 0004 01 01 01 01"),  # CL116 = 1: local
        ("0006 0000 0006 01 03 0062 0001", "0006 0000 0005 01 03 02 0252"),  # HR40099: 59.4 degC
    ]
    command = LoopCommand(loop=1, token=7, sequence=1, instruction=Instruction(heat=61.5, circulation=None))
    async with conversation("trovis-5578", 1, 1, *exchanges) as driver:
        assert await driver.apply(command) == Rejected(
            "on its own curve the loop holds 59.4 degC now, not 61.5; not written"
        )


async def test_another_firmware_is_not_written():
    exchanges = [
        ("0001 0000 0006 01 03 0000 0001", "0001 0000 0005 01 03 02 15CA"),
        ("0002 0000 0006 01 03 0002 0001", "0002 0000 0005 01 03 02 0107"),  # 2.63
    ]
    command = LoopCommand(loop=1, token=7, sequence=1, instruction=Instruction(heat=61.5, circulation=None))
    async with conversation("trovis-5578", 1, 1, *exchanges) as driver:
        assert await driver.apply(command) == Rejected(
            "firmware is 2.63, expected 2.62; nothing is written to a strange device"
        )


async def test_renewal_rewrites_the_timer_at_six_minutes_and_hand_back_sets_the_level_coil():
    exchanges = [
        ("0001 0000 0006 01 03 0000 0001", "0001 0000 0005 01 03 02 15CA"),
        ("0002 0000 0006 01 03 0002 0001", "0002 0000 0005 01 03 02 0106"),
        ("0003 0000 0006 01 03 004D 0001", "0003 0000 0005 01 03 02 0007"),
        ("0004 0000 0006 01 03 004D 0001", "0004 0000 0005 01 03 02 0006"),
        ("0005 0000 0006 01 06 004D 000A", "0005 0000 0006 01 06 004D 000A"),
        ("0006 0000 0006 01 05 0073 FF00", "0006 0000 0006 01 05 0073 FF00"),
    ]
    beat = Heartbeat(token=7, counter=1, valid_for_s=180.0)
    async with conversation("trovis-5578", 1, 1, *exchanges) as driver:
        assert await driver.renew(beat) == Acknowledged()
        assert await driver.renew(beat) == Acknowledged()
        assert await driver.hand_back(1) == Acknowledged()
