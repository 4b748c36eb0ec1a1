"""The command log on its disk: a reserve, what goes when it is old, and what goes when the disk is full."""

import contextlib

import pytest

from controller.historian import command_store
from controller.historian.command_log import CommandLog
from controller.historian.records import CommandLogError, State
from tests.support.history import START, intent, reopen, step


@pytest.fixture
def scarce(monkeypatch):
    """A disk with so little left that the log does not grow."""
    monkeypatch.setattr(command_store, "GROW_ABOVE_FREE_BYTES", 1 << 60)


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
