"""What the screens cost the controller: snapshots, and the stream of changes to fifty clients."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from benchmarks.hmi_room import STATIONS, Room, control_room
from benchmarks.report import Figures, Result, median_of
from benchmarks.simulated_city import cpu_s

SNAPSHOT, STREAM = "hmi.api_snapshot_1000.ms", "hmi.sse_50.core_share"
NAMES = (SNAPSHOT, STREAM)
SNAPSHOTS = 60
CLIENTS = 50
WATCHED_S, ROUNDS = 15.0, 3
SETTLE_S = 5.0


def api() -> Figures:
    """Ask for snapshots, then listen with fifty clients."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> Figures:
    async with control_room(folder) as room:
        return Figures([await _snapshots(room), await _streams(room)])


async def _snapshots(room: Room) -> Result:
    times_ms, size = [], 0
    async with httpx.AsyncClient(base_url=room.api, headers=room.headers(), timeout=10.0) as client:
        client.headers["accept-encoding"] = "identity"
        for _ in range(SNAPSHOTS):
            began = time.perf_counter()
            answer = await client.get("/api/v1/snapshot")
            times_ms.append((time.perf_counter() - began) * 1000.0)
            size = len(answer.content)
            await asyncio.sleep(0.5)
    note = f"whole snapshot of {STATIONS} stations, {size / 1e6:.1f} MB, one connection, every 0.5 s"
    return median_of(SNAPSHOT, "ms", times_ms, note)


async def _streams(room: Room) -> Result:
    """Compare the controller's CPU with and without clients, in turn."""
    shares = []
    for _ in range(ROUNDS):
        alone = await _share(room.controller_pid)
        async with _listening(room, CLIENTS):
            await asyncio.sleep(SETTLE_S)
            shares.append(await _share(room.controller_pid) - alone)
    note = (
        f"controller's CPU with {CLIENTS} clients minus without, {WATCHED_S:.0f} s each, in turn; "
        f"{STATIONS} stations polled every 10 s, all values move"
    )
    return median_of(STREAM, "fraction", shares, note)


async def _share(pid: int) -> float:
    before, began = cpu_s(pid), time.monotonic()
    await asyncio.sleep(WATCHED_S)
    return (cpu_s(pid) - before) / (time.monotonic() - began)


@asynccontextmanager
async def _listening(room: Room, clients: int) -> AsyncIterator[None]:
    """Hold so many streams open and throw away what comes, as cheaply as a client can."""
    place = urlsplit(room.api)
    request = (
        f"GET /api/v1/events HTTP/1.1\r\nhost: {place.netloc}\r\nauthorization: Bearer {room.token}\r\n\r\n"
    )
    async with AsyncExitStack() as stack:
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        readers = []
        for _ in range(clients):
            reader, writer = await asyncio.open_connection(place.hostname, place.port)
            stack.callback(writer.close)
            writer.write(request.encode("ascii"))
            readers.append(tasks.create_task(_drain(reader)))
        try:
            yield
        finally:
            for task in readers:
                task.cancel()


async def _drain(reader: asyncio.StreamReader) -> None:
    status = await reader.readline()
    if b" 200 " not in status:
        raise RuntimeError(f"the stream was refused: {status.decode(errors='replace').strip()}")
    while await reader.read(1 << 20):
        pass
    raise RuntimeError("the controller ended a stream")
