"""A damaged command log: every flipped byte is found, bad rows are named, and control goes on."""

import random
import shutil

import pytest

from controller.historian.command_log import CommandLog
from controller.historian.records import CommandLogError, RegisterWrite, State
from controller.historian.sqlite import open_writing
from tests.support.history import START, intent, reopen, step


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
