"""Accounts as the API uses them: who is behind a token, login, logout, and what an administrator does."""

import asyncio
import contextlib
import hmac
import secrets
import sqlite3
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from controller.accounts import store
from controller.accounts.passwords import PasswordHashes, normal, password_fault
from controller.accounts.roles import RIGHTS, SERVICE, Principal, Role
from controller.accounts.store import AccountFault, Session, User
from controller.smallstore import SmallStore

TOKEN_BYTES = 32
BELIEVED_S = 2.0
"""Wall seconds that a session is believed without asking the store: a revoked one ends within that."""
MAX_BELIEVED = 2000
FAIL_FLOOR_S = 1.0
"""Wall seconds that a failed login takes at least, whatever made it fail."""


class LoginRefused(Exception):
    """Name and password do not open a session; the same for all reasons but a lock."""

    def __init__(self, locked_for_s: float = 0.0, no_account: bool = False) -> None:
        super().__init__("login refused")
        self.locked_for_s = locked_for_s
        self.no_account = no_account


@dataclass(frozen=True, slots=True)
class _Believed:
    session: Session
    until: float
    """Wall monotonic second."""


class Accounts:
    """Owner of the sessions in memory. Used on the event loop; the store is asked in threads."""

    def __init__(
        self,
        kept: SmallStore,
        service_tokens: Collection[str],
        hashes: PasswordHashes,
        *,
        utc: Callable[[], float] = time.time,
        fail_floor_s: float = FAIL_FLOOR_S,
    ) -> None:
        """``service_tokens`` open the read side without an account (screens, scrapers)."""
        self.kept = kept
        self._service = tuple(token.encode() for token in service_tokens)
        self._hashes = hashes
        self._utc = utc
        self._floor_s = fail_floor_s
        self._believed: dict[str, _Believed] = {}
        self.login_failures = 0
        """Logins refused in this run, for whatever reason."""

    def close(self) -> None:
        """End the hashing threads."""
        self._hashes.close()

    # ------------------------------------------------------------------------------------------ sessions

    async def principal(self, authorization: str | None) -> Principal | None:
        """Return who is behind an ``Authorization`` header; None for nobody known."""
        token = _bearer(authorization)
        if token is None:
            return None
        if self.is_service(authorization):
            return SERVICE
        session = await self._session(store.fingerprint(token))
        if session is None:
            return None
        user = session.user
        return Principal(name=user.name, role=user.role, districts=user.districts, rights=RIGHTS[user.role])

    def is_service(self, authorization: str | None) -> bool:
        """Tell whether a header carries a service token: then a screen speaks, and not a person."""
        token = _bearer(authorization)
        given = b"" if token is None else token.encode("utf-8", errors="replace")
        # Every token is compared, so the time tells nothing about which one was near.
        return bool(sum(hmac.compare_digest(given, known) for known in self._service))

    async def session(self, authorization: str | None) -> Session | None:
        """Return the session of a header, as far as it is one."""
        token = _bearer(authorization)
        return None if token is None else await self._session(store.fingerprint(token))

    async def _session(self, digest: str) -> Session | None:
        now, wall = self._utc(), time.monotonic()
        believed = self._believed.get(digest)
        if believed is None or believed.until < wall:
            found = await self.kept.read(lambda connection: store.session(connection, digest))
            if found is None or not found.alive(now):
                self._believed.pop(digest, None)
                return None
            if now - found.seen_at >= store.SEEN_EVERY_S:
                # On a full disk who is logged in may go on looking until the session's idle time is over.
                with contextlib.suppress(sqlite3.OperationalError):
                    await self.kept.write(lambda connection: store.touch(connection, digest, now))
            believed = _Believed(found, wall + BELIEVED_S)
            if len(self._believed) >= MAX_BELIEVED:
                self._believed.clear()
            self._believed[digest] = believed
        return believed.session

    async def login(self, name: str, password: str, source: str, browser: str = "") -> tuple[str, Session]:
        """Return a new token and its session; raises LoginRefused, HashingBusy.

        ``source`` is where the request came from, ``browser`` where the screen says that its person sits:
        both for the audit alone.
        """
        began = time.monotonic()
        try:
            return await self._login(name, password, source, browser)
        except LoginRefused:
            self.login_failures += 1
            await asyncio.sleep(max(0.0, self._floor_s - (time.monotonic() - began)))
            raise

    async def _login(self, name: str, password: str, source: str, browser: str) -> tuple[str, Session]:
        now = self._utc()
        locked_s, known, anybody = await self.kept.read(
            lambda connection: (
                store.locked_for_s(connection, name, now),
                store.known(connection, name),
                bool(connection.execute("SELECT EXISTS (SELECT 1 FROM users)").fetchone()[0]),
            )
        )
        if not anybody:
            raise LoginRefused(no_account=True)
        if locked_s > 0:
            raise LoginRefused(locked_for_s=locked_s)
        matches = await self._hashes.check(None if known is None else known[1], password)
        if known is None or not matches or known[0].disabled:

            def fail(connection: sqlite3.Connection) -> float:
                store.note_failure(connection, name, now, source, browser)
                return store.locked_for_s(connection, name, now)

            locked_s = await self.kept.write(fail)
            raise LoginRefused(locked_for_s=locked_s)
        token = secrets.token_urlsafe(TOKEN_BYTES)

        def begin(connection: sqlite3.Connection) -> float:
            # Guesses that ran beside this one may have locked the name meanwhile.
            seconds = store.locked_for_s(connection, name, now)
            if not seconds:
                store.begin_session(connection, name, token, now, source, browser)
            return seconds

        locked_s = await self.kept.write(begin)
        if locked_s > 0:
            raise LoginRefused(locked_for_s=locked_s)
        return token, Session(user=known[0], created_at=now, seen_at=now)

    async def logout(self, authorization: str | None, actor: str) -> None:
        """End the session of this header."""
        token = _bearer(authorization)
        assert token is not None
        digest = store.fingerprint(token)
        self._believed.pop(digest, None)
        now = self._utc()
        await self.kept.write(lambda connection: store.end_session(connection, digest, now, actor))

    # --------------------------------------------------------------------------------------------- users

    def count(self) -> int:
        """Return how many accounts there are; reads the disk, for the start."""
        with self.kept.reading() as connection:
            return len(store.users(connection))

    async def users(self) -> list[User]:
        """Return all accounts."""
        return await self.kept.read(store.users)

    async def add(
        self, name: str, password: str, role: Role, districts: Collection[str] | None, actor: str
    ) -> None:
        """Add an account; raises AccountFault, HashingBusy."""
        digest = await self._new_hash(name, password)
        now = self._utc()
        await self.kept.write(
            lambda connection: store.add(
                connection,
                name=name,
                role=role,
                districts=districts,
                password_hash=digest,
                at=now,
                actor=actor,
            )
        )

    async def set_disabled(self, name: str, disabled: bool, actor: str) -> None:
        """Shut or open an account; raises AccountFault."""
        now = self._utc()
        await self.kept.write(lambda connection: store.set_disabled(connection, name, disabled, now, actor))
        self._believed.clear()

    async def set_password(self, name: str, password: str, actor: str) -> None:
        """Give an account another password and end its sessions; raises AccountFault, HashingBusy."""
        digest = await self._new_hash(name, password)
        now = self._utc()
        await self.kept.write(lambda connection: store.set_password(connection, name, digest, now, actor))
        self._believed.clear()

    async def set_language(self, name: str, language: str) -> None:
        """Note in which language an account reads screens."""
        await self.kept.write(lambda connection: store.set_language(connection, name, language))
        self._believed.clear()

    async def _new_hash(self, name: str, password: str) -> str:
        fault = password_fault(password, name)
        if fault is not None:
            raise AccountFault(fault)
        return await self._hashes.make(normal(password))


def _bearer(authorization: str | None) -> str | None:
    scheme, _, token = (authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None
