"""The stores under a power cut, as near as a test comes: killed writers, cut logs, full disks."""

import asyncio
import contextlib
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from controller.historian.command_log import CommandLog
from controller.historian.journal import Journal
from controller.historian.records import CommandLogError, State
from tests.support.history import SLOT_S, START, SUPPLY, intent, slot, step, wait_until

SMALL = 1 << 18
ROOT = Path(__file__).resolve().parents[2]


def run_and_kill(folder, first_slot, lines):
    """Let a writer run until it has told `lines` lines, kill it, and return all that it told."""
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.support.history", str(folder), str(first_slot)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    told = [child.stdout.readline() for _ in range(lines)]
    child.kill()
    told += child.stdout.readlines()
    child.stdout.close()
    assert child.wait() == -9
    assert all(line for line in told), "the writer ended by itself"
    # The last line may have been cut in the middle.
    return [line.split() for line in told if line.endswith("\n")]


def numbers(told, word):
    return {int(number) for line in told if line[0] == word for number in line[1:]}


@pytest.mark.soak
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_acknowledged_is_lost_or_torn_by_a_kill(tmp_path, soak):
    kills = soak.pick(reduced=10, full=200)
    generator = random.Random(6)
    committed, confirmed, slots, tokens = set(), set(), set(), []
    for _ in range(kills):
        told = run_and_kill(tmp_path, max(slots, default=-1) + 2, generator.randrange(2, 60))
        tokens += numbers(told, "token")
        committed |= numbers(told, "committed")
        confirmed |= numbers(told, "confirmed")
        slots |= numbers(told, "slot")
    assert tokens == sorted(set(tokens))

    log = CommandLog.open(tmp_path, now=START, reserve_bytes=SMALL)
    stored = {found.id: found for found in log.recent(1_000_000)}
    writes = sum(wear.writes for wear in log.wear().values())
    assert log.verify() == ()
    log.close()
    assert committed <= stored.keys()
    assert all(stored[number].state is State.CONFIRMED for number in confirmed)
    for number, found in stored.items():
        expected = intent(number)
        assert (found.T_supply_set, found.reason, found.at) == (expected.T_supply_set, expected.reason, START)
        assert found.state in {State.CONFIRMED, State.EXPIRED}
    # A batch of ten is stored wholly or not at all.
    assert len(stored) % 10 == 0
    assert len(committed) / 10 - kills <= writes <= len(stored) / 10

    journal = Journal.open(tmp_path)
    series = journal.history("S001", SUPPLY, START, START + SLOT_S * (max(slots) + 3), max_points=1_000_000)
    journal.close()
    found = {sample.measured_at: sample.value for sample in series.samples}
    expected = {n: slot(n).answers[1].readings[SUPPLY] for n in range(max(slots) + 3)}
    assert all(found[expected[n].measured_at] == expected[n].value for n in slots)
    assert found.items() <= {(reading.measured_at, reading.value) for reading in expected.values()}
    assert series.damaged == ()
    soak.record(kills=kills, intents=len(committed), slots=len(slots), lost=0)


def copied(folder, target, *names):
    """Copy the files of a store that is in use, by another process: to close them here drops its locks."""
    target.mkdir()
    subprocess.run(["cp", *(str(folder / name) for name in names), str(target)], check=True)
    return target


@pytest.mark.parametrize("share", [0.0, 0.3, 0.6, 0.95, 0.999])
def test_a_journal_whose_log_was_cut_has_a_beginning_and_no_half_slot(tmp_path, share):
    journal = Journal.open(tmp_path)
    for number in range(40):
        journal.append(slot(number)).result(10.0)
    target = copied(tmp_path, tmp_path / "cut", "store.db", "store.db-wal")
    journal.close()
    wal = target / "store.db-wal"
    os.truncate(wal, int(wal.stat().st_size * share))
    again = Journal.open(target)
    series = again.history("S002", SUPPLY, START, START + SLOT_S * 40)
    assert again.append(slot(40)).result(10.0)
    again.close()
    assert [s.value for s in series.samples] == [
        slot(n).answers[2].readings[SUPPLY].value for n in range(series.stored)
    ]
    assert series.damaged == ()
    assert (series.stored == 0) == (share == 0.0)


@pytest.mark.parametrize("seed", range(10))
async def test_a_command_log_with_garbage_at_its_end_keeps_whole_batches(tmp_path, seed):
    log = CommandLog.open(tmp_path, now=START, reserve_bytes=1 << 16)
    for _ in range(15):
        await log.commit([intent(number) for number in log.next_ids(7)])
    target = copied(tmp_path, tmp_path / "cut", "commands.db", "commands.db-wal")
    log.close()
    generator = random.Random(seed)
    wal = target / "commands.db-wal"
    content = bytearray(wal.read_bytes())
    # The frames of the fifteen batches lie in front; behind them is the reserve of the start.
    place = generator.randrange(len(content))
    content[place : place + 8192] = generator.randbytes(8192)
    wal.write_bytes(content)
    again = CommandLog.open(target, now=START, reserve_bytes=1 << 16)
    stored = again.recent(1000)
    assert again.verify() == ()
    again.close()
    assert len(stored) % 7 == 0
    assert [found.id for found in reversed(stored)] == list(range(1, len(stored) + 1))


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MiB of its own; only root may mount one."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode != 0:
        pytest.skip("may not mount a file system here; the unit tests fill a store by its own limit")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill_up(folder):
    """Leave no free block in the file system of `folder`; return the file that takes them."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"x" * 4096)
    assert shutil.disk_usage(folder).free == 0
    return filler


async def test_a_disk_filled_by_others_stops_history_and_no_command(small_disk):
    log = CommandLog.open(small_disk, now=START, reserve_bytes=2 << 20)
    journal = Journal.open(small_disk)
    assert journal.append(slot(0)).result(10.0)
    filler = fill_up(small_disk)

    number = 1
    while journal.stats.last_error is None:
        journal.append(slot(number, stations=200))
        number += 1
        wait_until(lambda: journal.stats.pending == 0 or journal.stats.last_error)
    assert journal.stats.disk_full

    # More than the reserve holds: the oldest final intents make room.
    for _ in range(60):
        ids = log.next_ids(200)
        async with asyncio.timeout(5.0):
            await log.commit([intent(i) for i in ids])
            await log.record([step(i, State.REJECTED) for i in ids])
    assert log.recent(1)[0].id == 60 * 200
    assert log.stats.errors == 0

    filler.unlink()
    assert journal.append(slot(number)).result(10.0)
    stats = journal.stats
    assert (stats.slots, stats.dropped, stats.last_error) == (number + 1, 0, None)
    assert log.verify() == ()
    journal.close()
    log.close()


async def test_a_controller_that_starts_on_a_full_disk_is_told_so(small_disk):
    fill_up(small_disk)
    with pytest.raises(CommandLogError, match="full"):
        CommandLog.open(small_disk, now=START)
