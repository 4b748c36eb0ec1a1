"""The command log: durable when it says so, whole or not at all, and nothing old is sent again."""

import asyncio
import contextlib
import random
import shutil
import threading
import time

import pytest

from controller.historian import command_log as log_module
from controller.historian import command_store
from controller.historian.command_log import RESTARTED, CommandLog
from controller.historian.records import (
    CommandLogError,
    IllegalTransition,
    Register,
    RegisterWrite,
    State,
    Wear,
    season_of,
)
from controller.historian.sqlite import open_writing
from stations.model.setpoint import HeatChannel
from tests.support.history import START, intent, step, wait_until

SMALL = 1 << 16


@pytest.fixture
def log(tmp_path):
    opened = CommandLog.open(tmp_path, now=START, reserve_bytes=SMALL)
    yield opened
    opened.close()


@pytest.fixture
def gate(monkeypatch):
    """Commits wait until it opens: a disk that takes its time."""
    gate = threading.Event()
    gate.set()

    class Held:
        def __init__(self, connection):
            self._connection = connection

        def execute(self, sql, *values):
            if sql == "COMMIT":
                assert gate.wait(30.0)
            return self._connection.execute(sql, *values)

        def __getattr__(self, name):
            return getattr(self._connection, name)

    monkeypatch.setattr(command_store, "open_writing", lambda path: Held(open_writing(path)))
    yield gate
    gate.set()


def reopen(folder, now=START + 100.0, **kwargs):
    return CommandLog.open(folder, now=now, reserve_bytes=SMALL, **kwargs)


async def take(log, number, *states):
    await log.commit([intent(number)])
    for state in states:
        await log.record([step(number, state)])


async def test_an_intent_comes_back_equal_to_what_was_committed(log):
    await log.commit([intent(1), intent(2, station="S001")])
    assert log.open_intents() == (intent(1), intent(2, station="S001"))
    assert log.recent(10) == (intent(2, station="S001"), intent(1))
    assert log.recent(10, station="S000") == (intent(1),)
    assert log.recent(1) == (intent(2, station="S001"),)


async def test_an_intent_is_followed_through_its_states(log):
    await take(log, 1, State.SENT, State.ACKNOWLEDGED)
    await log.record([step(1, State.CONFIRMED_LIMITED, at=START + 9.0, detail="effective 52.0")])
    (final,) = log.recent(1)
    assert (final.state, final.state_at, final.detail) == (
        State.CONFIRMED_LIMITED,
        START + 9.0,
        "effective 52.0",
    )
    assert [taken.state for taken in log.transitions(1)] == [
        State.REQUESTED,
        State.SENT,
        State.ACKNOWLEDGED,
        State.CONFIRMED_LIMITED,
    ]
    assert log.open_intents() == ()
    assert log.verify() == ()


OPEN = {State.REQUESTED: (), State.SENT: (State.SENT,), State.ACKNOWLEDGED: (State.SENT, State.ACKNOWLEDGED)}
FINAL = {
    State.CONFIRMED: (State.SENT, State.CONFIRMED),
    State.CONFIRMED_LIMITED: (State.SENT, State.CONFIRMED_LIMITED),
    State.REJECTED: (State.REJECTED,),
    State.EXPIRED: (State.EXPIRED,),
}
ALLOWED = {
    (State.REQUESTED, State.SENT),
    (State.REQUESTED, State.REJECTED),
    (State.REQUESTED, State.EXPIRED),
    (State.SENT, State.ACKNOWLEDGED),
    (State.SENT, State.CONFIRMED),
    (State.SENT, State.CONFIRMED_LIMITED),
    (State.SENT, State.REJECTED),
    (State.SENT, State.EXPIRED),
    (State.ACKNOWLEDGED, State.CONFIRMED),
    (State.ACKNOWLEDGED, State.CONFIRMED_LIMITED),
    (State.ACKNOWLEDGED, State.REJECTED),
    (State.ACKNOWLEDGED, State.EXPIRED),
}


@pytest.mark.parametrize("present", State)
async def test_only_legal_steps_are_taken(log, present):
    for number, wanted in enumerate(State, 1):
        await take(log, number, *(OPEN | FINAL)[present])
        if (present, wanted) in ALLOWED:
            await log.record([step(number, wanted)])
            assert log.recent(1)[0].state is wanted
        else:
            with pytest.raises(IllegalTransition, match=f"is {present} and can not become {wanted}"):
                await log.record([step(number, wanted)])
            assert log.recent(1)[0].state is present
    assert log.verify() == ()


async def test_a_step_of_an_unknown_intent_is_refused(log):
    with pytest.raises(IllegalTransition, match="intent 7 is not in the log"):
        await log.record([step(7, State.SENT)])


async def test_a_call_with_one_illegal_step_stores_nothing_and_hurts_no_other_call(log):
    await log.commit([intent(1), intent(2), intent(3)])
    write = RegisterWrite(station="S000", loop=1, point="T_supply_secondary_set", at=START)
    outcomes = await asyncio.gather(
        log.record([step(1, State.SENT), step(2, State.CONFIRMED)], [write]),
        log.record([step(3, State.SENT)]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[0], IllegalTransition)
    assert [left.state for left in log.open_intents()] == [State.REQUESTED, State.REQUESTED, State.SENT]
    assert log.wear() == {}
    assert log.counts()[State.SENT] == 1


@pytest.mark.parametrize("state", [state for state in State if state is not State.REQUESTED])
async def test_only_requested_intents_are_committed(log, state):
    with pytest.raises(ValueError, match="only requested ones"):
        await log.commit([intent(1), intent(2, state=state)])
    assert log.recent(1) == ()


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_an_intent_with_a_number_that_is_none_is_refused(number):
    with pytest.raises(ValueError, match="not finite"):
        intent(1, at=number)


async def test_an_id_is_used_once(log):
    await log.commit([intent(1)])
    with pytest.raises(Exception, match="UNIQUE"):
        await log.commit([intent(2), intent(1)])
    assert log.recent(10) == (intent(1),)


async def test_a_text_that_is_no_text_does_not_break_the_log(log):
    await log.commit([intent(1)])
    await log.record([step(1, State.REJECTED, detail="device said \ud800")])
    assert log.recent(1)[0].detail == "device said \\ud800"


@pytest.mark.parametrize("left", OPEN)
async def test_after_a_restart_what_was_open_is_expired_and_told(tmp_path, left):
    log = reopen(tmp_path, now=START)
    await take(log, 1, *OPEN[left])
    await take(log, 2, State.SENT, State.CONFIRMED)
    log.close()
    again = reopen(tmp_path, now=START + 100.0)
    (expired,) = again.expired_at_start
    assert (expired.id, expired.state, expired.state_at) == (1, State.EXPIRED, START + 100.0)
    assert expired.detail == RESTARTED
    assert again.open_intents() == ()
    assert again.last_by_loop()["S000", 1].state is State.CONFIRMED
    assert again.verify() == ()
    with pytest.raises(IllegalTransition):
        await again.record([step(1, State.SENT)])
    again.close()


async def test_ids_grow_over_restarts_also_where_some_were_never_committed(tmp_path):
    log = reopen(tmp_path)
    assert list(log.next_ids(3)) == [1, 2, 3]
    await log.commit([intent(number) for number in log.next_ids(2)])
    log.close()
    again = reopen(tmp_path)
    assert list(again.next_ids(1)) == [6]
    again.close()


async def test_the_newest_intent_of_each_loop_is_known(log):
    await log.commit([intent(1), intent(2, station="S001"), intent(3)])
    assert log.last_by_loop() == {("S000", 1): intent(3), ("S001", 1): intent(2, station="S001")}


async def test_looking_back_gives_the_intents_since_a_moment(log):
    await log.commit([intent(number, at=START + 60.0 * number) for number in range(1, 6)])
    assert [found.id for found in log.since(START + 180.0)] == [3, 4, 5]


async def test_states_are_counted_since_the_start(log):
    await take(log, 1, State.SENT, State.CONFIRMED)
    await take(log, 2, State.SENT)
    counts = log.counts()
    assert (counts[State.REQUESTED], counts[State.SENT], counts[State.CONFIRMED]) == (2, 2, 1)
    assert counts[State.REJECTED] == 0


async def test_wear_is_counted_per_register_and_season_and_survives(tmp_path):
    log = reopen(tmp_path)
    summer_later = START + 200 * 86_400.0
    for at in (START, START + 60.0, summer_later):
        write = RegisterWrite(station="S000", loop=1, point=HeatChannel.T_SUPPLY, at=at)
        await log.record([], [write])
    log.close()
    again = reopen(tmp_path)
    assert again.wear() == {
        Register("S000", 1, "T_supply_secondary_set", "2025/26"): Wear(writes=2, last_at=START + 60.0),
        Register("S000", 1, "T_supply_secondary_set", "2026/27"): Wear(writes=1, last_at=summer_later),
    }
    assert again.verify() == ()
    again.close()


@pytest.mark.parametrize(
    ("at", "season"),
    [
        (1_751_327_999.0, "2024/25"),
        (1_751_328_000.0, "2025/26"),
        (1_767_225_600.0, "2025/26"),
        (946_684_800.0, "1999/00"),
    ],
    ids=["last second of June", "first of July", "new year", "turn of the century"],
)
def test_a_season_runs_from_july_to_june(at, season):
    assert season_of(at) == season


async def test_a_slow_disk_does_not_hold_up_the_event_loop(tmp_path, gate):
    log = reopen(tmp_path)
    gate.clear()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.05):
            await log.commit([intent(1)])
    worst = 0.0
    waiting = [asyncio.create_task(log.commit([intent(number)])) for number in range(2, 50)]
    for _ in range(100):
        begin = time.perf_counter()
        await asyncio.sleep(0)
        worst = max(worst, time.perf_counter() - begin)
    assert worst < 0.1
    gate.set()
    await asyncio.gather(*waiting)
    assert log.counts()[State.REQUESTED] == 49
    # One commit was under way, all that came meanwhile shared the next.
    assert log.stats.commits == 2
    log.close()


async def test_a_batch_cancelled_while_it_waits_is_not_stored_and_one_under_way_is(tmp_path, gate):
    log = reopen(tmp_path)
    gate.clear()
    under_way = asyncio.create_task(log.commit([intent(1), intent(2)]))
    await asyncio.sleep(0)
    wait_until(lambda: not log._calls)
    waiting = asyncio.create_task(log.commit([intent(3), intent(4)]))
    await asyncio.sleep(0)
    for task in (under_way, waiting):
        task.cancel()
    await asyncio.gather(under_way, waiting, return_exceptions=True)
    gate.set()
    assert await log.committed([1, 2])
    assert not await log.committed([3])
    assert [found.id for found in log.open_intents()] == [1, 2]
    assert log.verify() == ()
    log.close()


async def test_more_calls_than_may_wait_are_refused(tmp_path, gate, monkeypatch):
    monkeypatch.setattr(log_module, "MAX_WAITING", 3)
    log = reopen(tmp_path)
    gate.clear()
    first = asyncio.create_task(log.commit([intent(1)]))
    await asyncio.sleep(0)
    wait_until(lambda: not log._calls)
    rest = [asyncio.create_task(log.commit([intent(number)])) for number in (2, 3, 4)]
    await asyncio.sleep(0)
    with pytest.raises(CommandLogError, match="3 calls wait for the disk"):
        await log.commit([intent(5)])
    gate.set()
    await asyncio.gather(first, *rest)
    log.close()


async def test_a_closed_log_refuses_and_what_was_waiting_is_stored(tmp_path):
    log = reopen(tmp_path)
    waiting = asyncio.create_task(log.commit([intent(1)]))
    await asyncio.sleep(0)
    assert log.close()
    await waiting
    with pytest.raises(CommandLogError, match="closed"):
        await log.commit([intent(2)])


async def test_readers_see_whole_batches_while_the_writer_writes(log):
    torn = []
    done = threading.Event()

    def read():
        while not done.is_set():
            count = len(log.recent(10_000))
            if count % 7:
                torn.append(count)

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(60):
        await log.commit([intent(number) for number in log.next_ids(7)])
    done.set()
    reader.join()
    assert torn == []


async def test_the_reserve_is_really_on_the_disk_and_is_used_up_before_the_file_grows(tmp_path):
    log = CommandLog.open(tmp_path, now=START, reserve_bytes=4 << 20)
    path = tmp_path / "commands.db"
    before = path.stat()
    assert before.st_size >= 4 << 20
    assert before.st_blocks * 512 >= 4 << 20
    for _ in range(20):
        await log.commit([intent(number) for number in log.next_ids(300)])
    log.close()
    assert path.stat().st_size == before.st_size


async def test_intents_older_than_the_retention_go_with_their_steps(tmp_path):
    log = reopen(tmp_path, keep_days=1.0)
    for day in range(4):
        ids = log.next_ids(30)
        at = START + 86_400.0 * day
        await log.commit([intent(number, at=at) for number in ids])
        await log.record([step(number, State.SENT, at=at) for number in ids])
        if day != 1:
            await log.record([step(number, State.CONFIRMED, at=at) for number in ids])
    assert log.verify() == ()
    # What is still open is never deleted, and nothing behind it.
    assert [found.id for found in reversed(log.recent(1000))] == list(range(31, 121))
    await log.record([step(number, State.EXPIRED, at=at) for number in range(31, 61)])
    assert [found.id for found in reversed(log.recent(1000))] == list(range(61, 121))
    # Its last step lies behind those of later intents, which keep theirs.
    assert [taken.state for taken in log.transitions(31)] == [State.EXPIRED]
    assert len(log.transitions(61)) == 3
    assert log.verify() == ()
    log.close()


@pytest.fixture
def scarce(monkeypatch):
    """A disk with so little left that the log does not grow."""
    monkeypatch.setattr(command_store, "GROW_ABOVE_FREE_BYTES", 1 << 60)


async def test_the_file_grows_in_steps_while_the_disk_has_room(tmp_path, monkeypatch):
    monkeypatch.setattr(command_store, "GROW_BYTES", 1 << 18)
    log = reopen(tmp_path)
    path = tmp_path / "commands.db"
    before = path.stat().st_size
    for _ in range(10):
        await log.commit([intent(number) for number in log.next_ids(200)])
    assert len(log.recent(10_000)) == 2000
    assert log.stats.errors == 0
    assert log.verify() == ()
    log.close()
    growth = path.stat().st_size - before
    assert 0 < growth < 2 << 20


async def test_where_the_disk_is_full_the_oldest_final_intents_go_and_no_command(tmp_path, scarce):
    log = reopen(tmp_path)
    for _ in range(60):
        ids = log.next_ids(20)
        await log.commit([intent(number) for number in ids])
        await log.record([step(number, State.REJECTED) for number in ids])
    kept = [found.id for found in log.recent(10_000)]
    assert kept == list(range(60 * 20, 60 * 20 - len(kept), -1))
    assert 40 < len(kept) < 600
    assert log.stats.errors == 0
    assert log.verify() == ()
    log.close()


async def test_a_full_disk_with_nothing_to_give_up_is_told_and_nothing_is_stored(tmp_path, scarce):
    log = reopen(tmp_path)
    number = 1
    while log.stats.last_error is None:
        with contextlib.suppress(CommandLogError):
            await log.commit([intent(n) for n in range(number, number + 20)])
            number += 20
    assert log.stats.last_error == "database or disk is full"
    assert not await log.committed([number])
    assert len(log.open_intents()) == number - 1
    assert log.verify() == ()
    log.close()


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_every_flipped_byte_is_found_or_changes_nothing(tmp_path, soak):
    origin = tmp_path / "origin"
    origin.mkdir()
    log = reopen(origin)
    write = [
        RegisterWrite(station=f"S{n:03d}", loop=1, point="T_supply_secondary_set", at=START)
        for n in range(20)
    ]
    for _ in range(8):
        ids = log.next_ids(20)
        await log.commit([intent(number, station=f"S{number % 20:03d}") for number in ids])
        await log.record([step(number, State.SENT) for number in ids], write)
        await log.record([step(number, State.CONFIRMED) for number in ids])
    answers = (log.recent(1000), log.last_by_loop(), log.wear())
    log.close()
    sound = (origin / "commands.db").read_bytes()
    generator = random.Random(20)
    trials = soak.pick(reduced=100, full=3000)
    found = 0
    for trial in range(trials):
        folder = tmp_path / f"trial{trial}"
        folder.mkdir()
        broken = bytearray(sound)
        broken[generator.randrange(len(sound))] ^= 1 << generator.randrange(8)
        (folder / "commands.db").write_bytes(broken)
        found += not _silent(folder, answers)
        shutil.rmtree(folder)
    soak.record(trials=trials, found=found, silent_and_harmless=trials - found)
    assert found > trials / 3


def _silent(folder, answers):
    """Whether nobody noticed; then the answers must be right."""
    try:
        log = reopen(folder)
    except CommandLogError:
        return False
    try:
        if log.stats.set_aside or log.verify():
            return False
        assert (log.recent(1000), log.last_by_loop(), log.wear()) == answers
        return True
    finally:
        log.close()


async def test_a_damaged_row_is_left_out_and_named(tmp_path):
    log = reopen(tmp_path)
    await log.commit([intent(1), intent(2)])
    await log.record([step(1, State.EXPIRED), step(2, State.EXPIRED)])
    log.close()
    connection = open_writing(tmp_path / "commands.db")
    connection.execute("UPDATE intents SET T_supply_set = 95.0 WHERE id = 2")
    connection.close()
    again = reopen(tmp_path)
    assert [found.id for found in again.recent(10)] == [1]
    assert again.verify() == ("intent 2: checksum does not match",)
    again.close()


async def test_a_file_that_is_no_database_is_set_aside_and_control_goes_on(tmp_path):
    (tmp_path / "commands.db").write_bytes(b"no database at all, sorry" * 400)
    log = reopen(tmp_path)
    assert log.stats.set_aside == "commands.db.damaged-1"
    await log.commit([intent(1)])
    log.close()


def test_a_folder_that_is_not_there_is_an_error_that_names_it(tmp_path):
    with pytest.raises(CommandLogError, match="nowhere"):
        CommandLog.open(tmp_path / "nowhere", now=START)
