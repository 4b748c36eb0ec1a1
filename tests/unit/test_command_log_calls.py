"""Calls that meet at the command log: a slow disk, cancelled ones, too many, a closed log, readers."""

import asyncio
import threading
import time

import pytest

from controller.historian import command_log as log_module
from controller.historian import command_store
from controller.historian.records import CommandLogError, State
from controller.historian.sqlite import open_writing
from tests.support.history import START, intent, reopen, wait_until


@pytest.fixture
def log(tmp_path):
    opened = reopen(tmp_path, now=START)
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
