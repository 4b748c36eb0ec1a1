"""Answers that all sessions share for a while: what is the same for everybody is asked for once."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from hmi.user_api import Refused, Unreachable

RETRY_S = 5.0
"""Wall seconds after a failure in which it is not tried again."""
BEHIND = 3.0
"""Times its ``ttl_s`` that an answer may be old and still stand in for one that is being asked for."""
MOST = 128
"""Answers that are kept; beyond that the one that was used longest ago goes."""

_T = TypeVar("_T")


@dataclass(slots=True)
class _Place:
    """One answer; who holds ``turn`` asks for it anew."""

    answer: Any = None
    due: float = 0.0
    """Monotonic second from which on it is asked for anew."""
    used: float = 0.0
    turn: threading.Lock = field(default_factory=threading.Lock)


_guard = threading.Lock()
_places: dict[str, _Place] = {}


def kept(name: str, ttl_s: float, fetch: Callable[[], _T], *, wait: bool = True) -> _T | None:
    """Return what ``fetch`` returned at most ``ttl_s`` wall seconds ago, or the last that it ever did.

    None where it never did. ``name`` stands for one question with one type of answer, which every role may
    read. While one session asks, the others take the answer of before, or wait where there is none. Without
    ``wait`` nobody does: what takes long is asked for in a thread, and a later run finds the answer.
    """
    place, now = _place(name), time.monotonic()
    if now >= place.due and place.turn.acquire(blocking=wait and place.answer is None):
        if wait:
            _renew(place, ttl_s, fetch)
        else:
            threading.Thread(target=_renew, args=(place, ttl_s, fetch), daemon=True, name="kept").start()
    answer: _T | None = place.answer
    return answer


def followed(name: str, ttl_s: float, fetch: Callable[[], _T]) -> _T | None:
    """Return the same as ``kept``, but let no run wait for the controller while somebody looks all the time.

    An answer that is due is asked for in a thread and the one of before is returned, for as long as that is
    not older than ``BEHIND`` times ``ttl_s``; a page that is opened after a while waits for a new one.
    """
    place, now = _place(name), time.monotonic()
    recent = place.answer is not None and now < place.due + (BEHIND - 1.0) * ttl_s
    return kept(name, ttl_s, fetch, wait=not recent)


def last(name: str) -> object:
    """Return the last answer to a question, however old, so that only news are asked for; None: none yet."""
    with _guard:
        place = _places.get(name)
    return None if place is None else place.answer


def _renew(place: _Place, ttl_s: float, fetch: Callable[[], object]) -> None:
    """Ask anew, unless somebody just has; gives the turn back, whatever thread took it."""
    try:
        if time.monotonic() < place.due:
            return
        lasts = ttl_s
        try:
            place.answer = fetch()
        except (Refused, Unreachable):
            lasts = RETRY_S
        place.due = time.monotonic() + lasts
    finally:
        place.turn.release()


def _place(name: str) -> _Place:
    with _guard:
        place = _places.setdefault(name, _Place())
        place.used = time.monotonic()
        if len(_places) > MOST:
            oldest = min(_places, key=lambda one: _places[one].used)
            del _places[oldest]
        return place


def forget() -> None:
    """Forget all answers: something was changed, or another controller is asked."""
    with _guard:
        _places.clear()
