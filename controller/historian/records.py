"""What the command log keeps: what was asked of which loop, by whom, why, and what became of it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import NamedTuple

from stations.model.setpoint import CirculationChannel, HeatChannel, StationChannel

MAX_UINT32 = 2**32 - 1


class State(StrEnum):
    """How far an instruction has come. The last four are final."""

    REQUESTED = "requested"
    """Committed to the log, not yet on the wire."""
    SENT = "sent"
    """On the wire; a lost answer leaves it here until it is read back."""
    ACKNOWLEDGED = "acknowledged"
    """The device took the write; the read-back is still to come."""
    CONFIRMED = "confirmed"
    """Read back as written, and it acts."""
    CONFIRMED_LIMITED = "confirmed_limited"
    """Read back as written, but the device acts on another value within its own limits."""
    REJECTED = "rejected"
    """Refused by the device, by the driver before the wire, or not found at the read-back."""
    EXPIRED = "expired"
    """Overtaken, too old, or left open by a controller that ended."""

    @property
    def final(self) -> bool:
        """Tell whether nothing can follow."""
        return not LEGAL[self]


LEGAL: Mapping[State, frozenset[State]] = {
    State.REQUESTED: frozenset({State.SENT, State.REJECTED, State.EXPIRED}),
    State.SENT: frozenset(
        {
            State.ACKNOWLEDGED,
            # The answer was lost and the read-back tells.
            State.CONFIRMED,
            State.CONFIRMED_LIMITED,
            State.REJECTED,
            State.EXPIRED,
        }
    ),
    State.ACKNOWLEDGED: frozenset({State.CONFIRMED, State.CONFIRMED_LIMITED, State.REJECTED, State.EXPIRED}),
    State.CONFIRMED: frozenset(),
    State.CONFIRMED_LIMITED: frozenset(),
    State.REJECTED: frozenset(),
    State.EXPIRED: frozenset(),
}
"""Which state may follow which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """One instruction for one loop, or for a station as a whole, recorded before it goes to the wire.

    Times are UTC seconds on the system's (scaled) clock. The canonical pair (temperature, flow) is what was
    decided; heat and circulation are what the device is told in its own channels.
    """

    id: int
    """From ``CommandLog.next_ids``; grows over all starts."""
    at: float
    station: str
    loop: int
    """0: the station as a whole, of which the primary flow is capped."""
    token: int
    """Fencing token of the controller that decided it (uint32)."""
    sequence: int
    """Grows with every command to this loop under one token (uint32)."""
    T_supply_set: float | None
    """Wanted secondary supply temperature, degC; None where the channel does not tell one."""
    m_flow_set: float | None
    """Wanted secondary circulation, kg/s; None where the loop has no such channel. Of a cap the primary flow
    that it allows; None where it lifts the one before."""
    heat_channel: HeatChannel | StationChannel
    heat_value: float
    """Value for the heat channel in its unit inside."""
    circulation_channel: CirculationChannel | None
    circulation_value: float | None
    """Value for the circulation channel in its unit inside; None exactly where there is no channel."""
    author: str
    """Who wanted it: ``curve``, ``optimizer``, a user's name."""
    reason: tuple[str, ...]
    """The cuts that the guard made, in order; empty where the proposal passed as it was."""
    previous_T_supply_set: float | None
    """The instruction that this one replaces, degC; None where there was none."""
    previous_m_flow_set: float | None
    """Likewise, kg/s."""
    valid_until: float
    """After this moment it must not be written any more."""
    state: State
    state_at: float
    detail: str = ""
    """Text of the last transition, e.g. what the device answered."""
    why: tuple[str, ...] = ()
    """Why it was wanted, in the words of its author: sentences as ids with their numbers."""

    def __post_init__(self) -> None:
        """Refuse what can not be stored and read back the same."""
        numbers = (
            *(self.at, self.valid_until, self.state_at, self.heat_value, self.circulation_value),
            *(self.T_supply_set, self.m_flow_set, self.previous_T_supply_set, self.previous_m_flow_set),
        )
        if not all(number is None or math.isfinite(number) for number in numbers):
            raise ValueError(f"intent {self.id} for {self.station}: a number is not finite: {numbers}")
        if (self.circulation_channel is None) != (self.circulation_value is None):
            raise ValueError(
                f"intent {self.id} for {self.station}: circulation needs channel and value or neither"
            )
        if not (0 < self.token <= MAX_UINT32 and 0 <= self.sequence <= MAX_UINT32):
            raise ValueError(f"intent {self.id}: token {self.token}, sequence {self.sequence} are not uint32")


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One step of one intent."""

    intent_id: int
    at: float
    state: State
    detail: str = ""


class Register(NamedTuple):
    """A writable point of a device in one heating season: the unit in which memory wears out."""

    station: str
    loop: int
    point: str
    season: str
    """Like ``2025/26``; see ``season_of``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterWrite:
    """One value that went to the wire, instruction or not (release, neutral, outdoor temperature)."""

    station: str
    loop: int
    point: str
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wear:
    """How often a register was written in a season, and when last (UTC seconds)."""

    writes: int
    last_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLogStats:
    """What the log did since it was opened."""

    commits: int = 0
    """Transactions that are on the disk; several callers share one."""
    errors: int = 0
    last_error: str | None = None
    """Why the last transaction failed; None when it succeeded. Not None is an alarm."""
    last_commit_ms: float = 0.0
    bytes: int = 0
    set_aside: str | None = None
    """Name of a damaged log that was put aside at the start; an alarm."""


class CommandLogError(Exception):
    """The log can not take what it was given now; nothing of it is stored. ``why`` is for the alarm."""

    def __init__(self, why: str) -> None:
        super().__init__(f"command log: {why}")
        self.why = why


class IllegalTransition(Exception):
    """A step that can not follow; a bug of the caller. Nothing of its call was stored."""

    def __init__(self, intent_id: int, present: State | None, wanted: State) -> None:
        found = "is not in the log" if present is None else f"is {present}"
        super().__init__(f"intent {intent_id} {found} and can not become {wanted}")
        self.intent_id, self.present, self.wanted = intent_id, present, wanted


def season_of(at: float) -> str:
    """Return the heating season of UTC second ``at``, July to June, as ``2025/26``."""
    moment = datetime.fromtimestamp(at, UTC)
    first = moment.year if moment.month >= 7 else moment.year - 1
    return f"{first}/{(first + 1) % 100:02d}"
