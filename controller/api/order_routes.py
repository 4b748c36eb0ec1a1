"""Paths of orders: prepare, approve, commit; modes and seasons as they stand; the audit."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import order_schema as schema
from controller.api.accounts_routes import caller_of
from controller.api.described import said
from controller.api.rights import needs
from controller.api.routes import answer
from controller.audit.log import AuditLog
from controller.config.model import SiteConfig
from controller.decisions import LoopKey, Mode, Season
from controller.modes import Orders, PlanChoice
from controller.orders.desk import OrderDesk
from controller.orders.model import (
    MassChangeWish,
    ModeWish,
    Order,
    PlanWish,
    SeasonWish,
    Seen,
    SetpointWish,
    StrategyWish,
    UndoWish,
    Wish,
)
from controller.orders.season import CHECKLIST, NEXT
from controller.state import ControllerState
from controller.strategies.registry import STRATEGIES
from stations.model.clock import Clock

Number = Annotated[int, Path(ge=1, le=2**53)]
MAX_LISTED = 200
_LISTED = Annotated[int, Query(ge=1, le=MAX_LISTED)]


def order_router(desk: OrderDesk, audit: AuditLog) -> APIRouter:
    """Return the paths by which people give orders. Orders are looked at again at each step."""
    router = APIRouter(prefix="/api/v1")

    @router.post("/commands", responses=said(schema.OrderMessage), openapi_extra=needs(Right.ORDER))
    async def prepare(request: Request, body: schema.PrepareRequest) -> Response:
        """Work an order out and show what it would do; nothing changes yet."""
        order = await desk.prepare(caller_of(request), _wish(body.order), body.reason, body.key)
        return answer(order_view(order))

    @router.post(
        "/commands/{number}/approve", responses=said(schema.OrderMessage), openapi_extra=needs(Right.APPROVE)
    )
    async def approve(request: Request, number: Number) -> Response:
        """Agree to another person's large order."""
        return answer(order_view(await desk.approve(caller_of(request), number)))

    @router.post(
        "/commands/{number}/commit", responses=said(schema.OrderMessage), openapi_extra=needs(Right.ORDER)
    )
    async def commit(request: Request, number: Number) -> Response:
        """Let a prepared order stand; the next control cycle carries it out. Again is harmless."""
        return answer(order_view(await desk.commit(caller_of(request), number)))

    @router.post(
        "/districts/{district}/local",
        responses=said(schema.OrderMessage),
        openapi_extra=needs(Right.ORDER),
    )
    async def local(
        request: Request, district: Annotated[schema.Id, Path()], body: schema.LocalRequest
    ) -> Response:
        """Give a whole district back to the stations' own controllers, in one step."""
        order = await desk.return_to_local(caller_of(request), district, body.reason, body.key)
        return answer(order_view(order))

    @router.get("/commands", responses=said(schema.OrderList), openapi_extra=needs(Right.READ))
    async def newest(limit: _LISTED = 50) -> Response:
        """The newest orders, newest first."""
        return answer({"orders": [order_view(order) for order in await desk.newest(limit)]})

    @router.get("/commands/{number}", responses=said(schema.OrderMessage), openapi_extra=needs(Right.READ))
    async def one(number: Number) -> Response:
        """One order."""
        return answer(order_view(await desk.order(number)))

    @router.get("/audit", responses=said(schema.AuditList), openapi_extra=needs(Right.READ_AUDIT))
    async def entries(
        limit: _LISTED = 100, before: Annotated[int | None, Query(ge=1, le=2**53)] = None
    ) -> Response:
        """The newest entries of the audit, those before ``before`` where given."""
        found = await asyncio.to_thread(audit.newest, limit, before)
        return answer(
            {
                "entries": [
                    {
                        "seq": entry.seq,
                        "at": entry.event.at,
                        "kind": entry.event.kind,
                        "actor": entry.event.actor,
                        "data": dict(entry.event.data),
                        "hash": entry.hash,
                    }
                    for entry in found
                ]
            }
        )

    return router


def modes_router(orders: Orders, site: SiteConfig, state: ControllerState, clock: Clock) -> APIRouter:
    """Return the path that shows what people have laid down."""
    router = APIRouter(prefix="/api/v1")

    @router.get("/modes", responses=said(schema.Modes), openapi_extra=needs(Right.READ))
    async def modes() -> Response:
        """Season states with their checklists, strategies, and what the guard holds back."""
        network = orders.season_of("")
        seasons = {station.id: orders.season_of(station.id) for station in site.stations}
        districts = {name: district.strategy for name, district in site.districts.items()}
        return answer(
            {
                "now": clock.now(),
                "season": network.value,
                "station_seasons": {
                    s: season.value for s, season in seasons.items() if season is not network
                },
                "seasons_next": {season.value: [s.value for s in after] for season, after in NEXT.items()},
                "checklists": {
                    season.value: [
                        {"id": item.id, "en": item.phrase.en, "zh": item.phrase.zh} for item in items
                    ]
                    for season, items in CHECKLIST.items()
                },
                "strategies": districts | orders.ordered_strategies(),
                "strategies_known": list(STRATEGIES),
                "mass_change": None if state.mass_change is None else state.mass_change.detail.en,
                "mass_change_sentence": None
                if state.mass_change is None
                else state.mass_change.detail.to_json(),
                "mass_change_confirmed": orders.mass_change_confirmed(clock.now()),
                "plan_orders": [
                    {
                        "station": key.station,
                        "loop": key.loop,
                        "order": order.order,
                        "choice": order.choice.value,
                        "author": order.author,
                        "reason": order.reason,
                        "until": order.until,
                    }
                    for key, order in orders.plan_orders(clock.now()).items()
                ],
            }
        )

    return router


def order_view(order: Order) -> dict[str, object]:
    """Return an order for a message."""
    return {
        "id": order.id,
        "kind": order.kind,
        "author": order.author,
        "reason": order.reason,
        "state": order.state.value,
        "prepared_at": order.prepared_at,
        "expires_at": order.expires_at,
        "approved_by": order.approved_by,
        "committed_at": order.committed_at,
        "undone_by": order.undone_by,
        "needs_second": [reason.to_json() for reason in order.draft.second],
        "preview": dict(order.draft.preview),
    }


def _wish(order: schema.AnyOrder) -> Wish:
    match order:
        case schema.SetpointOrder():
            return SetpointWish(
                loops=_seen(order.loops),
                T_supply=order.T_supply,
                dT_supply=order.dT_supply,
                flow=order.flow,
                duration_s=order.duration_s,
                leave_out=order.leave_out,
            )
        case schema.ModeOrder():
            return ModeWish(mode=Mode(order.mode), loops=_seen(order.loops), district=order.district)
        case schema.StrategyOrder():
            return StrategyWish(district=order.district, strategy=order.strategy, seen=order.seen)
        case schema.SeasonOrder():
            return SeasonWish(
                station=order.station,
                season=Season(order.season),
                seen=Season(order.seen),
                confirmed=tuple(sorted(set(order.confirmed))),
            )
        case schema.MassChangeOrder():
            return MassChangeWish()
        case schema.PlanOrder():
            return PlanWish(
                loops={LoopKey(loop.station, loop.loop): loop.order for loop in order.loops},
                choice=PlanChoice(order.choice),
                duration_s=order.duration_s,
            )
        case schema.UndoOrder():
            return UndoWish(order=order.order)


def _seen(loops: list[schema.SeenLoop]) -> tuple[Seen, ...]:
    return tuple(
        Seen(
            key=LoopKey(loop.station, loop.loop),
            order=loop.order,
            mode=Mode(loop.mode),
            T_supply_set=loop.T_supply_set,
            m_flow_set=loop.m_flow_set,
        )
        for loop in loops
    )
