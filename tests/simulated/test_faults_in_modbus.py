"""Faults of Modbus devices on real sockets: answers that are none become no value."""

import asyncio

import pytest
import pytest_asyncio

from stations.driver import BadAnswer, ConfigurationFault, Deadlines, DriverError, LinkLost, NoAnswer
from stations.model.identity import Point
from stations.model.quality import Quality
from stations.model.setpoint import Heartbeat
from tests.support.fault_bench import fault_bench, reads, sound
from tests.support.raw_modbus import round_trip

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory):
    async with fault_bench(tmp_path_factory.mktemp("city"), stations=2) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def plc(bench):
    """The post of a Modbus station, and a raw connection to it."""
    async with bench.raw("plc-a") as both:
        yield both


MODBUS = [
    # (fault, options, what the driver raises, what it says)
    ("modbus_exception", {"code": 4}, BadAnswer, "exception 4"),
    ("modbus_exception", {"code": 2}, ConfigurationFault, "exception 2"),
    ("modbus_exception", {"code": 6}, BadAnswer, "exception 6"),
    ("modbus_exception", {"code": 11}, NoAnswer, "exception 11"),
    ("short_answer", {}, BadAnswer, "does not fit the question"),
    ("long_answer", {}, BadAnswer, "does not fit the question"),
    ("wrong_function", {}, BadAnswer, "answer has function 4"),
    ("wrong_transaction", {}, NoAnswer, "no answer"),
    ("wrong_unit_id", {}, DriverError, ""),
    ("truncated_answer", {}, NoAnswer, "no answer"),
    ("lying_byte_count", {}, BadAnswer, "does not fit the question"),
    ("wrong_protocol", {}, NoAnswer, "no answer"),
    ("garbage", {}, DriverError, ""),
    ("late_answer", {"late_s": 1.5, "share_pct": 100}, NoAnswer, "no answer"),
    ("closes_in_answer", {}, LinkLost, "connection closed"),
]


@pytest.mark.parametrize(("name", "options", "error", "says"), MODBUS)
async def test_an_answer_that_is_none_raises_and_becomes_no_value(bench, plc, name, options, error, says):
    post, _ = plc
    async with bench.fault(name, post, **options):
        for seen in await reads(bench, post):
            assert isinstance(seen, error), seen
            assert says in seen.why
    await sound(bench, post)


FRAMES = [
    # (fault, what the answer 03 04 aaaa bbbb to transaction 1 of unit 1 becomes)
    ("short_answer", "0001 0000 0005 01 03 02 aaaa"),
    ("long_answer", "0001 0000 000b 01 03 08 aaaa bbbb ........"),
    ("wrong_function", "0001 0000 0007 01 04 04 aaaa bbbb"),
    ("wrong_transaction", "0002 0000 0007 01 03 04 aaaa bbbb"),
    ("wrong_unit_id", "0001 0000 0007 00 03 04 aaaa bbbb"),
    ("truncated_answer", "0001 0000 0007 01 03 04 aa"),
    ("lying_byte_count", "0001 0000 0007 01 03 06 aaaa bbbb"),
    ("wrong_protocol", "0001 0007 0007 01 03 04 aaaa bbbb"),
    ("duplicate_answer", "0001 0000 0007 01 03 04 aaaa bbbb 0001 0000 0007 01 03 04 aaaa bbbb"),
    ("closes_in_answer", "0001 0000 0007"),
]


@pytest.mark.parametrize(("name", "expected"), FRAMES)
async def test_a_spoilt_frame_is_spoilt_as_it_says(bench, name, expected):
    post = bench.post("plc-a")
    (proper,) = await frames_of(post, 1)
    aaaa, bbbb = proper[9:11].hex(), proper[11:13].hex()
    wanted = expected.replace(" ", "").replace("aaaa", aaaa).replace("bbbb", bbbb).replace("aa", aaaa[:2])
    async with bench.fault(name, post):
        (got,) = await frames_of(post, 1)
    got_hex = got.hex()
    assert len(got_hex) == len(wanted)
    assert all(want in (".", have) for want, have in zip(wanted, got_hex, strict=True))


async def frames_of(post, times, wall_s=0.15):
    """All bytes that come back for one read of the device's area, each on a connection of its own."""
    answers = []
    for _ in range(times):
        reader, writer = await asyncio.open_connection("127.0.0.1", post.link.port)
        writer.write(bytes.fromhex("0001 0000 0006 01 03 0010 0002"))
        got = b""
        try:
            async with asyncio.timeout(wall_s):
                while data := await reader.read(1000):
                    got += data
        except (TimeoutError, ConnectionError):
            pass
        writer.close()
        answers.append(got)
    return answers


async def test_garbage_is_as_long_as_the_answer_and_nothing_like_it(bench):
    post = bench.post("plc-a")
    async with bench.fault("garbage", post):
        first, second = await frames_of(post, 2)
    assert len(first) == len(second) == 13
    assert first != second


async def test_a_late_answer_comes_and_is_not_taken_for_the_next_one(bench, plc):
    post, client = plc
    async with bench.fault("late_answer", post, late_s=0.3, share_pct=100):
        assert await round_trip(client) >= 0.3
    async with (
        bench.connected(post, Deadlines(connect_s=2.0, request_s=0.2)) as driver,
        bench.fault("late_answer", post, late_s=0.4, share_pct=100),
    ):
        with pytest.raises(NoAnswer):
            await driver.read()
    await sound(bench, post)


async def test_a_write_refused_with_an_exception_is_rejected_and_not_carried_out(bench):
    post = bench.post("plc-a")
    async with bench.connected(post) as driver, bench.fault("modbus_exception", post, code=4, on="writes"):
        outcome = await driver.renew(Heartbeat(token=9, counter=1, valid_for_s=180.0))
        assert not type(outcome).__name__.startswith("Acknowledged")
        assert (await driver.read())[Point(0, "T_supply_primary")].quality is Quality.GOOD
    assert bench.simulation.city.stations[post.station.id].plc.lease.token < 9
