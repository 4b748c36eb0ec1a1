"""Paths of the orders to heat sources: what they are advised hour by hour, and that somebody knows of it."""

import asyncio
from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import source_schema as schema
from controller.api.accounts_routes import caller_of
from controller.api.alarm_routes import Note
from controller.api.described import said
from controller.api.rights import needs
from controller.api.routes import answer
from controller.config.model import SiteConfig
from controller.config.sources import SourceRules
from controller.decisions import LoopKey
from controller.modes import Orders
from controller.orders.words import Refused
from controller.planning.source_book import HOUR_S, SourceBook, Standing
from controller.planning.source_orders import FROZEN, REASONS, told_reasons
from controller.state import ControllerState
from controller.words.phrase import Phrase
from controller.words.plan import reasoned
from optimizer.reason import because
from stations.model.clock import Clock

BACK_S, AHEAD_S = 6.0 * HOUR_S, 60.0 * HOUR_S
SourceId = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]


def source_router(
    site: SiteConfig, state: ControllerState, orders: Orders, clock: Clock, note: Note
) -> APIRouter:
    """Return the paths; stands before ``/plan/{station}``. Raises OSError, sqlite3.Error for the book."""
    router = APIRouter(prefix="/api/v1/plan/sources")
    sources = {station.id: station for station in site.stations if station.kind == "source"}
    book = SourceBook(site.data) if sources else None

    @router.get("", responses=said(schema.SourcesMessage), openapi_extra=needs(Right.READ))
    async def hours() -> Response:
        """What each heat source is advised by the hour: supply, flow, head, heat; and what became of it."""
        now = clock.now()
        if book is None:
            return answer(_nothing(now))
        told = {
            key.station: _writes(key, state, orders, now) for key in state.loops if key.station in sources
        }
        return answer(await asyncio.to_thread(_message, book, site, list(sources), told, now))

    @router.post(
        "/{source}/acknowledge",
        responses=said(schema.AcknowledgeAnswer),
        openapi_extra=needs(Right.ORDER),
    )
    async def acknowledge(request: Request, source: SourceId, body: schema.AcknowledgeRequest) -> Response:
        """Say that the source was told what it is advised; nothing is written to it by that."""
        caller, now = caller_of(request), clock.now()
        station = sources.get(source)
        if station is None or book is None:
            raise Refused(Phrase("dispatch.unknown_source", {"source": source}))
        if not caller.in_zone(station.district):
            raise Refused(Phrase("dispatch.zone", {"source": source}))
        done = await asyncio.to_thread(book.acknowledge, source, caller.name, body.seen, now)
        if done:
            hours = [one.order.hour for one in done]
            told = {"source": source, "orders": len(done), "from_hour": min(hours), "to_hour": max(hours)}
            note(f"source_acknowledged:{source}:{now!r}", "source_acknowledged", caller.name, dict(told))
        left = await asyncio.to_thread(book.between, now - HOUR_S, now + AHEAD_S)
        open_ = sum(one.state == "issued" for one in left if one.order.source == source)
        return answer({"acknowledged": len(done), "open": open_})

    return router


def _nothing(now: float) -> dict[str, object]:
    why = reasoned(because("dispatch.no_source")).to_json()
    return {"now": now, "advised_at": None, "frozen_day": None, "reasons": [why], "sources": []}


def _message(
    book: SourceBook, site: SiteConfig, sources: list[str], writes: Mapping[str, object], now: float
) -> dict[str, object]:
    advised_at, reasons = told_reasons(book.noted(REASONS))
    standing = book.between(now - BACK_S, now + AHEAD_S)
    return {
        "now": now,
        "advised_at": advised_at,
        "frozen_day": book.noted(FROZEN),
        "reasons": [reasoned(reason).to_json() for reason in reasons],
        "sources": [
            _source(book, site, source, standing) | {"writes": writes.get(source)} for source in sources
        ],
    }


def _writes(key: LoopKey, state: ControllerState, orders: Orders, now: float) -> dict[str, object]:
    """Return ``SourceWriteMessage``."""
    status = state.loops[key]
    decision = status.decision
    return {
        "loop": key.loop,
        "mode": status.mode.value,
        "held": status.held,
        "write_state": None if status.write_state is None else status.write_state.value,
        "T_supply_set": status.T_supply_set,
        "dp_set": None if status.T_supply_set is None else status.circulation_value,
        "order": orders.loop_at(key, now).order,
        "why": [] if decision is None else [phrase.to_json() for phrase in decision.why],
    }


def _source(book: SourceBook, site: SiteConfig, source: str, standing: list[Standing]) -> dict[str, object]:
    own = [one for one in standing if one.order.source == source]
    at, who = book.last_acknowledged(source) or (None, None)
    return {
        "source": source,
        "role": site.planning.sources.get(source, SourceRules()).role,
        "open": sum(one.state == "issued" for one in own),
        "acknowledged_at": at,
        "acknowledged_by": who,
        "hours": [hour_view(one) for one in own],
    }


def hour_view(standing: Standing) -> dict[str, object]:
    """Return ``SourceHour``."""
    order, day, measured = standing.order, standing.day_ahead, standing.measured
    return {
        "hour": order.hour,
        "state": standing.state,
        "phase": order.phase,
        "ahead": order.ahead,
        "Q_flow": order.Q_flow,
        "T_supply": order.T_supply,
        "T_return": order.T_return,
        "m_flow": order.m_flow,
        "dp": order.dp,
        "issued_at": standing.issued_at,
        "revision": standing.revision,
        "acknowledged_at": standing.acknowledged_at,
        "acknowledged_by": standing.acknowledged_by,
        "day_Q_flow": None if day is None else day.Q_flow,
        "day_T_supply": None if day is None else day.T_supply,
        "measured_Q_flow": None if measured is None else measured.Q_flow,
        "measured_T_supply": None if measured is None else measured.T_supply,
    }
