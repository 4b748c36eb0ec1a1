"""ECL Comfort 310 and MULTICAL 603: frames written out by hand. Wire address of a PNU is PNU - 1."""

import pytest

from tests.support.modbus_golden import alike, conversation, values

ECL_SENSORS = (
    "0001 0000 0006 FE 03 27D8 0005",
    # S1 -8.31, S2 missing (19200), S3 61.25, S4 missing, S5 41.50 degC
    "0001 0000 000D FE 03 0A  FCC1 4B00 17ED 4B00 1036",
)
ECL_TARGET = ("0002 0000 0006 FE 03 2BF5 0001", "0002 0000 0005 FE 03 02 025E")  # 60.6 degC


async def test_an_ecl_310_is_polled_with_two_requests_to_unit_254():
    async with conversation("ecl-310", 1, 254, ECL_SENSORS, ECL_TARGET) as driver:
        readings = await driver.read()
    assert values(readings) == alike(
        {
            "0/T_outdoor": -8.31,
            "1/T_indoor_mean": "sentinel",
            "1/T_supply_secondary": 61.25,
            "0/T_return_primary": 41.5,
            "1/T_supply_secondary_set_effective": 60.6,
        }
    )


@pytest.mark.parametrize(
    ("power", "expected"),
    [
        ("44FA 0000", 2000.0),
        ("7FC0 0000", "not_a_number"),  # what the meter sends for a register that it does not have
        ("7F80 0000", "not_a_number"),  # infinity
        ("8000 0000", 0.0),  # minus zero
        ("7F7F FFFF", "out_of_range"),  # the largest float32
        ("0000 0001", 1.401298464324817e-45),  # the smallest
    ],
)
async def test_a_multical_sends_floats_with_the_high_word_first(power, expected):
    answer = f"""0001 0000 0017 01 03 14
    4210 0000   # 0 V1 36.0 m3/h
    0000 0000   # 2 V2
    {power}     # 4 power
    42BE BD71   # 6 t1 95.37 degC
    4240 147B   # 8 t2 48.02 degC
    """
    async with conversation("multical-603", 1, 1, ("0001 0000 0006 01 03 0000 000A", answer)) as driver:
        readings = await driver.read()
    assert values(readings) == alike(
        {
            "0/m_flow_primary": 9.88,
            "0/Q_flow_primary": expected,
            "0/T_supply_primary": 95.37,
            "0/T_return_primary": 48.02,
        }
    )
