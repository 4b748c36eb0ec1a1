"""What waits for a station is sent in order, once, and never when it has grown old."""

import asyncio

import pytest

from controller.decisions import LoopKey
from controller.historian.records import State
from controller.words.phrase import verbatim
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown
from stations.model.setpoint import HeatChannel, StationClass
from tests.support.clocks import ManualClock
from tests.support.field_world import STATION, FieldBench, field_bench, held, intent, traits_of

SENT, ACKNOWLEDGED = State.SENT, State.ACKNOWLEDGED
CONFIRMED, EXPIRED = State.CONFIRMED, State.EXPIRED


@pytest.fixture
def bench():
    with field_bench() as bench:
        yield bench


async def test_releases_go_first_then_the_outdoor_temperature_then_setpoints():
    bench = FieldBench(ManualClock(), loops=(1, 2))
    bench.script.values[Point(2, "remote_level")] = 1.0  # follows us; else it were not taken over now
    bench.poll()
    bench.outbox.outdoor(STATION, -5.0)
    bench.post(intent(1, loop=2))
    bench.outbox.release(LoopKey(STATION, 1), verbatim("operator"))

    await bench.write()

    assert bench.script.calls[0] == ("hand_back", 1)
    assert bench.script.names() == ["hand_back", "send_outdoor", "apply"]
    assert bench.box.T_outdoor_centre is None


async def test_a_station_that_never_was_told_the_outdoor_temperature_is_told_before_it_is_taken_over(bench):
    bench.script.values[Point(1, "remote_level")] = 0.0
    bench.poll()
    bench.post(intent(1))  # the first cycle of a centre's life orders both
    bench.outbox.outdoor(STATION, -5.0)
    await bench.write()

    assert bench.script.names() == ["send_outdoor"]  # until then it goes by a fixed value
    assert bench.states(1) == [EXPIRED]
    assert not bench.status().held

    bench.poll(advance_s=60.0)
    bench.post(intent(2))
    await bench.write()
    assert bench.states(2) == [SENT, ACKNOWLEDGED]


@pytest.mark.parametrize("outcome", [Rejected("range"), Unknown("timeout"), NotApplicable(), Acknowledged()])
async def test_an_outdoor_temperature_is_sent_once_whatever_becomes_of_it(bench, outcome):
    bench.script.answers["send_outdoor"].append(outcome)
    bench.outbox.outdoor(STATION, -5.0)

    await bench.write()
    await bench.write()

    assert bench.script.given("send_outdoor") == [-5.0]


@pytest.mark.parametrize(("age_s", "sent"), [(119.0, True), (120.0, True), (120.1, False), (3600.0, False)])
async def test_a_command_that_grew_old_while_the_process_was_stopped_is_never_sent(bench, age_s, sent):
    bench.post(intent(1), life_s=120.0)

    bench.clock.advance(age_s)
    await bench.write()

    assert (bench.script.given("apply") != []) is sent
    assert bench.states(1)[-1] is (ACKNOWLEDGED if sent else EXPIRED)


@pytest.mark.parametrize(
    ("level", "acts", "sent"),
    [
        (0.0, 56.0, True),
        (0.0, 54.9, True),
        (0.0, 54.7, False),
        (0.0, 61.4, False),
        (None, 51.0, False),
        (0.0, None, True),  # the cycle has seen what it holds, and this poll does not tell otherwise
        (1.0, 51.0, True),  # it follows the controller before this one, and may be stretching a move
    ],
)
async def test_a_loop_whose_own_curve_has_jumped_since_the_cycle_is_not_taken_over(bench, level, acts, sent):
    told = {"remote_level": level, "T_supply_secondary_set_effective": acts}
    for name, value in told.items():
        bench.script.values.pop(Point(1, name), None)
        if value is not None:
            bench.script.values[Point(1, name)] = value
    bench.post(intent(1))
    bench.poll()

    await bench.write()

    assert (bench.script.given("apply") != []) is sent
    assert bench.states(1)[-1] is (ACKNOWLEDGED if sent else EXPIRED)
    assert bench.status().held is sent


async def test_a_loop_that_is_held_is_told_whatever_it_acts_on(bench):
    await held(bench)
    bench.script.values[Point(1, "T_supply_secondary_set_effective")] = 51.0
    bench.script.values[Point(1, "remote_level")] = 0.0
    bench.poll()
    bench.post(intent(2, heat_value=55.5))

    await bench.write()

    assert [command.instruction.heat for command in bench.script.given("apply")] == [56.0, 55.5]


async def test_a_station_that_was_told_the_outdoor_temperature_is_polled_anew_before_it_is_taken_over(bench):
    bench.script.values[Point(1, "remote_level")] = 0.0
    bench.outbox.outdoor(STATION, -5.0)
    await bench.write()
    bench.poll(advance_s=10.0)
    bench.post(intent(1))
    await bench.write()
    assert bench.states(1) == [EXPIRED]

    bench.clock.advance(600.0)  # the last poll is still the one of then
    bench.post(intent(2))
    await bench.write()
    assert bench.states(2) == [EXPIRED]

    bench.poll()
    bench.post(intent(3))
    await bench.write()
    assert bench.states(3) == [SENT, ACKNOWLEDGED]
    bench.outbox.outdoor(STATION, -6.0)
    bench.post(intent(4))
    await bench.write()
    assert bench.states(4) == [SENT, ACKNOWLEDGED]  # the loop follows us, not its curve


async def test_an_offset_is_written_whatever_the_own_curve_does():
    traits = {1: traits_of(station_class=StationClass.B)}
    bench = FieldBench(ManualClock(), profile_name="plc-b", traits=traits)
    bench.script.values[Point(1, "remote_level")] = 0.0
    bench.script.values[Point(1, "T_supply_secondary_set_effective")] = 51.0
    offset = {"heat_channel": HeatChannel.DT_OFFSET, "heat_value": 1.0}
    bench.post(intent(1, **offset, circulation_channel=None, circulation_value=None))
    bench.poll()

    await bench.write()

    assert [command.instruction.heat for command in bench.script.given("apply")] == [1.0]


async def test_a_utc_clock_that_jumps_neither_expires_nor_revives_a_command(bench):
    bench.clock.jump_utc(3600.0)
    bench.post(intent(1), life_s=120.0)
    bench.clock.jump_utc(-7200.0)

    await bench.write()
    bench.poll()

    assert bench.states(1) == [SENT, ACKNOWLEDGED, CONFIRMED]


async def test_the_cycle_may_cancel_a_command_while_another_one_is_on_the_wire():
    bench = FieldBench(ManualClock(), loops=(1, 2))
    bench.post(intent(1, loop=1))
    bench.post(intent(2, loop=2))
    cancelled = []

    def cancel_second():
        cancelled.append(bench.outbox.release(LoopKey(STATION, 2), verbatim("operator")))
        return Acknowledged()

    bench.script.answers["apply"].append(cancel_second)
    await bench.write()

    assert [gone.id for gone in cancelled] == [2]
    assert [command.loop for command in bench.script.given("apply")] == [1]
    await bench.write()
    assert bench.script.given("hand_back") == [2]


async def test_waiting_ends_with_a_command_or_with_time(bench):
    assert not await bench.dispatcher.woken(0.0)
    waiting = asyncio.create_task(bench.dispatcher.woken(60.0))
    await asyncio.sleep(0)
    bench.post(intent(1))

    assert await waiting
    assert await bench.dispatcher.woken(0.0)  # until it is written
    await bench.write()
    assert not await bench.dispatcher.woken(0.0)
