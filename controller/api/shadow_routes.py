"""The path of the shadow report: what plans would save, how sure that is, what speaks against them."""

import asyncio
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import shadow_schema as schema
from controller.api.accounts_routes import caller_of
from controller.api.alarm_routes import Note
from controller.api.described import said
from controller.api.rights import needs
from controller.api.routes import StationPath, answer
from controller.config.model import SiteConfig
from controller.decisions import LoopKey
from controller.orders.words import Refused
from controller.past_day import PastDay
from controller.planning.shadow_days import Day, Judged, ShadowBook, drifts, judged, on_days, together
from controller.state import ControllerState
from controller.words.phrase import Phrase
from controller.words.plan import reasoned
from optimizer.reason import Reason
from optimizer.shadow import Saving, lacking
from stations.model.clock import Clock

LoopPath = Annotated[int, Path(ge=1, le=4)]


def shadow_router(
    site: SiteConfig, state: ControllerState, past: PastDay, clock: Clock, note: Note
) -> APIRouter:
    """Return the path; stands before ``/plan/{station}``. Raises OSError, sqlite3.Error for the book."""
    router = APIRouter(prefix="/api/v1/plan/shadow")
    book = ShadowBook(site.data, site.planning.interval_s)
    zone = ZoneInfo(site.timezone)

    @router.get("", responses=said(schema.ShadowReport), openapi_extra=needs(Right.READ))
    async def shadow() -> Response:
        """What plans saved or would have saved by whole days, with its uncertainty; loops and districts."""
        now = clock.now()
        published = state.published
        kept = None if published is None else past.record.compliance(published.keys)
        rooms = (
            {}
            if kept is None or published is None
            else dict(zip(published.keys, kept.room_K.tolist(), strict=True))
        )
        today = datetime.fromtimestamp(now, zone).date().isoformat()
        return answer(await asyncio.to_thread(_report, book, site, rooms, today, now))

    @router.post(
        "/{station}/{loop}/promote", responses=said(schema.Promoted), openapi_extra=needs(Right.APPROVE)
    )
    async def promote(
        request: Request, station: StationPath, loop: LoopPath, body: schema.PromoteRequest
    ) -> Response:
        """Let a loop that drifted follow plans again, from the next one on."""
        caller, key, now = caller_of(request), LoopKey(station, loop), clock.now()
        place = next((s for s in site.stations if s.id == station and key in state.loops), None)
        if place is None:
            raise Refused(Phrase("promote.unknown", {"loop": str(key)}))
        if not caller.in_zone(place.district):
            raise Refused(Phrase("promote.zone", {"loop": str(key)}))
        today = datetime.fromtimestamp(now, zone).date().isoformat()
        await asyncio.to_thread(book.promote, key, today)
        state.drifted = await asyncio.to_thread(book.drifted, today)
        told = {"loop": str(key), "reason": body.reason}
        note(f"loop_promoted:{key}:{now!r}", "loop_promoted", caller.name, dict(told))
        return answer({"promoted": True})

    return router


def _report(
    book: ShadowBook, site: SiteConfig, rooms: Mapping[LoopKey, float], today: str, now: float
) -> dict[str, object]:
    days = book.days(today)
    area = {LoopKey(s.id, loop.loop): loop.A_heated_m2 for s in site.stations for loop in s.loops}
    district = {station.id: station.district for station in site.stations}
    drift = drifts(days)
    loops = [
        _loop(key, found, rooms.get(key, math.nan), drift.get(key))
        for key, found in days.items()
        if key in area
    ]
    districts = []
    for name in site.districts:
        theirs = {key: found for key, found in days.items() if district.get(key.station) == name}
        whole = together(theirs, area)
        verdict = judged(whole)
        why = verdict.saving if isinstance(verdict.saving, Reason) else None
        told = None if why is None else reasoned(why).to_json()
        districts.append({"district": name, "why": told, **_view(verdict, whole)})
    return {"now": now, "districts": districts, "loops": loops}


def _loop(key: LoopKey, days: list[Day], room_K: float, drift: Reason | None) -> dict[str, object]:
    verdict = judged(days, drift)
    against = lacking(verdict.saving, room_K, verdict.drift)
    return {
        "station": key.station,
        "loop": key.loop,
        "lacking": [reasoned(reason).to_json() for reason in against],
        **_view(verdict, days),
    }


def _view(verdict: Judged, days: list[Day]) -> dict[str, object]:
    saving = verdict.saving if isinstance(verdict.saving, Saving) else None
    on_curve, on_plan = on_days(days)
    told = on_curve if verdict.proposed else on_plan
    actual, plan, curve = (float(told[:, n].mean()) if len(told) else None for n in range(3))
    return {
        "proposed": verdict.proposed,
        "saved": None if saving is None else saving.share,
        "low": None if saving is None else saving.low,
        "high": None if saving is None else saving.high,
        "days": len(days),
        "days_on_plan": len(on_plan),
        "actual": actual,
        "plan": plan,
        "curve": curve,
        "drift": None if verdict.drift is None else reasoned(verdict.drift).to_json(),
    }
