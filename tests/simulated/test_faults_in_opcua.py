"""Faults of OPC UA servers on real sockets: sessions, channels, status codes, restarts and certificates."""

import asyncio
import time

import pytest
import pytest_asyncio

from simulators.link_connection import Piece
from stations.driver import ConfigurationFault, Deadlines, LinkLost, SecurityRefused
from stations.model.identity import Point
from stations.model.outcome import Rejected
from stations.model.quality import Quality, Reason
from stations.model.setpoint import Heartbeat
from tests.support.fault_bench import fault_bench, reads, sound
from tests.support.polling import until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory):
    async with fault_bench(tmp_path_factory.mktemp("city"), stations=2) as running:
        yield running


@pytest.fixture
def ua_post(bench):
    return bench.post("opcua-substation")


async def test_lost_sessions_need_a_new_session_and_no_more(bench, ua_post):
    async with bench.connected(ua_post) as driver, bench.fault("lost_sessions", ua_post):
        with pytest.raises(LinkLost, match="BadSession"):
            await driver.read()
        await sound(bench, ua_post)


async def test_when_all_sessions_are_taken_people_are_told(bench, ua_post):
    async with bench.fault("too_many_sessions", ua_post):
        (seen,) = await reads(bench, ua_post, 1)
        assert isinstance(seen, ConfigurationFault)
        assert "BadTooManySessions" in seen.why
    await sound(bench, ua_post)


async def test_a_short_channel_is_renewed_between_polls_and_closed_when_it_is_not(bench, ua_post):
    async with bench.connected(ua_post) as old, bench.fault("short_channels", ua_post, life_s=1.0):
        with pytest.raises(LinkLost):
            await old.read()
        async with bench.connected(ua_post) as driver:
            begin = time.monotonic()
            while time.monotonic() - begin < 3.0:  # without a renewal it would end after 1.25 s
                await driver.read()
                await asyncio.sleep(0.1)
            assert ua_post.link.connections == 1
            await until(lambda: ua_post.link.connections == 0, 5.0, "end of a channel that nobody renews")
            with pytest.raises(LinkLost):
                await driver.read()
    await sound(bench, ua_post)


async def test_a_driver_that_is_not_asked_sends_nothing_that_its_station_would_answer(bench, ua_post):
    """Row P15: a library that reads by itself every second costs each idle station 100 messages a minute."""
    answers = []
    async with bench.connected(ua_post) as driver:
        await driver.read()
        ua_post.link.edit("count", lambda data: answers.append(data) or [Piece(data)])
        await asyncio.sleep(2.5)
        ua_post.link.edit("count", None)
    assert answers == []


async def test_too_many_sessions_twice_ends_with_the_later_one(bench, ua_post):
    async with bench.fault("too_many_sessions", ua_post):
        station = [ua_post.station.id]
        await bench.ask("on", name="too_many_sessions", stations=station, duration_s=0.1)
        await until(lambda: len(bench.simulation.faults.active()) == 1, what="end of the shorter one")
        (seen,) = await reads(bench, ua_post, 1)
        assert isinstance(seen, ConfigurationFault)
    await sound(bench, ua_post)


@pytest.mark.parametrize("status", ["BadOutOfRange", "BadNotWritable"])
async def test_a_refused_write_is_rejected_with_its_status_and_not_carried_out(bench, ua_post, status):
    async with bench.connected(ua_post) as driver, bench.fault("refused_writes", ua_post, status=status):
        for write in (
            driver.renew(Heartbeat(token=9, counter=1, valid_for_s=180.0)),
            driver.send_outdoor(-5.0),
        ):
            outcome = await write
            assert isinstance(outcome, Rejected), outcome
            assert status in outcome.why
    station = bench.simulation.city.stations[ua_post.station.id]
    assert station.plc.lease.token < 9
    assert station.plc.outdoor.centre is None


@pytest.mark.parametrize(
    ("status", "quality", "reason"),
    [
        ("UncertainSensorNotAccurate", Quality.UNCERTAIN, Reason.STATUS_UNCERTAIN),
        ("BadSensorFailure", Quality.BAD, Reason.STATUS_BAD),
    ],
)
async def test_a_value_keeps_the_status_that_came_with_it(bench, ua_post, status, quality, reason):
    async with bench.fault("bad_status_with_value", ua_post, status=status):
        (seen,) = await reads(bench, ua_post, 1)
    spoilt = seen[Point(1, "T_supply_secondary")]
    assert (spoilt.quality, spoilt.reason) == (quality, reason)
    assert seen[Point(1, "T_return_secondary")].quality is Quality.GOOD


async def test_the_clock_of_a_device_is_off_by_what_was_asked(bench, ua_post):
    async with bench.fault("clock_skew", ua_post, ahead_s=600):
        (seen,) = await reads(bench, ua_post, 1)
    reading = seen[Point(1, "T_supply_secondary")]
    assert reading.measured_at - reading.received_at == pytest.approx(600.0, abs=3.0)


# ------------------------------------------------------ restarts: a city of their own, servers are tasks


async def test_a_restarted_server_is_back_without_old_sessions_and_with_its_values(tmp_path):
    async with fault_bench(tmp_path, stations=2) as bench:
        post = bench.post("opcua-substation")
        (before,) = await reads(bench, post, 1)
        async with bench.connected(post) as driver:
            async with bench.fault("server_restart", post):
                (seen,) = await reads(bench, post, 1)
                assert isinstance(seen, LinkLost)
            with pytest.raises(LinkLost):
                await driver.read()
        await sound(bench, post)
        for _ in range(3):
            async with bench.fault("moved_namespace", post):
                (after,) = await reads(bench, post, 1)
            assert after.keys() == before.keys()
            assert after[Point(0, "A_heated")].value == before[Point(0, "A_heated")].value
            T_supply = Point(1, "T_supply_secondary")
            assert after[T_supply].value == pytest.approx(before[T_supply].value, abs=5.0)


@pytest.mark.slow
async def test_a_station_with_another_certificate_is_refused_before_any_request(tmp_path):
    async with fault_bench(tmp_path, stations=6) as bench:
        post = bench.post("opcua-substation", secured=True)
        for kind in ("expired", "replaced"):
            await sound(bench, post)
            asked = post.recorder.counts["Read"]
            bench.identity.accepted_policy.clear()
            async with bench.fault("certificate", post, kind=kind):
                driver = bench.driver(post, Deadlines())
                with pytest.raises(SecurityRefused):
                    await driver.connect()
                await driver.close()
                assert post.recorder.counts["Read"] == asked
        await sound(bench, post)
