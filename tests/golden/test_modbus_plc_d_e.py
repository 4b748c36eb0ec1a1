"""plc-d and plc-e: the map of plc-a with a head in kPa, or a speed in %, where that has a flow in t/h."""

import pytest

from stations.model.outcome import Acknowledged
from stations.model.setpoint import Instruction, LoopCommand
from tests.golden.test_modbus_plc_a import EXPECTED, ONE_LOOP, READ_0_TO_71
from tests.support.modbus_golden import alike, conversation, values

# float32 with the low word first: 51.2 = 0x424CCCCD, 80.0 = 0x42A00000
TOLD = {
    "0000 4310       # 61 m_flow_secondary_set_readback 144.0 t/h": "0000 42A0",
    "47AE 430F       # 64 m_flow_secondary_set_effective 143.28 t/h": "CCCD 424C",
}


@pytest.mark.parametrize(
    ("profile", "channel", "held", "acts"),
    [("plc-d", "dp_secondary_set", 80.0, 51.2), ("plc-e", "y_pump_secondary_set", 0.8, 0.512)],
)
async def test_the_circulation_registers_are_heads_or_speeds(profile, channel, held, acts):
    answer = ONE_LOOP
    for flow, other in TOLD.items():
        assert flow in answer
        answer = answer.replace(flow, other)
    async with conversation(profile, 1, 1, (READ_0_TO_71, answer)) as driver:
        readings = values(await driver.read())
    told = {name: value for name, value in EXPECTED.items() if "m_flow_secondary_set" not in name}
    assert readings == alike(told | {f"1/{channel}_readback": held, f"1/{channel}_effective": acts})


@pytest.mark.parametrize(("profile", "circulation"), [("plc-d", 51.2), ("plc-e", 0.512)])
async def test_a_setpoint_block_tells_a_head_or_a_speed(profile, circulation):
    # 61.25 degC, 51.2 kPa or %; CRC-16/MODBUS of the 14 bytes 0007 .. 424C, by another implementation: 0x2C99
    request = "0001 0000 0017 01 10 0048 0008 10  0007 0000 0002 0001  17ED  CCCD 424C  2C99"
    instruction = Instruction(heat=61.25, circulation=circulation)
    command = LoopCommand(loop=1, token=7, sequence=65_538, instruction=instruction)
    async with conversation(profile, 1, 1, (request, "0001 0000 0006 01 10 0048 0008")) as driver:
        assert await driver.apply(command) == Acknowledged()
