"""The running controller: who holds which task, how it starts, and how it stops within ten seconds.

One TaskGroup is the parent of every task. A bug in any of them cancels the others and ends the process:
stations fall back to their own curves by their watchdogs, the service manager starts it anew.
"""

import asyncio
import gc
import os
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import structlog

from controller.cycle import CycleParts, run_cycle
from controller.lag import LagMonitor
from controller.notify import ServiceManager, tell_manager
from controller.pacing import TickPacer
from controller.polling import Supervisor
from controller.slots import SlotCollector

log = structlog.get_logger("runtime")

HAND_BACK_S = 6.0
"""Wall seconds that all stations together get for a planned hand-back; the rest falls back by watchdog."""
READY_CHECK_S = (0.1, 1.0)
"""First and longest pause between two looks; a station that is away at the start may be so for a day."""
INSIST_S = 0.5
LAG_SETTLE_S = 2.0
"""Wall seconds after all stations answered before start-up counts as over for the lag figures."""


@dataclass(slots=True, kw_only=True)
class Runtime:
    """All parts that have a task. Built by ``controller.service``; run once."""

    parts: CycleParts
    supervisors: tuple[Supervisor, ...]
    slots: SlotCollector
    lag: LagMonitor
    cycle_s: float
    keep_token: Callable[[], Coroutine[Any, Any, None]]
    """Runs for ever and keeps the coordinator's lease; ends with an error when it is lost."""
    serve_api: Callable[[], Coroutine[Any, Any, None]]
    """Runs for ever and serves the HTTP API on the socket that was bound at start."""
    watch_alarms: Callable[[], Coroutine[Any, Any, None]]
    """Runs for ever and looks for what is wrong."""
    look_ahead: Callable[[], Coroutine[Any, Any, None]]
    """Runs for ever: asks for weather, listens to the loops, plans."""
    started: Callable[[], None]
    """Called once when every station has answered: by default ``forget_start``."""

    async def run(self, stop: asyncio.Event) -> None:
        """Control the city until ``stop`` is set, then hand the stations back."""
        manager = ServiceManager.from_environment(os.environ, os.getpid())
        async with asyncio.TaskGroup() as tasks:
            field_tasks = [
                tasks.create_task(supervisor.run(), name=f"field:{supervisor.station}")
                for supervisor in self.supervisors
            ]
            others = [
                tasks.create_task(coroutine, name=name)
                for name, coroutine in (
                    ("cycle", self._cycle_loop()),
                    ("slots", self.slots.run()),
                    ("recorder", self.parts.recorder.run()),
                    ("lag", self.lag.run()),
                    ("token", self.keep_token()),
                    ("api", self.serve_api()),
                    ("alarms", self.watch_alarms()),
                    ("look_ahead", self.look_ahead()),
                    ("ready", self._announce_ready()),
                    (
                        "manager",
                        tell_manager(manager, self.parts.state, self.parts.clock, self.cycle_s, stop),
                    ),
                )
            ]
            await stop.wait()
            log.info("stopping")
            self.parts.state.stopping = True
            others[0].cancel()  # no new decision
            await self._hand_back(field_tasks)
            for task in (*field_tasks, *others):
                task.cancel()
            await _insist(field_tasks)
        self.slots.flush()
        await self.parts.recorder.drain()

    async def _cycle_loop(self) -> None:
        pacer = TickPacer(self.parts.clock, self.cycle_s, 0.0)
        while True:
            await self.parts.clock.sleep(pacer.remaining_s())
            pacer.taken()
            self.parts.state.counters.cycles_skipped = pacer.missed
            await run_cycle(self.parts)

    async def _hand_back(self, field_tasks: list[asyncio.Task[None]]) -> None:
        for supervisor in self.supervisors:
            supervisor.stop()
        _, late = await asyncio.wait(field_tasks, timeout=HAND_BACK_S)
        if late:
            log.warning("hand_back_incomplete", stations=[task.get_name() for task in late])

    async def _announce_ready(self) -> None:
        """Wait until every station answered and a cycle ran; then start-up's garbage and lag are history."""
        image = self.parts.state.image
        pause_s, longest_s = READY_CHECK_S
        while self.parts.state.counters.cycles == 0 or any(
            station.polled_at is None for station in image.freeze().values()
        ):
            await asyncio.sleep(pause_s)
            pause_s = min(1.5 * pause_s, longest_s)
        await asyncio.sleep(LAG_SETTLE_S)
        self.started()
        self.lag.restart()
        self.parts.state.ready = True
        log.info("all_stations_polled", stations=len(self.supervisors))


def forget_start() -> None:
    """The objects of start-up live as long as the process: the collector need not visit them again."""
    gc.collect()
    gc.freeze()


async def _insist(tasks: list[asyncio.Task[None]]) -> None:
    """Cancel again what a cancellation did not end.

    On Python 3.11 ``asyncio.wait_for``, which protocol libraries use, swallows a cancellation that falls
    into the same turn of the loop as the answer it waits for.
    """
    while left := [task for task in tasks if not task.done()]:
        await asyncio.wait(left, timeout=INSIST_S)
        for task in left:
            task.cancel()
