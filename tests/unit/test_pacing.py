"""When a supervisor polls, how long it waits after a fault, and how a fleet shares connections."""

import asyncio
import random

import pytest

from controller.pacing import BACKOFF_LONG_AFTER_S, Backoff, ConnectGate, TickPacer
from tests.support.clocks import ManualClock


@pytest.mark.parametrize(
    ("now", "phase", "first"),
    [
        (1000.0, 0.0, 1010.0),  # exactly on the grid: the next one, never the present
        (1000.1, 0.0, 1010.0),
        (1009.9, 0.0, 1010.0),
        (1000.0, 3.0, 1003.0),
        (1003.0, 3.0, 1013.0),
        (1000.0, 13.0, 1003.0),  # a phase beyond a period is folded
        (0.0, 9.5, 9.5),
    ],
)
def test_the_first_tick_is_the_next_grid_point_of_the_stations_phase(now, phase, first):
    pacer = TickPacer(ManualClock(monotonic=now), 10.0, phase)

    assert now + pacer.remaining_s() == pytest.approx(first)


def test_ticks_stay_on_the_grid_however_late_they_are_taken():
    clock = ManualClock(monotonic=1000.0)
    pacer = TickPacer(clock, 10.0, 4.0)
    due = []
    for late_s in (0.0, 0.3, 4.9, 9.9, 0.0):
        clock.advance(pacer.remaining_s() + late_s)
        due.append(clock.monotonic() + pacer.remaining_s())
        pacer.taken()

    assert due == pytest.approx([1004.0, 1014.0, 1024.0, 1034.0, 1044.0])
    assert pacer.missed == 0


@pytest.mark.parametrize(("late_s", "missed"), [(0.0, 0), (9.9, 0), (10.0, 1), (10.1, 1), (35.0, 3)])
def test_ticks_that_pass_during_a_long_poll_are_skipped_and_counted(late_s, missed):
    clock = ManualClock(monotonic=1000.0)
    pacer = TickPacer(clock, 10.0, 0.0)
    clock.advance(10.0 + late_s)

    pacer.taken()

    assert pacer.missed == missed
    assert 0.0 < pacer.remaining_s() <= 10.0


def test_a_utc_clock_that_jumps_does_not_move_the_ticks():
    clock = ManualClock(monotonic=1000.0)
    pacer = TickPacer(clock, 10.0, 0.0)

    clock.jump_utc(-3600.0)

    assert pacer.remaining_s() == pytest.approx(10.0)


@pytest.mark.parametrize(("ahead_s", "next_in_s"), [(9.0, 9.0), (5.1, 5.1), (4.9, 14.9), (0.1, 10.1)])
def test_after_a_poll_ahead_of_its_tick_the_next_is_on_the_grid_and_half_a_period_away(ahead_s, next_in_s):
    clock = ManualClock(monotonic=1000.0)
    pacer = TickPacer(clock, 10.0, 4.0)
    clock.advance(pacer.remaining_s() + 10.0 - ahead_s)
    pacer.taken()  # the one that is due
    assert pacer.remaining_s() == pytest.approx(ahead_s)

    pacer.taken()

    assert pacer.remaining_s() == pytest.approx(next_in_s)
    assert pacer.missed == 0


def test_many_polls_ahead_of_their_ticks_do_not_run_away_from_the_grid():
    clock = ManualClock(monotonic=1000.0)
    pacer = TickPacer(clock, 10.0, 4.0)
    for _ in range(75):
        clock.advance(0.5)
        pacer.taken()

    assert pacer.remaining_s() <= 15.0


def test_waits_are_jittered_below_a_ceiling_that_doubles_to_ten_seconds():
    backoffs = [Backoff(random.Random(seed)) for seed in range(300)]

    ceilings = [max(backoff.next_s(0.0) for backoff in backoffs) for _ in range(8)]

    assert ceilings == pytest.approx([0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0], rel=0.05)


def test_after_ten_minutes_of_outage_the_ceiling_is_a_minute():
    backoffs = [Backoff(random.Random(seed)) for seed in range(300)]
    for backoff in backoffs:
        for attempt in range(10):
            assert backoff.next_s(float(attempt)) <= 10.0

    late = [backoff.next_s(BACKOFF_LONG_AFTER_S + 1.0) for backoff in backoffs]

    assert 30.0 < max(late) <= 60.0


def test_an_answered_poll_makes_the_next_outage_a_new_one():
    backoff = Backoff(random.Random(1))
    for attempt in range(20):
        backoff.next_s(attempt * 60.0)

    backoff.reset()

    assert backoff.next_s(2000.0) <= 0.5


def test_a_thousand_attempts_in_a_row_do_not_overflow():
    backoff = Backoff(random.Random(1))

    assert all(backoff.next_s(0.0) <= 10.0 for _ in range(2000))


async def test_the_gate_spaces_a_rush_of_connections_and_keeps_their_order():
    clock = asyncio.get_running_loop()
    gate = ConnectGate(_LoopClock(), per_s=200.0)
    begun, passed = clock.time(), []

    async def attempt(number):
        await gate.turn()
        passed.append((number, clock.time() - begun))

    await asyncio.gather(*(attempt(number) for number in range(20)))

    assert [number for number, _ in passed] == list(range(20))
    assert passed[-1][1] >= 19 / 200.0 - 0.005


async def test_all_stations_together_connect_at_most_fifty_times_a_second(monkeypatch):
    clock, slept = ManualClock(), []

    async def sleep(seconds):
        slept.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    gate = ConnectGate(clock)
    for _ in range(26):
        await gate.turn()

    assert max(slept) >= 0.5 - 1e-9
    assert slept == pytest.approx([turn * 0.02 for turn in range(26)])


async def test_idle_time_is_not_saved_up_for_a_burst():
    clock = asyncio.get_running_loop()
    gate = ConnectGate(_LoopClock(), per_s=100.0)
    await gate.turn()
    await asyncio.sleep(0.1)
    begun = clock.time()

    for _ in range(6):
        await gate.turn()

    assert clock.time() - begun >= 5 / 100.0 - 0.005


class _LoopClock:
    def wall_monotonic(self):
        return asyncio.get_running_loop().time()
