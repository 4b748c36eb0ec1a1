"""Messages about alarms, version 1; a part of ``controller.api.schema`` in a file of its own."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from controller.api.schema import Message

StateName = Literal[
    "normal", "unack", "ack", "returned_unack", "shelved", "suppressed", "out_of_service"
]  # fmt: skip
Words = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Reason = Annotated[str, Field(min_length=3, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]


class AlarmRequest(BaseModel):
    """Base of requests about an alarm."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class AckRequest(AlarmRequest):
    """I know of this alarm."""

    note: Words = ""


class ShelveRequest(AlarmRequest):
    """Take this alarm off the list for a while."""

    reason: Reason
    duration_s: Annotated[float, Field(ge=60.0, le=43_200.0, allow_inf_nan=False)]
    """Seconds on the controller's clock; above an hour it needs a shift lead."""


class ReasonRequest(AlarmRequest):
    """Take this alarm out of service."""

    reason: Reason


class AsideMessage(Message):
    """Who took an alarm off the list."""

    by: str
    reason: str
    at: float
    until: float | None


class AlarmMessage(Message):
    """One alarm that is not normal. Causes and actions stand in ``/alarms/rules``."""

    id: str
    rule: str
    priority: Literal[1, 2, 3, 4]
    """1 critical, 2 high, 3 low, 4 diagnostic."""
    state: StateName
    active: bool
    """The condition holds now."""
    station: str | None
    district: str | None
    loop: int | None
    point: str | None
    title_en: str
    title_zh: str
    text_en: str
    text_zh: str
    since: float
    """When the condition began, UTC seconds."""
    raised_at: float | None
    cleared_at: float | None
    acknowledged_by: str
    acknowledged_at: float | None
    note: str
    count: int
    """How often it came onto the list since it was last normal."""
    first_out: bool
    """Of several alarms of one place that began together, this one began first."""
    suppressed_by: str
    """Id of the alarm that explains this one, ``season`` or ``maintenance``; empty where none does."""
    children: list[str]
    """Ids of alarms that this one explains."""
    shelf: AsideMessage | None
    out_of_service: AsideMessage | None


class AlarmList(Message):
    """Answer of ``/alarms``."""

    now: float
    version: int
    """Grows with every change in this run of the controller."""
    alarms: list[AlarmMessage]


class AlarmAnswer(Message):
    """What became of a request about an alarm."""

    state: StateName
    stored: bool
    """True when it is on the disk and outlives a restart."""


class RuleMessage(Message):
    """What one kind of alarm means."""

    rule: str
    priority: Literal[1, 2, 3, 4]
    scope: str
    on_delay_s: float
    off_delay_s: float
    respond_min: int
    limit: float | None
    dead_band: float
    season: Literal["heating", "any"]
    suppressed_by: list[str]
    title_en: str
    title_zh: str
    cause_en: str
    cause_zh: str
    consequence_en: str
    consequence_zh: str
    action_en: str
    action_zh: str


class RuleList(Message):
    """Answer of ``/alarms/rules``."""

    rules: list[RuleMessage]


class StepMessage(Message):
    """One line of the alarm journal."""

    at: float
    id: str
    before: StateName
    after: StateName
    why: str
    by: str
    note: str
    text_en: str
    text_zh: str


class AlarmJournal(Message):
    """Answer of ``/alarms/journal``, oldest first."""

    steps: list[StepMessage]


class OffenderMessage(Message):
    """An alarm that came often."""

    id: str
    count: int


class AlarmKpisMessage(Message):
    """Answer of ``/alarms/kpis``: measures of ISA-18.2 over a span, and the list as it is now."""

    start: float
    end: float
    annunciated: int
    per_10_min: float
    peak_10_min: int
    flood_share: float
    by_priority: dict[int, int]
    top: list[OffenderMessage]
    top_share: float
    chattering: list[str]
    stale: list[str]
    shown: dict[int, int]
    unacknowledged: int
    shelved: int
    suppressed: int
    out_of_service: int
