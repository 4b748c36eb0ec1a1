"""One run: a city, several strategies side by side from the same state, in virtual time."""

from __future__ import annotations

import asyncio
import gc
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from simulators.evaluate.centre import CentreSettings
from simulators.evaluate.contestants import Contestant, registered
from simulators.evaluate.judged import Judged
from simulators.evaluate.physical_city import PhysicalCity
from simulators.evaluate.quick_city import QuickCity
from simulators.evaluate.virtual_clock import VirtualClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from simulators.evaluate.city import City
    from simulators.evaluate.record import Record
    from simulators.scenario import Scenario

CYCLE_S = 300.0
"""Polls and control cycles come every 5 minutes here, every 10 s and 60 s in service. The guard allows 1 K a
write, 3 K in 15 minutes and 5 % of flow in 5 minutes, so the pace is the same; a decision is made 4 minutes
later at most, houses answer within hours. A test compares both."""
HEARTBEAT_S = 60.0
WATCHDOG_S = 600.0
"""Leases are renewed after each cycle and last for two, the longest that stations grant."""
HOUR_S = 3600.0
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is run."""

    scenario: Scenario
    contestants: Sequence[Contestant]
    """Cities of one size and seed; their curves may be set differently."""
    uncounted_days: float
    counted_days: float
    cycle_s: float = CYCLE_S


def run_trial(trial: Trial, progress: Callable[[float], None]) -> list[Record]:
    """Run all contestants; returns their records in order. ``progress`` gets the share done, 0..1."""
    with registered(trial.contestants) as names, _calm_collector():
        return asyncio.run(_run(trial, names, progress))


@contextmanager
def _calm_collector() -> Iterator[None]:
    """Let no garbage collection search through what lives as long as the run: a tenth of its time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class _Inline(ThreadPoolExecutor):
    """Thinks at once: nothing else can be done meanwhile in virtual time, and handing over costs."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:  # noqa: ANN401
        """Call and return a future that is done."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except Exception as error:  # goes to the caller, as a thread's would
            done.set_exception(error)
        return done


async def _run(trial: Trial, names: list[str], progress: Callable[[float], None]) -> list[Record]:
    asyncio.get_running_loop().set_default_executor(_Inline(max_workers=1))
    scenario = trial.scenario
    city = _city(trial)
    clock = VirtualClock(scenario.start)
    all_judged = [
        Judged(city, clock, copy, contestant, _settings(trial, contestant, name), scenario)
        for copy, (contestant, name) in enumerate(zip(trial.contestants, names, strict=True))
    ]
    for judged in all_judged:
        await judged.centre.connect()
    hours = round((trial.uncounted_days + trial.counted_days) * 24)
    for hour in range(hours):
        if hour == round(trial.uncounted_days * 24):
            city.begin_counting()
            for judged in all_judged:
                judged.begin()
        for _ in range(round(HOUR_S / trial.cycle_s)):
            await _turn(trial, city, clock, all_judged)
        means = city.take_means()
        T_outdoor = np.mean([city.T_outdoor(city.now - HOUR_S * share) for share in (0.0, 0.5, 1.0)])
        for judged, flows in zip(all_judged, means, strict=True):
            judged.end_of_hour(flows, float(T_outdoor))
        progress((hour + 1) / hours)
        if hour % 24 == 23:
            gc.collect()
    return [judged.record() for judged in all_judged]


def _city(trial: Trial) -> City:
    """Return copies of the city, one for each contestant: the physical one where the towns have it."""
    scenario, towns = trial.scenario, [contestant.town for contestant in trial.contestants]
    sites = [town.simulated for town in towns]
    fields = [town.field for town in towns if town.field is not None]
    if not fields:
        return QuickCity(sites, start=scenario.start, weather=scenario.weather(sites[0].seed))
    return PhysicalCity(sites, fields, start=scenario.start, cold_degC=scenario.cold_start_degC)


async def _turn(trial: Trial, city: City, clock: VirtualClock, all_judged: list[Judged]) -> None:
    """One cycle of all contestants, and the time until the next."""
    for judged in all_judged:
        await judged.troubles.advance(city.now)
    shown = city.observe()
    outdoor = city.own_outdoor(shown[0])
    for judged, mine in zip(all_judged, shown, strict=True):
        judged.show(mine, outdoor)
        judged.note_tracking()
        await judged.centre.turn()
        judged.note_plan()
    city.run(trial.cycle_s, outdoor)
    clock.move_to(city.now)


def _settings(trial: Trial, contestant: Contestant, name: str) -> CentreSettings:
    site = contestant.town.controlled
    return CentreSettings(
        strategy=name,
        laws=contestant.laws(),
        outdoor_filter_s={e: law.outdoor_filter_h * HOUR_S for e, law in site.regulation.items()},
        cycle_s=trial.cycle_s,
        heartbeat_s=HEARTBEAT_S,
        watchdog_s=WATCHDOG_S,
        believed=contestant.believed,
    )
