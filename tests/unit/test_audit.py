"""The audit: every entry in its place, and every way of tampering found."""

import asyncio
import json
import math
import sqlite3
import time

import pytest

from controller.audit import outbox
from controller.audit.entry import GENESIS, Event, chained
from controller.audit.log import FILE, AuditError, AuditLog
from controller.audit.verify import verify
from controller.cli import main
from controller.commands.exit_codes import FAILED, OK, WRONG_USE
from controller.historian.records import Intent, State
from controller.smallstore import SmallStore
from stations.model.setpoint import CirculationChannel, HeatChannel
from tests.support.api_bench import ApiBench
from tests.support.sites import write_site


def event(number, **changes):
    fields = {
        "key": f"e{number}",
        "at": 1e9 + number,
        "kind": "login",
        "actor": "olga",
        "data": {"from": "10.0.0.7", "n": number, "名": "城北"},
    }
    return Event(**(fields | changes))


async def written(folder, count=10):
    log = AuditLog(folder)
    for number in range(1, count + 1):
        await log.append([event(number)])
    head = log.head
    log.close()
    return head


def tampered(folder, *statements):
    connection = sqlite3.connect(folder / FILE, isolation_level=None)
    for statement in statements:
        connection.execute(*statement)
    connection.close()


# ------------------------------------------------------------------ writing


async def test_entries_are_numbered_without_a_gap_and_chained(tmp_path):
    log = AuditLog(tmp_path)
    assert log.head == (0, GENESIS)
    await asyncio.gather(*(log.append([event(i), event(i + 100)]) for i in range(20)))
    entries = log.newest(100)
    assert [entry.seq for entry in entries] == list(range(40, 0, -1))
    assert log.head == (40, entries[0].hash)
    assert [entry.seq for entry in log.newest(3, before=10)] == [9, 8, 7]
    log.close()
    found = verify(tmp_path)
    assert (found.entries, found.head, found.fault) == (40, entries[0].hash, None)


async def test_the_chain_goes_on_after_a_restart(tmp_path):
    head = await written(tmp_path, 3)
    log = AuditLog(tmp_path)
    assert log.head == head
    await log.append([event(4)])
    log.close()
    assert verify(tmp_path, head).entries == 4


async def test_the_same_event_told_again_stands_there_once(tmp_path):
    log = AuditLog(tmp_path)
    await log.append([event(1), event(2)])
    await log.append([event(2), event(3)])
    log.note([event(3)])
    await log.append([])
    assert [entry.event.key for entry in log.newest(10)] == ["e3", "e2", "e1"]
    log.close()


@pytest.mark.parametrize("data", [{"x": math.nan}, {"x": math.inf}, {"x": object()}, {"x": {1, 2}}])
async def test_what_is_no_json_is_refused_and_the_rest_goes_on(tmp_path, data):
    log = AuditLog(tmp_path)
    with pytest.raises(AuditError):
        await log.append([event(1, data=data)])
    assert log.fault
    await log.append([event(2)])
    assert (log.fault, log.head[0]) == (None, 1)
    log.close()


async def test_a_disk_that_takes_nothing_is_told_and_loses_nothing_that_was_acknowledged(tmp_path):
    log = AuditLog(tmp_path)
    await log.append([event(1)])
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    log_busy = asyncio.create_task(log.append([event(2)]))
    with pytest.raises(AuditError, match="locked"):
        await log_busy
    assert "locked" in log.fault
    other.execute("ROLLBACK")
    other.close()
    await log.append([event(2)])
    assert log.fault is None
    log.close()
    assert verify(tmp_path).entries == 2


async def test_a_damaged_log_is_set_aside_and_a_new_chain_begins(tmp_path):
    await written(tmp_path)
    (tmp_path / FILE).write_bytes(b"this is no database, whatever it was before" * 100)
    log = AuditLog(tmp_path)
    assert log.set_aside == f"{FILE}.damaged-1"
    assert log.head == (0, GENESIS)
    log.close()


# ------------------------------------------------------------------ tampering


TAMPERINGS = {
    "an edited text": [("UPDATE entries SET text = replace(text, 'olga', 'otto') WHERE seq = 4",)],
    "an edited hash": [("UPDATE entries SET hash = ? WHERE seq = 4", ("0" * 64,))],
    "an edited key": [("UPDATE entries SET key = 'other' WHERE seq = 4",)],
    "a deleted entry": [("DELETE FROM entries WHERE seq = 4",)],
    "a deleted beginning": [("DELETE FROM entries WHERE seq <= 4",)],
    "a deleted one, the others moved up": [
        ("DELETE FROM entries WHERE seq = 4",),
        ("UPDATE entries SET seq = seq - 1 WHERE seq > 4",),
    ],
    "two swapped": [
        ("UPDATE entries SET seq = -1 WHERE seq = 4",),
        ("UPDATE entries SET seq = 4 WHERE seq = 5",),
        ("UPDATE entries SET seq = 5 WHERE seq = -1",),
    ],
    "an added one": [("INSERT INTO entries VALUES (11, 'x', '{}', ?)", ("f" * 64,))],
}


@pytest.mark.parametrize("name", TAMPERINGS)
async def test_tampering_breaks_the_chain(tmp_path, name):
    await written(tmp_path)
    tampered(tmp_path, *TAMPERINGS[name])
    found = verify(tmp_path)
    assert found.fault is not None
    assert found.entries in ({10} if name == "an added one" else {3, 0} if "beginning" in name else {3})


async def test_an_entry_of_ones_own_with_a_right_hash_is_no_entry(tmp_path):
    head = await written(tmp_path)
    text = '{"seq":11}'
    tampered(tmp_path, ("INSERT INTO entries VALUES (11, 'x', ?, ?)", (text, chained(head[1], text))))
    assert "is no entry" in verify(tmp_path).fault


async def test_a_cut_end_is_found_by_an_anchor_only(tmp_path):
    head = await written(tmp_path)
    tampered(tmp_path, ("DELETE FROM entries WHERE seq > 7",))
    assert verify(tmp_path).fault is None
    assert "cut off" in verify(tmp_path, head).fault


async def test_a_chain_that_was_written_anew_is_found_by_an_anchor(tmp_path):
    head = await written(tmp_path)
    (tmp_path / FILE).unlink()
    log = AuditLog(tmp_path)
    await log.append([event(i, actor="otto") for i in range(1, 12)])
    log.close()
    assert verify(tmp_path).fault is None
    assert "noted elsewhere" in verify(tmp_path, head).fault


async def test_twenty_thousand_entries_are_verified_in_seconds(tmp_path):
    log = AuditLog(tmp_path)
    for start in range(0, 20_000, 5_000):
        await log.append([event(i) for i in range(start, start + 5_000)])
    log.close()
    began = time.monotonic()
    assert verify(tmp_path).entries == 20_000
    assert time.monotonic() - began < 10.0


# ------------------------------------------------------------------ what is told to it


async def test_events_of_a_store_reach_the_audit_exactly_once_whatever_breaks_in_between(
    tmp_path, monkeypatch
):
    log, store = AuditLog(tmp_path), SmallStore(tmp_path / "small.db", outbox.SCHEMA)
    with store.writing() as connection:
        for number in range(5):
            outbox.leave(connection, 1e9, "login", "olga", {"n": number})
    with monkeypatch.context() as killed:
        killed.setattr(outbox, "_mark", lambda *_: (_ for _ in ()).throw(sqlite3.OperationalError("killed")))
        with pytest.raises(sqlite3.OperationalError):
            await outbox.carry(store, log)
    assert await outbox.carry(store, log) == 5
    assert await outbox.carry(store, log) == 0
    assert [entry.event.data["n"] for entry in reversed(log.newest(10))] == [0, 1, 2, 3, 4]
    log.close()


async def test_events_of_a_transaction_that_failed_are_not_told(tmp_path):
    log, store = AuditLog(tmp_path), SmallStore(tmp_path / "small.db", outbox.SCHEMA)

    def fail(connection):
        outbox.leave(connection, 1e9, "login", "olga", {})
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await store.write(fail)
    assert await outbox.carry(store, log) == 0
    log.close()


def intent(number, token=7):
    return Intent(
        id=number,
        at=1e9,
        station=f"S{number:03}",
        loop=1,
        token=token,
        sequence=1,
        T_supply_set=60.0,
        m_flow_set=30.0,
        heat_channel=HeatChannel.T_SUPPLY,
        heat_value=60.0,
        circulation_channel=CirculationChannel.M_FLOW,
        circulation_value=30.0,
        author="operator:olga",
        reason=(),
        previous_T_supply_set=59.0,
        previous_m_flow_set=30.0,
        valid_until=1e9 + 120,
        state=State.REQUESTED,
        state_at=1e9,
    )


async def test_what_a_cycle_writes_is_one_entry(tmp_path):
    bench = ApiBench(tmp_path)
    bench.room.witness([])
    bench.room.witness([intent(1), intent(2)])
    await bench.room.audit.append([])
    (entry,) = bench.room.audit.newest(10)
    assert entry.event.kind == "writes"
    assert entry.event.data["rows"][1] == [2, "S002", 1, 60.0, 30.0, "operator:olga"]
    bench.close()


def told(room):
    """(token, ids, told late) of each entry of writes, oldest first."""
    entries = [entry.event.data for entry in reversed(room.audit.newest(100)) if entry.event.kind == "writes"]
    return [(data["token"], [row[0] for row in data["rows"]], data.get("late", False)) for data in entries]


async def test_what_a_killed_controller_committed_and_told_nobody_is_told_at_the_next_start_once(tmp_path):
    bench = ApiBench(tmp_path)
    committed = [*(intent(n, token=7) for n in range(1, 7)), *(intent(n, token=8) for n in range(7, 10))]
    bench.room.witness(committed[:2])
    bench.room.witness(committed[3:5])  # the commit of 3 came too late, 6 was killed before it was told
    bench.room.witness(committed[6:8])
    await bench.room.audit.append([])
    for _ in range(2):
        bench.room.witness_again(committed)
        await bench.room.audit.append([])
    assert told(bench.room) == [
        (7, [1, 2], False),
        (7, [4, 5], False),
        (8, [7, 8], False),
        (7, [3, 6], True),
        (8, [9], True),
    ]
    assert verify(bench.site.data).fault is None
    bench.close()


async def test_a_command_log_that_began_anew_is_not_taken_for_what_was_told_before(tmp_path):
    bench = ApiBench(tmp_path)
    bench.room.witness([intent(n, token=7) for n in range(1, 50)])
    await bench.room.audit.append([])
    bench.room.witness_again([intent(1, token=9)])
    await bench.room.audit.append([])
    assert told(bench.room)[-1] == (9, [1], True)
    bench.close()


async def test_old_writes_are_found_behind_many_other_entries(tmp_path, monkeypatch):
    monkeypatch.setattr("controller.audit.written.PAGE", 3)
    bench = ApiBench(tmp_path)
    for number in range(1, 5):
        bench.room.witness([intent(number)])
        await bench.room.audit.append([event(100 * number + n) for n in range(5)])
    bench.room.witness_again([intent(2), intent(3), intent(4)])
    await bench.room.audit.append([])
    assert [ids for _, ids, _ in told(bench.room)] == [[1], [2], [3], [4]]
    bench.close()


async def test_an_audit_that_was_tampered_with_ends_no_start(tmp_path):
    bench = ApiBench(tmp_path)
    bench.room.witness([intent(1)])
    await bench.room.audit.append([])
    tampered(bench.site.data, ("UPDATE entries SET text = 'no entry'",))
    bench.room.witness_again([intent(2)])
    bench.close()


async def test_an_audit_that_can_not_be_written_is_an_alarm_until_it_can(tmp_path):
    bench = ApiBench(tmp_path)
    bench.room.audit.fault = "disk full"
    await bench.room.round()
    (alarm,) = bench.state.alarms
    assert "audit" in alarm.en
    await bench.room.audit.append([event(1)])
    await bench.room.round()
    assert bench.state.alarms == []
    bench.close()


# ------------------------------------------------------------------ the command


async def test_the_command_verifies_and_says_where_it_breaks(tmp_path, capsys):
    site = write_site(tmp_path / "site")
    data = site / "data"
    data.mkdir()
    run = ["audit", "verify", str(site)]
    assert main(run) == WRONG_USE
    seq, digest = await written(data)
    assert main(run) == OK
    assert f"head 10:{digest}" in capsys.readouterr().out
    assert main([*run, "--head", f"{seq}:{digest}"]) == OK
    assert main([*run, "--head", f"11:{digest}"]) == FAILED
    assert "cut off" in capsys.readouterr().err
    tampered(data, ("DELETE FROM entries WHERE seq = 4",))
    assert main([*run, "--json"]) == FAILED
    out, err = capsys.readouterr()
    assert json.loads(out)["entries"] == 3
    assert "entry 4 is missing" in err


@pytest.mark.parametrize("head", ["11", "x:y", "11:abc", "0:" + "0" * 64])
def test_an_anchor_that_is_none_is_wrong_use(tmp_path, head):
    with pytest.raises(SystemExit) as ended:
        main(["audit", "verify", str(tmp_path), "--head", head])
    assert ended.value.code == WRONG_USE
