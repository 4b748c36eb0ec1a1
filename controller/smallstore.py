"""Small files that two processes may write: accounts and orders.

A connection of its own for each piece of work and a rollback journal, not a WAL: the engineer's command line
(`dhc user`) writes beside the running controller, and a WAL bears only one writer safely
(``controller/historian/sqlite.py``). They are written at the pace of people.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from controller.historian.sqlite import is_damaged, set_aside

_T = TypeVar("_T")

PATIENCE_S = 5.0
"""Wall seconds to wait for the other process's transaction."""


class SmallStore:
    """One SQLite file, readable for its owner only. May be used from any thread."""

    def __init__(self, path: Path, schema: str) -> None:
        """Open or create the file in a folder that exists; raises OSError, sqlite3.Error."""
        self.path = path
        self.set_aside: str | None = None
        """New name of a damaged file that was found here; its content is missing from now on."""
        try:
            self._begin(schema)
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            # What people laid down is lost, and said so; heating must not wait for its repair.
            self.set_aside = set_aside(path)
            self._begin(schema)

    def _begin(self, schema: str) -> None:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            os.fchmod(descriptor, 0o600)
        finally:
            os.close(descriptor)
        with self._connection() as connection:
            connection.executescript(schema)

    @contextlib.contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Do one transaction: all of it is on the disk at the end of the block, or nothing."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:  # a cancellation too takes the transaction back
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    @contextlib.contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Look at one moment of the file."""
        with self._connection() as connection:
            connection.execute("BEGIN")
            yield connection

    async def write(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work`` as one transaction in a thread; raises what it raises, and sqlite3.Error."""

        def run() -> _T:
            with self.writing() as connection:
                return work(connection)

        return await asyncio.to_thread(run)

    async def read(self, work: Callable[[sqlite3.Connection], _T]) -> _T:
        """Do ``work``, which only reads, in a thread."""

        def run() -> _T:
            with self.reading() as connection:
                return work(connection)

        return await asyncio.to_thread(run)

    @contextlib.contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with contextlib.closing(
            sqlite3.connect(self.path, timeout=PATIENCE_S, isolation_level=None)
        ) as connection:
            connection.row_factory = sqlite3.Row
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            yield connection
