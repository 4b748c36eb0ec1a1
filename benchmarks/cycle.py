"""[cycle] Control cycle and event loop under 1,000 stations in memory: the real controller without a wire.

The whole service runs: supervisors, validation, dispatch, control cycle, command log, journal and API. Only
the drivers talk to stations in memory, and nobody asks the API.
"""

import asyncio
import io
import logging
import signal
import tempfile
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import structlog
import uvloop

from benchmarks.measurement import Measurement
from benchmarks.memory_city import memory_driver_factory, memory_site
from benchmarks.report import Figures, Result
from controller import service
from controller.service import Service
from stations.model.clock import SystemClock

NAMES = ("cycle.control_1000.p99_ms", "cycle.loop_lag.p99_ms", "cycle.loop_lag.max_ms")
STATIONS = 1_000
CYCLE_S = 10.0
"""A sixth of the default, so that thirteen cycles take two minutes."""
CYCLES = 13
READY_S = 60.0
WATCH_S = 0.1


@dataclass(slots=True)
class Watched:
    """What was seen of a run."""

    cycle_ms: list[float] = field(default_factory=list)
    setpoints: int = 0
    lag_p99_ms: float = 0.0
    lag_max_ms: float = 0.0


def control() -> Figures:
    """Run the controller for thirteen cycles."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with tempfile.TemporaryDirectory() as folder:
        return uvloop.run(_controlled(Path(folder)))


async def _controlled(folder: Path) -> Figures:
    """Run the service beside its watcher, and stop it as the product is stopped."""
    clock, made = SystemClock(), list[Service]()

    class Shown(Service):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            made.append(self)

    with (
        patch.object(service, "driver_factory", memory_driver_factory(clock)),
        patch.object(service, "Service", Shown),
        redirect_stdout(io.StringIO()),  # the service says there where its API listens
    ):
        site = memory_site(folder, STATIONS, CYCLE_S)
        running = asyncio.create_task(service.run_service(site, clock))
        try:
            await _until(lambda: bool(made), running)
            seen = await _watch(made[0], running)
        finally:
            if not running.done():
                signal.raise_signal(signal.SIGTERM)
            await running
    return _figures(seen)


async def _watch(watched: Service, running: asyncio.Task[None]) -> Watched:
    """Note every cycle from the first on, which takes the loops over, until there are enough."""
    state, seen, cycles = watched.state, Watched(), 0
    while len(seen.cycle_ms) < CYCLES:
        await _sleep_beside(running)
        if state.counters.cycles != cycles and state.last_cycle_s is not None:
            cycles = state.counters.cycles
            seen.cycle_ms.append(state.last_cycle_s * 1000.0)
    if not state.ready:
        raise RuntimeError("start-up was not over when the last cycle ended: the lag is not that of service")
    seen.setpoints = state.counters.setpoints_sent
    seen.lag_p99_ms, seen.lag_max_ms = watched.lag.summary_ms()
    return seen


async def _until(condition: Callable[[], bool], running: asyncio.Task[None]) -> None:
    deadline = time.monotonic() + READY_S
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"the controller was not ready within {READY_S:.0f} s")
        await _sleep_beside(running)


async def _sleep_beside(running: asyncio.Task[None]) -> None:
    """Sleep a little; a controller that ended by itself raises here what ended it."""
    await asyncio.sleep(WATCH_S)
    if running.done():
        running.result()
        raise RuntimeError("the controller ended by itself")


def _figures(seen: Watched) -> Figures:
    cycle_p99, lag_p99, lag_max = NAMES
    low, high = min(seen.cycle_ms), max(seen.cycle_ms)
    setting = (
        f"{STATIONS} stations in memory, polled every 10 s, validated, journal and command log on disk, "
        f"{len(seen.cycle_ms)} cycles, every {CYCLE_S:.0f} s in place of 60 s; uvloop; API without clients"
    )
    taken = f"; from the first cycle on, which takes loops over; {seen.setpoints} setpoints sent in all"
    sampled = "; the controller's own lag monitor, a sample every 20 ms once start-up is over"
    p99_ms = float(np.quantile(seen.cycle_ms, 0.99))
    return Figures(
        [
            Result(
                name=cycle_p99,
                value=p99_ms,
                unit="ms",
                runs=len(seen.cycle_ms),
                spread=(low, high),
                note=setting + taken,
            ),
            _lag(lag_p99, seen.lag_p99_ms, setting + sampled),
            _lag(lag_max, seen.lag_max_ms, setting + sampled),
        ]
    )


def _lag(name: str, lag_ms: float, note: str) -> Result:
    return Result(name=name, value=lag_ms, unit="ms", runs=1, spread=(lag_ms, lag_ms), note=note)


MEASUREMENTS = (Measurement(title="the control cycle on 1,000 stations", names=NAMES, run=control),)
