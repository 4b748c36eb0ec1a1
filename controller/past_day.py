"""The last day of a few points as quarter-hour means, in memory: the small lines beside numbers on screens.

The journal keeps what was measured; this keeps what a screen asks of a whole city at once and would take
the journal minutes. It starts empty with each start of the controller.
"""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from controller.config.model import SiteConfig
from controller.decisions import LoopKey
from controller.image import Link, StationImage
from controller.planning.network_heat import planned_heat
from controller.planning.record import PlanRecord
from controller.state import ControllerState
from stations.model.clock import Clock
from stations.model.identity import Point

STEP_S = 900.0
STEPS = 96
LOOK_S = 60.0
"""Scaled seconds between two looks at the process image."""
SLICE = 100
"""Stations looked at (about 1 ms) before the field loop gets its turn."""
STATION_POINTS = ("T_supply_primary", "T_return_primary", "m_flow_primary", "Q_flow_primary")
LOOP_POINTS = ("T_supply_secondary", "T_return_secondary", "m_flow_secondary", "T_indoor_mean")
SOURCE_POINTS = ("T_supply_source", "T_return_source", "m_flow_source", "Q_flow_source")
DAY_POINTS = (*STATION_POINTS, *LOOP_POINTS, *SOURCE_POINTS)
TOTALS = (
    *("Q_flow_kW", "Q_flow_source_kW", "m_flow_kg_per_s", "m_flow_makeup_kg_per_s"),
    *("T_outdoor_degC", "T_indoor_degC", "online"),
    "Q_flow_planned_kW",
)
"""Lines of the whole city: heat of all stations and of all sources, primary flow and make-up of all stations,
outdoor temperature, indoor temperature by area, share of stations online, and the heat that the plan said for
then."""
ENOUGH = 0.9
"""Share of meters that must have a value, or their sum is not that of the city."""

_Key = tuple[str, Point]


@dataclass(slots=True)
class Ring:
    """Means of ``STEPS`` steps for many lines; the newest step is still growing."""

    lines: int
    _sums: NDArray[np.float64] = field(init=False)
    _counts: NDArray[np.int32] = field(init=False)
    _newest: int = field(default=-1, init=False)
    """Number of the newest step since 1970."""

    def __post_init__(self) -> None:
        """Make an empty ring."""
        self._sums = np.zeros((STEPS, self.lines))
        self._counts = np.zeros((STEPS, self.lines), dtype=np.int32)

    def note(self, at: float, values: Sequence[float]) -> None:
        """Take one value per line (NaN: none) at UTC second ``at``; a clock that goes back is ignored."""
        step = int(at // STEP_S)
        if step < self._newest:
            return
        first = step if self._newest < 0 else max(self._newest + 1, step - STEPS + 1)
        for passed in range(first, step + 1):
            self._sums[passed % STEPS] = 0.0
            self._counts[passed % STEPS] = 0
        self._newest = step
        row = np.asarray(values, dtype=np.float64)
        there = np.isfinite(row)
        self._sums[step % STEPS, there] += row[there]
        self._counts[step % STEPS] += there

    @property
    def start(self) -> float | None:
        """UTC second at which the oldest step begins; None before the first value."""
        return None if self._newest < 0 else (self._newest - STEPS + 1) * STEP_S

    def line(self, number: int, digits: int) -> list[float | None]:
        """Return the means of one line, oldest first."""
        if self._newest < 0:
            return [None] * STEPS
        order = np.arange(self._newest + 1, self._newest + 1 + STEPS) % STEPS
        sums, counts = self._sums[order, number].tolist(), self._counts[order, number].tolist()
        return [round(s / n, digits) if n else None for s, n in zip(sums, counts, strict=True)]


class PastDay:
    """The city's last day. Owner: the API, on the event loop."""

    def __init__(self, site: SiteConfig, state: ControllerState, clock: Clock) -> None:
        """Begin with nothing known."""
        self._site, self._state, self._clock = site, state, clock
        self._numbers: dict[_Key, int] = {}
        for station in site.stations:
            points = state.image[station.id].readings
            for point in points:
                if point.name in DAY_POINTS:
                    self._numbers[station.id, point] = len(self._numbers)
        self._points = Ring(len(self._numbers))
        self._totals = Ring(len(TOTALS))
        self.record = PlanRecord(
            {
                LoopKey(station.id, loop.loop): loop.m_flow_design_kg_per_s
                for station in site.stations
                for loop in station.loops
            }
        )
        """What plans said beside what came."""

    async def keep(self) -> None:
        """Look at the process image once a scaled minute, for ever."""
        while True:
            await self.look()
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Take the present values in, in slices so that polls and leases are not held up."""
        now, images = self._clock.now(), self._state.image.freeze()
        self.record.note(self._state, now)
        values: list[float] = []
        station_before = ""
        seen = 0
        for station, point in self._numbers:
            if station != station_before:
                station_before, seen = station, seen + 1
                if seen % SLICE == 0:
                    await asyncio.sleep(0)
            values.append(_value(images[station], point))
        self._points.note(now, values)
        self._totals.note(now, self._city(images, dict(zip(self._numbers, values, strict=True)), now))

    def of_point(self, name: str) -> tuple[float | None, dict[_Key, int]]:
        """Return (start, numbers of the lines of this point)."""
        return self._points.start, {key: n for key, n in self._numbers.items() if key[1].name == name}

    def line(self, number: int) -> list[float | None]:
        """Return one line of a point, oldest first; two decimals."""
        return self._points.line(number, 2)

    def totals(self) -> tuple[float | None, dict[str, list[float | None]]]:
        """Return (start, lines of the whole city by name)."""
        return self._totals.start, {name: self._totals.line(n, 3) for n, name in enumerate(TOTALS)}

    def _city(
        self, images: Mapping[str, StationImage], values: Mapping[_Key, float], now: float
    ) -> list[float]:
        outdoor = self._state.T_outdoor_centre
        stations = [station for station in self._site.stations if station.kind == "station"]
        online = sum(images[station.id].link is Link.ONLINE for station in stations)
        indoor = area = 0.0
        for station in stations:
            for loop in station.loops:
                value = values.get((station.id, Point(loop.loop, "T_indoor_mean")), math.nan)
                if math.isfinite(value):
                    indoor, area = indoor + value * loop.A_heated_m2, area + loop.A_heated_m2
        return [
            _sum(values, "Q_flow_primary"),
            _sum(values, "Q_flow_source"),
            _sum(values, "m_flow_primary"),
            _sum(_makeup(images), "m_flow_makeup"),
            math.nan if outdoor is None or outdoor.value is None else outdoor.value,
            indoor / area if area else math.nan,
            online / len(stations) if stations else math.nan,
            planned_heat(self._state.published, now),
        ]


def _makeup(images: Mapping[str, StationImage]) -> dict[_Key, float]:
    return {
        (station, point): _value(image, point)
        for station, image in images.items()
        for point in image.readings
        if point.name == "m_flow_makeup"
    }


def _value(image: StationImage, point: Point) -> float:
    reading = image.readings.get(point)
    if image.link is not Link.ONLINE or reading is None or reading.value is None:
        return math.nan
    return reading.value


def _sum(values: Mapping[_Key, float], name: str) -> float:
    metered = [value for (_, point), value in values.items() if point.name == name]
    there = [value for value in metered if math.isfinite(value)]
    return sum(there) if metered and len(there) >= ENOUGH * len(metered) else math.nan
