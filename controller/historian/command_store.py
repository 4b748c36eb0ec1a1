"""What the command log does to its file, statement by statement, in the one thread that may write it."""

import contextlib
import math
import os
import shutil
import sqlite3
from collections.abc import Collection, Sequence
from pathlib import Path

from controller.historian.command_rows import (
    OPEN,
    SCHEMA,
    Row,
    intent_row,
    read_intents,
    state_cells,
    to_wear,
    transition_row,
    wear_row,
)
from controller.historian.records import (
    LEGAL,
    IllegalTransition,
    Intent,
    Register,
    RegisterWrite,
    State,
    Transition,
    Wear,
    season_of,
)
from controller.historian.sqlite import open_writing, transaction

WAL_RESERVE_BYTES = 4 * 1024 * 1024
"""Grown once at each start, because deleting on a full disk fails where the WAL can not grow."""
GROW_BYTES = 8 * 1024 * 1024
"""The file grows by this much when its reserve is used up; about 15,000 intents."""
GROW_ABOVE_FREE_BYTES = 1024 * 1024 * 1024
"""It does not grow where the disk has less free: what is left is for others."""
MAX_PAGES = 2**32 - 2
"""SQLite's own limit."""
DELETE_STEP = 200
"""Old intents deleted with one commit."""
_STATES = {state.value: state for state in State}
_FINAL = frozenset(state.value for state in State if state.final)
ROOM_SHARE = 20
"""Where the file is full and does not grow, one in so many intents goes, the oldest first."""


def open_store(path: Path, reserve_bytes: int) -> sqlite3.Connection:
    """Open the file for writing, or create it with its reserve; raises sqlite3.Error."""
    if not path.exists():
        _create(path, reserve_bytes)
    connection = open_writing(path)
    try:
        connection.executescript(SCHEMA)
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        wal_bytes = min(WAL_RESERVE_BYTES, reserve_bytes)
        _reserve(connection, wal_bytes)
        _hold_size(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _create(path: Path, reserve_bytes: int) -> None:
    """Write the whole reserve under another name and rename it, so that a half-made file is never opened."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.executescript(SCHEMA)
        _reserve(connection, reserve_bytes)
    _sync(fresh, os.O_RDWR)
    os.replace(fresh, path)
    _sync(path.parent, os.O_RDONLY)


def _reserve(connection: sqlite3.Connection, size: int) -> None:
    # Deleted pages stay in the file, really allocated, and new rows take them.
    connection.execute("INSERT INTO reserve VALUES (zeroblob(?))", (size,))
    connection.execute("DELETE FROM reserve")
    checkpoint(connection)


def _hold_size(connection: sqlite3.Connection) -> None:
    # A file that may grow is full too late: the commit finds room in the WAL, and the checkpoint, which
    # grows the file, does not. Held to what is allocated, it is the commit that is refused.
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {pages}")


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def checkpoint(connection: sqlite3.Connection) -> None:
    """Bring the WAL into the main file, so that it is used afresh; what readers still need stays."""
    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


def open_ids(connection: sqlite3.Connection) -> list[int]:
    """Return the ids of intents that are not final."""
    return [number for (number,) in connection.execute(f"SELECT id FROM intents WHERE {OPEN} ORDER BY id")]


def intents_of(connection: sqlite3.Connection, ids: Sequence[int]) -> tuple[Intent, ...]:
    """Return the sound intents among ``ids``, which are ascending."""
    rows = (connection.execute("SELECT * FROM intents WHERE id = ?", (number,)).fetchone() for number in ids)
    return tuple(read_intents(rows))


def next_id(connection: sqlite3.Connection) -> int:
    """Return the first id that was never used."""
    return _maximum(connection, "SELECT max(id) FROM intents") + 1


def insert(connection: sqlite3.Connection, intents: Sequence[Intent]) -> None:
    """Add new intents, each with its first transition; raises sqlite3.IntegrityError for an id in use."""
    rows = [intent_row(intent) for intent in intents]
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO intents VALUES ({marks})", rows)
        steps = [
            Transition(intent_id=intent.id, at=intent.state_at, state=intent.state, detail=intent.detail)
            for intent in intents
        ]
        _append(connection, steps)


def take_steps(connection: sqlite3.Connection, steps: Sequence[Transition]) -> None:
    """Move intents on; raises IllegalTransition at the first step that can not follow."""
    for step in steps:
        row = connection.execute("SELECT state FROM intents WHERE id = ?", (step.intent_id,)).fetchone()
        present = None if row is None else _STATES.get(row[0])
        if present is None or step.state not in LEGAL[present]:
            raise IllegalTransition(step.intent_id, present, step.state)
        connection.execute(
            "UPDATE intents SET state = ?, state_at = ?, detail = ?, state_checksum = ? WHERE id = ?",
            (*state_cells(step.intent_id, step.state, step.at, step.detail), step.intent_id),
        )
    _append(connection, steps)


def _append(connection: sqlite3.Connection, steps: Sequence[Transition]) -> None:
    first = _maximum(connection, "SELECT max(n) FROM transitions") + 1
    rows = [transition_row(number, step) for number, step in enumerate(steps, first)]
    connection.executemany("INSERT INTO transitions VALUES (?, ?, ?, ?, ?, ?)", rows)


def count_writes(connection: sqlite3.Connection, writes: Sequence[RegisterWrite]) -> None:
    """Add each write to its register's count of the season."""
    for write in writes:
        # Plain text, also where an enumeration was given: its repr is not that of what is read back.
        register = Register(str(write.station), write.loop, str(write.point), season_of(write.at))
        row: Row | None = connection.execute(
            "SELECT * FROM wear WHERE station = ? AND loop = ? AND point = ? AND season = ?", register
        ).fetchone()
        known = None if row is None else to_wear(row)
        if row is not None and known is None:
            # Counting on from a damaged number would give it a good checksum again.
            continue
        before = 0 if known is None else known[1].writes
        cells = wear_row(register, Wear(writes=before + 1, last_at=write.at))
        connection.execute("INSERT OR REPLACE INTO wear VALUES (?, ?, ?, ?, ?, ?, ?)", cells)


def holds(connection: sqlite3.Connection, ids: Collection[int]) -> bool:
    """Tell whether every one of ``ids`` is in the log."""
    query = "SELECT 1 FROM intents WHERE id = ?"
    return all(connection.execute(query, (number,)).fetchone() is not None for number in ids)


def delete_old(connection: sqlite3.Connection, keep_s: float) -> None:
    """Delete a few final intents that are older than ``keep_s`` before the newest, with their transitions."""
    newest = connection.execute("SELECT at FROM intents ORDER BY id DESC LIMIT 1").fetchone()
    if newest is not None:
        _delete_oldest(connection, DELETE_STEP, before=newest[0] - keep_s)


def make_room(connection: sqlite3.Connection, folder: Path, rows: int) -> None:
    """Make room for ``rows``: grow, or where the disk has not much left, delete the oldest final intents."""
    checkpoint(connection)
    if shutil.disk_usage(folder).free > GROW_ABOVE_FREE_BYTES:
        connection.execute(f"PRAGMA max_page_count = {MAX_PAGES}")
        _reserve(connection, GROW_BYTES)
        _hold_size(connection)
        return
    with transaction(connection):
        (count,) = connection.execute("SELECT count(*) FROM intents").fetchone()
        _delete_oldest(connection, max(count // ROOM_SHARE, 2 * rows), before=math.inf)
    checkpoint(connection)


def _delete_oldest(connection: sqlite3.Connection, limit: int, before: float) -> None:
    last = 0
    for number, at, state in connection.execute(
        "SELECT id, at, state FROM intents ORDER BY id LIMIT ?", (limit,)
    ):
        if at >= before or state not in _FINAL:
            break
        last = number
    if not last:
        return
    connection.execute("DELETE FROM intents WHERE id <= ?", (last,))
    # Steps lie in order of time, not of intent; only those before the first step of an intent that is
    # kept may go, so that their numbers stay without a gap.
    (oldest,) = connection.execute("SELECT min(n) FROM transitions WHERE intent > ?", (last,)).fetchone()
    connection.execute("DELETE FROM transitions WHERE n < ?", (oldest or 0,))


def _maximum(connection: sqlite3.Connection, query: str) -> int:
    (number,) = connection.execute(query).fetchone()
    return number or 0
