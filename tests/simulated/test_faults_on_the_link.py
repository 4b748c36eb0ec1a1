"""Faults of the link on real sockets: bytes come late, slowly or never, and connections die."""

import asyncio
import struct
import time

import pytest
import pytest_asyncio

from stations.driver import LinkLost, NoAnswer
from tests.support.fault_bench import fault_bench, reads, sound
from tests.support.polling import until
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


async def dead(client, wall_s=0.2):
    """Nothing comes back, and nobody says so."""
    with pytest.raises(TimeoutError):
        await client.ask(struct.pack(">BHH", 3, 0, 1), wall_s=wall_s)


async def test_latency_delays_every_segment_both_ways(bench, plc):
    post, client = plc
    assert await round_trip(client) < 0.1
    async with bench.fault("latency", post, one_way_ms=120, jitter_ms=5):
        assert 0.24 <= await round_trip(client) < 0.6
    assert await round_trip(client) < 0.1


async def test_stalls_hold_single_segments_for_long(bench, plc):
    post, client = plc
    async with bench.fault("segment_stalls", post, share_pct=100, longest_s=0.3):
        assert 0.2 <= await round_trip(client) < 1.0


async def test_a_narrow_link_takes_its_time_for_every_byte(bench, plc):
    post, client = plc
    async with bench.fault("bandwidth_cap", post, kbit_per_s=1):
        assert await round_trip(client) >= (12 + 11) * 8 / 1000


async def test_an_outage_swallows_all_and_resets_what_lost_bytes(bench, plc):
    post, client = plc
    async with bench.fault("outage", post):
        await dead(client)
        (seen,) = await reads(bench, post, 1)
        assert isinstance(seen, NoAnswer)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await client.registers(3, 0, 1)
    await sound(bench, post)


async def test_two_outages_that_overlap_end_with_the_later_one(bench, plc):
    post, client = plc
    async with bench.fault("outage", post):
        await bench.ask("on", name="outage", stations=[post.station.id], duration_s=0.1)
        await until(lambda: len(bench.simulation.faults.active()) == 1, what="end of the shorter one")
        await dead(client)


async def test_a_half_open_connection_is_dead_without_a_word_and_a_new_one_works(bench, plc):
    post, client = plc
    async with bench.connected(post) as driver:
        await driver.read()
        async with bench.fault("half_open", post):
            await dead(client)
            await sound(bench, post)
            begin = time.monotonic()
            with pytest.raises(NoAnswer):
                await driver.read()
            assert time.monotonic() - begin < 2.0
        await dead(client)  # for ever


async def test_a_reconnect_storm_resets_refuses_and_lets_all_in_again(bench, plc):
    post, client = plc
    async with bench.fault("reconnect_storm", post):
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await client.registers(3, 0, 1)
        (seen,) = await reads(bench, post, 1)
        assert isinstance(seen, LinkLost)
    await sound(bench, post)


async def test_a_slow_station_answers_late_and_its_neighbour_does_not(bench, plc):
    post, client = plc
    async with bench.fault("slow_station", post, answer_s=0.4):
        assert await round_trip(client) >= 0.4
        await sound(bench, bench.post("opcua-substation"))
    async with bench.fault("slow_station", post, answer_s=30):
        (seen,) = await reads(bench, post, 1)
        assert isinstance(seen, NoAnswer)
