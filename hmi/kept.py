"""Answers that all sessions share for a while: what is the same for everybody is asked for once."""

import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from hmi.user_api import Refused, Unreachable

RETRY_S = 5.0
"""Wall seconds after a failure in which it is not tried again."""

_T = TypeVar("_T")
_lock = threading.Lock()
_answers: dict[str, tuple[float, Any]] = {}
"""By name: until when it is kept, and the answer; each name stands for one type of answer."""


def kept(name: str, ttl_s: float, fetch: Callable[[], _T]) -> _T | None:
    """Return what ``fetch`` returned at most ``ttl_s`` wall seconds ago, or the last that it ever did.

    None where it never did. One session fetches, the others wait for it; every role may read what is kept.
    """
    with _lock:
        known: tuple[float, _T | None] = _answers.get(name, (0.0, None))
        due, answer = known
        now = time.monotonic()
        if now < due:
            return answer
        try:
            answer, lasts = fetch(), ttl_s
        except (Refused, Unreachable):
            lasts = RETRY_S
        _answers[name] = (now + lasts, answer)
        return answer


def forget() -> None:
    """Forget all answers: another controller is asked (tests)."""
    with _lock:
        _answers.clear()
