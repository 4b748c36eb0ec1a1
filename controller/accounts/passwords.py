"""Passwords: what is a good one, and their slow hashes, two at a time at most.

Argon2id with the library's defaults (RFC 9106, low memory: 3 passes, 64 MiB, 4 lanes): about 0.2 s of one
core and 64 MiB for a login. Unbounded, twenty logins at once would take the field loop's processor; so two
threads do it and a short queue waits, whoever comes after that is told to try again.
"""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_T = TypeVar("_T")

AT_ONCE = 2
MAX_WAITING = 8
SHORTEST, LONGEST = 12, 128
"""Characters. Length is what counts; the longest is a bound on work, not on wit."""
FEWEST_DIFFERENT = 5
COMMON = ("password", "123456", "qwerty", "admin", "letmein", "welcome", "operator", "heating", "changeme")
"""A password that is mostly one of these is guessed first."""
MOSTLY = 5
"""Characters that must be left when the common words are taken out."""


class HashingBusy(Exception):
    """Too many logins at once; try again in a second."""


def normal(password: str) -> str:
    """Return the password in one Unicode form: keyboards differ in how they compose the same character."""
    return unicodedata.normalize("NFKC", password)


def password_fault(password: str, name: str) -> str | None:
    """Return what is wrong with a new password of user ``name``, or None; never quotes the password."""
    text = normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        return f"a password has {SHORTEST} to {LONGEST} characters"
    if len(set(text)) < FEWEST_DIFFERENT:
        return f"a password has at least {FEWEST_DIFFERENT} different characters"
    rest = text.lower()
    for word in (*COMMON, name.lower()):
        rest = rest.replace(word, "")
    if len(rest) < MOSTLY:
        return "the password is mostly a common word or the user's name"
    return None


class PasswordHashes:
    """Makes and checks hashes in two threads of their own. Used on the event loop; close at the end."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="password")
        self._waiting = 0
        self._nobody = self._hasher.hash("nobody has this password")

    def close(self) -> None:
        """End the threads; a hash under way is finished first."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def make_now(self, password: str) -> str:
        """Return the hash of a password; takes a fifth of a second, so not on an event loop."""
        return self._hasher.hash(normal(password))

    async def make(self, password: str) -> str:
        """Return the hash of a password; raises HashingBusy."""
        return await self._turn(lambda: self.make_now(password))

    async def check(self, known: str | None, password: str) -> bool:
        """Tell whether ``password`` belongs to the hash ``known``; raises HashingBusy.

        Without a hash (no such user) one of nobody is checked, so that the time does not tell who exists.
        """
        return await self._turn(lambda: self._matches(known or self._nobody, password)) and known is not None

    def _matches(self, known: str, password: str) -> bool:
        try:
            return self._hasher.verify(known, normal(password))
        except (VerificationError, InvalidHashError):
            return False

    async def _turn(self, work: Callable[[], _T]) -> _T:
        if self._waiting >= AT_ONCE + MAX_WAITING:
            raise HashingBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)
        finally:
            self._waiting -= 1
