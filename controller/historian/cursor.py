"""How far a reader outside has got in the journal, kept in the journal itself, and what it had to leave out.

Two numbers of slots make a cursor. Up to ``acked`` the other side has said that it took everything; up to
``settled`` it said so long enough ago that it must lie on its disk by now. A reader that begins anew, or that
has lost sight of the other side for a moment, begins after ``settled``: an acknowledgement is no durability.
"""

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from controller.historian.sqlite import open_reading

KEEP_UNSETTLED_DAYS = 14.0
"""Slots that a reader has not settled outlive the journal's retention, up to this age: a holiday with nobody
at the server. 1,000 stations store about 360 MB a day."""
KEEP_REFUSED = 1000
"""Refused lines kept, the newest; all are counted."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS cursors (
    reader TEXT PRIMARY KEY, acked INTEGER NOT NULL, settled INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS refused (
    id INTEGER PRIMARY KEY, reader TEXT NOT NULL, at REAL NOT NULL, line TEXT NOT NULL, why TEXT NOT NULL
);
"""
_EVERY_SLOT = 2**62


class Cursor(NamedTuple):
    """Numbers of slots: acknowledged, and surely kept on the other side. 0: nothing yet."""

    acked: int = 0
    settled: int = 0


class Refused(NamedTuple):
    """A line that the other side would not take, in its own words, at UTC second ``at``."""

    at: float
    line: str
    why: str


class Progress(NamedTuple):
    """What a reader wants kept."""

    cursor: Cursor
    refused: tuple[Refused, ...] = ()

    def after(self, earlier: "Progress") -> "Progress":
        """Return both as one, where ``earlier`` could not be stored yet."""
        return Progress(self.cursor, (*earlier.refused, *self.refused)[-KEEP_REFUSED:])


class StoredSlot(NamedTuple):
    """A slot as it lies in the journal."""

    number: int
    start: float
    """UTC seconds."""
    block: bytes


def read_cursor(path: Path, reader: str) -> Cursor:
    """Return where a reader stands. Raises sqlite3.Error.

    Never beyond the newest slot: where the end of a damaged file was lost, its numbers are given anew.
    """
    with open_reading(path) as connection:
        row = connection.execute("SELECT acked, settled FROM cursors WHERE reader = ?", (reader,)).fetchone()
        (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM slots").fetchone()
    acked, settled = row or (0, 0)
    return Cursor(min(acked, newest), min(settled, newest))


def read_slots(path: Path, after: int, most: int) -> list[StoredSlot]:
    """Return up to ``most`` slots that follow slot number ``after``, in their order. Raises sqlite3.Error."""
    with open_reading(path) as connection:
        rows = connection.execute(
            "SELECT id, start, CAST(block AS BLOB) FROM slots WHERE id > ? ORDER BY id LIMIT ?", (after, most)
        )
        return [StoredSlot(*row) for row in rows]


def read_refused(path: Path, reader: str) -> list[Refused]:
    """Return the newest refused lines, oldest first. Raises sqlite3.Error."""
    with open_reading(path) as connection:
        rows = connection.execute(
            "SELECT at, line, why FROM refused WHERE reader = ? ORDER BY id", (reader,)
        ).fetchall()
    return [Refused(*row) for row in rows]


def write_progress(connection: sqlite3.Connection, reader: str, progress: Progress) -> None:
    """Store a reader's progress: for the journal's writing thread, inside its transaction."""
    connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)", (reader, *progress.cursor))
    if progress.refused:
        connection.executemany(
            "INSERT INTO refused (reader, at, line, why) VALUES (?, ?, ?, ?)",
            [(reader, *refused) for refused in progress.refused],
        )
        connection.execute(
            "DELETE FROM refused WHERE id <= (SELECT max(id) FROM refused) - ?", (KEEP_REFUSED,)
        )


def delete_old(
    connection: sqlite3.Connection, most: int, before: float, newest: float, settled: Sequence[int]
) -> None:
    """Delete up to ``most`` of the oldest slots that began before UTC second ``before``.

    A slot that one of the readers (``settled``: their numbers) still needs stays until it is
    ``KEEP_UNSETTLED_DAYS`` older than the ``newest``. The last slot always stays: SQLite would give its
    number again, and readers would take the next slot for one that they have had.
    """
    connection.execute(
        "DELETE FROM slots WHERE id IN (SELECT id FROM slots ORDER BY id LIMIT ?)"
        " AND id < (SELECT max(id) FROM slots) AND start < ? AND (id <= ? OR start < ?)",
        (most, before, min(settled, default=_EVERY_SLOT), newest - KEEP_UNSETTLED_DAYS * 86_400.0),
    )
