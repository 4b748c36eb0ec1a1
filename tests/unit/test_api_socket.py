"""The API on a real port: deadlines, limits, the stream, and a clean end."""

import asyncio
import contextlib
import errno
import json
import socket

import httpx
import pytest

from controller.api import protocol
from controller.api.server import ApiServer, ApiStartError, bind
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import BEARER, NOW, FakeJournal, FixedClock, control_room, live_state
from tests.support.polling import until
from tests.support.sites import site_config, station_config

DEADLINE_S = 15.0


class Running:
    """An API server of one or more stations, served as a task."""

    def __init__(self, folder, n_stations=2):
        stations = [station_config(f"S{i:03}", port=20000 + i) for i in range(1, n_stations + 1)]
        site = site_config(folder, *stations)
        self.state = live_state(site)
        self.stack = contextlib.ExitStack()
        room = self.stack.enter_context(control_room(site, self.state))
        self.server = ApiServer(self.state, site, FakeJournal(), room, FixedClock(), lambda: (0.0, 0.0))
        self.server.bind()
        self.port = int(self.server.url.rsplit(":", 1)[1])
        self.bearer = BEARER
        self.head = f"host: x\r\nauthorization: {BEARER['authorization']}\r\n".encode()
        self.task = asyncio.create_task(self.server.serve())

    async def stop(self):
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task
        self.stack.close()

    @contextlib.asynccontextmanager
    async def connect(self):
        """A raw connection that is closed on this side whatever the server did to it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            yield reader, writer
        finally:
            writer.transport.abort()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def client(self):
        return httpx.AsyncClient(base_url=self.server.url, headers=self.bearer, timeout=DEADLINE_S)


@pytest.fixture
async def api(request, tmp_path):
    running = Running(tmp_path, n_stations=getattr(request, "param", 2))
    yield running
    await running.stop()


async def ended(reader):
    """Everything that still comes until the server ends the connection, by close or by reset."""
    received = b""
    async with asyncio.timeout(DEADLINE_S):
        with contextlib.suppress(ConnectionError):
            while chunk := await reader.read(65536):
                received += chunk
    return received


async def test_it_answers_on_its_port(api):
    async with api.client() as client:
        assert (await client.get("/livez")).json() == {"alive": True}
        assert len((await client.get("/api/v1/snapshot")).json()["stations"]) == 2
        assert (await client.get("/api/v1/snapshot", headers={"authorization": ""})).status_code == 401


async def test_a_port_in_use_is_said_before_anything_starts(api, tmp_path):
    with pytest.raises(ApiStartError, match=rf"127.0.0.1:{api.port} is in use; .*choose another port"):
        bind("127.0.0.1", api.port)


def test_an_address_that_is_not_ours_is_said():
    with pytest.raises(ApiStartError, match=r"can not listen on 192\.0\.2\.1:0"):
        bind("192.0.2.1", 0)


def test_a_server_that_never_served_gives_its_port_back(tmp_path):
    site = site_config(tmp_path, station_config())
    state = live_state(site)
    with control_room(site, state) as room:
        server = ApiServer(state, site, FakeJournal(), room, FixedClock(), lambda: (0.0, 0.0))
        server.bind()
        server.close()
    bind("127.0.0.1", int(server.url.rsplit(":", 1)[1])).close()


async def test_a_hundred_half_open_requests_starve_nobody_and_are_cut_off(api, monkeypatch):
    monkeypatch.setattr(protocol, "REQUEST_S", 1.5)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    beginnings = [b"", b"GET /livez HT", b"GET /livez HTTP/1.1\r\nhost: x\r\nx-slow: "]
    async with contextlib.AsyncExitStack() as stack:
        half_open = [await stack.enter_async_context(api.connect()) for _ in range(100)]
        for i, (_, writer) in enumerate(half_open):
            writer.write(beginnings[i % 3])
        async with api.client() as client:
            for _ in range(20):
                before = loop.time()
                assert (await client.get("/api/v1/snapshot")).status_code == 200
                assert loop.time() - before < 1.0
        assert await asyncio.gather(*(ended(reader) for reader, _ in half_open)) == [b""] * 100
        assert loop.time() - begun < 8.0


async def test_a_request_that_trickles_in_is_cut_off_too(api, monkeypatch):
    monkeypatch.setattr(protocol, "REQUEST_S", 0.5)
    async with api.connect() as (reader, writer):
        writer.write(b"POST /api/v1/login HTTP/1.1\r\n" + api.head + b"content-length: 1000\r\n\r\n")

        async def trickle():
            with contextlib.suppress(ConnectionError):
                while True:
                    writer.write(b"x")
                    await writer.drain()
                    await asyncio.sleep(0.02)

        trickling = asyncio.create_task(trickle())
        assert await ended(reader) == b""
        trickling.cancel()


async def test_a_complete_request_and_an_idle_connection_are_not_cut_off(api, monkeypatch):
    monkeypatch.setattr(protocol, "REQUEST_S", 0.2)
    async with api.connect() as (reader, writer):
        request = b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n"
        for _ in range(2):
            writer.write(request)
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), DEADLINE_S)
            assert head.startswith(b"HTTP/1.1 200")
            assert await reader.readexactly(14) == b'{"alive":true}'
            # Longer than the deadline of a request: an idle connection has none to keep.
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(reader.read(1), 0.4)


async def test_a_second_request_that_stops_half_way_is_cut_off(api, monkeypatch):
    monkeypatch.setattr(protocol, "REQUEST_S", 0.3)
    async with api.connect() as (reader, writer):
        writer.write(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\nGET /liv")
        assert (await ended(reader)).count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("api", [300], indirect=True, ids=["300 stations"])
async def test_a_client_that_does_not_read_its_answers_is_cut_off(api, monkeypatch):
    monkeypatch.setattr(protocol, "STALL_S", 0.5)
    with socket.create_connection(("127.0.0.1", api.port)) as deaf:
        deaf.sendall((b"GET /api/v1/snapshot HTTP/1.1\r\n" + api.head + b"\r\n") * 100)
        await until(lambda: deaf.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET)


@pytest.mark.parametrize("announced", [True, False], ids=["length announced", "chunked"])
async def test_a_body_of_300_kib_is_refused_with_413(api, announced):
    async def chunks():
        for _ in range(300):
            yield b"[" * 1024

    async with api.client() as client:
        response = await client.post("/api/v1/login", content=b"[" * 300 * 1024 if announced else chunks())
        assert response.status_code == 413
        assert response.json()["error"]["code"] == "too_large"


async def test_a_body_of_200_mb_is_refused_at_its_announcement(api):
    async with api.connect() as (reader, writer):
        writer.write(b"POST /api/v1/login HTTP/1.1\r\n" + api.head + b"content-length: 200000000\r\n\r\n")
        assert b"HTTP/1.1 413" in await ended(reader)


async def test_what_is_no_http_is_refused_in_the_same_shape(api):
    async with api.connect() as (reader, writer):
        writer.write(b"\x00\x01\x00\x00\x00\x06\x01\x03\x00\x00\x00\x0a\r\n\r\n")
        head, _, body = (await ended(reader)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400")
        assert json.loads(body)["error"]["code"] == "not_http"


async def test_a_head_without_end_is_refused(api):
    async with api.connect() as (reader, writer):
        writer.write(b"GET /livez HTTP/1.1\r\nx: " + b"a" * 200_000)
        assert b"HTTP/1.1 400" in await ended(reader)


# ------------------------------------------------------------------ stream


async def next_event(lines):
    """The next server-sent event as (event, version, data)."""
    fields = {}
    async with asyncio.timeout(DEADLINE_S):
        async for line in lines:
            if not line:
                return fields["event"], fields["id"], json.loads(fields["data"])
            name, _, value = line.partition(": ")
            fields[name] = value
    raise AssertionError("the stream ended")


async def test_the_stream_begins_with_everything_and_goes_on_with_changes(api):
    async with api.client() as client, client.stream("GET", "/api/v1/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = response.aiter_lines()
        event, first, data = await next_event(lines)
        assert event == "snapshot"
        assert data["full"]
        assert len(data["stations"]) == 2

        api.state.image.update("S002", readings={Point(1, "T_supply_secondary"): good(66.0, NOW)})
        event, second, data = await next_event(lines)
        assert event == "delta"
        assert [station["id"] for station in data["stations"]] == ["S002"]
        assert second != first
    again = {"since": second}
    async with api.client() as client, client.stream("GET", "/api/v1/events", params=again) as response:
        _, _, data = await next_event(response.aiter_lines())
        assert (data["full"], data["stations"]) == (False, [])


async def test_a_silent_stream_says_that_it_lives(api, monkeypatch):
    monkeypatch.setattr("controller.api.events.HEARTBEAT_S", 0.1)
    monkeypatch.setattr("controller.api.events.TICK_S", 0.05)
    async with api.client() as client, client.stream("GET", "/api/v1/events") as response:
        lines = response.aiter_lines()
        assert [(await next_event(lines))[0] for _ in range(3)] == ["snapshot", "heartbeat", "heartbeat"]


async def test_streams_beyond_the_limit_are_refused(api, monkeypatch):
    monkeypatch.setattr("controller.api.routes.MAX_CLIENTS", 1)
    async with api.client() as client, client.stream("GET", "/api/v1/events") as response:
        await next_event(response.aiter_lines())
        refused = await client.get("/api/v1/events")
        assert refused.status_code == 503
        assert refused.json()["error"]["message"] == "1 streams are open already"


async def test_a_client_that_leaves_is_forgotten(api):
    hub = api.server._api.hub
    async with api.client() as client:
        async with client.stream("GET", "/api/v1/events") as response:
            await next_event(response.aiter_lines())
            assert hub.clients == 1
        await until(lambda: hub.clients == 0)


async def test_stopping_ends_open_streams_and_frees_the_port(api):
    async with api.client() as client, client.stream("GET", "/api/v1/events") as response:
        lines = response.aiter_lines()
        await next_event(lines)
        before = asyncio.get_running_loop().time()
        await api.stop()
        with contextlib.suppress(httpx.RemoteProtocolError):
            assert [line async for line in lines] == []
        assert asyncio.get_running_loop().time() - before < 4.0
    bind("127.0.0.1", api.port).close()


async def test_stopping_cuts_half_open_requests(api):
    async with api.connect() as (reader, writer):
        writer.write(b"GET /livez HT")
        await writer.drain()
        before = asyncio.get_running_loop().time()
        await api.stop()
        assert await ended(reader) == b""
        assert asyncio.get_running_loop().time() - before < 4.0
