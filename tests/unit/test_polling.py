"""One supervisor over a scripted station, on a clock a hundred times faster than the wall's."""

import asyncio
import time

import pytest
import structlog

from controller import polling
from controller.dispatch import Dispatcher
from controller.image import Link
from controller.pacing import PERMANENT_RETRY_S, ConnectGate
from controller.words.phrase import said
from stations.driver import BadAnswer, ConfigurationFault, LinkLost, NoAnswer, SecurityRefused
from stations.model.clock import ScaledClock
from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import uncertain
from tests.support.field_loop import POLL_S, FieldLoop
from tests.support.field_world import STATION, intent
from tests.support.scripted_driver import fault


async def test_a_healthy_station_is_polled_on_its_grid_and_every_answer_is_kept():
    async with FieldLoop() as field:
        await field.online()
        first_at, first_polls = field.image.polled_at, field.image.polls
        await field.until(lambda: field.image.polls >= first_polls + 8, "eight polls")
        image = field.image

        periods = (image.polled_at - first_at) / POLL_S
        assert image.polls - first_polls == pytest.approx(periods, abs=0.6 + image.missed_ticks)
        assert image.polls_ok == image.polls
        assert len(field.slots.answers) == image.polls
        assert image.readings[Point(1, "T_supply_secondary")].value == 55.0
        assert image.rtt_s >= 0.0
        assert len(field.script.drivers) == 1


async def test_the_first_miss_doubts_the_last_values_and_the_third_loses_the_link():
    async with FieldLoop() as field:
        await field.online()
        seen, told = [], []

        def silence():
            seen.append(field.image.link)
            told.append(field.image.readings[Point(1, "T_supply_secondary")])
            return fault(NoAnswer)

        field.script.answers["read"].extend([silence] * 3)
        field.script.answers["connect"].extend([None, None, fault(LinkLost)])
        await field.until(lambda: len(seen) == 3 and field.image.link is Link.LOST, "lost")

        assert seen == [Link.ONLINE] * 3
        assert [reading.value for reading in told] == [55.0] * 3
        assert [reading.quality for reading in told] == [Quality.GOOD, Quality.UNCERTAIN, Quality.UNCERTAIN]
        assert {reading.reason for reading in told[1:]} == {Reason.NO_ANSWER}
        assert {reading.reason for reading in field.image.readings.values()} == {Reason.LINK_DOWN}
        assert {reading.quality for reading in field.image.readings.values()} == {Quality.BAD}
        assert field.image.link_why == said("link.no_answer", detail="scripted")
        assert not field.bench.admission.readmitted(field.clock.monotonic())
        lost_since = field.image.link_since

        await field.online()
        assert field.image.link_since > lost_since
        assert field.image.link_why is None
        assert field.image.readings[Point(1, "T_supply_secondary")].value == 55.0
        assert field.image.polls_ok < field.image.polls
        # five good minutes before it is driven again
        assert field.bench.admission.remaining_s(field.clock.monotonic()) > 0.0


async def test_a_doubt_or_a_fault_of_a_value_is_not_covered_by_a_missed_answer():
    class Doubting:
        def check(self, readings, now):
            doubted = uncertain(55.0, Reason.FROZEN, now)
            return {**readings, Point(1, "T_supply_secondary"): doubted}

    async with FieldLoop(Doubting()) as field:
        await field.online()
        reasons = []
        field.script.answers["read"].append(fault(NoAnswer))
        field.script.answers["connect"].append(
            lambda: reasons.extend(reading.reason for reading in field.image.readings.values())
        )
        await field.until(lambda: reasons, "a new connection")

        assert set(reasons) == {Reason.FROZEN, Reason.NO_ANSWER}


async def test_a_missed_answer_covers_the_doubt_of_a_clock_whose_values_are_decided_on():
    class Ahead:
        def check(self, readings, now):
            return {
                point: uncertain(reading.value, Reason.CLOCK_SKEW, now) for point, reading in readings.items()
            }

    async with FieldLoop(Ahead()) as field:
        await field.online()
        before, after = [], []
        field.script.answers["read"].append(fault(NoAnswer))
        before.extend(field.image.readings.values())
        field.script.answers["connect"].append(lambda: after.extend(field.image.readings.values()))
        await field.until(lambda: after, "a new connection")

        now = field.clock.now()
        assert all(reading.usable(now, 600.0) for reading in before)
        assert {reading.reason for reading in after} == {Reason.NO_ANSWER}
        assert not any(reading.usable(now, 600.0) for reading in after)


async def test_a_fresh_driver_is_made_for_every_attempt_and_each_is_closed():
    async with FieldLoop() as field:
        await field.online()
        field.script.answers["read"].extend([fault(BadAnswer), fault(NoAnswer)])
        await field.until(lambda: len(field.script.drivers) == 3, "two new connections")
        await field.until(lambda: field.script.names().count("read") >= 4, "polled again")

        assert [driver.closed for driver in field.script.drivers] == [1, 1, 0]
        assert field.image.link is Link.ONLINE


async def test_stations_take_turns_to_connect_at_one_gate():
    connected = []
    gate = ConnectGate(ScaledClock(start_utc=0.0, anchor=0.0, factor=1.0), per_s=5.0)
    first, second = FieldLoop(gate=gate), FieldLoop(gate=gate)
    for field in (first, second):
        field.script.answers["connect"].append(lambda: connected.append(time.monotonic()))
    async with first, second:
        await first.until(lambda: len(connected) == 2, "both connected")

    assert connected[1] - connected[0] >= 0.19


async def test_a_loss_and_a_return_are_each_told_once_and_the_return_says_how_long(monkeypatch):
    monkeypatch.setattr(polling, "log", structlog.get_logger("field"))
    with structlog.testing.capture_logs() as lines:
        async with FieldLoop() as field:
            await field.online()
            field.script.answers["read"].extend([fault(NoAnswer)] * 3)
            field.script.answers["connect"].extend([None, None, fault(LinkLost)])
            await field.until(lambda: field.image.link is Link.LOST, "lost")
            lost_since = field.image.link_since
            await field.online()
            lasted_s = field.image.link_since - lost_since

    links = [line for line in lines if line["event"].startswith("link_")]
    assert [(line["event"], line["was"]) for line in links] == [
        ("link_up", Link.NEVER),
        ("link_down", Link.ONLINE),
        ("link_up", Link.LOST),
    ]
    assert links[1]["now"] is Link.LOST
    assert [line["down_s"] for line in links if line["event"] == "link_up"] == [None, pytest.approx(lasted_s)]


async def test_an_outage_counts_the_polls_that_were_due():
    async with FieldLoop() as field:
        field.script.answers["connect"].extend([fault(LinkLost)] * 4)
        begun = field.clock.monotonic()
        await field.online()
        elapsed = field.clock.monotonic() - begun

        due = elapsed / POLL_S
        assert field.image.polls + field.image.missed_ticks == pytest.approx(due, abs=2.0)
        assert field.image.polls_ok <= 2


async def test_what_was_held_before_a_loss_is_no_longer_renewed():
    async with FieldLoop() as field:
        await field.online()
        field.bench.post(intent(1))
        await field.until(lambda: field.bench.status().ever_confirmed, "confirmed")
        await field.until(lambda: "renew" in field.script.names(), "renewed")
        field.script.answers["read"].extend([fault(NoAnswer)] * 3)
        await field.until(lambda: field.image.link is Link.LOST, "lost")
        renewals = field.script.names().count("renew")
        await field.online()
        polls = field.image.polls_ok
        await field.until(lambda: field.image.polls_ok >= polls + 5, "polled again")

        assert not field.bench.status().held
        assert field.script.names().count("renew") == renewals


async def test_one_missed_answer_costs_no_lease():
    async with FieldLoop() as field:
        await field.online()
        field.bench.post(intent(1))
        await field.until(lambda: field.bench.status().ever_confirmed, "confirmed")
        field.script.answers["read"].append(fault(NoAnswer))
        await field.until(lambda: len(field.script.drivers) == 2, "a fresh connection")
        count = field.script.names().count("renew")
        await field.until(lambda: field.script.names().count("renew") > count, "renewed on it")

        assert field.bench.status().held
        assert field.image.link is Link.ONLINE


@pytest.mark.parametrize("kind", [ConfigurationFault, SecurityRefused])
@pytest.mark.parametrize("call", ["connect", "read"])
async def test_a_refusal_that_people_must_mend_is_tried_again_only_after_ten_minutes(monkeypatch, kind, call):
    assert PERMANENT_RETRY_S == 600.0
    monkeypatch.setattr(polling, "PERMANENT_RETRY_S", 0.4)
    async with FieldLoop() as field:
        field.script.answers[call].append(fault(kind, "certificate expired"))
        await field.until(lambda: field.image.link is Link.REFUSED, "refused")
        refused_at = time.monotonic()
        await field.until(lambda: len(field.script.drivers) == 2, "the next attempt")

        assert time.monotonic() - refused_at == pytest.approx(0.4, abs=0.2)
        assert field.image.polls > 0  # polls that fell due meanwhile count as not answered
        await field.online()
        assert field.image.link_why is None


async def test_a_bug_in_the_path_of_one_station_quarantines_this_station_alone(monkeypatch):
    class Broken:
        def check(self, readings, now):
            raise ZeroDivisionError("bug")

    monkeypatch.setattr(polling, "PERMANENT_RETRY_S", 0.5)
    async with FieldLoop(Broken()) as broken, FieldLoop() as other:
        await other.online()
        await broken.until(lambda: broken.image.link is Link.QUARANTINED, "quarantined")
        polls = other.image.polls_ok
        await other.until(lambda: other.image.polls_ok >= polls + 3, "the other one polled")

        assert broken.image.link_why == said("link.quarantined", detail="ZeroDivisionError: bug")
        assert {reading.reason for reading in broken.image.readings.values()} <= {Reason.QUARANTINED}
        assert not broken.task.done()
        assert other.image.polls_ok == other.image.polls
        await broken.until(lambda: len(broken.script.drivers) >= 2, "the next attempt")


async def test_a_bug_in_a_driver_is_quarantined_and_heals(monkeypatch):
    monkeypatch.setattr(polling, "PERMANENT_RETRY_S", 0.2)
    async with FieldLoop() as field:
        await field.online()
        field.bench.post(intent(1))
        await field.until(lambda: field.bench.status().held, "held")
        field.script.answers["read"].append(KeyError("bug"))
        await field.until(lambda: field.image.link is Link.QUARANTINED, "quarantined")

        assert not field.bench.status().held
        await field.online()


async def test_commands_go_out_at_once_and_before_the_next_poll():
    async with FieldLoop() as field:
        await field.online()
        polled = field.script.names().count("read")
        await field.until(lambda: field.script.names().count("read") > polled, "just polled")
        before = len(field.script.calls)
        field.bench.post(intent(1))
        await field.until(lambda: field.bench.status().ever_confirmed, "confirmed")

        names = field.script.names()[before:]
        assert names.index("apply") < names.index("read")
        assert field.bench.states(1)[-1].name == "CONFIRMED"


async def test_commands_that_came_during_an_outage_go_out_before_the_first_poll_of_a_new_link():
    async with FieldLoop() as field:
        field.script.answers["connect"].extend([fault(LinkLost)] * 2)
        field.bench.post(intent(1), life_s=1e6)
        await field.online()

        names = field.script.names()
        assert names.index("apply") < names.index("read")


async def test_a_link_that_never_was_counts_as_lost_without_a_penalty():
    async with FieldLoop() as field:
        field.script.answers["connect"].extend([fault(LinkLost)] * 3)
        await field.until(lambda: field.image.link is Link.LOST, "lost")
        await field.online()

        assert field.bench.admission.readmitted(field.clock.monotonic())


async def test_a_cancelled_supervisor_closes_its_driver_and_leaves_no_task():
    before = asyncio.all_tasks()
    async with FieldLoop() as field:
        await field.online()
        hang = asyncio.Event()
        field.script.answers["read"].append(hang.wait)
        reads = field.script.names().count("read")
        await field.until(lambda: field.script.names().count("read") > reads, "a poll that hangs")

    assert field.task.cancelled()
    assert field.script.drivers[-1].closed == 1
    assert asyncio.all_tasks() <= before


async def test_a_planned_stop_sends_nothing_new_hands_back_and_ends():
    async with FieldLoop() as field:
        await field.online()
        field.bench.post(intent(1))
        await field.until(lambda: field.bench.status().ever_confirmed, "confirmed")
        polls = field.script.names().count("read")
        await field.until(lambda: field.script.names().count("read") > polls, "just polled")
        field.bench.post(intent(2, heat_value=57.0))
        field.supervisor.stop()
        await field.until(lambda: field.task.done(), "ended")

        assert field.script.names()[-1] == "hand_back"
        assert [command.sequence for command in field.script.given("apply")] == [1]
        assert field.bench.states(2)[-1].name == "EXPIRED"
        assert not field.bench.status().held
        assert field.script.drivers[-1].closed == 1


async def test_a_planned_stop_ends_a_long_wait_at_once():
    async with FieldLoop() as field:
        field.script.answers["connect"].append(fault(SecurityRefused))
        await field.until(lambda: field.image.link is Link.REFUSED, "refused")
        begun = time.monotonic()
        field.supervisor.stop()
        await field.until(lambda: field.task.done(), "ended")

        assert time.monotonic() - begun < 1.0


async def test_the_dispatcher_sees_what_the_validator_made_of_a_poll():
    class Doubting:
        def check(self, readings, now):
            return {point: reading for point, reading in readings.items() if point.loop == 1}

    seen = []

    class Watching(Dispatcher):
        def verify(self, readings):
            seen.append(set(readings))

    field = FieldLoop(Doubting())
    field.supervisor.dispatcher = Watching(
        station=STATION,
        profile=field.bench.profile,
        traits=field.bench.traits,
        admission=field.bench.admission,
        services=field.bench.dispatcher.services,
    )
    async with field:
        await field.until(lambda: len(seen) >= 2, "two polls")

    assert all({point.loop for point in points} == {1} for points in seen)
