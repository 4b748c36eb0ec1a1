"""Parts of the forwarder by themselves: lines, cursor, the search for bad points, and when it rewinds."""

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.historian import forwarder_thread
from controller.historian.block import Block
from controller.historian.cursor import Cursor, Progress, Refused, read_cursor, read_refused, read_slots
from controller.historian.encoding import Encoder
from controller.historian.forwarder_batch import MAX_REFUSED, deliver
from controller.historian.forwarder_faults import ADVICE, TEXT_EN, TEXT_ZH, Fault, FaultKind
from controller.historian.forwarder_thread import READER, Forwarder
from controller.historian.journal import FILE, Journal
from controller.historian.lines import LineEncoder, split_points
from controller.historian.slot import Answer, Slot
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from tests.support.forwarding import QUICK, encoder, store
from tests.support.history import START, slot, wait_until

DAY_S = 86_400.0
WHERE = "http://10.0.0.5:8086"


def lines_of(*answers, site="demo", districts=None):
    block = Block(Encoder().encode(Slot(start=START, answers=list(answers))))
    return LineEncoder(site, {"S017": "north"} if districts is None else districts).encode(block).lines


# ------------------------------------------------------------------------------------------------ lines


def test_points_of_a_loop_measured_at_one_moment_are_one_line():
    readings = {
        Point(1, "T_supply_secondary"): good(55.2, START),
        Point(1, "m_flow_secondary"): uncertain(12.5, Reason.FROZEN, START),
        Point(1, "p_supply_secondary"): bad(Reason.SENTINEL, START),
        Point(0, "T_outdoor"): good(-4.0, START),
        Point(2, "T_supply_secondary"): good(41.0, START + 0.25),
    }
    assert lines_of(Answer("S017", readings)) == [
        "dhc_loop,district=north,loop=1,site=demo,station=S017 "
        "T_supply_secondary=55.2,T_supply_secondary_quality=2i,"
        'm_flow_secondary=12.5,m_flow_secondary_quality=1i,m_flow_secondary_reason="frozen",'
        'p_supply_secondary_quality=0i,p_supply_secondary_reason="sentinel" 1768435200000',
        "dhc_station,district=north,site=demo,station=S017 T_outdoor=-4.0,T_outdoor_quality=2i 1768435200000",
        "dhc_loop,district=north,loop=2,site=demo,station=S017 "
        "T_supply_secondary=41.0,T_supply_secondary_quality=2i 1768435200250",
    ]


def test_names_with_characters_of_the_protocol_are_escaped_and_an_unknown_station_has_no_district():
    (line,) = lines_of(
        Answer("a,b=c d\n站", {Point(0, "T_outdoor"): good(1.0, START)}), site="x y", districts={}
    )
    assert line.startswith("dhc_station,site=x\\ y,station=a\\,b\\=c\\ d\\ 站 T_outdoor=1.0,")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_reads_back_from_its_line_as_it_was(value):
    (line,) = lines_of(Answer("S017", {Point(0, "x"): good(value, START)}))
    (told,) = [field for field in line.split(" ")[1].split(",") if field.startswith("x=")]
    assert float(told[2:]) == value


def test_damage_of_some_answers_leaves_the_others():
    answers = [Answer(f"S{i:03d}", {Point(0, "T_outdoor"): good(1.0 * i, START)}) for i in range(200)]
    content = bytearray(Encoder().encode(Slot(start=START, answers=answers)))
    content[-10] ^= 0xFF
    encoded = LineEncoder("demo", {}).encode(Block(bytes(content)))
    assert 0 < encoded.damaged < 200
    assert len(encoded.lines) + encoded.damaged == 200


def test_a_line_falls_apart_into_its_points():
    (line, _) = lines_of(
        Answer("S017", {Point(1, "a"): bad(Reason.STALE, START), Point(1, "b"): good(2.0, START)}),
        Answer("S018", {Point(1, "a"): good(1.0, START)}),
    )
    head = "dhc_loop,district=north,loop=1,site=demo,station=S017"
    assert split_points(line) == [
        f'{head} a_quality=0i,a_reason="stale" 1768435200000',
        f"{head} b=2.0,b_quality=2i 1768435200000",
    ]


# ------------------------------------------------------------------------------------------------ batches


def fault(kind, said="x"):
    return Fault(kind=kind, where=WHERE, said=said)


class Picky:
    """Takes lines without the word "bad", at most ``most`` at once."""

    def __init__(self, most=10_000):
        self.taken, self.requests, self.most = [], 0, most

    def __call__(self, lines):
        self.requests += 1
        if len(lines) > self.most:
            return fault(FaultKind.TOO_LARGE)
        if any("bad" in line for line in lines):
            return fault(FaultKind.REFUSED, "bad line")
        self.taken += lines
        return None


def batch(size, *bad_ones):
    return [f"m,s={i} good=1,{'bad' if i in bad_ones else 'fine'}=2 7" for i in range(size)]


@pytest.mark.parametrize("bad_ones", [(0,), (999,), (0, 1, 500), tuple(range(0, 1000, 50))])
def test_only_bad_points_are_left_out_and_few_requests_find_them(bad_ones):
    picky = Picky()
    done = deliver(batch(1000, *bad_ones), picky)
    assert sorted(line for line, _ in done.refused) == sorted(f"m,s={i} bad=2 7" for i in bad_ones)
    assert {why for _, why in done.refused} == {"bad line"}
    assert set(picky.taken) == set(batch(1000)) - {f"m,s={i} good=1,fine=2 7" for i in bad_ones} | {
        f"m,s={i} good=1 7" for i in bad_ones
    }
    assert picky.requests < 25 * len(bad_ones) + 5
    assert done.fault is None


def test_more_bad_points_than_an_accident_explains_stop_the_batch():
    done = deliver(batch(1000, *range(MAX_REFUSED + 1)), Picky())
    assert done.fault.kind is FaultKind.REFUSED_MANY


def test_a_request_too_large_is_halved_until_it_fits():
    picky = Picky(most=60)
    done = deliver(batch(1000), picky)
    assert (done.fault, sorted(picky.taken)) == (None, sorted(batch(1000)))


def test_a_server_that_takes_no_single_line_is_a_fault():
    assert deliver(batch(3), Picky(most=0)).fault.kind is FaultKind.TOO_LARGE


def test_every_fault_has_words_and_advice():
    for kind in FaultKind:
        assert "{where}" in TEXT_EN[kind]
        assert "{where}" in TEXT_ZH[kind]
        assert ADVICE[kind]


# ------------------------------------------------------------------------------------------------ cursor


@pytest.fixture
def journal(tmp_path):
    made = Journal.open(tmp_path, keep_days=7.0)
    yield made
    made.close()


def test_progress_survives_a_restart_with_the_newest_refused_lines(tmp_path):
    journal = Journal.open(tmp_path)
    store(journal, *range(5))
    journal.note(READER, Progress(Cursor(3, 2), (Refused(1.0, "old", "why"),)))
    journal.note(READER, Progress(Cursor(4, 2), tuple(Refused(2.0, f"line {i}", "why") for i in range(1200))))
    assert journal.close()
    assert read_cursor(tmp_path / FILE, READER) == Cursor(4, 2)
    kept = read_refused(tmp_path / FILE, READER)
    assert (len(kept), kept[-1].line) == (1000, "line 1199")


def test_a_cursor_beyond_the_newest_slot_is_brought_back(tmp_path, journal):
    store(journal, 0, 1)
    journal.note(READER, Progress(Cursor(900, 800)))
    wait_until(lambda: read_cursor(tmp_path / FILE, READER).acked)
    assert read_cursor(tmp_path / FILE, READER) == Cursor(2, 2)


def days_later(journal, *days):
    for day in days:
        assert journal.append(Slot(start=START + day * DAY_S, answers=slot(0).answers)).result(10)


@pytest.mark.parametrize(
    ("settled", "days", "left"),
    [
        (None, 8, [4]),  # nobody reads it: seven days
        (3, 8, [4]),  # all settled
        (1, 8, [2, 3, 4]),  # not settled: kept
        (0, 13, [1, 2, 3, 4]),
        (0, 15, [4]),  # but not for ever
    ],
)
def test_what_a_reader_has_not_settled_outlives_retention_but_not_for_ever(
    tmp_path, journal, settled, days, left
):
    store(journal, 0, 1, 2)
    if settled is not None:
        journal.follow(READER)
        journal.note(READER, Progress(Cursor(3, settled)))
    days_later(journal, days, days)
    found = [kept.number for kept in read_slots(tmp_path / FILE, 0, 100)]
    assert found == [*left, 5] if left != [4] else found in ([4, 5], [3, 4, 5])


def test_the_number_of_a_slot_is_never_given_again(tmp_path, journal):
    store(journal, 0)
    days_later(journal, 100, 200, 300)
    assert [kept.number for kept in read_slots(tmp_path / FILE, 0, 100)] == [3, 4]


# ------------------------------------------------------------------------------------------------ rewinding


class Memory:
    """A server that keeps what it was sent; ``connections`` and ``fault`` are set by the test."""

    def __init__(self):
        self.connections, self.fault, self.lines, self.each_new = 1, None, [], False

    def write(self, lines):
        if self.each_new:
            self.connections += 1
        if self.fault is None:
            self.lines += lines
        return self.fault

    def renew(self):
        self.connections += 1


@pytest.fixture
def server():
    return Memory()


@pytest.fixture
def sending(journal, server, monkeypatch):
    monkeypatch.setattr(forwarder_thread, "SETTLE_S", 0.5)
    made = Forwarder(journal, server, encoder(), QUICK)
    yield made
    assert made.close(5)


def sent(server, number):
    """How often the slot of this number arrived."""
    stamp = str(round((START + number * 10 + 1.5) * 1e3))
    return sum(
        line.startswith("dhc_loop") and line.endswith(stamp) and "S000" in line for line in server.lines
    )


def test_what_was_sent_before_a_new_connection_is_sent_again(journal, server, sending):
    store(journal, 0, 1)
    wait_until(lambda: sent(server, 1))
    server.connections += 1
    store(journal, 2)
    wait_until(lambda: sent(server, 0) == 2)
    assert sending.stats.rewinds == 1


def test_what_is_settled_is_not_sent_again(journal, server, sending, tmp_path):
    store(journal, 0)
    wait_until(lambda: sent(server, 0))
    number = 1
    while read_cursor(tmp_path / FILE, READER).settled < 1:
        store(journal, number)
        number += 1
    server.fault = fault(FaultKind.UNREACHABLE)
    store(journal, number)
    wait_until(lambda: sending.stats.fault is not None)
    server.fault = None
    wait_until(lambda: sending.stats.rewinds == 1 and sent(server, number) >= 1)
    assert sent(server, 0) == 1


def test_a_server_that_ends_every_connection_is_not_sent_the_same_for_ever(
    journal, server, sending, tmp_path
):
    server.each_new = True
    number = 0
    while read_cursor(tmp_path / FILE, READER).settled < 50:
        store(journal, number)
        number += 1
    assert sent(server, 0) < 10


def test_a_damaged_slot_is_counted_and_passed_over(journal, server, tmp_path, monkeypatch):
    store(journal, 0, 1, 2)
    slots = read_slots(tmp_path / FILE, 0, 10)
    hurt = [slots[0], slots[1]._replace(block=b"x" + slots[1].block[1:]), slots[2]]
    monkeypatch.setattr(
        journal, "slots_after", lambda after, most: [s for s in hurt if s.number > after][:most]
    )
    sending = Forwarder(journal, server, encoder(), QUICK)
    wait_until(lambda: sent(server, 2))
    assert sending.stats.slots_damaged == 1
    assert sending.close(5)


def test_slots_that_retention_took_before_they_were_sent_are_counted(journal, server, sending):
    store(journal, 0)
    wait_until(lambda: sent(server, 0))
    server.fault = fault(FaultKind.UNREACHABLE)
    store(journal, 1)
    wait_until(lambda: sending.stats.fault is not None)
    store(journal, 2, 3)  # slot 1 is in the forwarder's hands, these are not
    days_later(journal, 20, 21, 22, 23)
    server.fault = None
    wait_until(lambda: sending.stats.unsent_since is None and sending.stats.fault is None)
    assert sending.stats.slots_missed == 2


def test_a_journal_that_can_not_be_read_is_told_and_tried_again(journal, server, monkeypatch):
    def broken(*_):
        raise sqlite3.DatabaseError("database disk image is malformed")

    store(journal, 0)
    for name in ("follow", "slots_after"):
        with monkeypatch.context() as patch:
            patch.setattr(journal, name, broken)
            sending = Forwarder(journal, server, encoder(), QUICK)
            wait_until(lambda: sending.stats.failure is not None)  # noqa: B023 - waited for at once
            assert sending.stats.failure == "the journal can not be read: database disk image is malformed"
        wait_until(lambda: sending.stats.failure is None and sending.stats.lines_sent == 6)  # noqa: B023
        assert sending.close(5)


def test_a_bug_of_ours_ends_the_thread_and_stands_in_stats(journal, server):
    class Broken:
        def encode(self, _):
            raise ZeroDivisionError("a bug")

    sending = Forwarder(journal, server, Broken(), QUICK)
    store(journal, 0)
    wait_until(lambda: sending.stats.failure is not None)
    assert sending.stats.failure == "ZeroDivisionError: a bug"
    assert sending.close(5)


def test_the_lag_is_the_age_of_the_oldest_slot_that_waits(journal, server, sending):
    assert sending.stats.lag_s(START + 100.0) == 0.0
    server.fault = fault(FaultKind.BUSY)
    store(journal, 0, 1, 2)
    wait_until(lambda: sending.stats.fault is not None)
    assert sending.stats.lag_s(START + 100.0) == 100.0
    server.fault = None
    wait_until(lambda: sending.stats.lag_s(START + 100.0) == 0.0)
