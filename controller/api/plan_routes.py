"""Paths of the plan: the network's, with every loop in short, and a station's, step by step."""

import asyncio
from collections.abc import Mapping

from fastapi import APIRouter, HTTPException
from starlette.responses import Response

from controller.accounts.roles import Right
from controller.api import plan_schema as schema
from controller.api.described import said
from controller.api.plan_views import (
    expected,
    loop_plans,
    plan_message,
    station_plan,
)
from controller.api.rights import needs
from controller.api.routes import StationPath, answer
from controller.api.snapshot import encode
from controller.config.model import SiteConfig
from controller.decisions import LoopKey, LoopTraits
from controller.knowing.belief import pumps_by_speed
from controller.past_day import STEP_S, PastDay
from controller.planning.flow_caps import FlowCap, flow_caps, shares_out
from controller.planning.published import Published
from controller.planning.unrolled import asked_now
from controller.state import ControllerState
from controller.wiring import loop_traits
from optimizer.explain import Foretold
from stations.model.clock import Clock

SLICE = 25
"""Loops encoded (about 2 ms) before the field loop gets its turn."""


class Expectations:
    """What the newest plan expects, worked out once for each of its steps; on the event loop."""

    def __init__(self, state: ControllerState, clock: Clock) -> None:
        """Begin with nothing worked out."""
        self._state, self._clock = state, clock
        self._known: tuple[Published, int | None, Foretold | None] | None = None

    async def now(self) -> tuple[Published | None, Foretold | None]:
        """Return the newest plan and what it expects; worked out in a thread."""
        published, now = self._state.published, self._clock.now()
        if published is None:
            return None, None
        step = published.plan.step_at(now)
        known = self._known
        if known is None or known[0] is not published or known[1] != step:
            foretold = await asyncio.to_thread(expected, published, now)
            known = self._known = (published, step, foretold)
        return published, known[2]


def plan_router(site: SiteConfig, state: ControllerState, past: PastDay, clock: Clock) -> APIRouter:
    """Return the paths of the plan."""
    router = APIRouter(prefix="/api/v1")
    stations = {station.id for station in site.stations}
    traits = loop_traits(site)
    expectations = Expectations(state, clock)

    @router.get("/plan", responses=said(schema.PlanMessage), openapi_extra=needs(Right.READ))
    async def plan() -> Response:
        """The newest plan of the whole network: what it is worth, what binds it, and every loop in short."""
        published, foretold = await expectations.now()
        kept = None if published is None else past.record.compliance(published.keys)
        told_past, loops = _past(past), state.loops
        caps: tuple[FlowCap, ...] = ()
        if shares_out(published):
            seen = dict(state.beliefs), state.image.freeze(), clock.now()
            wished = await asyncio.to_thread(flow_caps, published, *seen)
            caps = tuple(one._replace(told=state.caps.get(one.station)) for one in wished)
        scores = state.scores
        pumps = pumps_by_speed(traits, state.beliefs)
        head = encode(
            plan_message(published, foretold, told_past, clock.now(), scores, kept, loops, caps, pumps)
        )
        parts = []
        if published is not None and foretold is not None:
            asked = await asyncio.to_thread(asked_now, traits, published, clock.now())
            told = loop_plans(published, foretold, state.loops, kept, asked)
            for count, loop in enumerate(told, 1):
                parts.append(encode(loop))
                if count % SLICE == 0:
                    await asyncio.sleep(0)
        return Response(head[:-1] + b',"loops":[' + b",".join(parts) + b"]}", media_type="application/json")

    @router.get("/plan/{station}", responses=said(schema.StationPlan), openapi_extra=needs(Right.READ))
    async def of_station(station: StationPath) -> Response:
        """The newest plan of one station, step by step, and why its loops are told what they are."""
        if station not in stations:
            raise HTTPException(404, f"no station {station!r}; GET /api/v1/stations lists them")
        published, foretold = await expectations.now()
        mine = _of(traits, station)
        return answer(
            await asyncio.to_thread(
                station_plan, station, published, foretold, mine, state.loops, clock.now(), state.beliefs
            )
        )

    return router


def _of(traits: Mapping[LoopKey, LoopTraits], station: str) -> list[LoopTraits]:
    return [one for key, one in traits.items() if key.station == station]


def _past(past: PastDay) -> dict[str, object]:
    start, lines = past.totals()
    return {
        "start": start,
        "step_s": STEP_S,
        "actual": lines["Q_flow_kW"],
        "planned": lines["Q_flow_planned_kW"],
    }
