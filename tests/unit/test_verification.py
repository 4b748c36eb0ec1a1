"""Did the station take what was written? Register against wish, and effect against register."""

import pytest

from controller.verification import Match, compare
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from stations.profile import builtin_profile

T, M = "T_supply_secondary_set", "m_flow_secondary_set"
PLC_A, PLC_B = builtin_profile("plc-a"), builtin_profile("plc-b")


def answers(T_register=56.0, m_register=32.0, T_acts=None, m_acts=None, loop=1):
    values = {f"{T}_readback": T_register, f"{M}_readback": m_register}
    values |= {f"{T}_effective": T_acts, f"{M}_effective": m_acts}
    return {Point(loop, name): good(value, 0.0) for name, value in values.items() if value is not None}


@pytest.mark.parametrize(
    ("seen", "match"),
    [
        (answers(), Match.CONFIRMED),
        (answers(T_acts=56.0, m_acts=32.0), Match.CONFIRMED),
        (answers(T_register=56.2), Match.CONFIRMED),
        (answers(T_register=56.21), Match.DIFFERENT),
        (answers(T_register=55.79), Match.DIFFERENT),
        (answers(m_register=32.64), Match.CONFIRMED),
        (answers(m_register=32.7), Match.DIFFERENT),
        (answers(T_acts=52.0), Match.LIMITED),
        (answers(T_acts=55.9, m_acts=20.0), Match.LIMITED),
        # the register decides: what acts is only looked at where the register holds our value
        (answers(T_register=50.0, T_acts=56.0), Match.DIFFERENT),
        (answers(T_acts=52.0, m_register=20.0), Match.DIFFERENT),
        (answers(loop=2), Match.UNREADABLE),
        ({}, Match.UNREADABLE),
        (answers() | {Point(1, f"{M}_readback"): bad(Reason.DEVICE_EXCEPTION, 0.0)}, Match.UNREADABLE),
        (answers() | {Point(1, f"{T}_effective"): bad(Reason.SENTINEL, 0.0)}, Match.CONFIRMED),
        (
            answers() | {Point(1, f"{T}_readback"): uncertain(56.0, Reason.STATUS_UNCERTAIN, 0.0)},
            Match.CONFIRMED,
        ),
    ],
)
def test_a_pair_is_as_well_taken_as_the_worse_of_its_channels(seen, match):
    assert compare(PLC_A, 1, 56.0, 32.0, seen).match is match


def test_the_sentence_names_channel_wish_and_register():
    result = compare(PLC_A, 1, 56.0, 32.0, answers(T_register=50.0))

    assert result.detail.en == f"{T}: wrote 56.00, register holds 50.00"
    limited = compare(PLC_A, 1, 56.0, 32.0, answers(T_acts=52.0))
    assert "station acts on 52.00" in limited.detail.en


@pytest.mark.parametrize(("register", "match"), [(2.0, Match.CONFIRMED), (2.5, Match.DIFFERENT)])
def test_an_offset_is_compared_in_kelvin_and_without_a_circulation_channel(register, match):
    point = Point(1, "dT_supply_secondary_offset_readback")

    assert compare(PLC_B, 1, 2.0, None, {point: good(register, 0.0)}).match is match


def test_a_difference_of_one_wire_step_is_no_mismatch():
    resolution = PLC_B.point("dT_supply_secondary_offset").resolution
    point = Point(1, "dT_supply_secondary_offset_readback")

    assert compare(PLC_B, 1, 2.0, None, {point: good(2.0 + resolution, 0.0)}).match is Match.CONFIRMED
