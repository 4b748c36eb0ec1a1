"""The service manager hears that we are ready, alive and stopping, and never that we are when we are not."""

import asyncio
import socket

import pytest

from controller.notify import ServiceManager, silence, tell_manager
from controller.wiring import first_state
from stations.model.clock import ScaledClock, SystemClock
from tests.support.clocks import ManualClock
from tests.support.sites import site_config

CYCLE_S = 60.0


class Listener:
    """A service manager's socket."""

    def __init__(self, address):
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(address)
        self._socket.setblocking(False)

    async def heard(self):
        """The next message, as its lines."""
        async with asyncio.timeout(5.0):
            data = await asyncio.get_running_loop().sock_recv(self._socket, 4096)
        return data.decode().split("\n")

    async def heard_or_none(self, wall_s):
        """The next message within some time, None for silence."""
        try:
            async with asyncio.timeout(wall_s):
                return await self.heard()
        except TimeoutError:
            return None

    def silent(self):
        try:
            self._socket.recv(4096)
        except BlockingIOError:
            return True
        return False

    def close(self):
        self._socket.close()


@pytest.fixture
def listener(tmp_path):
    heard = Listener(str(tmp_path / "notify"))
    yield heard
    heard.close()


@pytest.fixture
def address(tmp_path, listener):
    return str(tmp_path / "notify")


@pytest.fixture
def state(tmp_path):
    return first_state(site_config(tmp_path), SystemClock())


def cycle_completed(state, clock):
    state.counters.cycles += 1
    state.last_cycle_monotonic = clock.monotonic()


@pytest.mark.parametrize(
    ("environment", "address", "watchdog_s"),
    [
        ({}, None, None),
        ({"NOTIFY_SOCKET": ""}, None, None),
        ({"NOTIFY_SOCKET": "relative"}, None, None),
        ({"NOTIFY_SOCKET": "vsock:2:1234"}, None, None),
        ({"NOTIFY_SOCKET": "/run/n"}, "/run/n", None),
        ({"NOTIFY_SOCKET": "@n", "WATCHDOG_USEC": "30000000"}, "@n", 30.0),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "77"}, "/run/n", 30.0),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "78"}, "/run/n", None),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "0"}, "/run/n", None),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "soon"}, "/run/n", None),
        ({"NOTIFY_SOCKET": "/run/n", "WATCHDOG_USEC": "²"}, "/run/n", None),
    ],
)
def test_what_the_environment_says_of_the_service_manager(environment, address, watchdog_s):
    manager = ServiceManager.from_environment(environment, 77)
    assert (manager.address, manager.watchdog_s) == (address, watchdog_s)


def test_three_pings_fit_into_one_watchdog_time():
    assert ServiceManager(address="/run/n", watchdog_s=30.0).ping_s == 10.0
    assert ServiceManager(address=None, watchdog_s=30.0).ping_s is None


async def test_a_message_reaches_a_socket_with_and_without_a_path(listener, address):
    ServiceManager(address=address, watchdog_s=None).tell("READY=1", "STATUS=fine")
    assert await listener.heard() == ["READY=1", "STATUS=fine"]
    abstract = Listener(f"\0dhc-test-{address}")
    try:
        ServiceManager(address=f"@dhc-test-{address}", watchdog_s=None).tell("WATCHDOG=1")
        assert await abstract.heard() == ["WATCHDOG=1"]
    finally:
        abstract.close()


def test_a_manager_that_does_not_listen_harms_nobody(tmp_path):
    ServiceManager(address=str(tmp_path / "nobody"), watchdog_s=None).tell("READY=1")
    ServiceManager(address=None, watchdog_s=None).tell("READY=1")


@pytest.mark.parametrize(
    ("age_s", "late_s", "word"),
    [
        (None, 0.0, "no control cycle"),
        (0.0, 0.0, None),
        (2 * CYCLE_S, 5.0, None),
        (2 * CYCLE_S + 1, 0.0, "completed 121 s ago"),
        (10.0, 5.1, "5.1 s late"),
    ],
)
def test_no_ping_without_completed_cycles_or_from_a_late_loop(state, age_s, late_s, word):
    clock = ManualClock()
    if age_s is not None:
        cycle_completed(state, clock)
        clock.advance(age_s)
    why = silence(state, clock.monotonic(), CYCLE_S, late_s=late_s)
    assert why is None if word is None else word in why


async def test_ready_comes_after_the_first_cycle_pings_while_cycles_complete_and_a_stop_is_told(
    state, listener, address
):
    clock, stop = ScaledClock(start_utc=0.0, anchor=0.0, factor=60.0), asyncio.Event()
    manager = ServiceManager(address=address, watchdog_s=0.15)
    telling = asyncio.create_task(tell_manager(manager, state, clock, CYCLE_S, stop))
    await asyncio.sleep(0.3)
    assert listener.silent()
    cycle_completed(state, clock)
    assert await listener.heard() == ["READY=1", "STATUS=0 of 1 stations online, 0 of 1 loops held"]
    for _ in range(5):
        cycle_completed(state, clock)
        assert (await listener.heard())[0] == "WATCHDOG=1"
    # now the cycle hangs: 2 cycles are 2 wall seconds at this speed
    hung_at = clock.monotonic()
    while (said := await listener.heard_or_none(0.6)) is not None:
        assert said[0] == "WATCHDOG=1"
    assert clock.monotonic() - hung_at <= 2 * CYCLE_S + 1.5 * 60.0
    cycle_completed(state, clock)
    assert (await listener.heard())[0] == "WATCHDOG=1"
    stop.set()
    await telling
    while (said := await listener.heard())[0] == "WATCHDOG=1":
        pass
    assert said[0] == "STOPPING=1"


async def test_a_manager_that_does_not_watch_hears_ready_and_stopping_only(state, listener, address):
    clock, stop = SystemClock(), asyncio.Event()
    cycle_completed(state, clock)
    manager = ServiceManager(address=address, watchdog_s=None)
    telling = asyncio.create_task(tell_manager(manager, state, clock, CYCLE_S, stop))
    assert (await listener.heard())[0] == "READY=1"
    stop.set()
    await telling
    assert (await listener.heard())[0] == "STOPPING=1"


async def test_a_stop_before_the_first_cycle_is_never_called_ready(state, listener, address):
    stop = asyncio.Event()
    stop.set()
    await tell_manager(ServiceManager(address=address, watchdog_s=30.0), state, SystemClock(), CYCLE_S, stop)
    assert (await listener.heard())[0] == "STOPPING=1"
    assert listener.silent()
