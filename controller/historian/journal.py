"""The journal: every reading of the last days, one checked block for each slot, in SQLite.

The control path hands over a slot and never waits. A thread of its own encodes and commits it; while the
disk is full or slow, encoded slots wait in memory, and when there are too many the oldest are given up and
counted. History may be lost, control may not.
"""

import sqlite3
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from controller.historian import cursor, instants, query
from controller.historian.cursor import Cursor, Progress, StoredSlot
from controller.historian.encoding import Encoder
from controller.historian.slot import JournalStats, Series, Slot
from controller.historian.sqlite import (
    is_damaged,
    is_full,
    open_writing,
    set_aside,
    size_on_disk,
    transaction,
)
from controller.historian.writer import WriterThread
from stations.model.identity import Point
from stations.model.reading import Reading

FILE = "store.db"
KEEP_DAYS = 7.0
RETENTION_STEP = 8
"""Old slots deleted with each new one: one would keep pace, the rest catches up after a pause."""
MAX_UNENCODED = 12
"""Slots waiting as objects: two minutes. 20,000 readings are about 4 MB, so this queue is short."""
MAX_UNSAVED = 360
"""Encoded slots waiting for the disk: an hour; about 15 MB for 1,000 stations."""
CLOSE_S = 5.0
"""Wall seconds that closing waits for the last commit."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS slots (id INTEGER PRIMARY KEY, start REAL NOT NULL, block BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS slots_by_start ON slots (start);
"""


class _Taken(NamedTuple):
    slot: Slot
    readings: int
    saved: Future[bool]


class _Encoded(NamedTuple):
    start: float
    block: bytes
    readings: int
    saved: Future[bool]


class Journal:
    """The only writer of ``store.db``. ``append`` belongs to the event loop, the read side to any thread."""

    def __init__(self, folder: Path, *, keep_days: float, max_bytes: int | None) -> None:
        """Do not call; use ``open``."""
        self._path = folder / FILE
        self._keep_s = keep_days * 86_400.0
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._taken: deque[_Taken] = deque()
        self._encoded: deque[_Encoded] = deque()
        self._settled: dict[str, int] = {}
        self._progress: dict[str, Progress] = {}
        self._stats = JournalStats()
        self._encoder = Encoder()
        self._connection: sqlite3.Connection
        self._writer = WriterThread(
            "journal", start=self._start, drain=self._drain, stop=self._stop, failed=self._give_up
        )

    @classmethod
    def open(cls, folder: Path, *, keep_days: float = KEEP_DAYS, max_bytes: int | None = None) -> "Journal":
        """Open or create the journal in ``folder``, which exists. Blocks: for the start, not the event loop.

        ``max_bytes`` bounds the main file; beyond it the store counts as full. A damaged file is set aside
        under another name (see ``stats.set_aside``): a controller starts even without its history.
        Raises sqlite3.Error where the folder can not be written.
        """
        return cls(folder, keep_days=keep_days, max_bytes=max_bytes)

    @property
    def stats(self) -> JournalStats:
        """What was stored and lost since the start; ``last_error`` not None is an alarm."""
        with self._lock:
            pending = len(self._taken) + len(self._encoded)
            return replace(self._stats, pending=pending, bytes=size_on_disk(self._path))

    def append(self, slot: Slot) -> Future[bool]:
        """Take a slot and return at once. The future tells True when it is on the disk, False if given up.

        Whoever does not care may drop the future; losses are counted in ``stats``.
        """
        taken = _Taken(slot, sum(len(answer.readings) for answer in slot.answers), Future())
        if self._writer.failure is not None:
            taken.saved.set_exception(self._writer.failure)
            return taken.saved
        with self._lock:
            self._taken.append(taken)
            given_up = self._taken.popleft() if len(self._taken) > MAX_UNENCODED else None
        if given_up is not None:
            self._drop(given_up.readings, given_up.saved)
        self._writer.wake()
        return taken.saved

    def history(
        self, station: str, point: Point, start: float, end: float, max_points: int = query.MAX_POINTS
    ) -> Series:
        """Return the trend of one point over ``start <= measured_at < end``, UTC seconds.

        Reads the disk for up to a second per day of a large city: call it in a thread.
        """
        return query.history(self._path, station, point, start, end, max_points)

    def stored_span(self) -> tuple[float, float] | None:
        """Return the begin of the oldest and the newest slot stored, UTC seconds. Blocks: in a thread."""
        return instants.stored_span(self._path)

    def at_instants(
        self, moments: Sequence[float], wanted: Mapping[str, Sequence[Point]]
    ) -> list[dict[tuple[str, Point], Reading]]:
        """Return, for each moment, the nearest reading of each wanted point. Blocks: call it in a thread."""
        return instants.at_instants(self._path, moments, wanted)

    def latest(self) -> Mapping[tuple[str, Point], Reading]:
        """Return the newest stored reading of each point, from the last 15 minutes. Blocks: for the start."""
        return query.latest(self._path)

    def follow(self, reader: str) -> Cursor:
        """Return where ``reader`` stands; from now on retention spares what it has not settled. Blocks."""
        found = cursor.read_cursor(self._path, reader)
        with self._lock:
            self._settled[reader] = found.settled
        return found

    def slots_after(self, number: int, most: int) -> list[StoredSlot]:
        """Return up to ``most`` slots that follow slot ``number``. Blocks; raises sqlite3.Error."""
        return cursor.read_slots(self._path, number, most)

    def note(self, reader: str, progress: Progress) -> None:
        """Keep how far ``reader`` got, soon: returns at once, and a disk that is full now is tried again."""
        with self._lock:
            self._settled[reader] = progress.cursor.settled
            waiting = self._progress.get(reader)
            self._progress[reader] = progress if waiting is None else progress.after(waiting)
        self._writer.wake()

    def close(self) -> bool:
        """Store what is waiting and stop; return whether all that was taken is on the disk."""
        ended = self._writer.close(CLOSE_S)
        return self._drop_all() == 0 and ended

    # ---------------------------------------------------------------- in the writing thread

    def _start(self) -> None:
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            self._stats = replace(self._stats, set_aside=set_aside(self._path))
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        connection = open_writing(self._path)
        try:
            connection.executescript(_SCHEMA + cursor.SCHEMA)
            if self._max_bytes is not None:
                (page_size,) = connection.execute("PRAGMA page_size").fetchone()
                connection.execute(f"PRAGMA max_page_count = {self._max_bytes // page_size}")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _stop(self) -> None:
        self._connection.close()

    def _drain(self) -> None:
        while True:
            with self._lock:
                if not self._taken:
                    break
                taken = self._taken.popleft()
            begin = time.perf_counter()
            try:
                block = self._encoder.encode(taken.slot)
            except BaseException as error:
                # A bug, which ends this thread; the slot it stumbled over is in no queue any more.
                taken.saved.set_exception(error)
                raise
            encode_ms = (time.perf_counter() - begin) * 1e3
            with self._lock:
                self._stats = replace(self._stats, last_encode_ms=encode_ms)
                self._encoded.append(_Encoded(taken.slot.start, block, taken.readings, taken.saved))
                given_up = self._encoded.popleft() if len(self._encoded) > MAX_UNSAVED else None
            if given_up is not None:
                self._drop(given_up.readings, given_up.saved)
        if self._encoded or self._progress:
            self._save()

    def _save(self) -> None:
        """Commit all encoded slots at once; on a fault they stay and are tried again with the next slot."""
        begin = time.perf_counter()
        batch = list(self._encoded)
        with self._lock:
            progress, self._progress = self._progress, {}
        try:
            with transaction(self._connection):
                for reader, reached in progress.items():
                    cursor.write_progress(self._connection, reader, reached)
                if batch:
                    self._delete_old(batch[-1].start)
                self._connection.executemany(
                    "INSERT INTO slots (start, block) VALUES (?, ?)",
                    [(item.start, item.block) for item in batch],
                )
        except sqlite3.Error as error:
            with self._lock:
                for reader, reached in progress.items():
                    later = self._progress.get(reader)
                    self._progress[reader] = reached if later is None else later.after(reached)
                self._stats = replace(
                    self._stats,
                    errors=self._stats.errors + 1,
                    last_error=str(error),
                    disk_full=is_full(error),
                )
            return
        with self._lock:
            # Empty where closing has stopped waiting for this commit and given the slots up.
            waiting = list(self._encoded)
            self._encoded.clear()
            self._stats = replace(
                self._stats,
                slots=self._stats.slots + len(batch),
                readings_stored=self._stats.readings_stored + sum(item.readings for item in batch),
                last_error=None,
                disk_full=False,
                last_commit_ms=(time.perf_counter() - begin) * 1e3,
            )
        for item in waiting:
            _settle(item.saved, stored=True)

    def _delete_old(self, newest: float) -> None:
        """Delete a few slots older than the retention, counted from the newest slot and not from a clock.

        Few, because a long transaction would hold up the commit; so a clock that jumps ahead costs a few
        slots and not the whole history.
        """
        with self._lock:
            settled = tuple(self._settled.values())
        cursor.delete_old(self._connection, RETENTION_STEP, newest - self._keep_s, newest, settled)

    def _drop(self, readings: int, saved: Future[bool]) -> None:
        with self._lock:
            self._stats = replace(
                self._stats,
                slots_dropped=self._stats.slots_dropped + 1,
                dropped=self._stats.dropped + readings,
            )
        _settle(saved, stored=False)

    def _give_up(self, failure: BaseException) -> None:
        with self._lock:
            self._stats = replace(self._stats, errors=self._stats.errors + 1, last_error=repr(failure))
        self._drop_all()

    def _drop_all(self) -> int:
        with self._lock:
            left: list[_Taken | _Encoded] = [*self._taken, *self._encoded]
            self._taken.clear()
            self._encoded.clear()
        for item in left:
            self._drop(item.readings, item.saved)
        return len(left)


def _settle(saved: Future[bool], *, stored: bool) -> None:
    # Whoever awaited the slot may have been cancelled meanwhile, and his future with him.
    if saved.set_running_or_notify_cancel():
        saved.set_result(stored)
