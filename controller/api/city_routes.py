"""Paths that screens draw the city from: pipes, small lines of the last day, past writes of a station."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Protocol

from fastapi import APIRouter, HTTPException, Query
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import city_schema as schema
from controller.api.described import said
from controller.api.rights import needs
from controller.api.routes import StationPath, answer
from controller.api.snapshot import encode
from controller.api.views import finite
from controller.config.model import SiteConfig
from controller.historian.records import CommandLogError, Intent
from controller.past_day import DAY_POINTS, STEP_S, PastDay
from controller.words.phrase import Phrase, restored

SLICE = 25
"""Lines encoded (about 2 ms) before the field loop gets its turn."""
MAX_WRITES = 200


class WriteSource(Protocol):
    """What is needed of the command log."""

    def recent(self, limit: int, station: str | None = None) -> Sequence[Intent]:
        """Return the newest intents of a station, newest first; blocks, so it is called in a thread."""
        ...


def places_router(site: SiteConfig, writes: WriteSource | None) -> APIRouter:
    """Return the paths of places: the map, and the past writes of a station."""
    router = APIRouter(prefix="/api/v1")
    stations = {station.id for station in site.stations}
    drawn = encode(
        {"pipes": [{"positions": pipe.positions, "diameter_m": pipe.diameter_m} for pipe in site.pipes]}
    )

    @router.get("/map", responses=said(schema.MapMessage), openapi_extra=needs(Right.READ))
    async def pipes() -> Response:
        """Pipes of the network as far as the site knows them."""
        return Response(drawn, media_type="application/json")

    @router.get(
        "/stations/{station}/writes", responses=said(schema.WriteList), openapi_extra=needs(Right.READ)
    )
    async def past_writes(
        station: StationPath, limit: Annotated[int, Query(ge=1, le=MAX_WRITES)] = 20
    ) -> Response:
        """What was last written to a station's loops, and what became of it."""
        if station not in stations:
            raise HTTPException(404, f"no station {station!r}; GET /api/v1/stations lists them")
        try:
            found = () if writes is None else await asyncio.to_thread(writes.recent, limit, station)
        except CommandLogError as error:
            raise HTTPException(503, str(error)) from None
        return answer({"station": station, "writes": [_write(intent) for intent in found]})

    return router


def past_router(past: PastDay) -> APIRouter:
    """Return the paths of the last day."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/sparklines", responses=said(schema.Sparklines), openapi_extra=needs(Right.READ))
    async def sparklines(point: Annotated[str, Query(max_length=64)]) -> Response:
        """The last 24 h of one point as quarter-hour means, for every station and loop that has it."""
        if point not in DAY_POINTS:
            raise HTTPException(422, f"point: not kept (got {point!r}); allowed {', '.join(DAY_POINTS)}")
        start, numbers = past.of_point(point)
        parts = []
        for count, ((station, of), number) in enumerate(numbers.items(), 1):
            parts.append(encode(f"{station}/{of.loop}") + b":" + encode(past.line(number)))
            if count % SLICE == 0:
                await asyncio.sleep(0)
        head = encode({"point": point, "start": start, "step_s": STEP_S})
        return Response(head[:-1] + b',"lines":{' + b",".join(parts) + b"}}", media_type="application/json")

    @router.get("/sparklines/city", responses=said(schema.CityLines), openapi_extra=needs(Right.READ))
    async def of_the_city() -> Response:
        """The last 24 h of the whole city as quarter-hour means."""
        start, lines = past.totals()
        return answer({"start": start, "step_s": STEP_S, "lines": lines})

    return router


def _write(intent: Intent) -> dict[str, object]:
    detail = restored(intent.detail) if intent.detail else None
    cuts = [_cut(text) for text in intent.reason]
    return {
        "id": intent.id,
        "at": intent.at,
        "loop": intent.loop,
        "author": intent.author,
        "T_supply_set": finite(intent.T_supply_set),
        "m_flow_set": finite(intent.m_flow_set),
        "previous_T_supply_set": finite(intent.previous_T_supply_set),
        "previous_m_flow_set": finite(intent.previous_m_flow_set),
        "state": intent.state.value,
        "state_at": intent.state_at,
        "detail": "" if detail is None else detail.en,
        "detail_sentence": None if detail is None else detail.to_json(),
        "cuts": [f"{rule}: {why.en}" if rule else why.en for rule, why in cuts],
        "cut_sentences": [why.to_json() for _, why in cuts],
        "why": [restored(text).to_json() for text in intent.why],
    }


def _cut(text: str) -> tuple[str, Phrase]:
    """Return the rule, and why it bound, as the cycle recorded them."""
    rule, colon, why = text.partition(": ")
    return (rule, restored(why)) if colon else ("", restored(text))
