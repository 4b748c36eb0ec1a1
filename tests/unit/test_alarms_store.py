"""The alarm journal: a restart forgets nothing, damage is found, a full disk costs nothing but time."""

import multiprocessing
import sqlite3

import pytest

from controller.alarms.book import AlarmBook, Sight
from controller.alarms.model import AlarmKey, Finding, LifeState
from controller.alarms.store import FILE, AlarmStore
from controller.alarms.water import HourMean
from controller.decisions import LoopKey
from tests.support.polling import until

DISK, PUMP = AlarmKey("disk_full"), AlarmKey("pump_stopped", "S01", 1)


@pytest.fixture
def opened(tmp_path):
    """Open the store, as often as wanted; the last one is closed at the end."""
    stores = []

    def open_again():
        if stores:
            assert stores[-1].close()
        stores.append(AlarmStore(tmp_path))
        return stores[-1]

    yield open_again
    stores[-1].close()


def look(book, *keys, at):
    book.update([Finding(key=key, params={"why": "满"}) for key in keys], Sight(), at, at)


def test_alarms_acknowledgements_and_shelves_survive_a_restart(opened):
    store = opened()
    book = AlarmBook(store)
    look(book, DISK, PUMP, at=1000.0)
    look(book, DISK, PUMP, at=1200.0)
    book.acknowledge(DISK, "li", "seen", 1300.0)
    book.shelve(PUMP, "wang", "exchange", 3600.0, 1300.0)
    store = opened()
    again = AlarmBook(store, store.standing())
    assert again.alarms == book.alarms
    assert again.alarms[DISK].acknowledged_by == "li"
    assert again.alarms[DISK].params == {"why": "满"}
    assert again.alarms[PUMP].state is LifeState.SHELVED
    look(again, DISK, PUMP, at=4901.0)
    assert again.alarms[PUMP].state is LifeState.UNACK


def test_what_became_normal_is_forgotten_and_its_journal_is_kept(opened):
    store = opened()
    book = AlarmBook(store)
    look(book, DISK, at=1000.0)
    book.acknowledge(DISK, "li", "", 1010.0)
    for at in (1020.0, 1100.0):
        look(book, at=at)
    store = opened()
    assert store.standing() == {}
    steps = [(step.after, step.by) for step in store.journal(0.0, 2000.0, 100)]
    assert steps == [(LifeState.UNACK, ""), (LifeState.ACK, "li"), (LifeState.NORMAL, "")]


def test_the_journal_gives_the_newest_steps_of_a_span_oldest_first(opened):
    store = opened()
    book = AlarmBook(store)
    keys = [AlarmKey("certificate_expiring", f"S{number}") for number in range(6)]
    for number in range(6):
        look(book, *keys[: number + 1], at=100.0 * number)
    store = opened()
    assert [step.at for step in store.journal(100.0, 400.0, 2)] == [200.0, 300.0]
    assert [step.key for step in store.journal(100.0, 400.0, 9)] == keys[1:4]


async def test_an_acknowledgement_tells_when_it_is_on_the_disk(opened):
    store = opened()
    book = AlarmBook(store)
    look(book, DISK, at=1000.0)
    saved = book.acknowledge(DISK, "li", "", 1001.0)
    assert saved.result(10.0) is True
    assert store.standing()[DISK].acknowledged_by == "li"


def test_hourly_means_of_the_last_week_are_kept(opened):
    store = opened()
    key = LoopKey("S01", 1)
    store.take_hours([HourMean(key, hour * 3600.0, 0.001 * hour) for hour in range(200)])
    hours = opened().hours()
    assert len(hours) == 169
    assert hours[-1] == HourMean(key, 199 * 3600.0, 0.199)


async def test_a_store_that_can_not_write_keeps_what_it_was_given_and_writes_it_later(opened, tmp_path):
    store = opened()
    book = AlarmBook(store)
    with sqlite3.connect(tmp_path / FILE, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        look(book, DISK, at=1000.0)
        assert book.acknowledge(DISK, "li", "", 1001.0).result(30.0) is False
        assert "locked" in store.last_error
        other.execute("ROLLBACK")
    other.close()
    store.retry()
    await until(lambda: store.last_error is None, 10.0, "the retry")
    assert [step.after for step in store.journal(0.0, 2000.0, 9)] == [LifeState.UNACK, LifeState.ACK]


def test_a_damaged_file_is_put_aside_and_a_damaged_row_is_left_out(opened, tmp_path):
    store = opened()
    book = AlarmBook(store)
    look(book, DISK, AlarmKey("journal_failed"), at=1000.0)
    look(book, DISK, AlarmKey("journal_failed"), at=1100.0)
    store.close()
    with sqlite3.connect(tmp_path / FILE) as file:
        file.execute("UPDATE alarms SET body = replace(body, '1000.0', '1001.0') WHERE id = 'disk_full'")
        file.execute("UPDATE steps SET body = replace(body, 'unack', 'ack') WHERE n = 1")
    file.close()
    store = opened()
    assert [str(key) for key in store.standing()] == ["journal_failed"]
    assert len(store.journal(0.0, 2000.0, 9)) == 1
    store.close()
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    store = opened()
    assert store.set_aside == "alarms.db.damaged-1"
    assert store.standing() == {}


def test_rules_that_a_newer_version_dropped_are_left_out(opened, tmp_path):
    store = opened()
    store.take({AlarmKey("gone"): next(iter(_raised().alarms.values()))}, [])
    assert list(opened().standing()) == [DISK]


def _raised():
    book = AlarmBook()
    look(book, DISK, at=1.0)
    return book


def _die_with_alarms(folder, told):
    store = AlarmStore(folder)
    book = AlarmBook(store)
    for number in range(100_000):
        key = AlarmKey("certificate_expiring", f"S{number}")
        book.update([Finding(key=key)], Sight(blind=frozenset({key.name})), float(number), float(number))
        if book.acknowledge(key, "li", "", float(number)).result(30.0):
            told.send(number)


def test_no_acknowledgement_that_was_answered_is_lost_by_a_kill(tmp_path, soak):
    context = multiprocessing.get_context("spawn")
    rounds = soak.pick(reduced=2, full=30)
    for _ in range(rounds):
        for file in tmp_path.iterdir():
            file.unlink()
        here, there = context.Pipe(duplex=False)
        process = context.Process(target=_die_with_alarms, args=(tmp_path, there))
        process.start()
        there.close()
        answered = [here.recv() for _ in range(30)]
        process.kill()
        process.join()
        while here.poll():
            try:
                answered.append(here.recv())
            except EOFError:
                break
        process.close()
        here.close()
        store = AlarmStore(tmp_path)
        steps = [step.key.name for step in store.journal(0.0, 1e9, 100_000) if step.by == "li"]
        store.close()
        assert len(steps) == len(set(steps))
        assert {f"S{number}" for number in answered} <= set(steps)
