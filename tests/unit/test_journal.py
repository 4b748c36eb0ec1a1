"""The journal stores what it is given, never makes its caller wait, and says what it lost."""

import asyncio
import sqlite3
import threading
import time
from dataclasses import replace

import pytest

from controller.historian import journal as journal_module
from controller.historian.journal import MAX_UNENCODED, Journal
from controller.historian.slot import Answer, Slot
from controller.historian.sqlite import open_writing
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from tests.support.history import FLOW, OUTDOOR, SLOT_S, START, SUPPLY, slot, supply_only, wait_until


@pytest.fixture
def journal(tmp_path):
    opened = Journal.open(tmp_path)
    yield opened
    opened.close()


class HeldConnection:
    """A connection whose commits wait until `gate` opens: a disk that takes its time."""

    def __init__(self, connection, gate):
        self._connection, self._gate = connection, gate

    def execute(self, sql, *values):
        if sql == "COMMIT":
            assert self._gate.wait(30.0)
        return self._connection.execute(sql, *values)

    def __getattr__(self, name):
        return getattr(self._connection, name)


@pytest.fixture
def gate(monkeypatch):
    gate = threading.Event()
    gate.set()
    monkeypatch.setattr(journal_module, "open_writing", lambda path: HeldConnection(open_writing(path), gate))
    yield gate
    gate.set()


def damage(path, *, number, byte=200):
    """Flip one byte in a stored block, as a bad disk would, past all checks of SQLite."""
    connection = sqlite3.connect(path)
    with connection:
        (block,) = connection.execute("SELECT block FROM slots WHERE id = ?", (number,)).fetchone()
        broken = bytearray(block)
        broken[byte % len(broken)] ^= 1
        connection.execute("UPDATE slots SET block = ? WHERE id = ?", (bytes(broken), number))
    connection.close()


def fill(folder, count, make=slot):
    journal = Journal.open(folder)
    for number in range(count):
        assert journal.append(make(number)).result(10.0)
    return journal


def whole_span(count):
    return START, START + SLOT_S * count


def test_what_was_stored_is_there_after_a_restart(tmp_path):
    assert fill(tmp_path, 30).close()
    journal = Journal.open(tmp_path)
    series = journal.history("S001", SUPPLY, *whole_span(30))
    journal.close()
    expected = [slot(n).answers[1].readings[SUPPLY] for n in range(30)]
    assert [(s.measured_at, s.value) for s in series.samples] == [(r.measured_at, r.value) for r in expected]
    assert series.bucket_s is None
    assert series.damaged == ()


def test_a_gap_keeps_its_reason_and_a_doubt_its_own(journal):
    journal.append(slot(0)).result(10.0)
    (gap,) = journal.history("S000", OUTDOOR, *whole_span(1)).samples
    assert (gap.value, gap.reason, gap.measured_at) == (None, Reason.SENTINEL, START + 1.25)
    (doubt,) = journal.history("S000", FLOW, *whole_span(1)).samples
    assert (doubt.value, doubt.reason) == (0.0, Reason.FROZEN)


def test_a_journal_that_nobody_writes_can_be_read(tmp_path):
    journal = fill(tmp_path, 3)
    journal.close()
    assert journal.history("S000", SUPPLY, *whole_span(3)).stored == 3
    assert len(journal.latest()) == 9


def test_an_unknown_station_or_point_has_an_empty_history(journal):
    journal.append(slot(0)).result(10.0)
    assert journal.history("nobody", SUPPLY, *whole_span(1)).samples == ()
    assert journal.history("S000", SUPPLY._replace(loop=4), *whole_span(1)).samples == ()


def test_an_empty_journal_has_an_empty_history(journal):
    assert journal.history("S000", SUPPLY, *whole_span(1)).samples == ()
    assert journal.latest() == {}


def test_a_span_begins_with_its_start_and_ends_before_its_end(journal):
    for number in range(4):
        journal.append(supply_only(number, good(50.0, START + 10.0 * number))).result(10.0)
    series = journal.history("S000", SUPPLY, START + 10.0, START + 30.0)
    assert [sample.measured_at for sample in series.samples] == [START + 10.0, START + 20.0]


def test_a_late_reading_appears_where_it_was_measured(journal):
    late = good(47.0, START + 5.0, received_at=START + 125.0)
    for number in range(13):
        readings = [good(50.0, START + 10.0 * number)] + [late] * (number == 12)
        journal.append(supply_only(number, *readings)).result(10.0)
    samples = journal.history("S000", SUPPLY, START, START + 30.0).samples
    assert [sample.value for sample in samples] == [50.0, 47.0, 50.0, 50.0]


def test_of_two_readings_of_one_moment_the_last_received_counts(journal):
    journal.append(supply_only(0, good(50.0, START), good(51.0, START, START + 2.0))).result(10.0)
    journal.append(supply_only(1, good(52.0, START, START + 11.0))).result(10.0)
    (sample,) = journal.history("S000", SUPPLY, *whole_span(2)).samples
    assert sample.value == 52.0


def test_down_sampling_keeps_the_extremes_and_the_gaps(journal):
    count = 600
    special = {217: good(95.5, START + 2170.0), 431: good(3.25, START + 4310.0)}
    special |= {300: bad(Reason.LINK_DOWN, START + 3000.0)}
    for number in range(count):
        at = START + SLOT_S * number
        journal.append(supply_only(number, special.get(number, good(50.0 + number % 3, at)))).result(10.0)
    journal.append(supply_only(count, uncertain(50.0, Reason.STALE, START + SLOT_S * count))).result(10.0)
    series = journal.history("S000", SUPPLY, *whole_span(count + 1), max_points=90)
    assert series.stored == count + 1
    assert len(series.samples) <= 90
    assert series.bucket_s == pytest.approx(SLOT_S * (count + 1) / 30)
    values = [sample.value for sample in series.samples if sample.value is not None]
    assert (min(values), max(values)) == (3.25, 95.5)
    assert [sample.reason for sample in series.samples if sample.value is None] == [Reason.LINK_DOWN]
    assert [s.measured_at for s in series.samples] == sorted(s.measured_at for s in series.samples)


@pytest.mark.parametrize(("start", "end", "points"), [(10.0, 10.0, 100), (10.0, 5.0, 100), (0.0, 10.0, 2)])
def test_a_span_or_a_size_that_makes_no_sense_is_refused(journal, start, end, points):
    with pytest.raises(ValueError, match="must be"):
        journal.history("S000", SUPPLY, start, end, points)


def test_the_last_state_is_rebuilt_from_the_newest_answer_of_each_station(tmp_path):
    journal = fill(tmp_path, 5, lambda n: slot(n, stations=3 if n < 4 else 1))
    state = journal.latest()
    journal.close()
    for station, number in (("S000", 4), ("S001", 3), ("S002", 3)):
        for answer in slot(number).answers:
            if answer.station == station:
                assert {point: state[station, point] for point in answer.readings} == answer.readings


def test_the_last_state_takes_the_later_of_two_answers_in_a_slot(journal):
    first, second = good(50.0, START), good(51.0, START + 4.0)
    both = replace(supply_only(0, first, second))
    other = Answer("S000", {SUPPLY: good(52.0, START + 5.0), FLOW: good(1.0, START + 5.0)})
    journal.append(replace(both, answers=[other, *both.answers])).result(10.0)
    assert journal.latest() == {
        ("S000", SUPPLY): other.readings[SUPPLY],
        ("S000", FLOW): other.readings[FLOW],
    }


def test_the_last_state_does_not_reach_further_back_than_a_quarter_of_an_hour(journal):
    journal.append(slot(0))
    journal.append(slot(91, stations=1)).result(10.0)
    assert {station for station, _ in journal.latest()} == {"S000"}


@pytest.mark.parametrize("number", [1, 5, 10])
def test_a_damaged_slot_is_reported_and_the_others_are_read(tmp_path, number):
    fill(tmp_path, 10).close()
    damage(tmp_path / "store.db", number=number)
    journal = Journal.open(tmp_path)
    series = journal.history("S000", SUPPLY, *whole_span(10))
    state = journal.latest()
    journal.close()
    assert series.stored == 9
    ((begin, end),) = series.damaged
    lost = slot(number - 1).answers[0].readings[SUPPLY].measured_at
    assert begin <= lost < end
    assert state["S000", SUPPLY].value == slot(8 if number == 10 else 9).answers[0].readings[SUPPLY].value


def test_a_slot_that_vanished_is_reported(tmp_path):
    fill(tmp_path, 10).close()
    connection = sqlite3.connect(tmp_path / "store.db")
    with connection:
        connection.execute("DELETE FROM slots WHERE id = 4")
    connection.close()
    journal = Journal.open(tmp_path)
    series = journal.history("S000", SUPPLY, *whole_span(10))
    journal.close()
    assert series.stored == 9
    assert series.damaged == ((START + 20.0, START + 40.0),)


@pytest.mark.parametrize(
    "place", [0, 20, 4096 + 3, 3 * 4096 + 2], ids=["magic", "header", "page", "other page"]
)
def test_a_broken_file_never_stops_the_journal_and_never_tells_a_wrong_value(tmp_path, place):
    fill(tmp_path, 60).close()
    content = bytearray((tmp_path / "store.db").read_bytes())
    content[place : place + 8] = b"\xff" * 8
    (tmp_path / "store.db").write_bytes(content)
    journal = Journal.open(tmp_path)
    truth = {s.measured_at: s.value for n in range(60) for s in [slot(n).answers[0].readings[SUPPLY]]}
    series = journal.history("S000", SUPPLY, *whole_span(60))
    assert all(truth[sample.measured_at] == sample.value for sample in series.samples)
    assert series.stored == 60 or series.damaged or journal.stats.set_aside == "store.db.damaged-1"
    journal.close()


def test_a_file_that_is_no_database_is_set_aside_and_a_fresh_one_begun(tmp_path):
    (tmp_path / "store.db").write_bytes(b"this is no database" * 100)
    journal = fill(tmp_path, 1)
    assert journal.stats.set_aside == "store.db.damaged-1"
    assert journal.stats.slots == 1
    assert (tmp_path / "store.db.damaged-1").read_bytes().startswith(b"this is no")
    journal.close()


def test_a_folder_that_is_not_there_is_an_error_at_once(tmp_path):
    with pytest.raises(sqlite3.OperationalError):
        Journal.open(tmp_path / "nowhere")


def test_slots_older_than_the_retention_go(tmp_path):
    journal = Journal.open(tmp_path, keep_days=100 * SLOT_S / 86_400.0)
    for number in range(150):
        journal.append(slot(number)).result(10.0)
    series = journal.history("S000", SUPPLY, *whole_span(150))
    journal.close()
    assert [series.samples[0].measured_at, series.samples[-1].measured_at] == [START + 491.5, START + 1491.5]
    assert series.damaged == ()


def test_a_clock_that_jumps_ahead_does_not_delete_the_history(tmp_path):
    journal = fill(tmp_path, 60)
    journal.append(slot(10_000_000)).result(10.0)
    journal.append(slot(60)).result(10.0)
    assert journal.history("S000", SUPPLY, *whole_span(61)).stored >= 60 - journal_module.RETENTION_STEP
    journal.close()


def test_a_full_store_keeps_the_slots_waiting_and_saves_them_when_there_is_room(tmp_path):
    journal = Journal.open(tmp_path, keep_days=1.0, max_bytes=200_000)
    number = 0
    while journal.stats.last_error is None:
        journal.append(slot(number, stations=300))
        number += 1
        wait_until(lambda: journal.stats.pending == 0 or journal.stats.last_error)
    assert journal.stats.disk_full
    assert journal.stats.errors > 0
    # The next day's slots find room where the first day's are deleted.
    saved = journal.append(slot(10_000, stations=1))
    assert saved.result(10.0)
    stats = journal.stats
    assert (stats.last_error, stats.disk_full, stats.dropped) == (None, False, 0)
    assert stats.slots == number + 1
    journal.close()


async def test_a_slow_disk_holds_up_neither_the_event_loop_nor_the_caller(tmp_path, gate):
    journal = Journal.open(tmp_path)
    gate.clear()
    worst = 0.0
    waiting = []
    for number in range(60):
        begin = time.perf_counter()
        waiting.append(journal.append(slot(number)))
        await asyncio.sleep(0)
        worst = max(worst, time.perf_counter() - begin)
    assert worst < 0.1
    seen = []

    def all_counted():  # a slot that the thread encodes just now is in neither number
        seen.append(journal.stats)
        return seen[-1].pending + seen[-1].slots_dropped == 60

    wait_until(all_counted)
    stats = seen[-1]
    # What the thread took before it stood still is saved later; of the rest the newest are kept.
    assert stats.pending >= MAX_UNENCODED
    assert stats.dropped == 9 * stats.slots_dropped > 0
    gate.set()
    kept = [n for n, saved in enumerate(waiting) if await asyncio.wrap_future(saved)]
    assert kept[-MAX_UNENCODED:] == list(range(60 - MAX_UNENCODED, 60))
    found = journal.history("S000", SUPPLY, *whole_span(60)).samples
    journal.close()
    assert [sample.measured_at for sample in found] == [START + SLOT_S * n + 1.5 for n in kept]


def test_closing_gives_up_on_a_disk_that_hangs(tmp_path, gate, monkeypatch):
    monkeypatch.setattr(journal_module, "CLOSE_S", 0.2)
    journal = Journal.open(tmp_path)
    gate.clear()
    saved = journal.append(slot(0))
    assert not journal.close()
    gate.set()
    assert saved.result(10.0) in {True, False}


def test_a_reader_sees_whole_slots_while_the_writer_writes(journal):
    wrong = []
    done = threading.Event()

    def read():
        while not done.is_set():
            samples = journal.history("S002", SUPPLY, *whole_span(1000)).samples
            expected = [slot(n).answers[2].readings[SUPPLY].value for n in range(len(samples))]
            if [sample.value for sample in samples] != expected:
                wrong.append(len(samples))

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for number in range(150):
        journal.append(slot(number)).result(10.0)
    done.set()
    for reader in readers:
        reader.join()
    assert wrong == []


def test_a_bug_in_the_encoder_is_told_to_everyone_and_stops_nobody(tmp_path):
    journal = Journal.open(tmp_path)
    first = journal.append(Slot(start=START, answers=[Answer("S000", {SUPPLY: "no reading"})]))
    assert isinstance(first.exception(10.0), AttributeError)
    wait_until(lambda: journal.stats.last_error is not None)
    assert "AttributeError" in journal.stats.last_error
    with pytest.raises(AttributeError):
        journal.append(slot(1)).result(10.0)
    journal.close()


def test_statistics_count_slots_readings_and_bytes(journal):
    journal.append(slot(0)).result(10.0)
    stats = journal.stats
    assert (stats.slots, stats.readings_stored, stats.dropped, stats.pending) == (1, 9, 0, 0)
    assert stats.last_commit_ms > 0
    assert stats.bytes > 4096
