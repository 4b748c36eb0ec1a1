"""Twenty people at screens, without browsers: clients that speak Streamlit's protocol and obey its timers.

Each opens a page and then asks for every live region of it as often as the page wants, as a browser does: by
address where the drawings say one (``hmi.live``), by a run of the script where Streamlit says so. The latency
of a refresh runs from when it was due until the whole answer was there.
"""

import asyncio
import heapq
import json
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.hmi_room import STATIONS, Room, control_room
from benchmarks.report import Figures, Result
from benchmarks.simulated_city import cpu_s, rss_bytes
from hmi.session import TOKEN_COOKIE

LATENCY, SHARE, MEMORY = "hmi.sessions_20.p95_ms", "hmi.sessions_20.core_share", "hmi.rss_MB"
NAMES = (LATENCY, SHARE, MEMORY)
SESSIONS = 20
PAGES = ("", "", "station", "station", "stations", "alarms", "overview", "station", "trends", "dispatch")
"""What people look at, in turn: mostly the city and single stations."""
COMING_S, SETTLE_S, WATCHED_S = 9.7, 20.0, 60.0
RESULT_S = 30.0


@dataclass(slots=True)
class Client:
    """One session: what it must ask for and when, and how long the server took."""

    page: str
    query: str
    comes_after_s: float
    """People do not open pages in the same instant."""
    due: list[tuple[float, str, float]] = field(default_factory=list)
    """Heap of (when, live region, period)."""
    latencies_ms: list[float] = field(default_factory=list)
    received: int = 0
    tags: dict[str, str] = field(default_factory=dict)
    """By address: of the answer before."""

    async def live(self, room: Room, counted_from: float, until: float) -> None:
        """Stay on the page until the end; latencies count from ``counted_from`` on."""
        url = room.screen.replace("http", "ws", 1) + "/_stcore/stream"
        headers = {"cookie": f"{TOKEN_COOKIE}={room.session}", "origin": room.screen}
        await asyncio.sleep(self.comes_after_s)
        cookies = {TOKEN_COOKIE: room.session}
        async with (
            connect(url, additional_headers=headers, subprotocols=["streamlit"], max_size=None) as socket,
            httpx.AsyncClient(base_url=room.screen, cookies=cookies, timeout=RESULT_S) as http,
        ):
            await self._run(socket, "")
            while time.monotonic() < until:
                if not self.due:
                    raise RuntimeError(f"page {self.page!r} has no live region: is the session known?")
                when, region, period = heapq.heappop(self.due)
                await asyncio.sleep(max(0.0, when - time.monotonic()))
                await (self._read(http, region) if region.startswith("/") else self._run(socket, region))
                if when > counted_from:
                    self.latencies_ms.append((time.monotonic() - when) * 1000.0)
                if not any(other == region for _, other, _ in self.due):
                    heapq.heappush(self.due, (max(when + period, time.monotonic()), region, period))

    async def _read(self, http: httpx.AsyncClient, address: str) -> None:
        """Ask for a region by its address, as the drawings in a browser do."""
        tag = self.tags.get(address)
        answer = await http.get(address, headers={"if-none-match": tag} if tag else {})
        self.received += len(answer.content)
        if answer.status_code != 304:
            answer.raise_for_status()
            self.tags[address] = answer.headers["etag"]

    async def _run(self, socket: ClientConnection, region: str) -> None:
        """Have the page or one region of it computed, and take all that comes until it has ended."""
        message = BackMsg()
        state = message.rerun_script
        state.query_string, state.page_name = self.query, self.page
        state.fragment_id, state.is_auto_rerun = region, bool(region)
        state.context_info.color_scheme = "light"
        await socket.send(message.SerializeToString())
        async with asyncio.timeout(RESULT_S):
            while True:
                data = await socket.recv(decode=False)
                self.received += len(data)
                answer = ForwardMsg.FromString(data)
                match answer.WhichOneof("type"):
                    case "delta":
                        self._follow(answer.delta.new_element.bidi_component.json)
                    case "auto_rerun":
                        self._wanted(answer.auto_rerun.fragment_id, answer.auto_rerun.interval)
                    case "script_finished":
                        return

    def _follow(self, data: str) -> None:
        """Take up the region that a drawing names in its data."""
        if live := json.loads(data).get("live") if data else None:
            self._wanted(live["url"], live["period_s"])

    def _wanted(self, region: str, period: float) -> None:
        if not any(other == region for _, other, _ in self.due):
            heapq.heappush(self.due, (time.monotonic() + period, region, period))


def sessions() -> Figures:
    """Let twenty clients live for a minute."""
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_measured(Path(folder)))


async def _measured(folder: Path) -> Figures:
    async with control_room(folder) as room:
        clients = [_client(number) for number in range(SESSIONS)]
        began = time.monotonic()
        counted_from = began + SETTLE_S
        async with asyncio.TaskGroup() as tasks:
            for client in clients:
                tasks.create_task(client.live(room, counted_from, counted_from + WATCHED_S))
            await asyncio.sleep(SETTLE_S)
            cpu = cpu_s(room.screen_pid)
            await asyncio.sleep(WATCHED_S)
            share = (cpu_s(room.screen_pid) - cpu) / WATCHED_S
            rss_MB = rss_bytes(room.screen_pid) / 1e6
        return _figures(clients, share, rss_MB)


def _client(number: int) -> Client:
    page = PAGES[number % len(PAGES)]
    query = f"station=S{number + 1:03d}" if page == "station" else ""
    return Client(page=page, query=query, comes_after_s=number * COMING_S / SESSIONS)


def _figures(clients: list[Client], share: float, rss_MB: float) -> Figures:
    latencies = [one for client in clients for one in client.latencies_ms]
    shown = ", ".join(sorted({client.page or "overview" for client in clients}))
    traffic = sum(client.received for client in clients) / (SETTLE_S + WATCHED_S) / 1e3
    note = (
        f"{len(clients)} sessions on {shown} of {STATIONS} stations, {WATCHED_S:.0f} s, {len(latencies)} "
        f"refreshes, {traffic:.0f} kB/s in all; clients without a browser that obey the pages' timers"
    )
    p95_ms, spread = float(np.quantile(latencies, 0.95)), (min(latencies), max(latencies))
    return Figures(
        [
            Result(name=LATENCY, value=p95_ms, unit="ms", runs=len(latencies), spread=spread, note=note),
            Result(name=SHARE, value=share, unit="fraction", runs=1, spread=(share, share), note=note),
            Result(name=MEMORY, value=rss_MB, unit="MB", runs=1, spread=(rss_MB, rss_MB), note=note),
            Result(
                name="hmi.sessions_20.p50_ms",
                value=float(np.median(latencies)),
                unit="ms",
                runs=len(latencies),
                spread=spread,
                note=note,
            ),
        ]
    )
