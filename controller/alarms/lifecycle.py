"""The moves of one alarm (ISA-18.2). Pure: an alarm goes in, the moved alarm comes out.

People's moves are refused in words where they make no sense; the process's moves always do.
"""

from collections.abc import Mapping
from dataclasses import replace

from controller.alarms.model import SHOWN, Alarm, LifeState, Param, SetAside
from controller.words.phrase import Phrase, said

SHELF_MAX_S = 12 * 3600.0
"""A shelved alarm comes back by itself after a shift at most; forgotten shelves have burnt plants down."""
SHELF_MIN_S = 60.0


class MoveRefused(Exception):
    """A person asked for what this alarm can not do now; ``why`` says it in both languages."""

    def __init__(self, why: Phrase) -> None:
        super().__init__(why.en)
        self.why = why


def raised(alarm: Alarm, now: float, since: float, params: Mapping[str, Param], *, needs_ack: bool) -> Alarm:
    """The condition holds since UTC second ``since``: it asks for an operator."""
    moved = replace(
        alarm,
        active=True,
        acknowledged=not needs_ack,
        acknowledged_by="",
        acknowledged_at=None,
        note="",
        since=since,
        raised_at=now,
        cleared_at=None,
        params=params,
    )
    return replace(moved, count=moved.count + 1) if moved.state in SHOWN else moved


def cleared(alarm: Alarm, now: float) -> Alarm:
    """The condition has ended; what nobody could see needs no acknowledgement any more."""
    seen = alarm.state in SHOWN
    return replace(
        alarm,
        active=False,
        cleared_at=now,
        acknowledged=alarm.acknowledged or not seen,
        suppressed_by="",
    )


def acknowledged(alarm: Alarm, by: str, note: str, now: float) -> Alarm:
    """Somebody says that he knows; raises MoveRefused where there is nothing to say so of."""
    if alarm.state is LifeState.ACK:
        raise MoveRefused(said("alarm.acknowledged", who=alarm.acknowledged_by or "-"))
    if alarm.state not in SHOWN:
        raise MoveRefused(said("alarm.not_listed"))
    return replace(alarm, acknowledged=True, acknowledged_by=by, acknowledged_at=now, note=note)


def shelved(alarm: Alarm, by: str, reason: str, now: float, duration_s: float) -> Alarm:
    """Take it off the list for a while; raises MoveRefused without a reason or past a shift."""
    if alarm.state not in SHOWN and alarm.state is not LifeState.SHELVED:
        raise MoveRefused(said("alarm.not_listed"))
    if not reason.strip():
        raise MoveRefused(said("alarm.no_reason"))
    if not SHELF_MIN_S <= duration_s <= SHELF_MAX_S:
        raise MoveRefused(
            said("alarm.shelf_length", shortest=SHELF_MIN_S, longest=SHELF_MAX_S, wanted=duration_s)
        )
    return replace(alarm, shelf=SetAside(by=by, reason=reason, at=now, until=now + duration_s))


def unshelved(alarm: Alarm, now: float) -> Alarm:
    """Put it back on the list; what still holds asks anew. Raises MoveRefused where it is not shelved."""
    if alarm.shelf is None:
        raise MoveRefused(said("alarm.not_shelved"))
    return _shown_anew(replace(alarm, shelf=None), now)


def removed(alarm: Alarm, by: str, reason: str, now: float) -> Alarm:
    """Take it out of service until somebody restores it; raises MoveRefused without a reason."""
    if alarm.out_of_service is not None:
        raise MoveRefused(said("alarm.removed", who=alarm.out_of_service.by))
    if not reason.strip():
        raise MoveRefused(said("alarm.no_reason"))
    return replace(alarm, shelf=None, out_of_service=SetAside(by=by, reason=reason, at=now, until=None))


def restored(alarm: Alarm, now: float) -> Alarm:
    """Back into service; what holds asks anew. Raises MoveRefused where it is in service."""
    if alarm.out_of_service is None:
        raise MoveRefused(said("alarm.in_service"))
    return _shown_anew(replace(alarm, out_of_service=None), now)


def explained(alarm: Alarm, by: str) -> Alarm:
    """Suppressed by design: ``by`` is the id of the alarm that explains it, ``season`` or ``maintenance``."""
    return replace(alarm, suppressed_by=by)


def unexplained(alarm: Alarm, now: float) -> Alarm:
    """Its explanation has ended and it still holds: it asks, unless somebody knew of it before."""
    back = replace(alarm, suppressed_by="")
    return back if alarm.acknowledged else replace(back, raised_at=now, count=alarm.count + 1)


def _shown_anew(alarm: Alarm, now: float) -> Alarm:
    if not alarm.active:
        return replace(alarm, acknowledged=True)
    return replace(alarm, acknowledged=False, acknowledged_by="", raised_at=now, count=alarm.count + 1)
