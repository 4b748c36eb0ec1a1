"""The OPC UA driver on links and servers that fail: nothing hangs, nothing is left running, no wrong node."""

import asyncio
import random
import time

import pytest
import pytest_asyncio

from stations.driver import Deadlines, DriverError, LinkLost, NoAnswer
from stations.model.identity import Point
from stations.model.outcome import Unknown
from stations.model.quality import Quality
from stations.model.setpoint import Heartbeat
from tests.support.opcua_drivers import connected, make_driver, open_address
from tests.support.opcua_link import wire_to
from tests.support.opcua_server import SUBSTATION, V, station_server, substation_nodes

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHORT = Deadlines(connect_s=2.0, request_s=0.3, close_s=0.3)
T_PRIMARY = Point(0, "T_supply_primary")
BEAT = Heartbeat(token=7, counter=1, valid_for_s=180.0)


def client_tasks():
    """Tasks that an OPC UA client started; the server of the test runs on the same loop."""
    names = [getattr(task.get_coro(), "__qualname__", "") for task in asyncio.all_tasks()]
    return [name for name in names if name.startswith(("Client.", "UaClient.", "UaSession.", "OpcUaDriver."))]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def server():
    async with station_server(substation_nodes()) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="module")
async def wire(server):
    async with wire_to(server.port) as wire:
        yield wire


async def test_a_connected_driver_runs_no_task_and_sends_nothing_by_itself(wire):
    async with connected(open_address(wire.port)) as driver:
        await driver.read()
        assert client_tasks() == []  # what no task and no timer does is not done


async def test_a_black_hole_is_noticed_within_the_request_deadline_and_closed_at_once(wire):
    async with connected(open_address(wire.port), deadlines=SHORT) as driver:
        wire.hole = True
        began = time.monotonic()
        with pytest.raises(NoAnswer, match="silent while reading"):
            await driver.read()
        noticed = time.monotonic()
        await driver.close()
        assert noticed - began < 1.0
        assert time.monotonic() - noticed < 0.1
    assert client_tasks() == []


async def test_a_black_hole_from_the_start_ends_with_the_connect_deadline(wire):
    wire.hole = True
    began = time.monotonic()
    with pytest.raises(NoAnswer, match="greeting the OPC UA server"):
        async with connected(open_address(wire.port), deadlines=SHORT):
            pass
    assert time.monotonic() - began < 3.0
    assert client_tasks() == []


async def test_ten_black_holes_leave_no_task(wire):
    before = len(asyncio.all_tasks())
    for _ in range(10):
        async with connected(open_address(wire.port), deadlines=SHORT) as driver:
            wire.hole = True
            with pytest.raises(NoAnswer):
                await driver.read()
        wire.hole = False
        wire.cut()
    assert client_tasks() == []
    deadline = time.monotonic() + 5.0
    while len(asyncio.all_tasks()) > before and time.monotonic() < deadline:  # noqa: ASYNC110  (the server's)
        await asyncio.sleep(0.01)
    assert len(asyncio.all_tasks()) <= before


async def test_a_deadline_that_falls_on_the_answer_is_never_a_cancellation(wire):
    """The library then raises a kind of CancelledError that would end the station's supervisor."""
    deadlines = Deadlines(connect_s=5.0, request_s=0.2, close_s=0.3)
    outcomes = set()
    for step in range(10):
        async with connected(open_address(wire.port), deadlines=deadlines) as driver:
            wire.delay_s = 0.097 + step * 0.0005
            try:
                await driver.read()
                outcomes.add("answer")
            except NoAnswer:
                outcomes.add("no answer")
            wire.delay_s = 0.0
            wire.cut()
    assert outcomes
    assert client_tasks() == []


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(lambda driver: driver.renew(BEAT), id="heartbeat"),
        pytest.param(lambda driver: driver.send_outdoor(-3.0), id="outdoor"),
        pytest.param(lambda driver: driver.hand_back(1), id="hand back"),
    ],
)
async def test_a_write_into_a_black_hole_is_unknown(wire, write):
    async with connected(open_address(wire.port), deadlines=SHORT) as driver:
        wire.hole = True
        assert isinstance(await write(driver), Unknown)
    assert client_tasks() == []


async def test_a_cancelled_connect_leaves_nothing_open(wire):
    wire.hole = True
    driver = make_driver(open_address(wire.port))
    task = asyncio.create_task(driver.connect())
    while not wire.sent:  # noqa: ASYNC110  (no event tells that a byte has passed)
        await asyncio.sleep(0.001)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await driver.close()
    assert client_tasks() == []


async def test_a_slow_link_is_not_killed(wire):
    async with connected(open_address(wire.port)) as driver:
        wire.delay_s = 0.75  # 1.5 s there and back
        for _ in range(2):
            assert (await driver.read())[T_PRIMARY].quality is Quality.GOOD
        wire.delay_s = 0.0


async def test_closing_over_a_dead_link_is_bounded(wire):
    async with connected(open_address(wire.port), deadlines=SHORT) as driver:
        wire.hole = True
        began = time.monotonic()
        await driver.close()
        assert time.monotonic() - began < 0.8
    assert client_tasks() == []


async def test_a_reset_is_a_lost_link_at_once(wire):
    async with connected(open_address(wire.port)) as driver:
        wire.cut()
        began = time.monotonic()
        with pytest.raises(LinkLost):
            await driver.read()
        assert time.monotonic() - began < 0.5


async def test_garbled_answers_end_in_a_driver_error_or_in_readings(wire):
    """No checksum guards an unsecured channel, so a flipped digit can pass; nothing else may happen."""
    chance = random.Random(2025)

    def garble(data):
        torn = bytearray(data)
        for _ in range(chance.randint(1, 4)):
            torn[chance.randrange(len(torn))] = chance.randrange(256)
        return bytes(torn[: chance.randint(len(torn) // 2, len(torn))] if chance.random() < 0.2 else torn)

    failed = 0
    for _ in range(30):
        async with connected(open_address(wire.port), deadlines=SHORT) as driver:
            wire.garble = garble
            try:
                readings = await driver.read()
                assert len(readings) == 52
            except DriverError:
                failed += 1
            finally:
                wire.garble = None
    assert failed > 10
    assert client_tasks() == []


async def test_a_restarted_server_with_other_namespaces_never_shows_another_node():
    """After the restart the old index means a namespace with the same names and other values."""
    async with station_server(substation_nodes(), namespaces=["urn:maker:one"]) as first:
        port, old_index = first.port, first.index
        driver = make_driver(open_address(port))
        await driver.connect()
        assert (await driver.read())[T_PRIMARY].value == pytest.approx(95.5)
    with pytest.raises(LinkLost):
        await driver.read()
    await driver.close()
    async with station_server(
        substation_nodes(), namespaces=["urn:maker:one", "urn:decoy", "urn:more"], port=port
    ) as second:
        # first.index was 3: that is now urn:decoy, which gets the same names with wrong values
        assert second.index > old_index
        for text in ("s=Station.T_supply_primary", "s=Loop1.T_supply_secondary"):
            decoy = text.replace("s=", f"ns={old_index};s=")
            await second.server.nodes.objects.add_variable(decoy, f"{old_index}:x", 40.0, V.Float)
        async with connected(open_address(port)) as fresh:
            readings = await fresh.read()
        assert (await second.server.get_namespace_array())[second.index] == SUBSTATION
    assert readings[T_PRIMARY].value == pytest.approx(95.5)
    assert readings[Point(1, "T_supply_secondary")].value == pytest.approx(62.25)
    assert {reading.quality for reading in readings.values()} == {Quality.GOOD}
