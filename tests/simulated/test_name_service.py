"""Row L8: stations known by name while the name service is slow or dead."""

import asyncio
import socket
import threading
import time

import pytest
import pytest_asyncio

from stations.driver import Deadlines, LinkLost, NoAnswer
from stations.model.identity import Point
from stations.model.quality import Quality
from tests.support.fault_bench import fault_bench

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults")]

NAME = "station.heat.example"
SHORT = Deadlines(connect_s=0.5, request_s=1.0, close_s=1.0)
PROFILES = ["plc-a", "opcua-substation"]


class Names:
    """The name service: NAME is this machine, unless it is dead or slow."""

    def __init__(self, resolve):
        self._resolve = resolve
        self.dead = False
        self.well = threading.Event()
        self.well.set()

    def __call__(self, host, *arguments, **options):
        if host not in (NAME, NAME.encode()):
            return self._resolve(host, *arguments, **options)
        self.well.wait(5.0)
        if self.dead:
            raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
        return self._resolve("127.0.0.1", *arguments, **options)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory):
    async with fault_bench(tmp_path_factory.mktemp("city"), stations=2) as running:
        yield running


@pytest.fixture
def names(monkeypatch):
    service = Names(socket.getaddrinfo)
    monkeypatch.setattr(socket, "getaddrinfo", service)
    yield service
    service.well.set()


def by_name(bench, profile):
    """A driver whose address is a name."""
    return bench.driver(bench.post(profile), SHORT, host=NAME)


async def longest_pause(doing):
    """How long the loop stood still at most while something was done, s."""
    worst, done = 0.0, asyncio.ensure_future(doing)
    while not done.done():
        begin = time.monotonic()
        await asyncio.sleep(0.005)
        worst = max(worst, time.monotonic() - begin - 0.005)
    await done
    return worst


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_dead_name_service_is_a_lost_link_and_leaves_open_connections_alone(bench, names, profile):
    open_one = by_name(bench, profile)
    await open_one.connect()
    names.dead = True
    new_one = by_name(bench, profile)
    with pytest.raises(LinkLost):
        await new_one.connect()
    await new_one.close()
    seen = await open_one.read()
    assert seen[Point(0, "T_supply_primary")].quality is Quality.GOOD
    await open_one.close()
    names.dead = False
    again = by_name(bench, profile)
    await again.connect()
    await again.close()


@pytest.mark.parametrize("profile", PROFILES)
async def test_a_slow_name_service_costs_the_deadline_of_a_connect_and_blocks_nobody(bench, names, profile):
    names.well.clear()
    driver = by_name(bench, profile)

    async def connect():
        with pytest.raises((NoAnswer, LinkLost)):
            await driver.connect()
        await driver.close()

    begin = time.monotonic()
    assert await longest_pause(connect()) < 0.2
    assert time.monotonic() - begin < 2.0
    names.well.set()
