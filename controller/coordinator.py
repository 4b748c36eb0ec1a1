"""Who may control: exactly one controller at a time, and each one with a greater token than all before it.

Stations take a command only if its (token, sequence) is greater than the last they took. So a controller
that was stopped and wakes up again, or a second one on another machine, can not get its old commands
through, whatever it believes about itself.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

MAX_TOKEN = 2**32 - 1
FILE = "coordinator.db"

_SCHEMA = """
CREATE TABLE IF NOT EXISTS leases (
    name TEXT PRIMARY KEY, token INTEGER NOT NULL, pid INTEGER NOT NULL, host TEXT NOT NULL,
    since REAL NOT NULL, expires_at REAL NOT NULL
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The process that holds a lease."""

    pid: int
    host: str
    since: float
    """UTC seconds of the system clock."""

    def __str__(self) -> str:
        """Render as ``process 4711 on host plant1, since 2026-01-15 08:00:00 UTC``."""
        return f"process {self.pid} on host {self.host}, since {_utc_text(self.since)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to control until ``expires_at``, if it is not renewed before."""

    name: str
    token: int
    """Fencing token (uint32), greater than every token handed out before."""
    ttl_s: float
    expires_at: float
    """UTC seconds of the system clock."""


class HeldByAnother(Exception):
    """Another controller is in charge; the text names it and says what to do."""

    def __init__(self, name: str, holder: Holder | None, advice: str) -> None:
        who = "another process (its record can not be read)" if holder is None else str(holder)
        super().__init__(f"{name!r} is held by {who}. {advice}")
        self.name, self.holder = name, holder


class LeaseLost(Exception):
    """This controller is no longer in charge: it must write nothing more."""


class TokensExhausted(Exception):
    """The token would no longer fit into 32 bits."""


class Coordinator(Protocol):
    """Hands out the right to control. One machine: SQLite; several: a database that they share."""

    async def acquire(self, name: str, ttl_s: float) -> Lease:
        """Take the lease ``name``; raises HeldByAnother."""
        ...

    async def renew(self, lease: Lease) -> Lease:
        """Extend a held lease by its time to live from now; raises LeaseLost."""
        ...

    async def release(self, lease: Lease) -> None:
        """Give the lease back; the token stays used for ever."""
        ...


class SqliteCoordinator:
    """One controller per data folder: a file lock on this machine, a lease row against other machines.

    The lock ends with its process, also by ``kill -9``, so a restart never waits on its own past. The row
    matters only where a folder is shared and locks do not reach: there a holder on another host is believed
    until its lease runs out. Times are those of the system clock, not of the scaled one, because they are
    compared between processes and starts.

    The token is the greater of the last token + 1 and the UTC seconds of the system clock. So it grows at
    every start, with a clock that is wrong as well as with a folder that was restored from a backup or
    deleted, as long as not both are true at once.
    """

    def __init__(self, folder: Path, utc: Callable[[], float] = time.time) -> None:
        """Use ``folder``, which exists; ``utc`` is the system clock."""
        self._folder, self._utc = folder, utc
        self._locks: dict[str, int] = {}

    async def acquire(self, name: str, ttl_s: float) -> Lease:
        """Take the lease ``name`` (a word); raises HeldByAnother, TokensExhausted, OSError, sqlite3.Error."""
        return await asyncio.to_thread(self._acquire, name, ttl_s)

    async def renew(self, lease: Lease) -> Lease:
        """Extend the lease; raises LeaseLost where another token has been handed out since."""
        return await asyncio.to_thread(self._renew, lease)

    async def release(self, lease: Lease) -> None:
        """Give the lease back and unlock; harmless where it was lost already."""
        await asyncio.to_thread(self._release, lease)

    def _acquire(self, name: str, ttl_s: float) -> Lease:
        holder = Holder(pid=os.getpid(), host=socket.gethostname(), since=self._utc())
        lock = self._lock(name, holder)
        try:
            lease = self._take_row(name, ttl_s, holder)
        except BaseException:  # a cancellation too must not leave the lock held
            os.close(lock)
            raise
        self._locks[name] = lock
        return lease

    def _lock(self, name: str, holder: Holder) -> int:
        # A bare descriptor, so that the lock ends with the process and not with a garbage collection; not
        # inherited by child processes, which would hold it beyond the controller's end. The file is never
        # deleted: two controllers could then each lock a file of that name.
        lock = os.open(self._folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            other = _parse_holder(os.pread(lock, 4096, 0))
            os.close(lock)
            advice = f"Stop it first, or start this one with another data folder than {self._folder}."
            raise HeldByAnother(name, other, advice) from None
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps(asdict(holder)).encode(), 0)
        return lock

    def _take_row(self, name: str, ttl_s: float, holder: Holder) -> Lease:
        now = self._utc()
        with self._transaction() as connection:
            row = connection.execute(
                "SELECT token, pid, host, since, expires_at FROM leases WHERE name = ?", (name,)
            ).fetchone()
            token = 1
            if row is not None:
                token = row[0] + 1
                other = Holder(pid=row[1], host=row[2], since=row[3])
                if other.host != holder.host and row[4] > now:
                    advice = f"Stop it; if it has died, its lease runs out at {_utc_text(row[4])}."
                    raise HeldByAnother(name, other, advice)
            token = max(token, int(now) if 0 < now <= MAX_TOKEN else 1)
            if token > MAX_TOKEN:
                raise TokensExhausted(
                    f"token {token} of {name!r} does not fit 32 bits: was the system clock far ahead once? "
                    f"Stations must be commissioned again, and {FILE} deleted."
                )
            lease = Lease(name=name, token=token, ttl_s=ttl_s, expires_at=now + ttl_s)
            connection.execute(
                "INSERT OR REPLACE INTO leases VALUES (?, ?, ?, ?, ?, ?)",
                (name, token, holder.pid, holder.host, holder.since, lease.expires_at),
            )
        return lease

    def _renew(self, lease: Lease) -> Lease:
        renewed = replace(lease, expires_at=self._utc() + lease.ttl_s)
        if not self._update(renewed):
            raise LeaseLost(f"{lease.name!r} with token {lease.token} was taken over by another controller")
        return renewed

    def _release(self, lease: Lease) -> None:
        self._update(replace(lease, expires_at=self._utc()))
        lock = self._locks.pop(lease.name, None)
        if lock is not None:
            os.close(lock)

    def _update(self, lease: Lease) -> bool:
        with self._transaction() as connection:
            changed = connection.execute(
                "UPDATE leases SET expires_at = ? WHERE name = ? AND token = ?",
                (lease.expires_at, lease.name, lease.token),
            )
            return changed.rowcount == 1

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        # A short connection each time and a rollback journal: the file is tiny, written once a minute, and
        # another machine may look at it, which a WAL does not allow.
        path = self._folder / FILE
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(_SCHEMA)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:  # a cancellation too takes the transaction back
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def _parse_holder(text: bytes) -> Holder | None:
    try:
        record = json.loads(text)
        return Holder(pid=int(record["pid"]), host=str(record["host"]), since=float(record["since"]))
    except (ValueError, KeyError, TypeError):
        # Locked, and its record not written yet.
        return None


def _utc_text(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
