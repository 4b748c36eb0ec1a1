"""Begins and ends faults at their stations: those of a scenario when their time has come, others by hand."""

import asyncio
import heapq
import itertools
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from simulators.faults.model import Target
from simulators.faults.scenario import Planned


@dataclass(slots=True, kw_only=True)
class _Active:
    """One fault at one station."""

    planned: Planned
    station: str
    since: float
    until: float | None
    stack: AsyncExitStack


class FaultEngine:
    """The faults of one running simulation. Owner: who moves its time and calls ``advance``."""

    def __init__(self, targets: Mapping[str, Target]) -> None:
        self._targets = targets
        self._active: list[_Active] = []
        self._waiting: list[tuple[float, int, Planned]] = []
        self._order = itertools.count()
        self._busy = asyncio.Lock()

    def schedule(self, planned: Sequence[Planned], start: float) -> None:
        """Let faults begin in time; ``start`` is the UTC second that their ``at_s`` counts from."""
        for one in planned:
            heapq.heappush(self._waiting, (start + one.at_s, next(self._order), one))

    async def advance(self, now: float) -> None:
        """Begin and end what is due at UTC second ``now``; in order, what ends first."""
        if not self._due(now):
            return
        async with self._busy:
            for one in [one for one in self._active if one.until is not None and one.until <= now]:
                await self._end(one)
            while self._waiting and self._waiting[0][0] <= now:
                at, _, planned = heapq.heappop(self._waiting)
                await self._begin(planned, at)

    async def begin(self, planned: Planned, now: float) -> None:
        """Begin a fault at once."""
        async with self._busy:
            await self._begin(planned, now)

    async def end(self, name: str | None, stations: Sequence[str] | None) -> int:
        """End faults of this name (None: of any) at these stations (None: at all); return how many.

        What a scenario has planned for later is not touched.
        """
        async with self._busy:
            meant = [
                one
                for one in self._active
                if (name is None or one.planned.fault.name == name)
                and (stations is None or one.station in stations)
            ]
            for one in meant:
                await self._end(one)
            return len(meant)

    async def close(self) -> None:
        """End everything and forget what was planned."""
        self._waiting.clear()
        await self.end(None, None)

    def next_at(self) -> float | None:
        """Return the UTC second at which something begins or ends next; None: nothing will by itself."""
        ends = [one.until for one in self._active if one.until is not None]
        return min([*(at for at, _, _ in self._waiting[:1]), *ends], default=None)

    def active(self) -> list[dict[str, Any]]:
        """Return what is on: name, station, since, until (None: until switched off) and the options."""
        return [
            {
                "name": one.planned.fault.name,
                "station": one.station,
                "since": one.since,
                "until": one.until,
                "options": one.planned.settings.as_dict(),
            }
            for one in self._active
        ]

    def planned(self) -> list[dict[str, Any]]:
        """Return what will begin: name, UTC second, duration and stations."""
        return [
            {
                "name": one.fault.name,
                "at": at,
                "duration_s": one.duration_s,
                "stations": list(one.stations),
            }
            for at, _, one in sorted(self._waiting, key=lambda entry: entry[:2])
        ]

    def _due(self, now: float) -> bool:
        return (bool(self._waiting) and self._waiting[0][0] <= now) or any(
            one.until is not None and one.until <= now for one in self._active
        )

    async def _begin(self, planned: Planned, at: float) -> None:
        until = None if planned.duration_s is None else at + planned.duration_s
        for station in planned.stations:
            stack = AsyncExitStack()
            await stack.enter_async_context(planned.fault.at(self._targets[station], planned.settings))
            self._active.append(_Active(planned=planned, station=station, since=at, until=until, stack=stack))

    async def _end(self, one: _Active) -> None:
        self._active.remove(one)
        await one.stack.aclose()
