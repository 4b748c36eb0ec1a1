"""The audit log: append only, chained by hashes, in a file of its own with one writer.

An edit, a deletion or a swap breaks the chain; a cut end does not, so the newest hash also goes to the log
stream every hour, where whoever edits this file does not reach it. See ``controller/audit/verify.py``.
"""

import asyncio
import sqlite3
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from controller.audit.entry import GENESIS, Entry, Event, canonical, chained, event_of
from controller.historian.sqlite import is_damaged, open_reading, open_writing, set_aside, transaction
from controller.historian.writer import WriterThread

FILE = "audit.db"
CLOSE_S = 5.0
"""Wall seconds that closing waits for the last commit."""
MAX_WAITING = 20_000
"""Events that may wait for the disk; later ones are refused, which is an alarm."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    seq INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, text TEXT NOT NULL, hash TEXT NOT NULL
) STRICT;
"""


class AuditError(Exception):
    """The audit can not be written now; ``why`` is for the alarm."""

    def __init__(self, why: str) -> None:
        super().__init__(f"audit: {why}")
        self.why = why


@dataclass(frozen=True, slots=True)
class _Call:
    events: Sequence[Event]
    done: Future[None] = field(default_factory=Future)


class AuditLog:
    """The only writer of ``audit.db``. ``append`` and ``note`` are for the event loop and never block it."""

    def __init__(self, folder: Path) -> None:
        """Open or create the log in ``folder``, which exists; raises AuditError."""
        self.fault: str | None = None
        """Why the last append failed; None when it succeeded."""
        self._path = folder / FILE
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._waiting = 0
        self._head = (0, GENESIS)
        self._connection: sqlite3.Connection
        self.set_aside: str | None = None
        """New name of a damaged log that was found here; a new chain has begun."""
        try:
            self._writer = self._writing()
        except sqlite3.Error as error:
            if not is_damaged(error):
                raise AuditError(f"{self._path} can not be opened: {error}") from error
            self.set_aside = set_aside(self._path)
            self._writer = self._writing()

    def _writing(self) -> WriterThread:
        return WriterThread(
            "audit", start=self._start, drain=self._drain, stop=self._stop, failed=self._give_up
        )

    @property
    def head(self) -> tuple[int, str]:
        """(seq, hash) of the newest entry: the anchor; (0, zeros) before the first."""
        return self._head

    async def append(self, events: Sequence[Event]) -> None:
        """Add events, all or none; when it returns they survive a power cut. Raises AuditError.

        An event whose key is in the log already is not added again.
        """
        await asyncio.wrap_future(self._post(events))

    def note(self, events: Sequence[Event]) -> None:
        """Add events soon; a failure shows in ``fault``. For what must not wait (the control cycle)."""
        self._post(events)

    def close(self) -> None:
        """Write what waits and stop."""
        self._writer.close(CLOSE_S)

    def newest(self, limit: int, before: int | None = None) -> list[Entry]:
        """Return the newest entries, those before ``before`` where given, newest first; any thread."""
        top = 2**62 if before is None else before
        with open_reading(self._path) as connection:
            rows = connection.execute(
                "SELECT text, hash FROM entries WHERE seq < ? ORDER BY seq DESC LIMIT ?", (top, limit)
            ).fetchall()
        found = []
        for text, digest in rows:
            seq, event = event_of(text)
            found.append(Entry(seq=seq, event=event, hash=digest))
        return found

    # ---------------------------------------------------------------- the writing thread

    def _post(self, events: Sequence[Event]) -> Future[None]:
        call = _Call(events)
        with self._lock:
            full = self._waiting + len(events) > MAX_WAITING
            if not full and self._writer.failure is None:
                self._calls.append(call)
                self._waiting += len(events)
        if full or self._writer.failure is not None:
            self.fault = (
                "too much waits for the disk" if full else f"a bug ended it: {self._writer.failure!r}"
            )
            call.done.set_exception(AuditError(self.fault))
        self._writer.wake()
        return call.done

    def _start(self) -> None:
        self._path.touch(mode=0o600)
        self._connection = open_writing(self._path)
        try:
            self._connection.executescript(SCHEMA)
            newest = "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1"
            row = self._connection.execute(newest).fetchone()
        except sqlite3.Error:
            self._connection.close()
            raise
        if row is not None:
            self._head = (row[0], row[1])

    def _drain(self) -> None:
        with self._lock:
            calls, self._calls = self._calls, []
            self._waiting = 0
        if not calls:
            return
        try:
            with transaction(self._connection):
                head = self._add([event for call in calls for event in call.events])
        except (sqlite3.Error, ValueError, TypeError) as error:
            # ValueError, TypeError: an event that is no JSON. A bug, but its caller's, not this thread's.
            self.fault = str(error)
            for call in calls:
                call.done.set_exception(AuditError(self.fault))
            return
        self._head, self.fault = head, None
        for call in calls:
            call.done.set_result(None)

    def _add(self, events: Sequence[Event]) -> tuple[int, str]:
        seq, digest = self._head
        known = "SELECT 1 FROM entries WHERE key = ?"
        for event in events:
            if self._connection.execute(known, (event.key,)).fetchone() is not None:
                continue
            seq += 1
            text = canonical(seq, event)
            digest = chained(digest, text)
            row = (seq, event.key, text, digest)
            self._connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", row)
        return seq, digest

    def _stop(self) -> None:
        self._connection.close()

    def _give_up(self, error: BaseException) -> None:
        self.fault = f"a bug ended it: {error!r}"
        with self._lock:
            calls, self._calls = self._calls, []
        for call in calls:
            call.done.set_exception(AuditError(self.fault))
