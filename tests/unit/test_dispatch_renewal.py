"""A held lease is renewed while the cycle lives, and is known to be lost when the station says so."""

import pytest

from controller.historian.records import State
from stations.driver import LinkLost, NoAnswer
from stations.model.identity import Point
from stations.model.outcome import Acknowledged, NotApplicable, Rejected, Unknown
from stations.model.quality import Reason
from stations.model.reading import bad
from tests.support.clocks import ManualClock
from tests.support.field_world import TOKEN, FieldBench, field_bench, held, intent
from tests.support.scripted_driver import fault

EXPIRED = State.EXPIRED
LEVEL = Point(1, "remote_level")


@pytest.fixture
def bench():
    with field_bench() as bench:
        yield bench


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
