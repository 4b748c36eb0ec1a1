"""How late the event loop is, and how polls are gathered for the journal."""

import asyncio
import time

import pytest

from controller.historian.slot import Answer
from controller.lag import KEEP, LagMonitor
from controller.slots import SlotCollector
from controller.state import Counters
from stations.model.clock import SystemClock
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.clocks import ManualClock, settle

READINGS = {Point(0, "T_supply_primary"): good(90.0, 0.0)}


class Journal:
    """Takes slots; ``stats`` is its own word for what it has stored."""

    readings_stored = 0

    def __init__(self):
        self.slots = []

    @property
    def stats(self):
        return self

    def append(self, slot):
        self.slots.append(slot)


@pytest.fixture
def journal():
    return Journal()


@pytest.fixture
def clock():
    return ManualClock(start_utc=1_736_899_203.0)


@pytest.fixture
def counters():
    return Counters()


@pytest.fixture
def slots(journal, clock, counters):
    return SlotCollector(journal, clock, counters)


def starts(journal):
    return [slot.start - 1_736_899_200.0 for slot in journal.slots]


def stations(journal):
    return [[answer.station for answer in slot.answers] for slot in journal.slots]


def test_answers_of_one_slot_are_kept_together_in_the_order_of_arrival(slots, journal, clock):
    for station in ("S002", "S001", "S002"):
        slots.add(station, clock.now(), READINGS)
        clock.advance(2.0)
    clock.advance(4.0)
    slots.add("S003", clock.now(), READINGS)
    slots.flush()

    assert starts(journal) == [0.0, 10.0]
    assert stations(journal) == [["S002", "S001", "S002"], ["S003"]]
    assert journal.slots[0].answers[0] == Answer("S002", READINGS)


def test_nothing_is_handed_over_for_a_slot_without_an_answer(slots, journal, clock):
    slots.flush()
    clock.advance(60.0)
    slots.flush()

    assert journal.slots == []


def test_the_count_of_stored_readings_is_the_journals_own(slots, journal, counters):
    journal.readings_stored = 42

    slots.flush()

    assert counters.readings_stored == 42


def test_a_clock_set_back_opens_another_slot_and_does_not_wait_for_the_old_time(slots, journal, clock):
    slots.add("S001", clock.now(), READINGS)
    clock.jump_utc(-3600.0)
    slots.add("S002", clock.now(), READINGS)
    slots.flush()

    assert starts(journal) == [0.0, -3600.0]


async def test_a_slot_is_closed_on_time_though_no_station_answers(slots, journal, clock):
    closing = asyncio.create_task(slots.run())
    await settle()
    slots.add("S001", clock.now(), READINGS)
    clock.advance(6.9)
    await settle()
    assert journal.slots == []
    clock.advance(0.1)
    await settle()
    assert starts(journal) == [0.0]

    slots.add("S002", clock.now(), READINGS)
    clock.jump_utc(-3600.0)
    clock.advance(10.0)
    await settle()
    closing.cancel()
    await asyncio.wait([closing])

    assert starts(journal) == [0.0, 10.0]


def test_before_the_first_sample_there_is_no_lag():
    assert LagMonitor(SystemClock()).summary_ms() == (0.0, 0.0)


async def test_a_blocked_loop_shows_as_lag():
    monitor = LagMonitor(SystemClock())
    sampling = asyncio.create_task(monitor.run())
    await asyncio.sleep(0.05)
    time.sleep(0.12)  # noqa: ASYNC251 - the fault that is to be seen
    deadline = time.monotonic() + 5.0
    while monitor.summary_ms()[1] < 80.0:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)

    monitor.restart()
    assert monitor.summary_ms() == (0.0, 0.0)
    sampling.cancel()
    await asyncio.wait([sampling])


def test_the_quantile_leaves_out_the_worst_hundredth_and_old_samples_make_room():
    monitor = LagMonitor(SystemClock())
    for number in range(1000):
        monitor._add(0.001 if number % 200 else 0.5)

    assert monitor.summary_ms() == pytest.approx((1.0, 500.0))
    for _ in range(KEEP):
        monitor._add(0.002)

    assert monitor.summary_ms() == pytest.approx((2.0, 2.0))


def test_asking_for_the_lag_of_half_an_hour_causes_hardly_any():
    monitor = LagMonitor(SystemClock())
    for number in range(KEEP):
        monitor._add((number * 7919 % KEEP) * 1e-7)

    best = min(_seconds(monitor.summary_ms) for _ in range(5))

    assert best < 0.025


def _seconds(call):
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun
