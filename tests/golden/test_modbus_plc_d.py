"""plc-d: the map of plc-a with a head in kPa where that has a flow in t/h; frames written out by hand."""

from stations.model.outcome import Acknowledged
from stations.model.setpoint import Instruction, LoopCommand
from tests.golden.test_modbus_plc_a import EXPECTED, ONE_LOOP, READ_0_TO_71
from tests.support.modbus_golden import alike, conversation, values

# float32 with the low word first: 51.2 = 0x424CCCCD, 80.0 = 0x42A00000
HEADS = {
    "0000 4310       # 61 m_flow_secondary_set_readback 144.0 t/h": "0000 42A0",
    "47AE 430F       # 64 m_flow_secondary_set_effective 143.28 t/h": "CCCD 424C",
}


async def test_the_circulation_registers_are_heads():
    answer = ONE_LOOP
    for flow, head in HEADS.items():
        assert flow in answer
        answer = answer.replace(flow, head)
    async with conversation("plc-d", 1, 1, (READ_0_TO_71, answer)) as driver:
        readings = values(await driver.read())
    told = {name: value for name, value in EXPECTED.items() if "m_flow_secondary_set" not in name}
    told |= {"1/dp_secondary_set_readback": 80.0, "1/dp_secondary_set_effective": 51.2}
    assert readings == alike(told)


async def test_a_setpoint_block_tells_a_head():
    # 61.25 degC and 51.2 kPa; CRC-16/MODBUS of the 14 bytes 0007 .. 424C, by another implementation: 0x2C99
    request = "0001 0000 0017 01 10 0048 0008 10  0007 0000 0002 0001  17ED  CCCD 424C  2C99"
    command = LoopCommand(
        loop=1, token=7, sequence=65_538, instruction=Instruction(heat=61.25, circulation=51.2)
    )
    async with conversation("plc-d", 1, 1, (request, "0001 0000 0006 01 10 0048 0008")) as driver:
        assert await driver.apply(command) == Acknowledged()
