"""What a write meant for the station, whatever protocol carried it. Units inside: degC, K, kg/s, s."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Setpoint:
    """Temperature (and volume) for a loop; token and sequence where the device fences."""

    loop: int
    T: float
    flow: float | None = None
    token: int | None = None
    sequence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """Class B: an offset in K on the own curve."""

    loop: int
    dT: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """A heartbeat."""

    token: int
    valid_for_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadManTime:
    """Class T: the countdown was set."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Harmless:
    """A whitelisted write without bounds of its own: level bit, release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdoorCentre:
    """The centre's outdoor temperature in degC."""

    T: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PrimaryCap:
    """A cap on the primary flow of the station, kg/s; a value that no station draws lifts it."""

    m_flow_max: float
    token: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Forbidden:
    """Something that no centre may send to this device."""

    what: str
    value: float
    limit: str


Meaning = Setpoint | Offset | Beat | DeadManTime | OutdoorCentre | PrimaryCap | Harmless | Forbidden
