"""plc-b: frames written out by hand. Measurements in input registers, one offset in a holding register."""

from stations.model.outcome import Acknowledged, NotApplicable
from stations.model.setpoint import Heartbeat, Instruction, LoopCommand
from tests.support.modbus_golden import alike, conversation, values

OFFSET = ("0001 0000 0006 01 03 0200 0001", "0001 0000 0005 01 03 02 FFE7")  # -2.5 K = -25

INPUTS = (
    "0002 0000 0006 01 04 0000 001C",
    """
    0002 0000 003B 01 04 38
    03B9        #  0 T_supply_primary 95.3 degC
    7FFF        #  1 T_return_primary: sensor missing
    0E10        #  2 m_flow_primary 36.00 m3/h
    0264        #  3 p_supply_primary 6.12 bar
    8000        #  4 p_return_primary: sensor broken
    027B        #  5 y_valve_primary 63.5 %
    07D0        #  6 Q_flow_primary 2000 kW
    0001 0002   #  7 E_heat_primary 65 538 x 0.1 MWh
    0001 86A0   #  9 V_primary 100 000 m3
    FFAD        # 11 T_outdoor -8.3 degC
    0000        # 12 alarm_word
    0000 EF32   # 13 A_heated 61 234 m2
    0000        # 15
    0265        # 16 T_supply_secondary 61.3 degC
    019F        # 17 T_return_secondary 41.5 degC
    05A0        # 18 m_flow_secondary 144.0 m3/h
    015E        # 19 p_supply_secondary 3.50 bar
    00C8        # 20 p_return_secondary 2.00 bar
    0320        # 21 y_pump_secondary 80.0 %
    02EE        # 22 P_pump_secondary 7.50 kW
    0001 1170   # 23 E_pump_secondary 70 000 kWh
    0012        # 25 m_flow_makeup 0.18 m3/h
    00CD        # 26 T_indoor_mean 20.5 degC
    0262        # 27 T_supply_secondary_set_effective 61.0 degC
    """,
)

EXPECTED = {
    "0/T_supply_primary": 95.3,
    "0/T_return_primary": "sentinel",
    "0/m_flow_primary": 9.88,  # 36 m3/h at 988 kg/m3
    "0/p_supply_primary": 612.0,
    "0/p_return_primary": "sentinel",
    "0/y_valve_primary": 0.635,
    "0/Q_flow_primary": 2000.0,
    "0/E_heat_primary": 6_553_800.0,
    "0/V_primary": 100_000.0,
    "0/T_outdoor": -8.3,
    "0/alarm_word": 0.0,
    "0/A_heated": 61_234.0,
    "1/T_supply_secondary": 61.3,
    "1/T_return_secondary": 41.5,
    "1/m_flow_secondary": 39.52,
    "1/p_supply_secondary": 350.0,
    "1/p_return_secondary": 200.0,
    "1/y_pump_secondary": 0.8,
    "1/P_pump_secondary": 7.5,
    "1/E_pump_secondary": 70_000.0,
    "1/m_flow_makeup": 0.0494,
    "1/T_indoor_mean": 20.5,
    "1/T_supply_secondary_set_effective": 61.0,
    "1/dT_supply_secondary_offset_readback": -2.5,
}


async def test_a_poll_is_one_request_for_the_offset_and_one_for_all_inputs():
    async with conversation("plc-b", 1, 1, OFFSET, INPUTS) as driver:
        readings = await driver.read()
    assert values(readings) == alike(EXPECTED)


async def test_the_offset_is_one_register_written_with_function_six_and_neutral_is_zero():
    instruction = Instruction(heat=1.5, circulation=None)
    exchanges = [
        ("0001 0000 0006 01 06 0200 000F", "0001 0000 0006 01 06 0200 000F"),
        ("0002 0000 0006 01 06 0200 0000", "0002 0000 0006 01 06 0200 0000"),
    ]
    async with conversation("plc-b", 1, 1, *exchanges) as driver:
        command = LoopCommand(loop=1, token=7, sequence=1, instruction=instruction)
        assert await driver.apply(command) == Acknowledged()
        assert await driver.renew(Heartbeat(token=7, counter=1, valid_for_s=180.0)) == NotApplicable()
        assert await driver.send_outdoor(-5.0) == NotApplicable()
        assert await driver.hand_back(1) == Acknowledged()
