"""What became of a write. Expected faults are data; a caller matches all of them."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The device answered that it took the write. Not yet proof: the read-back is."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The device (or the driver, before the wire) refused. Repeating the same write is pointless."""

    why: str
    jump: tuple[float, float] | None = field(default=None, compare=False)
    """What the loop holds by itself and what it was to hold, degC, where that is why; for people's words."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer was lost: the write may or may not have happened. Read first, never re-send blindly."""

    why: str


@dataclass(frozen=True, slots=True)
class NotApplicable:
    """This device has no such function (e.g. a heartbeat for a class B register controller)."""


WriteOutcome = Acknowledged | Rejected | Unknown | NotApplicable
