"""What the whole controller service takes of the machine while it controls a simulated city."""

import asyncio
import json
import time
from pathlib import Path

import httpx

from benchmarks.report import Figures, median_of
from benchmarks.simulated_city import City, child, cpu_s, first_line, rss_bytes

START_S, READY_S = 60.0, 120.0
SETTLE_S = 20.0
WATCHED_S, RUNS = 20.0, 3
"""Together one control cycle of 60 s."""


POLL_S = 10.0
POLLED_SHARE = 0.99
"""Less than this share of the due polls answered, and it is not the load of this many stations."""


async def service_load(city: City, data: Path, count: int) -> Figures:
    """Run the controller on the city for a minute after it is ready; returns its core share and memory."""
    share_name, memory_name = f"field.fleet.mixed_{count}.core_share", f"field.fleet.mixed_{count}.rss_MB"
    arguments = (str(city.folder), "--data", str(data), "--api-port", "0", "--die-with-parent")
    async with child("controller.cli", "run", *arguments) as process:
        hello = json.loads(await first_line(process, START_S))
        token = (await asyncio.to_thread(Path(hello["token_file"]).read_text)).strip()
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=hello["api"], headers=headers, timeout=10.0) as api:
            try:
                await _ready(api)
            except TimeoutError:
                why = f"the controller could not give setpoints within {READY_S:.0f} s on this machine now"
                return Figures(missing={share_name: why, memory_name: why})
            await asyncio.sleep(SETTLE_S)
            answered, began = await _answered_polls(api), time.monotonic()
            shares = [await _share(process.pid) for _ in range(RUNS)]
            due = (count + 1) * (time.monotonic() - began) / POLL_S  # the heat source is polled as well
            polled_share = (await _answered_polls(api) - answered) / due
            rss_MB = rss_bytes(process.pid) / 1e6
    if polled_share < POLLED_SHARE:
        why = f"only {polled_share:.1%} of the due polls were answered on this machine now"
        return Figures(missing={share_name: why, memory_name: why})
    setting = (
        f"controller service with validation, journal, command log and API on {count} simulated stations, "
        "60 % Modbus and 40 % OPC UA (15 % secured), no DTU; link profile good; uvloop; "
        f"{polled_share:.1%} of the due polls answered"
    )
    watched = f"{setting}; a run is {WATCHED_S:.0f} s, together one control cycle"
    return Figures(
        [
            median_of(share_name, "fraction", shares, watched),
            median_of(memory_name, "MB", [rss_MB], setting),
        ]
    )


async def _share(pid: int) -> float:
    """Return the CPU seconds of a process per wall second, over one run."""
    before, began = cpu_s(pid), time.monotonic()
    await asyncio.sleep(WATCHED_S)
    return (cpu_s(pid) - before) / (time.monotonic() - began)


async def _answered_polls(api: httpx.AsyncClient) -> int:
    answer = await api.get("/api/v1/kpis")
    answer.raise_for_status()
    return int(answer.json()["polls_ok"])


async def _ready(api: httpx.AsyncClient) -> None:
    """Wait until the controller can give setpoints; raises TimeoutError."""
    async with asyncio.timeout(READY_S):
        while (await api.get("/readyz")).status_code != httpx.codes.OK:  # noqa: ASYNC110
            await asyncio.sleep(1.0)
