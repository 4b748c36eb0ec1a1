"""The command log: every instruction is on the disk before it is on the wire.

It lies in a file of its own, pre-allocated, so that a disk filled by history can not stop commands. One
thread writes; calls that come while it is busy share the next transaction, so a thousand stations that
answer at once cost one fsync and not a thousand.
"""

import asyncio
import contextlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from pathlib import Path

from controller.historian import command_store as store
from controller.historian.command_rows import OPEN, faults, read_intents, to_transition, to_wear
from controller.historian.records import (
    CommandLogError,
    CommandLogStats,
    IllegalTransition,
    Intent,
    Register,
    RegisterWrite,
    State,
    Transition,
    Wear,
)
from controller.historian.sqlite import (
    is_damaged,
    is_full,
    open_reading,
    set_aside,
    size_on_disk,
    transaction,
)
from controller.historian.writer import WriterThread

FILE = "commands.db"
RESERVE_BYTES = 64 * 1024 * 1024
KEEP_DAYS = 90.0
MAX_WAITING = 10_000
"""Calls that may wait for the disk. A city writes at most a few thousand times a minute."""
CHECKPOINT_ROWS = 1_500
"""Rows changed between two checkpoints: about 1 MiB of the WAL, well inside its reserve; with its sentence an
instruction takes up to a kilobyte."""
CLOSE_S = 5.0
"""Wall seconds that closing waits for the last commit."""
RESTARTED = "controller restarted; read back first"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """What one caller wants done, wholly or not at all."""

    intents: Sequence[Intent] = ()
    steps: Sequence[Transition] = ()
    writes: Sequence[RegisterWrite] = ()
    ask: Collection[int] = ()
    done: Future[bool] = field(default_factory=Future)

    def entered(self) -> Counter[State]:
        return Counter(
            [State.REQUESTED] * len(self.intents) + [step.state for step in self.steps],
        )


class CommandLog:
    """The only writer of ``commands.db``.

    ``commit``, ``record`` and ``committed`` belong to the event loop and never block it. The read side may
    be called from any thread; it reads the disk for milliseconds, so not from the event loop.
    """

    def __init__(self, folder: Path, now: float, *, keep_days: float, reserve_bytes: int) -> None:
        """Do not call; use ``open``."""
        self.expired_at_start: tuple[Intent, ...] = ()
        """Instructions that the controller before this one left open: read these loops back first."""
        self._path = folder / FILE
        self._now, self._keep_s, self._reserve_bytes = now, keep_days * 86_400.0, reserve_bytes
        self._lock = threading.Lock()
        self._calls: list[_Call] = []
        self._next_id = 1
        self._closed = False
        self._entered: Counter[State] = Counter()
        self._stats = CommandLogStats()
        self._checkpointed = 0
        self._connection: sqlite3.Connection
        self._writer = WriterThread(
            "command-log", start=self._start, drain=self._drain, stop=self._stop, failed=self._give_up
        )

    @classmethod
    def open(
        cls, folder: Path, now: float, *, keep_days: float = KEEP_DAYS, reserve_bytes: int = RESERVE_BYTES
    ) -> "CommandLog":
        """Open or create the log in ``folder``, which exists, at UTC second ``now`` of the system's clock.

        Every instruction that is not final becomes ``expired``: what a station does now is read back, and
        nothing old is sent again. Blocks (up to a second when it creates the reserve): for the start.
        A damaged file is set aside under another name, see ``stats.set_aside``. Raises CommandLogError.
        """
        try:
            return cls(folder, now, keep_days=keep_days, reserve_bytes=reserve_bytes)
        except sqlite3.Error as error:
            raise CommandLogError(f"{folder / FILE} can not be opened: {error}") from error

    # ---------------------------------------------------------------- the writing side, for the event loop

    def next_ids(self, count: int) -> range:
        """Return ``count`` fresh ids. Those that are never committed leave a gap, which harms nobody."""
        with self._lock:
            ids = range(self._next_id, self._next_id + count)
            self._next_id += count
        return ids

    async def commit(self, intents: Sequence[Intent]) -> None:
        """Store new intents; when it returns they survive a power cut. CommandLogError: none is stored.

        Put a time limit around it. After a cancellation the batch is stored wholly or not at all, and
        ``committed`` tells which.
        """
        for intent in intents:
            if intent.state is not State.REQUESTED:
                raise ValueError(f"intent {intent.id} is {intent.state}; only requested ones are committed")
        await self._call(_Call(intents=intents))

    async def committed(self, ids: Collection[int]) -> bool:
        """Tell whether all of these intents are in the log. Final: a batch still under way is awaited."""
        return await self._call(_Call(ask=ids))

    async def record(self, transitions: Sequence[Transition], writes: Sequence[RegisterWrite] = ()) -> None:
        """Store steps of intents, and which registers were written for wear; durable when it returns.

        Raises IllegalTransition (a bug) or CommandLogError; then nothing of this call is stored.
        """
        await self._call(_Call(steps=transitions, writes=writes))

    def close(self) -> bool:
        """Store what is waiting and stop; return whether that was done in time."""
        with self._lock:
            self._closed = True
        ended = self._writer.close(CLOSE_S)
        return self._fail_waiting(CommandLogError("it was closed")) == 0 and ended

    # ---------------------------------------------------------------- the reading side, for any thread

    @property
    def stats(self) -> CommandLogStats:
        """How the log fares; ``last_error`` not None is an alarm."""
        with self._lock:
            return replace(self._stats, bytes=size_on_disk(self._path))

    def counts(self) -> Mapping[State, int]:
        """Return how many intents entered each state since this start."""
        with self._lock:
            return {state: self._entered[state] for state in State}

    def open_intents(self) -> tuple[Intent, ...]:
        """Return the intents that are not final, oldest first."""
        with self._reading() as connection:
            return tuple(read_intents(connection.execute(f"SELECT * FROM intents WHERE {OPEN} ORDER BY id")))

    def last_by_loop(self) -> Mapping[tuple[str, int], Intent]:
        """Return the newest intent of each (station, loop), whatever became of it."""
        newest = "SELECT * FROM intents WHERE id IN (SELECT max(id) FROM intents GROUP BY station, loop)"
        with self._reading() as connection:
            return {(i.station, i.loop): i for i in read_intents(connection.execute(newest))}

    def since(self, at: float) -> tuple[Intent, ...]:
        """Return the intents of UTC second ``at`` and later, oldest first: what rate limits look back on."""
        found: list[Intent] = []
        with self._reading() as connection:
            for intent in read_intents(connection.execute("SELECT * FROM intents ORDER BY id DESC")):
                if intent.at < at:
                    break
                found.append(intent)
        return tuple(reversed(found))

    def recent(self, limit: int, station: str | None = None) -> tuple[Intent, ...]:
        """Return the newest intents, of one station where given, newest first."""
        where, values = ("", (limit,)) if station is None else ("WHERE station = ?", (station, limit))
        with self._reading() as connection:
            rows = connection.execute(f"SELECT * FROM intents {where} ORDER BY id DESC LIMIT ?", values)
            return tuple(read_intents(rows))

    def transitions(self, intent_id: int) -> tuple[Transition, ...]:
        """Return the steps of one intent in order."""
        with self._reading() as connection:
            rows = connection.execute("SELECT * FROM transitions WHERE intent = ? ORDER BY n", (intent_id,))
            return tuple(step for step in map(to_transition, rows) if step is not None)

    def wear(self) -> Mapping[Register, Wear]:
        """Return how often each register was written, by season."""
        with self._reading() as connection:
            known = map(to_wear, connection.execute("SELECT * FROM wear"))
            return dict(item for item in known if item is not None)

    def verify(self) -> tuple[str, ...]:
        """Read the whole log and name everything in it that is not as it was written; empty if sound."""
        try:
            with open_reading(self._path) as connection:
                return tuple(faults(connection))
        except sqlite3.DatabaseError as error:
            return (f"database: {error}",)

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        try:
            with open_reading(self._path) as connection:
                yield connection
        except sqlite3.DatabaseError as error:
            raise CommandLogError(f"{self._path.name} can not be read: {error}") from error

    # ---------------------------------------------------------------- in the writing thread

    async def _call(self, call: _Call) -> bool:
        with self._lock:
            if self._writer.failure is not None:
                raise self._writer.failure
            if self._closed:
                raise CommandLogError("it is closed")
            if len(self._calls) >= MAX_WAITING:
                raise CommandLogError(f"{MAX_WAITING} calls wait for the disk already")
            self._calls.append(call)
        self._writer.wake()
        return await asyncio.wrap_future(call.done)

    def _start(self) -> None:
        try:
            self._begin()
        except sqlite3.DatabaseError as error:
            if not is_damaged(error):
                raise
            self._stats = replace(self._stats, set_aside=set_aside(self._path))
            self._begin()

    def _begin(self) -> None:
        connection = store.open_store(self._path, self._reserve_bytes)
        try:
            left = store.open_ids(connection)
            steps = [
                Transition(intent_id=i, at=self._now, state=State.EXPIRED, detail=RESTARTED) for i in left
            ]
            with transaction(connection):
                store.take_steps(connection, steps)
            self.expired_at_start = store.intents_of(connection, left)
            self._next_id = store.next_id(connection)
        except BaseException:  # whatever ends the start, the file is let go
            connection.close()
            raise
        self._connection = connection

    def _stop(self) -> None:
        self._connection.close()

    def _drain(self) -> None:
        with self._lock:
            # A caller who was cancelled before we began gets nothing stored.
            calls = [call for call in self._calls if call.done.set_running_or_notify_cancel()]
            self._calls.clear()
        if not calls:
            return
        begin = time.perf_counter()
        try:
            outcomes = self._store(calls)
        except sqlite3.Error as error:
            self._note(error)
            for call in calls:
                call.done.set_exception(CommandLogError(str(error)))
            return
        with self._lock:
            for call, outcome in zip(calls, outcomes, strict=True):
                self._entered += Counter() if isinstance(outcome, Exception) else call.entered()
            self._stats = replace(
                self._stats,
                commits=self._stats.commits + 1,
                last_error=None,
                last_commit_ms=(time.perf_counter() - begin) * 1e3,
            )
        for call, outcome in zip(calls, outcomes, strict=True):
            if isinstance(outcome, Exception):
                call.done.set_exception(outcome)
            else:
                call.done.set_result(outcome)
        # After the callers have gone on: a checkpoint writes the main file and takes its time.
        if self._connection.total_changes - self._checkpointed > CHECKPOINT_ROWS:
            self._checkpoint()

    def _checkpoint(self) -> None:
        self._checkpointed = self._connection.total_changes
        try:
            store.checkpoint(self._connection)
        except sqlite3.Error as error:
            # What is committed is safe in the WAL, which grows until a commit is refused, or this succeeds.
            self._note(error)

    def _note(self, error: sqlite3.Error) -> None:
        with self._lock:
            self._stats = replace(self._stats, errors=self._stats.errors + 1, last_error=str(error))

    def _store(self, calls: list[_Call]) -> list[bool | Exception]:
        """Commit all calls in one transaction; where the file is full, make room once."""
        try:
            return self._transact(calls)
        except sqlite3.Error as error:
            if not is_full(error):
                raise
        rows = sum(len(call.intents) + len(call.steps) for call in calls)
        store.make_room(self._connection, self._path.parent, rows)
        return self._transact(calls)

    def _transact(self, calls: list[_Call]) -> list[bool | Exception]:
        with transaction(self._connection):
            outcomes = [self._apply(call) for call in calls]
            store.delete_old(self._connection, self._keep_s)
        return outcomes

    def _apply(self, call: _Call) -> bool | Exception:
        """Do one call within the transaction; a call that is wrong undoes itself and leaves the others."""
        connection = self._connection
        connection.execute("SAVEPOINT one_call")
        try:
            store.insert(connection, call.intents)
            store.take_steps(connection, call.steps)
            store.count_writes(connection, call.writes)
        except (IllegalTransition, sqlite3.IntegrityError) as error:
            connection.execute("ROLLBACK TO one_call")
            connection.execute("RELEASE one_call")
            return error
        connection.execute("RELEASE one_call")
        return store.holds(connection, call.ask)

    def _give_up(self, failure: BaseException) -> None:
        with self._lock:
            self._stats = replace(self._stats, errors=self._stats.errors + 1, last_error=repr(failure))
        self._fail_waiting(failure)

    def _fail_waiting(self, error: BaseException) -> int:
        with self._lock:
            calls = [call for call in self._calls if call.done.set_running_or_notify_cancel()]
            self._calls.clear()
        for call in calls:
            call.done.set_exception(error)
        return len(calls)
