"""What the journal takes and gives back: slots of readings in, series of samples out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from stations.model.identity import Point
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading


class Answer(NamedTuple):
    """All readings that one poll of one station brought, bad ones included: a gap must mean "no poll"."""

    station: str
    readings: Mapping[Point, Reading]
    """Not changed by anyone once it is handed over: the journal encodes it later, in its own thread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """All answers received in one slot of the journal (10 s by default), in order of arrival.

    A station may answer twice in a slot or not at all; a late answer belongs to the slot in which it was
    received and keeps its own ``measured_at``.
    """

    start: float
    """Begin of the slot, UTC seconds."""
    answers: Sequence[Answer]


class Sample(NamedTuple):
    """One point of a trend; ``value`` None is a marked gap with its reason."""

    measured_at: float
    value: float | None
    quality: Quality
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """The trend of one point, in order of ``measured_at``, UTC seconds.

    Every sample was really measured: down-sampling picks, for each bucket of ``bucket_s``, the lowest and
    the highest value and, where the bucket holds bad readings, the first of them. A stretch without any
    sample means that there was no poll.
    """

    station: str
    point: Point
    start: float
    end: float
    samples: tuple[Sample, ...]
    bucket_s: float | None
    """Width of a bucket; None where every stored sample is given."""
    stored: int
    """Samples stored in the span, before down-sampling."""
    damaged: tuple[tuple[float, float], ...]
    """Spans (from, to) in UTC seconds whose slots can not be read any more: not "no poll" but "lost"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalStats:
    """What the journal did since it was opened, and whether it can store at all."""

    slots: int = 0
    readings_stored: int = 0
    """Readings whose commit has returned: they survive a crash and a power cut."""
    slots_dropped: int = 0
    dropped: int = 0
    """Readings given up, always the oldest unsaved ones, because the disk is full or too slow."""
    pending: int = 0
    """Slots taken and not yet stored."""
    errors: int = 0
    last_error: str | None = None
    """Why the last commit failed; None when it succeeded. Not None is an alarm."""
    disk_full: bool = False
    last_commit_ms: float = 0.0
    last_encode_ms: float = 0.0
    bytes: int = 0
    """Size of the store's files."""
    set_aside: str | None = None
    """Name of a damaged store that was put aside at the start; an alarm."""
