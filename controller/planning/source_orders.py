"""Issues orders to heat sources after each plan, freezes the next day's in the afternoon, judges past hours.

What sources are ordered in this hour is laid out for the control cycle, which writes it to those that take
setpoints. Nothing here is waited for by control, and a bug costs orders only.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import structlog

from controller.config.model import SiteConfig
from controller.decisions import LoopKey
from controller.knowing.belief import Belief
from controller.planning.loop import Forecast
from controller.planning.published import Published
from controller.planning.source_advice import STEP_S, Advice, advised, end_of_next_day
from controller.planning.source_book import HOUR_S, Measured, OrdersNow, SourceBook, Standing
from controller.planning.source_scene import SourceNow, sources_now
from controller.planning.source_writes import read_back
from controller.state import ControllerState
from controller.wiring import source_traits
from optimizer.reason import Reason, because
from stations.model.clock import Clock

log = structlog.get_logger("sources")

LOOK_S = 60.0
FREEZE_HOUR = 15.5
"""Local hour from which on the next day's orders are frozen: two plans before 16:00 may still fail."""
REASONS, FROZEN = "reasons", "frozen"
"""Notes of the book: what is to be known about the newest advice; the last local day that was frozen."""


@dataclass(slots=True)
class _Hour:
    """Sums of one source's readings in one hour."""

    Q: float = 0.0
    T: float = 0.0
    T_count: int = 0
    most: float = 0.0
    count: int = 0

    def note(self, source: SourceNow) -> None:
        if source.Q_flow is None or source.Q_flow_max is None:
            return
        self.Q += source.Q_flow
        self.most = max(self.most, source.Q_flow_max)
        self.count += 1
        if source.T_supply is not None:
            self.T += source.T_supply
            self.T_count += 1

    def measured(self) -> Measured:
        return Measured(
            Q_flow=self.Q / self.count if self.count else 0.0,
            T_supply=self.T / self.T_count if self.T_count else None,
            Q_flow_max=self.most,
            minutes=self.count,
        )


class SourceOrders:
    """The task of one controller; used on the event loop only, its work is done in threads."""

    def __init__(
        self,
        site: SiteConfig,
        clock: Clock,
        state: ControllerState,
        book: SourceBook,
        *,
        beliefs: Callable[[], Mapping[LoopKey, Belief]],
        forecast: Forecast,
    ) -> None:
        """Start nothing yet."""
        self._site, self._clock, self._state, self._book = site, clock, state, book
        self._beliefs, self._forecast = beliefs, forecast
        self._last: Published | None = None
        self._hours: dict[tuple[str, float], _Hour] = {}
        self._written = source_traits(site)

    async def run(self) -> None:
        """Look for ever, where the site has a heat source."""
        while any(station.kind == "source" for station in self._site.stations):
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Take a reading of each source; after a new plan issue orders, after an hour judge them."""
        now = self._clock.now()
        sources = sources_now(self._site, self._state.image.freeze(), now)
        hour = HOUR_S * (now // HOUR_S)
        passed = any(begin < hour for _, begin in self._hours)
        for source in sources:
            self._hours.setdefault((source.id, hour), _Hour()).note(source)
        new = self._state.published
        try:
            if passed:
                await self._judge(hour, now)
            if new is not None and new is not self._last:
                self._last = new
                await self._issue(new, sources, now)
            if self._written:
                await self._lay_out(hour, now)
        except (OSError, sqlite3.Error) as error:
            log.error("source_orders_not_stored", why=str(error))

    async def _lay_out(self, hour: float, now: float) -> None:
        """Let the cycle see this hour's orders, and note which of them a source's registers hold."""
        standing, noted = await asyncio.to_thread(self._of_hour, hour)
        for key, traits in self._written.items():
            one = standing.get(key.station)
            open_ = one is not None and one.state == "issued"
            if one is not None and open_ and read_back(one, self._state.loops[key], traits):
                standing[key.station] = await asyncio.to_thread(self._book.read_back, one, now)
        self._state.source_orders = OrdersNow(standing=standing, advised_at=told_reasons(noted)[0])

    def _of_hour(self, hour: float) -> tuple[dict[str, Standing], object]:
        standing = {one.order.source: one for one in self._book.between(hour, hour + 1.0)}
        return standing, self._book.noted(REASONS)

    async def _judge(self, hour: float, now: float) -> None:
        over = {key: each.measured() for key, each in self._hours.items() if key[1] < hour}
        await asyncio.to_thread(self._book.judge, over, now)
        for key in over:
            del self._hours[key]

    async def _issue(self, published: Published, sources: tuple[SourceNow, ...], now: float) -> None:
        zone = self._site.timezone
        steps = round((end_of_next_day(now, zone) - now) // STEP_S)
        outlook = self._forecast(np.asarray(now + STEP_S * np.arange(steps, dtype=np.float64)))
        images, beliefs, loads = self._state.image.freeze(), dict(self._beliefs()), self._state.loads

        def work() -> Advice:
            return advised(published, sources, outlook, beliefs, images, zone, now, loads)

        try:
            advice = await asyncio.to_thread(work)
        except Exception as error:  # advice is quarantined as planning is: a bug here costs orders only
            log.exception("source_advice_failed")
            advice = Advice(orders=(), reasons=(because("dispatch.bug", error=repr(error)),))
        await asyncio.to_thread(self._keep, advice, now)

    def _keep(self, advice: Advice, now: float) -> None:
        changed = self._book.issue(advice.orders, now)
        reasons = [[reason.id, dict(reason.params)] for reason in advice.reasons]
        self._book.note(REASONS, {"at": now, "reasons": reasons})
        day = day_to_freeze(now, self._site.timezone)
        if advice.orders and day is not None and self._book.noted(FROZEN) != day[0]:
            hours = self._book.freeze(day[1], day[2], now)
            self._book.note(FROZEN, day[0])
            log.info("source_day_frozen", day=day[0], orders=hours)
        if changed:
            log.info("source_orders", changed=changed)


def day_to_freeze(now: float, timezone: str) -> tuple[str, float, float] | None:
    """Return the next local day, its begin and end (UTC seconds), once it is time to freeze it; else None."""
    zone = ZoneInfo(timezone)
    local = datetime.fromtimestamp(now, zone)
    if local.hour + local.minute / 60.0 < FREEZE_HOUR:
        return None
    day = local.date() + timedelta(days=1)
    begin = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
    return day.isoformat(), begin, end_of_next_day(now, timezone)


def told_reasons(noted: object) -> tuple[float | None, tuple[Reason, ...]]:
    """Return when the newest advice was made and what is to be known about it, as the book noted it."""
    if not isinstance(noted, dict):
        return None, ()
    return float(noted["at"]), tuple(Reason(str(name), params) for name, params in noted["reasons"])
