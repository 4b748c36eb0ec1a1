"""A loop is handed back when somebody orders it, and every held one at a planned stop."""

import pytest

from controller.decisions import LoopKey
from controller.historian.records import State
from controller.words.phrase import verbatim
from stations.model.outcome import Acknowledged, Rejected, Unknown
from tests.support.clocks import ManualClock
from tests.support.field_world import STATION, FieldBench, field_bench, held, intent

SENT, ACKNOWLEDGED, EXPIRED = State.SENT, State.ACKNOWLEDGED, State.EXPIRED


@pytest.fixture
def bench():
    with field_bench() as bench:
        yield bench


async def test_a_release_ends_the_lease_and_forgets_the_values(bench):
    await held(bench)
    bench.outbox.release(LoopKey(STATION, 1), verbatim("operator"))

    await bench.write()

    assert not bench.status().held
    assert (bench.status().T_supply_set, bench.status().m_flow_set) == (None, None)
    assert bench.box.releases == {}


@pytest.mark.parametrize("outcome", [Rejected("busy"), Unknown("timeout")])
async def test_a_release_that_was_not_taken_is_tried_again_and_no_lease_is_renewed_meanwhile(bench, outcome):
    await held(bench)
    bench.script.answers["hand_back"].append(outcome)
    bench.outbox.release(LoopKey(STATION, 1), verbatim("operator"))

    await bench.write()
    bench.clock.advance(60.0)
    await bench.dispatcher.renew_if_due(bench.driver)
    assert bench.script.given("renew") == []
    await bench.write()

    assert bench.script.given("hand_back") == [1, 1]
    assert bench.box.releases == {}


async def test_a_release_expires_the_write_whose_read_back_is_awaited(bench):
    bench.post(intent(1))
    await bench.write()
    bench.outbox.release(LoopKey(STATION, 1), verbatim("operator"))

    await bench.write()

    assert bench.states(1) == [SENT, ACKNOWLEDGED, EXPIRED]


async def test_a_release_that_a_new_instruction_overtook_is_not_sent():
    bench = FieldBench(ManualClock(), loops=(1, 2))
    bench.outbox.release(LoopKey(STATION, 1), verbatim("operator"))
    bench.outbox.release(LoopKey(STATION, 2), verbatim("operator"))

    def take_back():
        bench.post(intent(1, loop=2))
        return Acknowledged()

    bench.script.answers["hand_back"].append(take_back)
    await bench.write()

    assert bench.script.given("hand_back") == [1]
    assert bench.status(2).held
    assert bench.status(2).T_supply_set == 56.0


async def test_a_planned_stop_hands_every_held_loop_back_and_sends_nothing_new():
    bench = FieldBench(ManualClock(), loops=(1, 2, 3))
    bench.post(intent(1, loop=1))
    await bench.write()
    bench.post(intent(2, loop=2))

    await bench.dispatcher.hand_back_all(bench.driver)

    assert bench.script.given("hand_back") == [1]
    assert [command.loop for command in bench.script.given("apply")] == [1]
    assert bench.states(1)[-1] is EXPIRED
    assert bench.states(2) == [EXPIRED]
    assert bench.box.setpoints == {}
    assert not any(bench.status(loop).held for loop in (1, 2, 3))


async def test_a_release_that_waits_at_the_stop_is_still_sent(bench):
    bench.outbox.release(LoopKey(STATION, 1), verbatim("operator"))

    await bench.dispatcher.hand_back_all(bench.driver)

    assert bench.script.given("hand_back") == [1]


@pytest.mark.parametrize("outcome", [Rejected("busy"), Unknown("timeout")])
async def test_one_loop_that_will_not_be_handed_back_does_not_keep_the_others(outcome):
    bench = FieldBench(ManualClock(), loops=(1, 2))
    for loop in (1, 2):
        bench.post(intent(loop, loop=loop))
    await bench.write()
    bench.script.answers["hand_back"].append(outcome)

    await bench.dispatcher.hand_back_all(bench.driver)

    assert bench.script.given("hand_back") == [1, 2]
    assert not bench.status(2).held
