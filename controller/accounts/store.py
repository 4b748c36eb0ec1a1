"""What is kept of accounts: users, sessions and failed logins, statement by statement.

Used by the controller and by ``dhc user`` beside it, so every function is one transaction's work on a
``SmallStore``. Times are UTC seconds of the system clock: people and their sessions live in real time, also
where a demo's world runs faster.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from controller.accounts.roles import Role
from controller.audit import outbox
from controller.smallstore import SmallStore

FILE = "accounts.db"
NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")
NAME_FAULT = "user name {name!r}: allowed 2 to 32 characters a-z 0-9 . _ -, a letter first"
IDLE_S = 30 * 60.0
ABSOLUTE_S = 12 * 3600.0
"""One shift."""
SEEN_EVERY_S = 60.0
"""The last use of a session is written down no finer than this."""
MAX_FAILS = 5
LOCK_S = 15 * 60.0
SCHEMA = (
    """
CREATE TABLE IF NOT EXISTS users (
    name TEXT PRIMARY KEY, role TEXT NOT NULL, districts TEXT, hash TEXT NOT NULL,
    disabled INTEGER NOT NULL DEFAULT 0, created_at REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS sessions (
    token_hash TEXT PRIMARY KEY, name TEXT NOT NULL REFERENCES users (name), created_at REAL NOT NULL,
    seen_at REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS failures (
    name_hash TEXT PRIMARY KEY, count INTEGER NOT NULL, last_at REAL NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS languages (
    name TEXT PRIMARY KEY REFERENCES users (name), language TEXT NOT NULL
) STRICT;
"""
    + outbox.SCHEMA
)


class AccountFault(Exception):
    """Something that an administrator asked for is not possible; the text says what and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """One person's account."""

    name: str
    role: Role
    districts: frozenset[str] | None
    """The zone; None is the whole city."""
    disabled: bool
    created_at: float
    language: str | None = None
    """In which the person reads screens; None before one was chosen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One login of one person."""

    user: User
    created_at: float
    seen_at: float

    def ends_at(self) -> float:
        """UTC second at which it ends unless it is used before; at the latest a shift after its beginning."""
        return min(self.created_at + ABSOLUTE_S, self.seen_at + IDLE_S)

    def alive(self, now: float) -> bool:
        """Tell whether it may still be used. A clock that was set back ends it rather than lengthen it."""
        return not self.user.disabled and self.seen_at - SEEN_EVERY_S <= now < self.ends_at()


_USERS = "SELECT u.*, l.language FROM users u LEFT JOIN languages l USING (name)"


def open_accounts(data: Path) -> SmallStore:
    """Open or create the accounts in a site's data folder."""
    return SmallStore(data / FILE, SCHEMA)


def fingerprint(token: str) -> str:
    """Return what is stored in place of a token: with its 256 random bits a quick hash is enough."""
    return hashlib.sha256(token.encode("utf-8", errors="replace")).hexdigest()


# -------------------------------------------------------------------------------------------------- users


def users(connection: sqlite3.Connection) -> list[User]:
    """Return all users by name."""
    return [_user(row) for row in connection.execute(f"{_USERS} ORDER BY name")]


def known(connection: sqlite3.Connection, name: str) -> tuple[User, str] | None:
    """Return a user and the hash of the password, or None."""
    row = connection.execute(f"{_USERS} WHERE name = ?", (name,)).fetchone()
    return None if row is None else (_user(row), row["hash"])


def add(
    connection: sqlite3.Connection,
    *,
    name: str,
    role: Role,
    districts: Collection[str] | None,
    password_hash: str,
    at: float,
    actor: str,
) -> None:
    """Add a user; raises AccountFault for a name that is taken or no name."""
    if not NAME.fullmatch(name):
        raise AccountFault(NAME_FAULT.format(name=name))
    if known(connection, name) is not None:
        raise AccountFault(f"user {name!r} exists already")
    zone = None if districts is None else json.dumps(sorted(districts))
    connection.execute(
        "INSERT INTO users VALUES (?, ?, ?, ?, 0, ?)", (name, role.value, zone, password_hash, at)
    )
    zone_told = None if districts is None else sorted(districts)
    outbox.leave(
        connection, at, "user_added", actor, {"user": name, "role": role.value, "districts": zone_told}
    )


def set_disabled(connection: sqlite3.Connection, name: str, disabled: bool, at: float, actor: str) -> None:
    """Shut an account and end its sessions, or open it again; opening also forgets failed logins."""
    _must_exist(connection, name)
    connection.execute("UPDATE users SET disabled = ? WHERE name = ?", (int(disabled), name))
    if disabled:
        connection.execute("DELETE FROM sessions WHERE name = ?", (name,))
    else:
        connection.execute("DELETE FROM failures WHERE name_hash = ?", (fingerprint(name),))
    kind = "user_disabled" if disabled else "user_enabled"
    outbox.leave(connection, at, kind, actor, {"user": name})


def set_password(
    connection: sqlite3.Connection, name: str, password_hash: str, at: float, actor: str
) -> None:
    """Give a user another password; ends all sessions and forgets failed logins."""
    _must_exist(connection, name)
    connection.execute("UPDATE users SET hash = ? WHERE name = ?", (password_hash, name))
    connection.execute("DELETE FROM sessions WHERE name = ?", (name,))
    connection.execute("DELETE FROM failures WHERE name_hash = ?", (fingerprint(name),))
    outbox.leave(connection, at, "password_changed", actor, {"user": name})


def set_language(connection: sqlite3.Connection, name: str, language: str) -> None:
    """Note in which language a user reads screens; no event for the audit, nothing else hangs on it."""
    connection.execute("INSERT OR REPLACE INTO languages VALUES (?, ?)", (name, language))


def _must_exist(connection: sqlite3.Connection, name: str) -> None:
    if known(connection, name) is None:
        raise AccountFault(f"there is no user {name!r}")


def _user(row: sqlite3.Row) -> User:
    zone = row["districts"]
    return User(
        name=row["name"],
        role=Role(row["role"]),
        districts=None if zone is None else frozenset(json.loads(zone)),
        disabled=bool(row["disabled"]),
        created_at=row["created_at"],
        language=row["language"],
    )


# ----------------------------------------------------------------------------------------------- sessions


def begin_session(
    connection: sqlite3.Connection, name: str, token: str, at: float, source: str, browser: str = ""
) -> None:
    """Note a login: the session, no more failures, the event; forgets sessions that are over.

    ``browser`` is an address that the screen tells of who sits at it: noted, never judged by.
    """
    connection.execute(
        "DELETE FROM sessions WHERE seen_at < ? OR created_at < ?", (at - IDLE_S, at - ABSOLUTE_S)
    )
    connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?)", (fingerprint(token), name, at, at))
    connection.execute("DELETE FROM failures WHERE name_hash = ?", (fingerprint(name),))
    outbox.leave(connection, at, "login", name, _came(source, browser))


def session(connection: sqlite3.Connection, digest: str) -> Session | None:
    """Return the session of a token's fingerprint, alive or not."""
    row = connection.execute(
        "SELECT s.created_at AS began_at, s.seen_at, u.*, l.language FROM sessions s"
        " JOIN users u USING (name) LEFT JOIN languages l USING (name) WHERE s.token_hash = ?",
        (digest,),
    ).fetchone()
    if row is None:
        return None
    return Session(user=_user(row), created_at=row["began_at"], seen_at=row["seen_at"])


def touch(connection: sqlite3.Connection, digest: str, at: float) -> None:
    """Note that a session was used."""
    connection.execute("UPDATE sessions SET seen_at = ? WHERE token_hash = ?", (at, digest))


def end_session(connection: sqlite3.Connection, digest: str, at: float, actor: str) -> None:
    """End a session."""
    connection.execute("DELETE FROM sessions WHERE token_hash = ?", (digest,))
    outbox.leave(connection, at, "logout", actor, {})


# ----------------------------------------------------------------------------------------------- failures


def locked_for_s(connection: sqlite3.Connection, name: str, at: float) -> float:
    """Return for how many seconds a name stays locked, else 0; unknown names lock as known ones do."""
    row = connection.execute(
        "SELECT count, last_at FROM failures WHERE name_hash = ?", (fingerprint(name),)
    ).fetchone()
    if row is None or row["count"] < MAX_FAILS:
        return 0.0
    return max(0.0, float(row["last_at"]) + LOCK_S - at)


def note_failure(
    connection: sqlite3.Connection, name: str, at: float, source: str, browser: str = ""
) -> None:
    """Count a failed login; only five within a quarter of an hour of each other lock.

    People type passwords into the field of the name, so a name that nobody has is written down nowhere.
    """
    digest = fingerprint(name)
    connection.execute("DELETE FROM failures WHERE last_at < ?", (at - LOCK_S,))
    connection.execute(
        "INSERT INTO failures VALUES (?, 1, ?) ON CONFLICT (name_hash)"
        " DO UPDATE SET count = count + 1, last_at = excluded.last_at",
        (digest, at),
    )
    told = name if known(connection, name) is not None else "(unknown)"
    (count,) = connection.execute("SELECT count FROM failures WHERE name_hash = ?", (digest,)).fetchone()
    data = {"user": told, **_came(source, browser), "locked": count >= MAX_FAILS}
    outbox.leave(connection, at, "login_failed", "(nobody)", data)


def _came(source: str, browser: str) -> dict[str, object]:
    """Return where a login came from: the address that was seen, and the one that the screen told."""
    return {"from": source, "browser_told": browser} if browser else {"from": source}
