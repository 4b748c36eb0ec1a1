"""What the Modbus driver writes to devices that are no class A: in which order, and when it refuses."""

import pytest

from stations.model.outcome import Acknowledged, Rejected, Unknown
from tests.contract import driver_contract as contract
from tests.contract.modbus_rig import ModbusRig, StoppedClock, asked, connected_to
from tests.support import modbus_server as wire


@pytest.fixture
async def rig():
    async with wire.FakeModbusServer() as server:
        yield ModbusRig(server)


TROVIS = {0: 5578, 2: 262, 77: 0, 98: 604, 999: 550}


@pytest.fixture
async def trovis(rig):
    rig.server.holding.update(TROVIS)
    rig.server.coils[115] = True
    driver = await connected_to(rig.server, "trovis-5578", StoppedClock(lambda: 0.0))
    yield rig.server, driver
    await driver.close()


async def test_a_trovis_is_identified_and_its_dead_man_armed_before_the_setpoint_and_the_level_bit(trovis):
    server, driver = trovis
    outcome = await driver.apply(contract.command(heat=61.2, circulation=None))
    assert outcome == Acknowledged()
    assert asked(server) == [
        (3, 0, [1]),
        (3, 2, [1]),
        (3, 77, [1]),
        (6, 77, [10]),
        (1, 115, [1]),
        (3, 98, [1]),
        (6, 999, [612]),
        (1, 115, [1]),
        (5, 115, [0]),
    ]


async def test_a_trovis_that_fell_back_since_the_poll_is_not_taken_over_at_what_it_held_then(trovis):
    server, driver = trovis
    server.holding[98] = 590
    outcome = await driver.apply(contract.command(heat=61.2, circulation=None))
    assert outcome == Rejected("on its own curve the loop holds 59.0 degC now, not 61.2; not written")
    assert server.holding[999] == 550
    assert server.coils[115] is True


async def test_a_running_dead_man_and_a_set_level_bit_are_not_written_again(trovis):
    server, driver = trovis
    server.holding[77] = 7
    server.coils[115] = False
    await driver.apply(contract.command(heat=61.2, circulation=None))
    assert [entry for entry in asked(server) if entry[0] > 4] == [(6, 999, [612])]


@pytest.mark.parametrize(("minutes", "written"), [(10, False), (7, False), (6, True), (1, True), (0, True)])
async def test_the_dead_man_is_wound_up_when_six_minutes_are_left(trovis, minutes, written):
    server, driver = trovis
    server.holding[77] = minutes
    assert await driver.renew(contract.Heartbeat(token=7, counter=1, valid_for_s=180.0)) == Acknowledged()
    assert [entry for entry in asked(server) if entry[0] > 4] == ([(6, 77, [10])] if written else [])


async def test_a_trovis_is_handed_back_by_its_level_bit(trovis):
    server, driver = trovis
    server.coils[115] = False
    assert await driver.hand_back(1) == Acknowledged()
    assert server.coils[115] is True


@pytest.mark.parametrize(("register", "raw", "told"), [(0, 5573, "5573"), (2, 263, "2.63")])
async def test_nothing_is_written_to_a_device_with_another_identity_or_firmware(trovis, register, raw, told):
    server, driver = trovis
    server.holding[register] = raw
    beat = contract.Heartbeat(token=7, counter=1, valid_for_s=180.0)
    for outcome in (
        await driver.apply(contract.command(circulation=None)),
        await driver.renew(beat),
        await driver.hand_back(1),
    ):
        assert isinstance(outcome, Rejected)
        assert told in outcome.why
    assert server.writes() == []


async def test_a_dead_man_that_can_not_be_armed_stops_the_setpoint(trovis):
    server, driver = trovis
    server.behave = wire.exception(3, functions={6}, starts={77})
    assert isinstance(await driver.apply(contract.command(circulation=None)), Rejected)
    assert server.coils[115] is True
    assert server.holding[999] == 550


@pytest.mark.parametrize("broken_at", range(9))
async def test_a_link_that_breaks_anywhere_in_taking_over_leaves_the_outcome_open(trovis, broken_at):
    server, driver = trovis

    def cut_then(request, answer):
        return wire.cut(request, answer) if len(server.frames) > broken_at else [answer]

    server.behave = cut_then
    assert isinstance(await driver.apply(contract.command(heat=61.2, circulation=None)), Unknown)
    follows_the_centre, timer_runs = server.coils[115] is False, server.holding[77] > 0
    assert timer_runs or not follows_the_centre


async def test_a_link_that_breaks_leaves_renewal_and_hand_back_of_a_trovis_open(trovis):
    server, driver = trovis
    server.behave = wire.cut
    assert isinstance(await driver.hand_back(1), Unknown)
    assert isinstance(await driver.renew(contract.Heartbeat(token=7, counter=1, valid_for_s=180.0)), Unknown)


async def test_a_trovis_without_an_identity_register_is_not_written(trovis):
    server, driver = trovis
    server.behave = wire.exception(2, functions={3}, starts={0})
    assert isinstance(await driver.apply(contract.command(circulation=None)), Rejected)
    assert server.writes() == []


async def test_an_offset_controller_gets_one_register_and_is_made_neutral_at_hand_back(rig):
    driver = await connected_to(rig.server, "plc-b", rig.clock)
    assert await driver.apply(contract.command(heat=-2.5, circulation=None)) == Acknowledged()
    assert await driver.hand_back(1) == Acknowledged()
    for heat in (-3.1, 5.1, float("nan")):
        assert isinstance(await driver.apply(contract.command(heat=heat, circulation=None)), Rejected)
    assert isinstance(await driver.apply(contract.command(heat=1.0, circulation=2.0)), Rejected)
    await driver.close()
    assert asked(rig.server) == [(6, 512, [65536 - 25]), (6, 512, [0])]


async def test_a_read_only_device_is_never_written(rig):
    driver = await connected_to(rig.server, "ecl-310", rig.clock)
    assert isinstance(await driver.apply(contract.command(circulation=None)), Rejected)
    await driver.renew(contract.Heartbeat(token=1, counter=1, valid_for_s=180.0))
    await driver.hand_back(1)
    await driver.send_outdoor(-5.0)
    await driver.close()
    assert rig.server.frames == []
