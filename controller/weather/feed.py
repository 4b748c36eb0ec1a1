"""The weather feed of a site: asks its sources, keeps what they told, and says how old and how good it is.

It is asked for the weather of a plan's steps at any time and answers at once, from memory. A source that does
not answer is asked again after a minute, then two, then four, at most at its usual pace; what it told before
stays in use and ages. Control never waits for it.
"""

import asyncio
import math
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from controller.weather.cache import Remembered, load, save
from controller.weather.outcome import Failure
from optimizer.forecast.bias import Bias, learn
from optimizer.forecast.climate import Climate, TooShort, fit_climate
from optimizer.forecast.outlook import outlook, sampled
from optimizer.forecast.weather import FRESH_S, Measured, NoWeather, Outlook, WeatherTable
from stations.model.clock import Clock

log = structlog.get_logger("weather")

HOUR_S = 3600.0
FIRST_WAIT_S = 60.0
KEPT_H = 14 * 24
"""Measured hours that are kept: they tell what is usual where no typical year does."""
MEASURED_MAX_AGE_S = 6 * HOUR_S
"""An older measurement says nothing about now; the station's own outdoor temperature ends there, too."""


LEARNED_FROM_S = 24 * HOUR_S
"""An older forecast is off by its age more than by its place."""


class Source(Protocol):
    """Somebody who tells the weather."""

    @property
    def name(self) -> str:
        """Stable; what was learned of a source is kept under it."""
        ...

    def fetch(self, now: float) -> Awaitable[WeatherTable | Failure]:
        """Return the forecast at UTC second ``now``, or why there is none; raises for neither."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceStatus:
    """How a source is doing."""

    name: str
    age_s: float | None
    """Since its last good answer was issued; None where there never was one."""
    failure: Failure | None
    """Why the last attempt brought nothing; None after a good one."""
    failed_in_row: int
    bias_K: float
    """Mean of measured minus told over the last week."""

    @property
    def fresh(self) -> bool:
        """True where it told something in the last six hours."""
        return self.age_s is not None and self.age_s <= FRESH_S


class WeatherFeed:
    """Owner of what is known about the weather. Used on the event loop only."""

    def __init__(
        self,
        sources: Sequence[Source],
        clock: Clock,
        *,
        refresh_s: float,
        latitude: float,
        longitude: float,
        climate: Climate | None = None,
        folder: Path | None = None,
    ) -> None:
        """``sources`` in order of preference, ``climate`` of a typical year, ``folder`` for what is kept."""
        self._sources = tuple(sources)
        self._clock = clock
        self._refresh_s = refresh_s
        self._place = (latitude, longitude)
        self._typical = climate
        self._folder = folder
        self._tables: dict[str, WeatherTable] = {}
        self._biases: dict[str, Bias] = {}
        self._measured: list[tuple[float, float]] = []
        self._failures: dict[str, Failure] = {}
        self._failed: dict[str, int] = {}
        self._lost_at: dict[str, float] = {}
        self._usual: Climate | None = climate
        self._saving = asyncio.Lock()
        if folder is not None:
            self._remember(folder)

    async def run(self) -> None:
        """Ask every source for ever, each at its pace."""
        async with asyncio.TaskGroup() as tasks:
            for source in self._sources:
                tasks.create_task(self._ask_for_ever(source), name=f"weather:{source.name}")

    async def refresh(self, source: Source) -> Failure | None:
        """Ask one source once, and keep what it tells; return why it told nothing."""
        now = self._clock.now()
        answer = await source.fetch(now)
        if isinstance(answer, Failure):
            self._failures[source.name] = answer
            self._failed[source.name] = self._failed.get(source.name, 0) + 1
            if source.name not in self._lost_at:
                self._lost_at[source.name] = now
                log.warning("weather_lost", source=source.name, fault=answer.fault, why=answer.detail)
            return answer
        self._tables[source.name] = answer
        self._failures.pop(source.name, None)
        self._failed[source.name] = 0
        lost_at = self._lost_at.pop(source.name, None)
        if lost_at is not None:
            log.info("weather_back", source=source.name, after_s=round(now - lost_at))
        await self._save()
        return None

    async def observe(self, at: float, T_outdoor: float) -> None:
        """Take the stations' median outdoor temperature (degC) at a UTC second; one an hour is kept.

        From it each source's bias is learned, and what is usual where no typical year tells.
        """
        if not math.isfinite(T_outdoor) or (self._measured and at < self._measured[-1][0] + HOUR_S):
            return
        self._measured = [*self._measured[1 - KEPT_H :], (at, T_outdoor)]
        for name, table in self._tables.items():
            told, known = sampled(table.T_outdoor, np.array([at]))
            if known[0] and at - table.issued_at <= LEARNED_FROM_S:
                self._biases[name] = learn(self._biases.get(name, Bias()), at, float(told[0]), T_outdoor)
        self._usual = self._what_is_usual()
        await self._save()

    def outlook(self, times: NDArray[np.float64]) -> Outlook | NoWeather:
        """Return the weather of even steps beginning at ``times`` (UTC seconds), as known now."""
        now = self._clock.now()
        last = self._measured[-1] if self._measured else None
        recent = last is not None and now - last[0] <= MEASURED_MAX_AGE_S
        return outlook(
            times,
            now,
            [self._tables[source.name] for source in self._sources if source.name in self._tables],
            climate=self._usual,
            measured=Measured(at=last[0], T_outdoor=last[1]) if last is not None and recent else None,
            biases=self._biases,
        )

    @property
    def tables(self) -> tuple[WeatherTable, ...]:
        """What each source told last, in order of preference; corrected by nothing."""
        return tuple(self._tables[one.name] for one in self._sources if one.name in self._tables)

    def status(self) -> tuple[SourceStatus, ...]:
        """Return how each source is doing, in order of preference."""
        now = self._clock.now()
        return tuple(
            SourceStatus(
                name=source.name,
                age_s=now - self._tables[source.name].issued_at if source.name in self._tables else None,
                failure=self._failures.get(source.name),
                failed_in_row=self._failed.get(source.name, 0),
                bias_K=self._biases.get(source.name, Bias()).level,
            )
            for source in self._sources
        )

    async def _ask_for_ever(self, source: Source) -> None:
        while True:
            failure = await self.refresh(source)
            await asyncio.sleep(wait_s(failure, self._failed.get(source.name, 0), self._refresh_s))

    def _what_is_usual(self) -> Climate | None:
        if self._typical is not None:
            return self._typical
        times, T = (np.array(column) for column in zip(*self._measured, strict=True))
        found = fit_climate(times, T, latitude=self._place[0], longitude=self._place[1])
        if not isinstance(found, TooShort):
            return found
        # Less than two days are known: their mean is better than nothing, and quality says what it is.
        return Climate(T_mean=float(T.mean()), latitude=self._place[0], longitude=self._place[1])

    def _remember(self, folder: Path) -> None:
        kept = load(folder)
        if isinstance(kept, Failure):
            log.warning("weather_forgotten", fault=kept.fault, why=kept.detail)
        elif kept is not None:
            now = self._clock.now()
            known = {source.name for source in self._sources}
            self._tables = {n: t for n, t in kept.tables.items() if n in known and t.issued_at <= now}
            self._biases = dict(kept.biases)
            self._measured = [pair for pair in kept.measured if pair[0] <= now]
            if self._measured:
                self._usual = self._what_is_usual()

    async def _save(self) -> None:
        if self._folder is None:
            return
        kept = Remembered(
            tables=dict(self._tables), biases=dict(self._biases), measured=tuple(self._measured)
        )
        try:
            async with self._saving:
                await asyncio.to_thread(save, self._folder, kept)
        except OSError as error:
            log.error("weather_not_saved", why=str(error))


def wait_s(failure: Failure | None, failed_in_row: int, refresh_s: float) -> float:
    """Return wall seconds until a source is asked again: doubling from a minute, or as the server wishes."""
    if failure is None:
        return refresh_s
    doubled = min(FIRST_WAIT_S * 2.0 ** min(failed_in_row - 1, 20), refresh_s)
    return max(doubled, min(failure.retry_after_s or 0.0, 24 * HOUR_S))
