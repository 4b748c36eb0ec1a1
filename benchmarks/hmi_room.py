"""A control room to measure: the controller on a city in memory, and the screen, each in a process."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from benchmarks.hmi_city import SESSION_FILE
from benchmarks.simulated_city import child, first_line

STATIONS = 1_000
START_S = 90.0
READY_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Where everything is; tokens of the service and of an operator."""

    api: str
    token: str
    controller_pid: int
    screen: str
    session: str
    screen_pid: int

    def headers(self) -> dict[str, str]:
        """Return the header with which the service token reads."""
        return {"authorization": f"Bearer {self.token}"}


@asynccontextmanager
async def control_room(folder: Path, stations: int = STATIONS) -> AsyncIterator[Room]:
    """Start both and wait until the controller gives setpoints to the whole city."""
    async with child("benchmarks.hmi_city", str(stations), str(folder)) as controller:
        hello = json.loads(await first_line(controller, START_S))
        file = Path(hello["token_file"])
        token = (await asyncio.to_thread(file.read_text)).strip()
        session = (await asyncio.to_thread((folder / SESSION_FILE).read_text)).strip()
        await _ready(hello["api"], token)
        options = ("--api", hello["api"], "--token-file", str(file), "--port", "0", "--die-with-parent")
        async with child("hmi", *options) as screen:
            url = json.loads(await first_line(screen, START_S))["hmi"]
            yield Room(
                api=hello["api"],
                token=token,
                controller_pid=controller.pid,
                screen=url,
                session=session,
                screen_pid=screen.pid,
            )


async def _ready(api: str, token: str) -> None:
    """Wait until setpoints are confirmed: before, the controller is busier than in service."""
    headers = {"authorization": f"Bearer {token}"}
    deadline = time.monotonic() + READY_S
    async with httpx.AsyncClient(base_url=api, headers=headers, timeout=10.0) as client:
        while time.monotonic() < deadline:
            kpis = (await client.get("/api/v1/kpis")).json()
            if kpis["loops_confirmed"] == kpis["loops_driven"] > 0:
                return
            await asyncio.sleep(1.0)
    raise TimeoutError(f"not every loop was driven within {READY_S:.0f} s")
