"""The alarm journal: every step of every alarm, and where each stands, so that a restart forgets nothing.

One SQLite file with one writing connection in a thread of its own, like the other stores. The event loop
never waits for it: while the disk is full, changes wait in memory, bounded, and are written when it can.
"""

import json
import sqlite3
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import asdict
from pathlib import Path

from controller.alarms.definitions import definitions
from controller.alarms.model import Alarm, AlarmKey, LifeState, SetAside, Transition, Why
from controller.alarms.water import WEEK_H, HourMean
from controller.decisions import LoopKey
from controller.historian.command_rows import checksum
from controller.historian.sqlite import is_damaged, open_reading, open_writing, set_aside, transaction
from controller.historian.writer import WriterThread

FILE = "alarms.db"
KEEP_S = 400 * 86_400.0
"""A heating season and the one before it, to compare."""
DELETE_STEP = 100
MAX_WAITING = 10_000
"""Steps waiting for the disk; beyond it the oldest are given up. Where alarms stand is never given up."""
CLOSE_S = 5.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS alarms (id TEXT PRIMARY KEY, body TEXT NOT NULL, checksum INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS steps (
    n INTEGER PRIMARY KEY, at REAL NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, checksum INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS steps_by_time ON steps (at);
CREATE TABLE IF NOT EXISTS hours (
    station TEXT, loop INTEGER, hour REAL, share REAL, PRIMARY KEY (station, loop, hour)
) WITHOUT ROWID;
"""


class AlarmStore:
    """The only writer of ``alarms.db``; implements ``controller.alarms.book.Sink``."""

    def __init__(self, folder: Path) -> None:
        """Open or create the file in ``folder``, which exists. Blocks: for the start.

        A damaged file is put aside under another name (``set_aside``): alarms are needed most where disks
        fail. Raises sqlite3.Error where the folder can not be written.
        """
        self._path = folder / FILE
        self.set_aside: str | None = None
        self.last_error: str | None = None
        """Why the last commit failed; None when it succeeded."""
        self.dropped = 0
        self._lock = threading.Lock()
        self._alarms: dict[AlarmKey, Alarm | None] = {}
        self._steps: deque[Transition] = deque()
        self._hours: list[HourMean] = []
        self._waiting: list[Future[bool]] = []
        self._connection: sqlite3.Connection
        self._writer = WriterThread(
            "alarms", start=self._start, drain=self._drain, stop=self._stop, failed=self._give_up
        )

    def take(
        self, alarms: Mapping[AlarmKey, Alarm | None], transitions: Sequence[Transition]
    ) -> Future[bool]:
        """Keep changes of the book; the future tells True when they are on the disk."""
        saved: Future[bool] = Future()
        with self._lock:
            self._alarms.update(alarms)
            self._steps.extend(transitions)
            while len(self._steps) > MAX_WAITING:
                self._steps.popleft()
                self.dropped += 1
            self._waiting.append(saved)
        self._writer.wake()
        return saved

    def take_hours(self, hours: Sequence[HourMean]) -> None:
        """Keep hourly make-up means."""
        with self._lock:
            self._hours.extend(hours)
        self._writer.wake()

    def retry(self) -> None:
        """Try again to write what could not be written; never blocks."""
        if self.last_error is not None:
            self._writer.wake()

    def close(self) -> bool:
        """Store what is waiting and stop; return whether all of it is on the disk."""
        return self._writer.close(CLOSE_S) and not self._steps and not self._alarms

    # --- read side, in any thread -------------------------------------------------------------------------

    def standing(self) -> dict[AlarmKey, Alarm]:
        """Return where each alarm stood, without damaged rows and rules that exist no more."""
        with open_reading(self._path) as connection:
            rows = connection.execute("SELECT id, body, checksum FROM alarms").fetchall()
        alarms = [_alarm(body) for number, body, own in rows if checksum((number, body)) == own]
        return {alarm.key: alarm for alarm in alarms if alarm.key.rule in definitions()}

    def hours(self) -> list[HourMean]:
        """Return the kept hourly make-up means, oldest first."""
        with open_reading(self._path) as connection:
            rows = connection.execute("SELECT station, loop, hour, share FROM hours ORDER BY hour").fetchall()
        return [HourMean(LoopKey(station, loop), hour, share) for station, loop, hour, share in rows]

    def journal(self, start: float, end: float, limit: int) -> list[Transition]:
        """Return the newest ``limit`` steps with ``start <= at < end`` (UTC seconds), oldest first."""
        query = "SELECT n, at, id, body, checksum FROM steps WHERE at >= ? AND at < ? ORDER BY n DESC LIMIT ?"
        with open_reading(self._path) as connection:
            rows = connection.execute(query, (start, end, limit)).fetchall()
        return [_step(row[3]) for row in reversed(rows) if checksum(row[:4]) == row[4]]

    # --- in the writing thread ----------------------------------------------------------------------------

    def _start(self) -> None:
        try:
            self._connection = self._open()
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            self.set_aside = set_aside(self._path)
            self._connection = self._open()

    def _open(self) -> sqlite3.Connection:
        connection = open_writing(self._path)
        try:
            connection.executescript(_SCHEMA)
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def _stop(self) -> None:
        self._connection.close()

    def _drain(self) -> None:
        with self._lock:
            alarms, self._alarms = self._alarms, {}
            steps, hours, waiting = list(self._steps), self._hours, self._waiting
            self._steps.clear()
            self._hours, self._waiting = [], []
        if not (alarms or steps or hours):
            return
        try:
            with transaction(self._connection):
                self._write(alarms, steps, hours)
        except sqlite3.Error as error:
            self.last_error = str(error)
            with self._lock:
                self._alarms = {**alarms, **self._alarms}
                self._steps.extendleft(reversed(steps))
                self._hours = [*hours, *self._hours]
            saved = False
        else:
            self.last_error = None
            saved = True
        for future in waiting:
            future.set_result(saved)

    def _write(
        self, alarms: Mapping[AlarmKey, Alarm | None], steps: Sequence[Transition], hours: Sequence[HourMean]
    ) -> None:
        for key, alarm in alarms.items():
            if alarm is None:
                self._connection.execute("DELETE FROM alarms WHERE id = ?", (str(key),))
            else:
                cells = (str(key), _text(asdict(alarm)))
                self._connection.execute(
                    "INSERT OR REPLACE INTO alarms VALUES (?, ?, ?)", (*cells, checksum(cells))
                )
        (last,) = self._connection.execute("SELECT coalesce(max(n), 0) FROM steps").fetchone()
        for number, step in enumerate(steps, last + 1):
            row = (number, float(step.at), str(step.key), _text(asdict(step)))
            self._connection.execute("INSERT INTO steps VALUES (?, ?, ?, ?, ?)", (*row, checksum(row)))
        if steps:
            self._connection.execute(
                "DELETE FROM steps WHERE n IN (SELECT n FROM steps WHERE at < ? ORDER BY n LIMIT ?)",
                (steps[-1].at - KEEP_S, DELETE_STEP),
            )
        for mean in hours:
            row_of_hour = (*mean.key, mean.hour, mean.share)
            self._connection.execute("INSERT OR REPLACE INTO hours VALUES (?, ?, ?, ?)", row_of_hour)
            oldest = mean.hour - WEEK_H * 3600.0
            self._connection.execute(
                "DELETE FROM hours WHERE station = ? AND loop = ? AND hour < ?", (*mean.key, oldest)
            )

    def _give_up(self, error: BaseException) -> None:
        """A bug has ended the thread: whoever waits gets it."""
        self.last_error = f"{type(error).__name__}: {error}"
        for future in self._waiting:
            if not future.done():
                future.set_exception(error)


def _text(fields: Mapping[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, allow_nan=False)


def _alarm(body: str) -> Alarm:
    fields = json.loads(body)
    fields["key"] = AlarmKey(*fields["key"])
    for name in ("shelf", "out_of_service"):
        fields[name] = None if fields[name] is None else SetAside(**fields[name])
    return Alarm(**fields)


def _step(body: str) -> Transition:
    fields = json.loads(body)
    return Transition(
        **fields
        | {
            "key": AlarmKey(*fields["key"]),
            "before": LifeState(fields["before"]),
            "after": LifeState(fields["after"]),
            "why": Why(fields["why"]),
        }
    )
