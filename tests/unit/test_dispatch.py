"""From an intent to the wire and back, with a station that answers as the test says."""

import asyncio
import itertools

import pytest

from controller.decisions import LoopKey
from controller.historian.records import LEGAL, State
from controller.words.phrase import verbatim
from stations.driver import LinkLost, NoAnswer
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown
from stations.model.quality import Reason
from stations.model.reading import bad
from tests.support.clocks import ManualClock
from tests.support.field_world import STATION, TOKEN, FieldBench, intent, traits_of
from tests.support.scripted_driver import fault

REQUESTED, SENT, ACKNOWLEDGED = State.REQUESTED, State.SENT, State.ACKNOWLEDGED
CONFIRMED, LIMITED = State.CONFIRMED, State.CONFIRMED_LIMITED
REJECTED, EXPIRED = State.REJECTED, State.EXPIRED
T_READBACK = Point(1, "T_supply_secondary_set_readback")
LEVEL = Point(1, "remote_level")


@pytest.fixture
def bench():
    bench = FieldBench(ManualClock())
    yield bench
    for number in {of for of, _ in bench.told}:
        life = [REQUESTED, *bench.states(number)]
        assert all(after in LEGAL[before] for before, after in itertools.pairwise(life)), life


async def held(bench, number=1):
    """Bring the station to hold a confirmed instruction."""
    bench.poll()
    bench.post(intent(number))
    await bench.write()
    bench.poll()
    assert bench.states(number)[-1] is CONFIRMED
    return bench


# --- writing and reading back ---


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
    await bench.write()
    bench.poll()
    bench.poll()

    assert bench.script.names().count("apply") == 1
    assert bench.states(1) == [SENT, final]
    assert bench.status().held is was_written


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


# --- order, expiry, release ---


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


async def test_waiting_ends_with_a_command_or_with_time(bench):
    assert not await bench.dispatcher.woken(0.0)
    waiting = asyncio.create_task(bench.dispatcher.woken(60.0))
    await asyncio.sleep(0)
    bench.post(intent(1))

    assert await waiting
    assert await bench.dispatcher.woken(0.0)  # until it is written
    await bench.write()
    assert not await bench.dispatcher.woken(0.0)


# --- leases ---


async def test_a_held_lease_is_renewed_every_heartbeat_with_a_counter_that_grows(bench):
    await held(bench)
    for _ in range(30):
        await bench.dispatcher.renew_if_due(bench.driver)
        bench.clock.advance(5.0)

    beats = bench.script.given("renew")
    assert [beat.counter for beat in beats] == list(range(1, len(beats) + 1))
    assert len(beats) == 8  # 150 s at 20 s
    assert all((beat.token, beat.valid_for_s) == (TOKEN, 180.0) for beat in beats)
    assert bench.state.counters.heartbeats_sent == 8


async def test_nothing_is_renewed_before_anything_is_held(bench):
    await bench.dispatcher.renew_if_due(bench.driver)

    assert bench.script.calls == []
    assert bench.dispatcher.renewal_due_s() == 20.0


async def test_without_a_licence_from_the_cycle_the_lease_runs_out(bench):
    await held(bench)
    bench.licence = False
    bench.clock.advance(600.0)

    await bench.dispatcher.renew_if_due(bench.driver)
    assert bench.script.given("renew") == []
    bench.licence = True
    await bench.dispatcher.renew_if_due(bench.driver)

    assert len(bench.script.given("renew")) == 1


async def test_a_fresh_link_renews_at_once(bench):
    await held(bench)
    await bench.dispatcher.renew_if_due(bench.driver)
    bench.clock.advance(1.0)
    assert bench.dispatcher.renewal_due_s() == pytest.approx(19.0)

    bench.dispatcher.connected()

    assert bench.dispatcher.renewal_due_s() == 0.0


@pytest.mark.parametrize(
    ("outcome", "raises"),
    [
        (Acknowledged(), False),
        (Rejected("old token"), False),
        (NotApplicable(), False),
        (Unknown("timeout"), True),
        (fault(LinkLost), True),
    ],
)
async def test_a_heartbeat_without_an_answer_makes_a_fresh_connection(bench, outcome, raises):
    await held(bench)
    bench.script.answers["renew"].append(outcome)

    if raises:
        with pytest.raises((NoAnswer, LinkLost)):
            await bench.dispatcher.renew_if_due(bench.driver)
    else:
        await bench.dispatcher.renew_if_due(bench.driver)

    assert bench.dispatcher.renewal_due_s() > 0.0  # no storm of heartbeats either way
    assert bench.status().held


async def test_class_b_has_no_heartbeat():
    bench = FieldBench(ManualClock(), profile_name="plc-b")
    bench.status().held = True

    await bench.dispatcher.renew_if_due(bench.driver)

    assert bench.script.calls == []


async def test_a_lost_link_expires_what_still_waits_to_be_sent(bench):
    bench.post(intent(1))

    bench.dispatcher.link_lost()
    await bench.write()

    assert bench.states(1) == [EXPIRED]
    assert bench.script.given("apply") == []


async def test_a_lost_link_expires_what_is_open_and_nothing_is_held_any_more(bench):
    await held(bench)
    bench.post(intent(2))
    await bench.write()

    bench.dispatcher.link_lost()
    bench.clock.advance(60.0)
    await bench.dispatcher.renew_if_due(bench.driver)

    assert bench.states(2)[-1] is EXPIRED
    assert not bench.status().held
    assert bench.script.given("renew") == []


async def test_a_station_that_says_own_curve_twice_has_lost_our_lease(bench):
    await held(bench)
    bench.script.values[LEVEL] = 0.0

    bench.poll()
    assert bench.status().held
    readings = bench.poll()

    assert not bench.status().held
    bench.admission.answered(bench.clock.monotonic())
    assert not bench.admission.readmitted(bench.clock.monotonic())
    bench.dispatcher.verify(readings)
    assert bench.admission.remaining_s(bench.clock.monotonic()) == 300.0


async def test_one_poll_on_the_own_curve_or_one_that_is_repeated_is_not_yet_a_loss(bench):
    await held(bench)
    bench.script.values[LEVEL] = 0.0
    once = bench.poll()
    for _ in range(5):
        bench.dispatcher.verify(once)
    bench.script.values[LEVEL] = 1.0
    bench.poll()
    bench.script.values[LEVEL] = 0.0
    bench.poll()

    assert bench.status().held


async def test_an_unreadable_level_is_no_sign_of_a_lost_lease(bench):
    await held(bench)
    for _ in range(5):
        bench.clock.advance(10.0)
        bench.dispatcher.verify(bench.script.readings() | {LEVEL: bad(Reason.SENTINEL, bench.clock.now())})

    assert bench.status().held


# --- planned stop ---


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


async def test_an_unproven_loop_is_refused_even_with_an_intent():
    bench = FieldBench(ManualClock(), traits={1: traits_of(proven=False)})
    bench.post(intent(1))

    await bench.write()

    assert bench.states(1) == [REJECTED]
    assert bench.script.calls == []
