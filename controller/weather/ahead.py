"""What the control cycle knows of the weather to come."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """Outdoor temperatures as forecast, degC; None where no fresh source tells them without a hole."""

    now: float | None = None
    least: float | None = None
    """The coldest quarter of an hour of the next 24 h."""
    sun: float | None = None
    """W/m2 on the horizontal, now."""
    wind: float | None = None
    """m/s, now."""


NOTHING_KNOWN = Ahead()
