"""The words of alarms, after ISA-18.2 (IEC 62682): what is found wrong, and where its alarm stands.

An alarm asks an operator to do something; what asks for nothing is an event and belongs in the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from controller.words.phrase import Phrase, together

Param = float | str
"""What a text is filled with: numbers in units inside, names and reasons as text."""


def because(*why: Phrase) -> dict[str, Param]:
    """Return what texts are filled with that tell why: ``why``, and ``why_zh`` for the Chinese one."""
    return {"why": together(why, "en"), "why_zh": together(why, "zh")}


class AlarmKey(NamedTuple):
    """Which alarm: the rule, and the place where it holds."""

    rule: str
    name: str = ""
    """Station, district or gateway, as the rule's scope says; empty for the whole site."""
    loop: int | None = None
    """0 is the primary side; None where the alarm is about the whole station."""
    point: str | None = None

    def __str__(self) -> str:
        """Render as ``sensor_frozen:S017:1:T_supply_secondary``, the id in the API and in the journal."""
        return ":".join(str(part) for part in self if part not in ("", None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a rule found wrong at one look; what is not found any more is right again."""

    key: AlarmKey
    since: float | None = None
    """UTC second at which it began, where the rule knows better than the first look that saw it."""
    params: Mapping[str, Param] = field(default_factory=dict)
    unknown: bool = False
    """True: nobody can tell now (the sensor is bad). An alarm that stands goes on, none is raised."""


class LifeState(StrEnum):
    """States of the alarm life cycle (ISA-18.2 figure 2); names are those of the API."""

    NORMAL = "normal"
    UNACK = "unack"
    """Wrong, and nobody has said that he knows."""
    ACK = "ack"
    RETURNED_UNACK = "returned_unack"
    """Right again before anybody said that he knew."""
    SHELVED = "shelved"
    """Taken off the list by a person, with a reason and an end."""
    SUPPRESSED = "suppressed"
    """By design: another alarm explains it, or it means nothing in this season."""
    OUT_OF_SERVICE = "out_of_service"
    """Taken off by a person without an end, e.g. while a sensor is exchanged."""


SHOWN = frozenset({LifeState.UNACK, LifeState.ACK, LifeState.RETURNED_UNACK})
"""States in which an alarm stands on the operator's list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetAside:
    """Who took an alarm off the list, why, and until when (UTC seconds; None: until it is put back)."""

    by: str
    reason: str
    at: float
    until: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One alarm that is not normal. Times are UTC seconds of the controller's (scaled) clock."""

    key: AlarmKey
    active: bool = False
    """The condition holds, its on-delay is over."""
    acknowledged: bool = True
    """True also where there is nothing to acknowledge."""
    since: float = 0.0
    """When the condition began."""
    raised_at: float | None = None
    """When it last came onto the operator's list."""
    cleared_at: float | None = None
    """When the condition last ended."""
    acknowledged_by: str = ""
    acknowledged_at: float | None = None
    note: str = ""
    """What was written at the acknowledgement."""
    shelf: SetAside | None = None
    out_of_service: SetAside | None = None
    suppressed_by: str = ""
    """Id of the alarm that explains this one, or ``season``, or ``maintenance``."""
    count: int = 0
    """How often it came onto the list since it was last normal."""
    params: Mapping[str, Param] = field(default_factory=dict)

    @property
    def state(self) -> LifeState:
        """Where it stands; the ways of being off the list come first."""
        if self.out_of_service is not None:
            return LifeState.OUT_OF_SERVICE
        if self.suppressed_by:
            return LifeState.SUPPRESSED
        if self.shelf is not None:
            return LifeState.SHELVED
        if self.active:
            return LifeState.ACK if self.acknowledged else LifeState.UNACK
        return LifeState.NORMAL if self.acknowledged else LifeState.RETURNED_UNACK


class Why(StrEnum):
    """What moved an alarm from one state to another."""

    CONDITION = "condition"
    ACKNOWLEDGED = "acknowledged"
    SHELVED = "shelved"
    UNSHELVED = "unshelved"
    SHELF_OVER = "shelf_over"
    EXPLAINED = "explained"
    """A parent was raised, or the season makes it meaningless."""
    UNEXPLAINED = "unexplained"
    REMOVED = "removed"
    """Taken out of service."""
    RESTORED = "restored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One step of one alarm: a line of the alarm journal."""

    at: float
    key: AlarmKey
    before: LifeState
    after: LifeState
    why: Why
    by: str = ""
    """The person, or the alarm that explains; empty where the process itself moved it."""
    note: str = ""
    params: Mapping[str, Param] = field(default_factory=dict)
