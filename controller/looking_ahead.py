"""What of a controller looks ahead: weather to come, what is believed of the loops, and the plans.

None of it is waited for by control, and none of it can end control: a part that fails is told as a fault of
the controller and begun again. Loops are always listened to and identified at night, so that a district that
takes up plans has what they are made from; plans are made while a district follows them, or where the site
wants to see them (``[planning] shadow``).
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import structlog

from controller.config.model import SiteConfig
from controller.cycle import CycleParts
from controller.knowing.foretelling import Foretelling
from controller.knowing.opened import begun, loop_calendars
from controller.knowing.watch import KnowingWatch, heard_of
from controller.modes import PlanChoice
from controller.planning.borne import Borne
from controller.planning.loop import Believed, PlanningLoop
from controller.planning.process import ProcessPlanner, SolverLimits
from controller.planning.shadow_days import ShadowBook, ShadowDays
from controller.planning.source_book import SourceBook
from controller.planning.source_orders import SourceOrders
from controller.state import ControllerState
from controller.strategies.registry import PLANNED
from controller.weather.feed import WeatherFeed
from controller.weather.site import weather_feed
from controller.weather.watch import ahead, watch_weather
from controller.wiring import plan_rules
from controller.words.phrase import said
from stations.model.clock import Clock

log = structlog.get_logger("looking_ahead")

AGAIN_S = 600.0
"""Scaled seconds after which a part that failed is begun again."""


class Runs(Protocol):
    """Something with one task."""

    async def run(self) -> None:
        """Run for ever."""


LookAhead = Callable[[CycleParts], Runs]
Part = Callable[[], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True)
class LookingAhead:
    """The parts, each with a task; made by ``looking_ahead``."""

    parts: CycleParts
    clock: Clock
    feed: WeatherFeed
    knowing: KnowingWatch
    planning: PlanningLoop
    sources: SourceOrders
    shadow: ShadowDays

    async def run(self) -> None:
        """Look ahead for ever."""
        parts: dict[str, Part] = {
            "weather": partial(watch_weather, self.feed, self.parts.state, self.clock),
            "knowing": self.knowing.run,
            "planning": self.planning.run,
            "sources": self.sources.run,
            "shadow": self.shadow.run,
        }
        async with asyncio.TaskGroup() as tasks:
            for name, part in parts.items():
                tasks.create_task(kept_going(name, part, self.parts.state, self.clock), name=name)


async def kept_going(name: str, part: Part, state: ControllerState, clock: Clock) -> None:
    """Run a part for ever; while one that failed waits to be begun again, a standing fault says so."""
    while True:
        try:
            await part()
            return
        except Exception as error:  # quarantined as a station is: a bug costs foresight only
            log.exception("part_failed", part=name, again_after_s=AGAIN_S)
            fault = said("service.look_ahead", part=name, error=f"{type(error).__name__}: {error}")
        state.alarms.append(fault)
        await clock.sleep(AGAIN_S)
        state.alarms.remove(fault)


def looking_ahead(site: SiteConfig, clock: Clock, parts: CycleParts) -> LookingAhead:
    """Return what looks ahead for a site; lets the cycle hear its loops. Raises OSError, sqlite3.Error."""
    rules, memory = parts.rules, parts.memory
    feed = weather_feed(site, clock)
    if site.weather.sources:
        parts.ahead = partial(ahead, feed)
    filtered = [T for T in memory.T_outdoor_filtered.values() if T is not None]
    loops = {key: traits for key, traits in rules.traits.items() if not traits.is_source}
    known = begun(site, loops, filtered[0] if filtered else None, clock)
    memory.known = known.known
    parts.state.beliefs = known.keeper.beliefs
    planning = site.planning

    def followed() -> bool:
        strategies = {**rules.strategy_of, **parts.orders.ordered_strategies()}
        chosen = parts.orders.plan_orders(clock.now()).values()
        accepted = any(order.choice is PlanChoice.FOLLOW for order in chosen)
        return planning.shadow or accepted or PLANNED in strategies.values()

    return LookingAhead(
        parts=parts,
        clock=clock,
        feed=feed,
        knowing=KnowingWatch(
            known.keeper,
            known.store,
            clock,
            site.timezone,
            partial(heard_of, parts),
            memory,
            state=parts.state,
            foretelling=Foretelling(
                known.keeper.first,
                known.store,
                timezone=site.timezone,
                calendars=loop_calendars(site),
                outlook=feed.outlook,
                tables=lambda: feed.tables,
            ),
        ),
        planning=PlanningLoop(
            ProcessPlanner(
                SolverLimits(
                    wall_s=planning.solver_limit_s, memory_bytes=round(1e6 * planning.solver_memory_MB)
                )
            ),
            clock,
            parts.state,
            loops,
            plan_rules(site, rules.laws, rules.outdoor_filter_s),
            believed=lambda: Believed(known=memory.known, T_outdoor_filtered=memory.T_outdoor_filtered),
            forecast=feed.outlook,
            wanted=followed,
            borne=Borne(known.store),
        ),
        sources=SourceOrders(
            site,
            clock,
            parts.state,
            SourceBook(site.data),
            beliefs=lambda: known.keeper.beliefs,
            forecast=feed.outlook,
        ),
        shadow=ShadowDays(ShadowBook(site.data, planning.interval_s), parts.state, clock, site.timezone),
    )
