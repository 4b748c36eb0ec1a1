"""What waits for a station is sent in order, once, and never when it has grown old."""

import asyncio

import pytest

from controller.decisions import LoopKey
from controller.historian.records import State
from controller.words.phrase import verbatim
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown
from tests.support.clocks import ManualClock
from tests.support.field_world import STATION, FieldBench, field_bench, intent

SENT, ACKNOWLEDGED = State.SENT, State.ACKNOWLEDGED
CONFIRMED, EXPIRED = State.CONFIRMED, State.EXPIRED


@pytest.fixture
def bench():
    with field_bench() as bench:
        yield bench


async def test_releases_go_before_setpoints_and_the_outdoor_temperature_goes_last():
    bench = FieldBench(ManualClock(), loops=(1, 2))
    bench.outbox.outdoor(STATION, -5.0)
    bench.post(intent(1, loop=2))
    bench.outbox.release(LoopKey(STATION, 1), verbatim("operator"))

    await bench.write()

    assert bench.script.calls[0] == ("hand_back", 1)
    assert bench.script.names() == ["hand_back", "apply", "send_outdoor"]
    assert bench.box.T_outdoor_centre is None


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
