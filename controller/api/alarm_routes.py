"""Paths of alarms: the list, what each means, the journal, the measures, and what people do about them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from controller.accounts.roles import Principal, Right
from controller.alarms.definitions import Scope, definitions, rendered
from controller.alarms.desk import AlarmDesk
from controller.alarms.kpis import alarm_kpis
from controller.alarms.lifecycle import MoveRefused
from controller.alarms.listing import children, first_out, listed
from controller.alarms.model import SHOWN, Alarm, AlarmKey, Transition
from controller.api import alarm_schema as schema
from controller.api.accounts_routes import caller_of
from controller.api.described import said
from controller.api.rights import needs
from controller.api.routes import answer
from controller.config.model import SiteConfig
from controller.orders.words import Refused
from controller.words.phrase import Phrase
from stations.model.clock import Clock

Note = Callable[[str, str, str, dict[str, object]], None]
"""Tells the audit: key, kind, actor, data."""
Move = Callable[[AlarmKey, float], Future[bool]]
"""Moves an alarm at a UTC second; the future tells when that is on the disk."""
AlarmId = Annotated[str, Path(pattern=r"^[a-z_]{1,40}(:[A-Za-z0-9_.-]{1,64}){0,3}$")]
LONG_SHELF_S = 3600.0
"""Longer shelves need a shift lead."""
STORE_S = 2.0
"""Wall seconds that an answer waits for the disk; an alarm is silenced with a broken disk too."""
MAX_STEPS = 5_000
KPI_STEPS = 200_000
_Seconds = Annotated[float, Query(ge=0, le=1e11, allow_inf_nan=False)]


class AlarmMoves:
    """What people do about alarms: finds the alarm, asks whose zone it lies in, moves it, tells the audit."""

    def __init__(self, desk: AlarmDesk, site: SiteConfig, clock: Clock, note: Note) -> None:
        self._book = desk.book
        self._clock = clock
        self._note = note
        self._district_of = {station.id: station.district for station in site.stations}

    def alarm(self, text: str, caller: Principal) -> Alarm:
        """Return the alarm with this id if it lies in the caller's zone."""
        alarm = self._book.by_id(text)
        if alarm is None:
            raise Refused(Phrase("alarm.unknown", {"alarm": text}))
        district = district_of(alarm.key, self._district_of)
        if not (caller.districts is None if district is None else caller.in_zone(district)):
            raise Refused(Phrase("alarm.zone", {"alarm": text}))
        return alarm

    async def done(self, text: str, caller: Principal, kind: str, move: Move, why: str) -> Response:
        """Carry a move out, or refuse it in words; answers when it is on the disk, or soon after."""
        alarm, now = self.alarm(text, caller), self._clock.now()
        try:
            saved = move(alarm.key, now)
        except MoveRefused as refused:
            raise Refused(refused.why) from None
        self._note(f"{kind}:{text}:{now!r}", kind, caller.name, {"alarm": text, "why": why})
        moved = self._book.alarms.get(alarm.key, Alarm(key=alarm.key))
        return answer({"state": moved.state.value, "stored": await _stored(saved)})


def alarm_router(desk: AlarmDesk, site: SiteConfig, clock: Clock, note: Note) -> APIRouter:
    """Return the paths of alarms. Who may not order loops may not silence their alarms either."""
    router = APIRouter(prefix="/api/v1/alarms")
    book, moves = desk.book, AlarmMoves(desk, site, clock, note)
    districts = {station.id: station.district for station in site.stations}
    rules = [{"rule": rule, **asdict(definition)} for rule, definition in definitions().items()]

    @router.get("", responses=said(schema.AlarmList), openapi_extra=needs(Right.READ))
    async def alarms(
        every: Annotated[bool, Query(alias="all", description="also suppressed, shelved, removed")] = False,
    ) -> Response:
        """Alarms on the operator's list, those that ask first; with ``all`` also those that are off it."""
        known = list(book.alarms.values())
        beneath, first = children(known), first_out(known)
        shown = [alarm for alarm in known if every or alarm.state in SHOWN]
        views = [
            alarm_view(alarm, districts, beneath.get(str(alarm.key), []), first) for alarm in listed(shown)
        ]
        return answer({"now": clock.now(), "version": book.version, "alarms": views})

    @router.get("/rules", responses=said(schema.RuleList), openapi_extra=needs(Right.READ))
    async def all_rules() -> Response:
        """Every kind of alarm: priority, delays, cause, consequence, what to do."""
        return answer({"rules": rules})

    @router.get("/journal", responses=said(schema.AlarmJournal), openapi_extra=needs(Right.READ))
    async def journal(
        start: _Seconds, end: _Seconds, limit: Annotated[int, Query(ge=1, le=MAX_STEPS)] = MAX_STEPS
    ) -> Response:
        """The newest steps of start <= at < end, UTC seconds, oldest first."""
        steps = await asyncio.to_thread(desk.journal, start, end, limit)
        return answer({"steps": [step_view(step) for step in steps]})

    @router.get("/kpis", responses=said(schema.AlarmKpisMessage), openapi_extra=needs(Right.READ))
    async def kpis(hours: Annotated[float, Query(ge=1, le=744, allow_inf_nan=False)] = 24.0) -> Response:
        """How good the alarms themselves were over the last hours."""
        end, standing = clock.now(), dict(book.alarms)
        start = end - hours * 3600.0

        def measured() -> dict[str, object]:
            found = asdict(alarm_kpis(desk.journal(start, end, KPI_STEPS), standing, start, end))
            return found | {"top": [{"id": name, "count": count} for name, count in found["top"]]}

        return answer(await asyncio.to_thread(measured))

    @router.post("/{alarm}/ack", responses=said(schema.AlarmAnswer), openapi_extra=needs(Right.ORDER))
    async def acknowledge(request: Request, alarm: AlarmId, body: schema.AckRequest) -> Response:
        """Say that you know of it."""
        caller = caller_of(request)
        return await moves.done(
            alarm,
            caller,
            "alarm_acknowledged",
            lambda key, now: book.acknowledge(key, caller.name, body.note, now),
            body.note,
        )

    @router.post("/{alarm}/shelve", responses=said(schema.AlarmAnswer), openapi_extra=needs(Right.ORDER))
    async def shelve(request: Request, alarm: AlarmId, body: schema.ShelveRequest) -> Response:
        """Take it off the list for a while; it comes back by itself."""
        caller = caller_of(request)
        if body.duration_s > LONG_SHELF_S and not caller.may(Right.APPROVE):
            raise Refused(Phrase("alarm.long_shelf"))
        return await moves.done(
            alarm,
            caller,
            "alarm_shelved",
            lambda key, now: book.shelve(key, caller.name, body.reason, body.duration_s, now),
            f"{body.duration_s:.0f} s: {body.reason}",
        )

    @router.post("/{alarm}/unshelve", responses=said(schema.AlarmAnswer), openapi_extra=needs(Right.ORDER))
    async def unshelve(request: Request, alarm: AlarmId) -> Response:
        """Put a shelved alarm back on the list."""
        caller = caller_of(request)
        return await moves.done(
            alarm, caller, "alarm_unshelved", lambda key, now: book.unshelve(key, caller.name, now), ""
        )

    @router.post(
        "/{alarm}/out-of-service", responses=said(schema.AlarmAnswer), openapi_extra=needs(Right.APPROVE)
    )
    async def remove(request: Request, alarm: AlarmId, body: schema.ReasonRequest) -> Response:
        """Take it out of service until somebody puts it back."""
        caller = caller_of(request)
        return await moves.done(
            alarm,
            caller,
            "alarm_removed",
            lambda key, now: book.remove(key, caller.name, body.reason, now),
            body.reason,
        )

    @router.post(
        "/{alarm}/in-service", responses=said(schema.AlarmAnswer), openapi_extra=needs(Right.APPROVE)
    )
    async def restore(request: Request, alarm: AlarmId) -> Response:
        """Put it back into service."""
        caller = caller_of(request)
        return await moves.done(
            alarm, caller, "alarm_restored", lambda key, now: book.restore(key, caller.name, now), ""
        )

    return router


def district_of(key: AlarmKey, districts: dict[str, str]) -> str | None:
    """Return the district that an alarm belongs to; None for what concerns the whole city."""
    match definitions()[key.rule].scope:
        case Scope.DISTRICT:
            return key.name
        case Scope.STATION | Scope.LOOP | Scope.POINT:
            return districts.get(key.name)
        case _:
            return None


def alarm_view(
    alarm: Alarm, districts: dict[str, str], beneath: list[str], first: set[AlarmKey]
) -> dict[str, object]:
    """Return an alarm for a message, its texts filled in."""
    key, definition = alarm.key, definitions()[alarm.key.rule]
    of_station = definition.scope in (Scope.STATION, Scope.LOOP, Scope.POINT, Scope.SOURCE)
    return {
        "id": str(key),
        "rule": key.rule,
        "priority": definition.priority,
        "state": alarm.state.value,
        "active": alarm.active,
        "station": (key.name or None) if of_station else None,
        "district": district_of(key, districts),
        "loop": key.loop,
        "point": key.point,
        "title_en": definition.title_en,
        "title_zh": definition.title_zh,
        "text_en": rendered(definition.text_en, alarm.params),
        "text_zh": rendered(definition.text_zh, alarm.params),
        "since": alarm.since,
        "raised_at": alarm.raised_at,
        "cleared_at": alarm.cleared_at,
        "acknowledged_by": alarm.acknowledged_by,
        "acknowledged_at": alarm.acknowledged_at,
        "note": alarm.note,
        "count": alarm.count,
        "first_out": key in first,
        "suppressed_by": alarm.suppressed_by,
        "children": beneath,
        "shelf": None if alarm.shelf is None else asdict(alarm.shelf),
        "out_of_service": None if alarm.out_of_service is None else asdict(alarm.out_of_service),
    }


def step_view(step: Transition) -> dict[str, object]:
    """Return a line of the journal for a message."""
    definition = definitions().get(step.key.rule)
    texts = ("", "") if definition is None else (definition.text_en, definition.text_zh)
    return {
        "at": step.at,
        "id": str(step.key),
        "before": step.before.value,
        "after": step.after.value,
        "why": step.why.value,
        "by": step.by,
        "note": step.note,
        "text_en": rendered(texts[0], step.params),
        "text_zh": rendered(texts[1], step.params),
    }


async def _stored(saved: Future[bool]) -> bool:
    """Wait a little for the disk, without ever cancelling what the store will still do."""
    done, _ = await asyncio.wait({asyncio.wrap_future(saved)}, timeout=STORE_S)
    return any(future.result() for future in done)
