"""What can go wrong between us and a source of weather, as data."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Why a source told nothing."""

    NO_ANSWER = "no_answer"
    """Nobody there, or the connection broke."""
    TOO_SLOW = "too_slow"
    STATUS = "status"
    """The server answered with an error of its own."""
    REFUSED = "refused"
    """The server says what is wrong with the question."""
    NOT_READABLE = "not_readable"
    """Not the format that was promised."""
    WRONG_UNIT = "wrong_unit"
    WRONG_TIME = "wrong_time"
    """For another time than ours: a wrong clock, an old file, a simulated year."""
    TOO_LITTLE = "too_little"
    """Readable, but it does not tell what a plan needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One fault; ``detail`` says more, in English, for logs. It never holds a secret."""

    fault: Fault
    detail: str
    retry_after_s: float | None = None
    """Wall seconds that the server asked to wait."""
