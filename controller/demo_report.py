"""What a demo run amounts to: samples through the API and the simulators' control channel, and a verdict."""

import asyncio
import json
import time
from collections import deque
from dataclasses import asdict, dataclass, replace
from typing import Any

import httpx

from stations.model.clock import ScaledClock

FRESH_WINDOW_S = 30.0
"""Wall seconds at the end of a run over which fresh stations are counted."""
MOMENTS = 10
"""One look in so many may find fewer: at --speed 30 data are old after one wall second, for which any
computer may stand still once."""
CONTROL_LIMIT_S = 10.0
BREAKS_SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoReport:
    """The closing figures. Counters run from "all stations ready" to the end, frames from their start."""

    stations: int
    loops: int
    loops_driven: int
    """Loops of class A, T and B with a commissioning proof."""
    loops_confirmed: int
    """Of these, loops that have had a setpoint confirmed by read-back."""
    stations_fresh: int
    """Stations with fresh data in the last 30 s, by the worst of its looks but for one in ten."""
    polls: int
    polls_ok: int
    setpoints_sent: int
    setpoints_confirmed: int
    setpoints_limited: int
    setpoints_rejected: int
    setpoints_expired: int
    readings_stored: int
    cycles: int
    frames: int
    frames_out_of_contract: int
    breaks: tuple[str, ...]
    """The last few breaks in words; empty in a good run."""
    modes: dict[str, int]
    indoor_mean: float
    """Area-weighted mean of the plant's true indoor temperatures, degC."""
    indoor_sd: float
    """Standard deviation between stations of their true mean indoor temperature, K."""
    heat_W_per_m2_mean: float
    loop_lag_p99_ms: float
    loop_lag_max_ms: float
    wall_s: float
    sim_s: float
    speed: float

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain data, rounded to what they mean."""
        return {k: round(v, 3) if isinstance(v, float) else v for k, v in asdict(self).items()}

    def faults(self) -> list[str]:
        """Return why the run counts as failed; empty when every goal was met."""
        faults = []
        if self.stations_fresh < self.stations:
            faults.append(f"only {self.stations_fresh} of {self.stations} stations had fresh data throughout")
        if self.loops_confirmed < self.loops_driven:
            faults.append(
                f"{self.loops_driven - self.loops_confirmed} driven loops have no confirmed setpoint"
            )
        if self.frames_out_of_contract:
            faults.append(f"{self.frames_out_of_contract} frames broke the stations' contract: {self.breaks}")
        return faults


class Observer:
    """Looks at a running demo from outside. One caller at a time."""

    def __init__(self, api: httpx.AsyncClient, control_port: int, clock: ScaledClock) -> None:
        self._api = api
        self._control_port = control_port
        self._clock = clock
        self._fresh: deque[tuple[float, int]] = deque()
        self._first: dict[str, Any] = {}
        self._began_wall = 0.0
        self._began_scaled = 0.0
        self.kpis: dict[str, Any] = {}
        self.snapshot: dict[str, Any] = {}
        self.truth: dict[str, Any] = {}

    async def all_polled(self) -> bool:
        """Tell whether every station answered and start-up is over."""
        answer = await self._api.get("/api/v1/kpis")
        answer.raise_for_status()
        self.kpis = answer.json()
        return bool(self.kpis["ready"])

    def progress(self) -> str:
        """Return how far start-up is, for people."""
        return f"{self.kpis.get('stations_fresh', 0)} of {self.kpis.get('stations', '?')} stations answer"

    def silent(self) -> str:
        """Return how many stations never answered."""
        if not self.kpis:
            return "the controller's API never answered"
        return f"{self.kpis['stations'] - self.kpis['stations_fresh']} silent"

    async def begin(self) -> None:
        """Start counting: all stations are ready."""
        await self.sample()
        self._first = self.kpis
        self._began_wall, self._began_scaled = time.monotonic(), self._clock.monotonic()

    async def sample(self) -> None:
        """Look once: indicators, all stations, and the plant's truth."""
        self.kpis = await self._get("/api/v1/kpis")
        self.snapshot = await self._get("/api/v1/snapshot")
        self.truth = await self._ask("truth")
        now = time.monotonic()
        self._fresh.append((now, self.kpis["stations_fresh"]))
        while now - self._fresh[0][0] > FRESH_WINDOW_S:
            self._fresh.popleft()

    async def finish(self) -> DemoReport:
        """Return the report of a run that is still going."""
        await self.sample()
        kpis, truth = self.kpis, self.truth
        counted = {
            name: kpis[name] - self._first[name]
            for name in (
                "polls", "polls_ok", "setpoints_sent", "setpoints_confirmed", "setpoints_limited",
                "setpoints_rejected", "setpoints_expired", "readings_stored", "cycles",
            )
        }  # fmt: skip
        return DemoReport(
            **counted,
            stations=kpis["stations"],
            loops=kpis["loops"],
            loops_driven=kpis["loops_driven"],
            loops_confirmed=kpis["loops_confirmed"],
            stations_fresh=sorted(fresh for _, fresh in self._fresh)[len(self._fresh) // MOMENTS],
            frames=0,
            frames_out_of_contract=0,
            breaks=(),
            modes=kpis["modes"],
            indoor_mean=truth["indoor_mean"],
            indoor_sd=truth["indoor_sd"],
            heat_W_per_m2_mean=truth["heat_W_per_m2_mean"],
            loop_lag_p99_ms=kpis["loop_lag_p99_ms"],
            loop_lag_max_ms=kpis["loop_lag_max_ms"],
            wall_s=time.monotonic() - self._began_wall,
            sim_s=self._clock.monotonic() - self._began_scaled,
            speed=self._clock.factor,
        )

    async def after_stop(self, report: DemoReport) -> DemoReport:
        """Add what the stations recorded, hand-back included; the controller has ended by now."""
        record = await self._ask("record")
        return replace(
            report,
            frames=record["frames"],
            frames_out_of_contract=record["frames_out_of_contract"],
            breaks=tuple(json.dumps(item) for item in record["breaks"][-BREAKS_SHOWN:]),
        )

    async def _get(self, path: str) -> dict[str, Any]:
        answer = await self._api.get(path)
        answer.raise_for_status()
        message: dict[str, Any] = answer.json()
        return message

    async def _ask(self, op: str) -> dict[str, Any]:
        """Ask the simulators: one line of JSON each way."""
        async with asyncio.timeout(CONTROL_LIMIT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", self._control_port, limit=2**26)
            try:
                writer.write(json.dumps({"op": op}).encode() + b"\n")
                await writer.drain()
                answer: dict[str, Any] = json.loads(await reader.readline())
            finally:
                writer.close()
                await writer.wait_closed()
        return answer
