"""The paths of the API, read side: each a few lines that find, ask and encode."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query
from starlette.responses import PlainTextResponse, Response

from controller.accounts.roles import Right
from controller.api import schema
from controller.api.described import STREAM, said
from controller.api.events import MAX_CLIENTS, EventHub, EventStream
from controller.api.history import (
    MAX_POINTS,
    MAX_SPAN_S,
    MIN_POINTS,
    Busy,
    HistoryReader,
    history_message,
)
from controller.api.rights import needs
from controller.api.snapshot import SnapshotCache, encode
from controller.api.views import kpis, station_detail, station_list
from controller.config.model import SiteConfig, StationConfig
from controller.metrics import CONTENT_TYPE, Metrics
from controller.state import ControllerState
from controller.words.phrase import Phrase
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.points import POINTS, Side

StationPath = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,31}$")]
Seconds = Annotated[float, Query(ge=0, le=1e11, allow_inf_nan=False)]
Version = Annotated[str | None, Query(pattern=r"^[0-9]{1,20}-[0-9]{1,20}$")]


def answer(body: object, status: int = 200) -> Response:
    """Return plain values as a JSON answer."""
    return Response(encode(body), status, media_type="application/json")


def city_router(
    site: SiteConfig,
    state: ControllerState,
    clock: Clock,
    cache: SnapshotCache,
    hub: EventHub,
    metrics: Metrics,
) -> APIRouter:
    """Return the paths that show the city as it is now."""
    router = APIRouter(prefix="/api/v1")
    stations = {station.id: station for station in site.stations}
    listed = encode(station_list(site))

    @router.get("/snapshot", responses=said(schema.Snapshot), openapi_extra=needs(Right.READ))
    async def snapshot(since: Version = None) -> Response:
        """All stations, or those that changed since a version."""
        await cache.refresh()
        return Response(cache.message(since), media_type="application/json")

    @router.get("/events", responses=STREAM, openapi_extra=needs(Right.READ))
    async def events(since: Version = None) -> Response:
        """Server-sent events: one ``snapshot``, then ``delta`` (same shape) and ``heartbeat``."""
        if hub.clients >= MAX_CLIENTS:
            raise HTTPException(503, f"{MAX_CLIENTS} streams are open already")
        return EventStream(hub, since)

    @router.get("/stations", responses=said(schema.StationList), openapi_extra=needs(Right.READ))
    async def all_stations() -> Response:
        """What does not change: names, places, profiles, loops."""
        return Response(listed, media_type="application/json")

    @router.get("/stations/{station}", responses=said(schema.StationDetail), openapi_extra=needs(Right.READ))
    async def one_station(station: StationPath) -> Response:
        """Everything about one station."""
        return answer(station_detail(_known(stations, station), state, clock.now()))

    @router.get("/kpis", responses=said(schema.Kpis), openapi_extra=needs(Right.READ))
    async def city_kpis() -> Response:
        """The city in a few numbers."""
        return answer(kpis(site, state, metrics.journal_stats(), metrics.lag_ms(), clock.now()))

    return router


def history_router(site: SiteConfig, reader: HistoryReader) -> APIRouter:
    """Return the path that shows the past."""
    router = APIRouter(prefix="/api/v1")
    stations = {station.id: station for station in site.stations}

    @router.get("/history", responses=said(schema.History), openapi_extra=needs(Right.READ))
    async def history(
        station: Annotated[str, Query(max_length=32)],
        point: Annotated[str, Query(max_length=64, description="e.g. T_supply_secondary")],
        start: Seconds,
        end: Seconds,
        loop: Annotated[int | None, Query(ge=0, le=4, description="default: 1 for points of loops")] = None,
        max_points: Annotated[int, Query(ge=MIN_POINTS, le=MAX_POINTS)] = MAX_POINTS,
    ) -> Response:
        """Trend of one point over start <= measured_at < end, UTC seconds."""
        _known(stations, station)
        if point not in POINTS:
            raise HTTPException(422, f"point: not known (got {point!r}); allowed e.g. T_supply_secondary")
        if not 0 < end - start <= MAX_SPAN_S:
            raise HTTPException(
                422, f"end: allowed start..start + {MAX_SPAN_S:.0f} (got start + {end - start:g})"
            )
        of_loop = POINTS[point].side is Side.LOOP
        number = int(of_loop) if loop is None else loop
        if of_loop != (number > 0):
            raise HTTPException(422, f"loop: {point} is a point of {'loops 1..4' if of_loop else 'loop 0'}")
        try:
            series = await reader.read(station, Point(number, point), start, end, max_points)
        except Busy:
            raise HTTPException(503, "too many trends are being read") from None
        return answer(history_message(series))

    return router


def health_router(metrics: Metrics, reasons: Callable[[], list[Phrase]]) -> APIRouter:
    """Return what supervisors ask: does it live, is it ready, how does it feel."""
    router = APIRouter()

    @router.get("/livez", openapi_extra=needs(Right.OPEN))
    async def livez() -> Response:
        """Answers while the event loop runs; needs no token and tells nothing else."""
        return answer({"alive": True})

    @router.get("/readyz", responses=said(schema.Readiness), openapi_extra=needs(Right.READ))
    async def readyz() -> Response:
        """200 while setpoints can be given, else 503 with the reasons."""
        why_not = reasons()
        told = {"reasons": [why.en for why in why_not], "sentences": [why.to_json() for why in why_not]}
        return answer({"ready": not why_not, **told}, 503 if why_not else 200)

    @router.get("/metrics", response_class=PlainTextResponse, openapi_extra=needs(Right.READ))
    async def prometheus() -> Response:
        """Metrics in the text format of Prometheus."""
        return Response(await metrics.render(), media_type=CONTENT_TYPE)

    return router


def _known(stations: dict[str, StationConfig], station: str) -> StationConfig:
    if station not in stations:
        raise HTTPException(404, f"no station {station!r}; GET /api/v1/stations lists them")
    return stations[station]
