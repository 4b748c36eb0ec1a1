"""How the stores open SQLite: one writing connection per file, and readers that can not disturb it.

The rule is not a matter of taste. SQLite up to 3.51.2 (Debian 12 ships 3.40.1) can lose a committed
transaction when two connections write or checkpoint the same WAL at the same instant. So exactly one
connection, in one thread, writes and checkpoints a file; all others open it read only.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""Primary result codes of a file that is no sound database."""


class StoreDamaged(sqlite3.DatabaseError):
    """SQLite complains about a damaged file in words that are damaged themselves."""


def open_writing(path: Path) -> sqlite3.Connection:
    """Open the one writing connection of ``path``: WAL, and every commit on the disk before it returns.

    May be used only in the thread that opened it; transactions are begun and ended by hand.
    """
    connection = sqlite3.connect(path, isolation_level=None)
    connection.text_factory = _text
    try:
        with _readable_errors():
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


@contextlib.contextmanager
def open_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Open ``path`` read only for one short piece of work, in any thread, and close it again.

    Short, because as long as a reader holds its snapshot the WAL can not be used afresh and grows.
    """
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    connection.text_factory = _text
    try:
        with _readable_errors():
            connection.execute("BEGIN")
            yield connection
    finally:
        connection.close()


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Commit what is done inside, or nothing of it; raises sqlite3.Error where the store can not take it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # a cancellation too takes the transaction back
        # SQLite may have rolled back by itself, e.g. on a full disk.
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


@contextlib.contextmanager
def _readable_errors() -> Iterator[None]:
    try:
        yield
    except UnicodeDecodeError as error:
        # sqlite3 quotes the broken schema in its error and stumbles over the quotation.
        raise StoreDamaged("the database schema is malformed") from error


def _text(cell: bytes) -> str:
    """Return the text of a cell, legible also where it is damaged; its checksum tells."""
    return cell.decode("utf-8", "backslashreplace")


def is_damaged(error: sqlite3.Error) -> bool:
    """Tell whether ``error`` says that the file itself is broken, not the disk full or the file locked."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return isinstance(error, StoreDamaged) or code in DAMAGED


def is_full(error: sqlite3.Error) -> bool:
    """Tell whether ``error`` says that there is no room: on the disk, or within the file's set limit."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL


def set_aside(path: Path) -> str:
    """Rename a damaged store with its WAL so that a fresh one can begin; return the new name.

    Nothing is deleted: ``sqlite3 <name> .recover`` may still save most of it.
    """
    number = 1
    while (target := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        with contextlib.suppress(FileNotFoundError):
            os.replace(f"{path}{suffix}", f"{target}{suffix}")
    return target.name


def size_on_disk(path: Path) -> int:
    """Return the bytes of a store and its WAL."""
    total = 0
    for suffix in ("", "-wal"):
        with contextlib.suppress(FileNotFoundError):
            total += os.stat(f"{path}{suffix}").st_size
    return total
