"""Messages of the shadow report, version 1; a part of ``controller.api.schema``."""

from controller.api.order_schema import Request, Words
from controller.api.schema import Message, Sentence


class ShadowMessage(Message):
    """What plans saved, or would have saved, of one loop, a district or the city."""

    proposed: bool
    """True: it would have been saved, the plans were not followed on enough days."""
    saved: float | None
    """As a fraction of the heat otherwise used; null where ``lacking`` says why."""
    low: float | None
    high: float | None
    """It lies between them nine times in ten."""
    days: int
    """Days that count, of all kinds."""
    days_on_plan: int
    """Of them those on which plans were followed."""
    actual: float | None
    """W/m2 that were taken on the days that the saving is told of; null where there is none of them."""
    plan: float | None
    """W/m2 that plans said for those days."""
    curve: float | None
    """W/m2 that the curve would have taken on them, by the same model."""
    drift: Sentence | None
    """Why the loop is no longer what its model says."""


class ShadowLoop(ShadowMessage):
    """One loop."""

    station: str
    loop: int
    lacking: list[Sentence]
    """What speaks against letting it follow plans; an engineer decides."""


class ShadowDistrict(ShadowMessage):
    """One district."""

    district: str
    why: Sentence | None
    """Why nothing is told of a saving."""


class ShadowReport(Message):
    """Answer of ``/plan/shadow``."""

    now: float
    districts: list[ShadowDistrict]
    loops: list[ShadowLoop]
    """Those with at least one day."""


class PromoteRequest(Request):
    """Body of ``POST /plan/shadow/{station}/{loop}/promote``."""

    reason: Words


class Promoted(Message):
    """A loop begins anew with plans."""

    promoted: bool
