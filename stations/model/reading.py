"""A reading: what a station said, how far it can be trusted, and when it was true.

This is the smallest word of the system's language. Everything above (process image, guard, journal,
screen) handles readings and never bare numbers, so that an absent value can not be mistaken for a zero.
"""

import math
from dataclasses import dataclass, fields

from stations.model.quality import Quality, Reason
from stations.model.quick import quickly_made


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One value of one point at one moment.

    ``value`` is in the unit inside (``stations.model.quantity``) and is None exactly when the quality is
    BAD: absent is a value of its own, never 0 and never NaN. Times are UTC seconds since the epoch on the
    system's (scaled) clock.
    """

    value: float | None
    quality: Quality
    reason: Reason
    measured_at: float
    """When the station measured it; equals ``received_at`` where the protocol carries no time."""
    received_at: float
    """When the answer arrived here."""

    def __post_init__(self) -> None:
        """Refuse what no reading may be; a violation is a bug of the caller, not a fault of the field."""
        if (self.value is None) != (self.quality is Quality.BAD):
            raise ValueError(f"value {self.value!r} does not go with quality {self.quality.name}")
        if self.value is not None and not math.isfinite(self.value):
            raise ValueError(f"value {self.value!r} is not finite")
        if (self.reason is Reason.OK) != (self.quality is Quality.GOOD):
            raise ValueError(f"reason {self.reason} does not go with quality {self.quality.name}")

    def age_s(self, now: float) -> float:
        """Seconds since it was measured, at UTC second ``now``; each user states the age it tolerates."""
        return now - self.measured_at

    @property
    def sound(self) -> bool:
        """Whether nothing speaks against the value: a station's clock that is ahead does not.

        Such a reading bears our own time in place of the station's (``controller.validation``).
        """
        return self.quality is Quality.GOOD or self.reason is Reason.CLOCK_SKEW

    def usable(self, now: float, max_age_s: float) -> bool:
        """Tell whether the value is sound and at most ``max_age_s`` old: fit to decide upon."""
        # written out, as each loop asks for several in every cycle: ``sound`` and ``age_s``
        sound = self.quality is Quality.GOOD or self.reason is Reason.CLOCK_SKEW
        return sound and now - self.measured_at <= max_age_s


def good(value: float, at: float, received_at: float | None = None) -> Reading:
    """Return a GOOD reading measured at UTC second ``at``."""
    if not math.isfinite(value):
        raise ValueError(f"value {value!r} is not finite")
    return good_within(value, at, at if received_at is None else received_at)


def good_within(value: float, measured_at: float, received_at: float) -> Reading:
    """Return a GOOD reading of a value that is known to lie between finite bounds."""
    draft = _Draft()
    draft.value = value
    draft.quality = _GOOD
    draft.reason = _OK
    draft.measured_at = measured_at
    draft.received_at = received_at
    draft.__class__ = Reading  # type: ignore[assignment]
    return draft  # type: ignore[return-value]


def doubted(reading: Reading, reason: Reason, measured_at: float) -> Reading:
    """Return a reading that has a value as UNCERTAIN for ``reason``, measured at that UTC second."""
    draft = _Draft()
    draft.value = reading.value
    draft.quality = _UNCERTAIN
    draft.reason = reason
    draft.measured_at = measured_at
    draft.received_at = reading.received_at
    draft.__class__ = Reading  # type: ignore[assignment]
    return draft  # type: ignore[return-value]


class _Draft:
    """A reading that is not one yet: the same slots, open to be written.

    Nearly every value of every poll becomes a good reading. Filled in as a draft and then declared a reading
    it takes a fifth of the time of a frozen dataclass's constructor, and of what that refuses nothing is
    possible here. The same goes for doubts: where a station's clock is ahead, all of its values have one in
    every poll.
    """

    __slots__ = tuple(field.name for field in fields(Reading))
    value: float | None
    quality: Quality
    reason: Reason
    measured_at: float
    received_at: float


_GOOD, _UNCERTAIN, _OK = Quality.GOOD, Quality.UNCERTAIN, Reason.OK


def uncertain(value: float, reason: Reason, at: float, received_at: float | None = None) -> Reading:
    """Return a reading that has a value and a doubt."""
    return Reading(
        value=value,
        quality=Quality.UNCERTAIN,
        reason=reason,
        measured_at=at,
        received_at=at if received_at is None else received_at,
    )


def bad(reason: Reason, at: float, received_at: float | None = None) -> Reading:
    """Return a reading without a value: the poll happened, the value can not be had, and this is why."""
    return Reading(
        value=None,
        quality=Quality.BAD,
        reason=reason,
        measured_at=at,
        received_at=at if received_at is None else received_at,
    )
