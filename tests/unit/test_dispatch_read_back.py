"""A write to a station: what was sent is confirmed, refused or expired by what the register tells."""

import pytest

from controller.historian.records import State
from stations.driver import LinkLost, NoAnswer
from stations.model.identity import Point
from stations.model.outcome import NotApplicable, Rejected, Unknown
from stations.model.quality import Reason
from stations.model.reading import bad
from tests.support.clocks import ManualClock
from tests.support.field_world import TOKEN, FieldBench, field_bench, held, intent, traits_of
from tests.support.scripted_driver import fault

REQUESTED, SENT, ACKNOWLEDGED = State.REQUESTED, State.SENT, State.ACKNOWLEDGED
CONFIRMED, LIMITED = State.CONFIRMED, State.CONFIRMED_LIMITED
REJECTED, EXPIRED = State.REJECTED, State.EXPIRED
T_READBACK = Point(1, "T_supply_secondary_set_readback")


@pytest.fixture
def bench():
    with field_bench() as bench:
        yield bench


async def test_an_acknowledged_write_is_confirmed_by_the_next_poll(bench):
    bench.post(intent(1))

    await bench.write()
    assert bench.status().held
    assert bench.states(1) == [SENT, ACKNOWLEDGED]
    bench.poll()

    assert bench.states(1) == [SENT, ACKNOWLEDGED, CONFIRMED]
    assert bench.status().ever_confirmed
    assert bench.status().write_state is CONFIRMED
    command = bench.script.given("apply")[0]
    assert (command.loop, command.token, command.sequence) == (1, TOKEN, 1)
    assert (command.instruction.heat, command.instruction.circulation) == (56.0, 32.0)
    counters = bench.state.counters
    assert (counters.setpoints_sent, counters.setpoints_confirmed) == (1, 1)


async def test_a_station_that_acts_on_another_value_is_confirmed_as_limited(bench):
    bench.script.values[Point(1, "T_supply_secondary_set_effective")] = 52.0
    bench.post(intent(1))

    await bench.write()
    bench.poll()

    assert bench.states(1)[-1] is LIMITED
    assert bench.status().held
    assert bench.state.counters.setpoints_limited == 1


@pytest.mark.parametrize("outcome", [Rejected("newer token"), NotApplicable()])
async def test_a_refused_write_is_final_and_leaves_the_loop_unheld(bench, outcome):
    bench.script.answers["apply"].append(outcome)
    bench.post(intent(1))

    await bench.write()
    bench.poll()
    bench.poll()

    assert bench.states(1) == [SENT, REJECTED]
    assert not bench.status().held
    assert bench.state.counters.setpoints_rejected == 1


@pytest.mark.parametrize("answer", [Unknown("timeout"), fault(NoAnswer), fault(LinkLost)])
@pytest.mark.parametrize(("was_written", "final"), [(True, CONFIRMED), (False, EXPIRED)])
async def test_after_a_lost_answer_the_register_tells_and_nothing_is_sent_again(
    bench, answer, was_written, final
):
    bench.script.answers["apply"].append(answer)
    bench.post(intent(1))

    with pytest.raises((NoAnswer, LinkLost)):
        await bench.write()
    assert bench.status().held  # it may have happened: the lease goes on until it is known
    if was_written:
        bench.script.values |= {T_READBACK: 56.0, Point(1, "m_flow_secondary_set_readback"): 32.0}
    given_up_at = bench.status().written_at
    bench.clock.advance(10.0)
    await bench.write()
    bench.poll()
    bench.poll()

    assert bench.script.names().count("apply") == 1
    assert bench.states(1) == [SENT, final]
    assert bench.status().held is was_written
    # when it arrived nobody knows: registers wear by the latest moment
    later = bench.status().written_at - given_up_at
    assert later >= 10.0 if was_written else later == 0.0


async def test_a_bug_in_a_driver_leaves_no_intent_open_once_the_link_is_given_up(bench):
    bench.script.answers["apply"].append(ZeroDivisionError("bug"))
    bench.post(intent(1))

    with pytest.raises(ZeroDivisionError):
        await bench.write()
    bench.dispatcher.link_lost()

    assert bench.states(1) == [SENT, EXPIRED]
    assert not bench.status().held


async def test_the_register_may_need_two_polls(bench):
    bench.script.takes_writes = False
    bench.post(intent(1))
    await bench.write()

    bench.poll()
    assert bench.states(1)[-1] is ACKNOWLEDGED
    bench.script.values |= {T_READBACK: 56.0, Point(1, "m_flow_secondary_set_readback"): 32.0}
    bench.poll()

    assert bench.states(1)[-1] is CONFIRMED


async def test_a_register_that_cannot_be_read_expires_the_intent_and_stops_the_renewal(bench):
    bench.post(intent(1))
    await bench.write()

    for _ in range(2):
        bench.clock.advance(10.0)
        readings = bench.script.readings()
        readings[T_READBACK] = bad(Reason.DEVICE_EXCEPTION, bench.clock.now())
        bench.dispatcher.verify(readings)

    assert bench.states(1)[-1] is EXPIRED
    assert not bench.status().held


async def test_a_read_back_that_a_slow_block_only_repeats_proves_nothing(bench):
    before = bench.poll()
    bench.post(intent(1))
    await bench.write()

    for _ in range(5):
        bench.dispatcher.verify(before)
    assert bench.states(1)[-1] is ACKNOWLEDGED
    bench.poll()

    assert bench.states(1)[-1] is CONFIRMED


async def test_an_effective_value_from_before_the_write_is_no_limit(bench):
    effective = Point(1, "T_supply_secondary_set_effective")
    bench.script.values[effective] = 50.0
    before = bench.poll()
    bench.post(intent(1))
    await bench.write()

    bench.clock.advance(10.0)
    bench.dispatcher.verify(bench.script.readings() | {effective: before[effective]})

    assert bench.states(1)[-1] is CONFIRMED


async def test_one_mismatch_rejects_and_the_second_in_a_row_sends_the_station_to_its_own_curve(bench):
    bench.poll()
    bench.script.takes_writes = False
    for number in (1, 2):
        bench.post(intent(number))
        await bench.write()
        bench.poll()
        bench.poll()
        assert bench.states(number)[-1] is REJECTED
        assert not bench.status().held
        assert (1 in bench.box.releases) is (number == 2)

    bench.admission.answered(bench.clock.monotonic())
    assert not bench.admission.readmitted(bench.clock.monotonic() + 299.0)
    await bench.write()
    assert bench.script.given("hand_back") == [1]


async def test_a_confirmed_write_between_two_mismatches_forgives_the_first(bench):
    for number, takes in ((1, False), (2, True), (3, False)):
        bench.script.takes_writes = takes
        bench.post(intent(number, heat_value=56.0 + number))
        await bench.write()
        bench.poll()
        bench.poll()

    assert bench.states(2)[-1] is CONFIRMED
    assert bench.box.releases == {}


async def test_a_newer_instruction_expires_the_one_whose_read_back_is_awaited(bench):
    bench.post(intent(1))
    await bench.write()
    bench.post(intent(2, heat_value=57.0))
    await bench.write()
    bench.poll()

    assert bench.states(1) == [SENT, ACKNOWLEDGED, EXPIRED]
    assert bench.states(2)[-1] is CONFIRMED


async def test_a_value_beyond_the_clamp_never_reaches_the_wire(bench):
    bench.post(intent(1, heat_value=85.5))

    await bench.write()

    assert bench.states(1) == [REJECTED]
    assert bench.script.calls == []


async def test_a_transition_of_an_older_intent_does_not_overwrite_the_newest_state():
    bench = await held(FieldBench(ManualClock()))
    bench.status().intent_id, bench.status().write_state = 99, REQUESTED
    bench.post(intent(2))
    bench.status().intent_id = 99

    await bench.write()

    assert bench.status().write_state is REQUESTED


async def test_an_unproven_loop_is_refused_even_with_an_intent():
    bench = FieldBench(ManualClock(), traits={1: traits_of(proven=False)})
    bench.post(intent(1))

    await bench.write()

    assert bench.states(1) == [REJECTED]
    assert bench.script.calls == []
