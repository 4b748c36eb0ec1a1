"""What the whole controller service takes of the machine while it controls a simulated city."""

import asyncio
import json
import time
from pathlib import Path

import httpx

from benchmarks.report import Figures, Result, median_of
from benchmarks.simulated_city import City, child, cpu_s, first_line, rss_bytes

START_S, READY_S = 30.0, 180.0
SETTLE_S = 20.0
WATCHED_S, RUNS = 20.0, 3
"""Together one control cycle of 60 s."""


async def service_load(stations: City, data: Path, count: int) -> Figures:
    """Run the controller on the city for a minute after it is ready; returns its core share and memory."""
    arguments = (str(stations.folder), "--data", str(data), "--api-port", "0", "--die-with-parent")
    async with child("controller.cli", "run", *arguments) as process:
        hello = json.loads(await first_line(process, START_S))
        token = (await asyncio.to_thread(Path(hello["token_file"]).read_text)).strip()
        await _ready(hello["api"], token)
        await asyncio.sleep(SETTLE_S)
        shares = [await _share(process.pid) for _ in range(RUNS)]
        rss_MB = rss_bytes(process.pid) / 1e6
    setting = (
        f"controller service with validation, journal, command log and API on {count} simulated stations, "
        "60 % Modbus and 40 % OPC UA (15 % secured), no DTU; link profile good; uvloop"
    )
    return Figures(
        [
            median_of(
                f"field.fleet.mixed_{count}.core_share",
                "fraction",
                shares,
                f"{setting}; a run is {WATCHED_S:.0f} s, together one control cycle",
            ),
            Result(
                name=f"field.fleet.mixed_{count}.rss_MB",
                value=rss_MB,
                unit="MB",
                runs=1,
                spread=(rss_MB, rss_MB),
                note=setting,
            ),
        ]
    )


async def _share(pid: int) -> float:
    before, began = cpu_s(pid), time.monotonic()
    await asyncio.sleep(WATCHED_S)
    return (cpu_s(pid) - before) / (time.monotonic() - began)


async def _ready(api: str, token: str) -> None:
    """Wait until the controller can give setpoints; raises TimeoutError."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=api, headers=headers, timeout=10.0) as client:
        async with asyncio.timeout(READY_S):
            while (await client.get("/readyz")).status_code != httpx.codes.OK:  # noqa: ASYNC110
                await asyncio.sleep(1.0)
