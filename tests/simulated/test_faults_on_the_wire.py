"""Faults of link and protocol on real sockets: what they do, and what the driver makes of them."""

import asyncio
import struct
import time

import pytest
import pytest_asyncio

from simulators.control import ControlError
from simulators.link_connection import Piece
from stations.driver import (
    BadAnswer,
    ConfigurationFault,
    Deadlines,
    DriverError,
    LinkLost,
    NoAnswer,
    SecurityRefused,
)
from stations.model.identity import Point
from stations.model.outcome import Rejected
from stations.model.quality import Quality, Reason
from stations.model.setpoint import Heartbeat
from tests.support.fault_bench import fault_bench
from tests.support.polling import until
from tests.support.raw_modbus import RawModbus

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("faults")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bench(tmp_path_factory):
    async with fault_bench(tmp_path_factory.mktemp("city")) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def plc(bench):
    """The post of a Modbus station, and a raw connection to it."""
    post = bench.post("plc-a")
    client = await RawModbus.connect(post.link.port, post.station.unit)
    yield post, client
    await client.close()


async def reads(bench, post, times=2):
    """What a driver that connects and reads now gets: readings, or the error that it raises."""
    seen = []
    for _ in range(times):
        driver = bench.driver(post)
        try:
            await driver.connect()
            seen.append(await driver.read())
        except DriverError as error:
            seen.append(error)
        finally:
            await driver.close()
    return seen


async def sound(bench, post):
    """The station answers as if nothing had been."""
    (seen,) = await reads(bench, post, 1)
    assert not isinstance(seen, DriverError), seen
    assert sum(reading.quality is Quality.GOOD for reading in seen.values()) > 20


async def round_trip(client):
    begin = time.monotonic()
    await client.registers(3, 0, 1)
    return time.monotonic() - begin


async def dead(client, wall_s=0.2):
    """Nothing comes back, and nobody says so."""
    with pytest.raises(TimeoutError):
        await client.ask(struct.pack(">BHH", 3, 0, 1), wall_s=wall_s)


# -------------------------------------------------------------------------------------------------- link


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


# ---------------------------------------------------------------------------------------------- Modbus

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


# ---------------------------------------------------------------------------------------------- OPC UA


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


# --------------------------------------------------------------------------------------------- the switch


async def test_the_switch_refuses_what_cannot_be_and_says_why(bench):
    plc, ua = bench.post("plc-a").station.id, bench.post("opcua-substation").station.id
    wrong = [
        ({"name": "half_opne"}, "did you mean half_open"),
        ({"name": "latency", "options": {"one_way_ms": -1}}, "one_way_ms = -1: must be 1..20000"),
        ({"name": "latency", "options": {"speed": 1}}, "no such option; known: one_way_ms, jitter_ms"),
        ({"name": "lost_sessions", "stations": [plc]}, "plc-a does not speak OPC UA"),
        ({"name": "clock_skew", "stations": [plc, ua]}, "sends no time with its values"),
        ({"name": "outage", "stations": ["S999"]}, "'S999' is not simulated here"),
        ({"name": "outage", "stations": "0 %"}, "above 0 %"),
        ({"name": "outage", "duration_s": 0}, "duration_s = 0: must be"),
    ]
    for request, says in wrong:
        with pytest.raises(ControlError, match=says):
            await bench.ask("on", **request)
    with pytest.raises(ControlError, match="action 'of' is not known"):
        await bench.ask("of")
    assert (await bench.ask("list"))["on"] == []


async def test_the_switch_lists_what_is_on_and_ends_it(bench):
    await bench.ask("on", name="L1_latency", stations="50 %", options={"one_way_ms": 5})
    await bench.ask("on", name="frozen_sensor", duration_s=3600)
    on = (await bench.ask("list"))["on"]
    latency = [one for one in on if one["name"] == "latency"]
    assert len(latency) == 4  # of 7 stations and sources, rounded up
    assert latency[0]["options"] == {"one_way_ms": 5.0, "jitter_ms": 40.0}
    assert latency[0]["until"] is None
    frozen = [one for one in on if one["name"] == "frozen_sensor"]
    assert all(one["until"] - one["since"] == 3600.0 for one in frozen)
    assert (await bench.ask("off", name="latency"))["ended"] == 4
    assert (await bench.ask("off"))["ended"] == len(frozen)
    assert (await bench.ask("list"))["on"] == []
    assert set((await bench.ask("known"))["faults"]) >= {"half_open", "valve_stuck"}
