"""What runs beside the control cycle: gathers what it heard, identifies at night, takes over what is found.

Nothing here is waited for by control. A store that can not be written costs record, a night that dies costs
what it had not yet laid down; both are logged, counted, and tried again.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from controller.cycle import CycleParts
from controller.knowing.apart import WORKER, Limits, identify_apart
from controller.knowing.belief import Belief
from controller.knowing.foretelling import Foretelling
from controller.knowing.gathered import Quarter
from controller.knowing.keeper import Keeper
from controller.knowing.known import Known
from controller.knowing.store import KnowingStore
from controller.knowing.warm import kept
from controller.memory import ControlMemory
from controller.state import ControllerState
from controller.strategies.inputs import StrategyInputs
from stations.model.clock import Clock

log = structlog.get_logger("knowing")

LOOK_S = 60.0
"""Scaled seconds between two looks."""
NIGHT_HOUR = 2.0
"""Local hour at which a night's work begins: residents sleep, and a whole day has come."""
NIGHT = "night"
"""Note of the store: the local day of the last night."""
ROOMS = "rooms"
"""Note of the store: how warm the loops are, for the next start."""
ROOMS_EVERY_S = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One cycle as the record takes it."""

    known: Known
    inputs: StrategyInputs
    sun: float | None
    wind: float | None


@dataclass(slots=True, kw_only=True)
class NightStatus:
    """How the nights go, for the status of the service."""

    nights: int = 0
    failures: int = 0
    running: bool = False
    last: dict[str, int] | None = None
    """Loops accepted, kept and refused in the last night that ended well."""
    last_failure: str | None = None
    """How the last one died; None again after a good one."""


class KnowingWatch:
    """The tasks. One per controller; used on the event loop only."""

    def __init__(
        self,
        keeper: Keeper,
        store: KnowingStore,
        clock: Clock,
        timezone: str,
        heard: Callable[[], Heard | None],
        memory: ControlMemory,
        *,
        state: ControllerState | None = None,
        foretelling: Foretelling | None = None,
        limits: Limits | None = None,
        worker: Sequence[str] = WORKER,
    ) -> None:
        """Start nothing yet.

        ``heard`` returns the newest cycle, None before the first; ``memory`` is what cycles begin with,
        ``state`` shows what forecasts are worth.
        """
        self.status = NightStatus()
        self.keeper, self._store, self._clock, self._heard = keeper, store, clock, heard
        self._zone = ZoneInfo(timezone)
        self._limits, self._worker = limits or Limits(), tuple(worker)
        self._memory, self._state, self.foretelling = memory, state, foretelling
        self._show()
        self._newest = 0
        self._heard_at = self._rooms_at = 0.0

    async def run(self) -> None:
        """Gather and identify for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._gather(), name="knowing:gather")
            tasks.create_task(self._nights(), name="knowing:nights")

    async def _gather(self) -> None:
        while True:
            await self._look()
            await self._clock.sleep(LOOK_S)

    async def _look(self) -> None:
        """Take in the newest cycle, what loops told of themselves, and what somebody else has found."""
        heard = self._heard()
        if heard is not None and heard.inputs.now != self._heard_at:
            self._heard_at = heard.inputs.now
            quarter = await asyncio.to_thread(
                self.keeper.note, heard.known, heard.inputs, heard.sun, heard.wind
            )
            drawn = self.keeper.drawn(self._memory.records, heard.inputs.now)
            await self._keep(heard, quarter, drawn)
            if drawn:
                self._memory.revise(self.keeper.believe)
        try:
            newest = await asyncio.to_thread(self._store.newest)
            if newest != self._newest:
                beliefs, self._newest = await asyncio.to_thread(self._store.believed)
                self.keeper.learned(beliefs.values())
                self._memory.revise(self.keeper.believe)
        except (OSError, sqlite3.Error) as error:
            log.error("beliefs_not_read", why=str(error))

    async def _keep(self, heard: Heard, quarter: Quarter | None, drawn: list[Belief]) -> None:
        try:
            if quarter is not None:
                await asyncio.to_thread(self._store.add, self.keeper.first.keys, quarter)
                if self.foretelling is not None:
                    await asyncio.to_thread(self.foretelling.quarter, quarter, heard.inputs.now)
                    self._show()
            if drawn:
                await asyncio.to_thread(self._store.believe, drawn)
            if heard.inputs.now - self._rooms_at >= ROOMS_EVERY_S:
                rooms = await asyncio.to_thread(kept, heard.known, heard.inputs.now)
                await asyncio.to_thread(self._store.note, ROOMS, rooms)
                self._rooms_at = heard.inputs.now
        except (OSError, sqlite3.Error) as error:
            log.error("record_not_kept", why=str(error))

    async def _nights(self) -> None:
        while True:
            await self._clock.sleep(LOOK_S)
            night = last_night(self._clock.now(), self._zone)
            try:
                done = await asyncio.to_thread(self._store.noted, NIGHT)
                await asyncio.to_thread(self._store.note, NIGHT, night.isoformat())
            except (OSError, sqlite3.Error) as error:
                log.error("night_not_begun", why=str(error))
                continue
            # nothing was gathered before the first day
            if done is not None and done < night.isoformat():
                await self.night()

    async def night(self) -> None:
        """Identify every loop now, in a process of its own."""
        self.status.running = True
        try:
            await self._foretell(lambda one: one.before_night(self._clock.now()))
            told = await identify_apart(
                Path(self._store.path).parent, self._clock.now(), self._limits, worker=self._worker
            )
            await self._foretell(Foretelling.after_night)
            self._show()
        finally:
            self.status.running = False
        if isinstance(told, str):
            self.status.failures, self.status.last_failure = self.status.failures + 1, told
            log.error("night_failed", how=told)
            return
        self.status.nights, self.status.last, self.status.last_failure = self.status.nights + 1, told, None
        log.info("loops_identified", **told)

    def _show(self) -> None:
        if self._state is not None and self.foretelling is not None:
            self._state.scores, self._state.loads = self.foretelling.scores, self.foretelling.loads

    async def _foretell(self, work: Callable[[Foretelling], None]) -> None:
        if self.foretelling is None:
            return
        try:
            await asyncio.to_thread(work, self.foretelling)
        except (OSError, sqlite3.Error) as error:
            log.error("forecast_not_kept", why=str(error))


def last_night(now: float, zone: ZoneInfo) -> date:
    """Return the local day on which the last night's work began, at UTC second ``now``."""
    return (datetime.fromtimestamp(now, zone) - timedelta(hours=NIGHT_HOUR)).date()


def heard_of(parts: CycleParts) -> Heard | None:
    """Return the last control cycle as the record takes it; None before the first."""
    context, known = parts.state.context, parts.memory.known
    if context is None or known is None or known.at is None:
        return None
    expected = parts.ahead(context.now)
    inputs = StrategyInputs(
        now=context.now,
        monotonic=context.monotonic,
        laws={},
        T_outdoor=context.T_outdoor_centre.value,
        T_outdoor_filtered={},
        observations=context.observations,
        readings={station: image.readings for station, image in parts.state.image.freeze().items()},
        sent={},
    )
    return Heard(known=known, inputs=inputs, sun=expected.sun, wind=expected.wind)
