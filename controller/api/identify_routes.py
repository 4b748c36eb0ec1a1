"""The path that identifies the loops of one station now instead of tonight."""

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import plan_schema as schema
from controller.api.accounts_routes import caller_of
from controller.api.alarm_routes import Note
from controller.api.described import said
from controller.api.rights import needs
from controller.api.routes import StationPath, answer
from controller.config.model import SiteConfig
from controller.knowing.apart import Limits, identify_apart
from controller.knowing.belief import Belief
from controller.knowing.store import KnowingStore
from controller.orders.words import Refused
from controller.words.phrase import Phrase
from controller.words.plan import reasoned
from stations.model.clock import Clock

LIMITS = Limits(wall_s=45.0)
"""Of one station, while somebody waits: 0.1 to 1.5 s a loop, and the start of a process."""


def identify_router(site: SiteConfig, clock: Clock, note: Note) -> APIRouter:
    """Return the path. The work is a process of its own; one at a time."""
    router = APIRouter(prefix="/api/v1/plan")
    places = {station.id: station.district for station in site.stations}
    one_at_a_time = asyncio.Lock()

    @router.post(
        "/{station}/identify", responses=said(schema.StationIdentified), openapi_extra=needs(Right.APPROVE)
    )
    async def identify(request: Request, station: StationPath) -> Response:
        """Learn from the gathered record what a station's houses are like, and believe it within a minute."""
        caller, now = caller_of(request), clock.now()
        if station not in places:
            raise Refused(Phrase("learn.unknown", {"station": station}))
        if not caller.in_zone(places[station]):
            raise Refused(Phrase("learn.zone", {"station": station}))
        if one_at_a_time.locked():
            raise Refused(Phrase("learn.running"))
        async with one_at_a_time:
            told = await identify_apart(site.data, now, LIMITS, station)
        if isinstance(told, str):
            raise Refused(Phrase("learn.failed", {"station": station, "how": told}))
        found = await asyncio.to_thread(_believed, site, station, now)
        outcomes = {str(one.key.loop): one.identified.state for one in found}
        data: dict[str, object] = {"station": station, "loops": outcomes}
        note(f"station_identified:{station}:{now!r}", "station_identified", caller.name, data)
        return answer({"station": station, "loops": [_loop(one) for one in found]})

    return router


def _believed(site: SiteConfig, station: str, now: float) -> list[Belief]:
    """Return what was found of a station's loops at ``now``, by their numbers."""
    beliefs, _ = KnowingStore(site.data).believed()
    return sorted(
        (one for one in beliefs.values() if one.key.station == station and one.at == now),
        key=lambda one: one.key.loop,
    )


def _loop(one: Belief) -> dict[str, object]:
    reasons = [reasoned(why).to_json() for why in one.identified.reasons]
    return {"loop": one.key.loop, "outcome": one.identified.state, "reasons": reasons}
