"""The controller under a service manager: ready, watched, stopped; logs and health from outside."""

import asyncio
import json
import signal
import socket

import httpx
import pytest

from tests.support.running_city import controller_process, running_city

pytestmark = [pytest.mark.long, pytest.mark.slow, pytest.mark.xdist_group("manager")]

WATCHDOG_S = 1.5


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    with running_city(tmp_path_factory.mktemp("city"), stations=2, speed=30.0) as running:
        yield running


@pytest.fixture
def manager(tmp_path, monkeypatch):
    """The manager's socket; the controller finds it in its environment."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(str(tmp_path / "notify"))
    listener.setblocking(False)
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(int(WATCHDOG_S * 1e6)))
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    yield listener
    listener.close()


async def heard(listener, wall_s=20.0):
    async with asyncio.timeout(wall_s):
        return (await asyncio.get_running_loop().sock_recv(listener, 4096)).decode().split("\n")


async def heard_within(listener, wall_s):
    try:
        return (await heard(listener, wall_s))[0]
    except TimeoutError:
        return None


async def test_ready_pings_silence_while_stopped_and_the_end_are_told(city, tmp_path, manager):
    async with controller_process(city, tmp_path) as controller:
        first = await heard(manager)
        assert first[0] == "READY=1"
        assert first[1].startswith("STATUS=")
        assert (await controller.get("kpis"))["cycles"] >= 1
        assert [await heard_within(manager, 10.0) for _ in range(3)] == ["WATCHDOG=1"] * 3
        controller.process.send_signal(signal.SIGSTOP)
        try:
            while await heard_within(manager, 2 * WATCHDOG_S) is not None:
                pass
        finally:
            controller.process.send_signal(signal.SIGCONT)
        # woken up again it is well: one late ping may be left out
        assert await heard_within(manager, 10.0) == "WATCHDOG=1"
        assert await controller.stop() == (0, pytest.approx(5.0, abs=5.0))
        while (last := await heard_within(manager, 1.0)) == "WATCHDOG=1":
            pass
        assert last == "STOPPING=1"


async def test_health_is_open_readiness_is_not_and_every_log_line_is_json(city, tmp_path):
    async with controller_process(city, tmp_path) as controller:
        base = str(controller.api.base_url)
        async with httpx.AsyncClient(base_url=base, timeout=10) as stranger:
            assert (await stranger.get("/livez")).status_code == 200
            assert (await stranger.get("/readyz")).status_code == 401
            assert (await stranger.get("/metrics")).status_code == 401
        assert (await controller.api.get("/readyz")).status_code in (200, 503)
        assert (await controller.stop())[0] == 0
        token = controller.api.headers["authorization"].removeprefix("Bearer ")
    text = (tmp_path / "controller.log").read_text(encoding="utf-8")
    events = [json.loads(line) for line in text.splitlines()]
    assert {"controller_started", "stopping", "controller_stopped"} <= {event["event"] for event in events}
    assert all(event["timestamp"].endswith("Z") and event["level"] for event in events)
    assert token not in text
