"""A small simulated city on real sockets at sixty-fold speed: plant, PLC logic, servers, links, recorder."""

import asyncio
import dataclasses
import itertools
import struct
import time

import pytest
import pytest_asyncio
from asyncua import Client, ua

from simulators.city import write_city
from simulators.control import ControlError, ask
from simulators.crc import crc16_modbus
from simulators.serve import ServeOptions, serving
from simulators.sitefile import load_site
from stations.model.clock import ScaledClock
from tests.support.polling import until
from tests.support.raw_modbus import RawModbus

# one worker sets the shared fixture up once
pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("servers_city")]

FACTOR = 60.0
tokens = itertools.count(10)  # grows over the tests, in whatever order they run


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def city(tmp_path_factory):
    """The simulation of six stations and a source, every port free and drawn by the system."""
    folder = tmp_path_factory.mktemp("city")
    write_city(folder, stations=6, seed=1, base_port=20_000)
    site = load_site(folder)
    site = dataclasses.replace(
        site,
        stations=tuple(dataclasses.replace(station, port=0) for station in site.stations),
        sources=tuple(dataclasses.replace(station, port=0) for station in site.sources),
    )
    clock = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic(), factor=FACTOR)
    async with serving(site, clock, ServeOptions()) as simulation:
        yield simulation


def post_of(city, profile, secured=False):
    return next(
        post
        for post in city.posts.values()
        if post.station.profile == profile and (post.station.security != "none") == secured
    )


async def block(client, token, sequence, T, flow_t_per_h, address=72):
    flow = struct.pack(">f", flow_t_per_h)
    words = [token & 0xFFFF, token >> 16, sequence & 0xFFFF, sequence >> 16, round(T * 100)]
    words += [int.from_bytes(flow[2:], "big"), int.from_bytes(flow[:2], "big")]
    return await client.write(address, [*words, crc16_modbus(struct.pack(">7H", *words))])


async def loop_of(city, station):
    """What loop 1 of a station was doing."""
    state = await ask(city.control_port, "control_state", station=station)
    return state["stations"][station]["loops"]["1"]


async def held(city, station):
    """Effective supply in degC and flow in t/h of loop 1."""
    loop = await loop_of(city, station)
    return loop["T_effective"], loop["m_flow_effective"] * 3.6


async def test_a_class_a_station_follows_the_centre_and_returns_ramped_when_it_falls_silent(city):
    post = post_of(city, "plc-a")
    name = post.station.id
    client = await RawModbus.connect(post.link.port, post.station.unit)
    token = next(tokens)
    T, flow = await held(city, name)
    assert (await client.write(20, [token, 0, 1, 0, 60]))[0] == 16  # valid for 60 s, one wall second here
    assert (await block(client, token, 1, T + 0.9, flow))[0] == 16
    assert (await client.registers(3, 67, 1)) == [1]
    silent_since = city.clock.now()

    async def on_its_own():
        return (await loop_of(city, name))["state"] != "remote"

    await until(on_its_own, what="own curve")
    loop = await loop_of(city, name)
    begin = loop["events"][-1]
    assert begin["why"] == "watchdog"
    assert 60.0 - city.city.scan_s <= begin["at"] - silent_since <= 90.0

    async def back():
        return (await loop_of(city, name))["state"] == "own_curve"

    await until(back, wall_s=20.0, what="end of the ramp")
    trace = (await loop_of(city, name))["trace"]
    ramp = [(at, T_effective) for at, _, T_effective, _ in trace if at >= begin["at"]]
    steps = [(b[1] - a[1], (b[0] - a[0]) / 60.0) for a, b in itertools.pairwise(ramp)]
    assert len(ramp) > 5
    assert all(abs(dT) <= 0.2 * minutes + 0.15 for dT, minutes in steps)
    await client.close()


async def test_a_station_with_a_dead_man_follows_until_its_timer_ends(city):
    post = post_of(city, "trovis-5578")
    name = post.station.id
    client = await RawModbus.connect(post.link.port, post.station.unit)
    T, _ = await held(city, name)
    for pdu in (
        struct.pack(">BHH", 6, 77, 1),
        struct.pack(">BHH", 6, 999, round(T * 10)),
        struct.pack(">BHH", 5, 115, 0),
    ):
        assert await client.ask(pdu) == pdu
    assert await client.ask(bytes.fromhex("01 0073 0001")) == bytes([1, 1, 0])  # supervisory

    async def autonomous():
        return await client.ask(bytes.fromhex("01 0073 0001")) == bytes([1, 1, 1])

    await until(autonomous, what="fallback of the device")
    loop = await loop_of(city, name)
    assert loop["events"][-1]["why"] == "deadman"
    await client.close()


async def test_an_opcua_station_and_the_source_answer_and_take_a_setpoint(city):
    post = post_of(city, "opcua-substation")
    async with Client(f"opc.tcp://127.0.0.1:{post.link.port}/", watchdog_intervall=60.0) as client:
        index = await client.get_namespace_index("urn:dhc:substation")
        T, flow = await held(city, post.station.id)
        loop = client.get_node(f"ns={index};s=Loop1")
        number = [ua.Variant(value, ua.VariantType.UInt32) for value in (next(tokens), 1)]
        assert await loop.call_method(
            client.get_node(f"ns={index};s=Loop1.ApplySetpoint").nodeid, *number, T, flow
        )
        assert await client.get_node(f"ns={index};s=Loop1.remote_level").read_value() is True
        assert await loop.call_method(client.get_node(f"ns={index};s=Loop1.Release").nodeid, number[0])
    source = next(post for post in city.posts.values() if post.station.kind == "source")
    async with Client(f"opc.tcp://127.0.0.1:{source.link.port}/", watchdog_intervall=60.0) as client:
        index = await client.get_namespace_index("urn:dhc:source")
        assert 70.0 < await client.get_node(f"ns={index};s=Source.T_supply").read_value() < 130.0


async def test_every_break_is_counted_with_station_and_limit(city):
    before = (await ask(city.control_port, "record"))["frames_out_of_contract"]
    post = post_of(city, "plc-a")
    client = await RawModbus.connect(post.link.port, post.station.unit)
    await block(client, next(tokens), 1, 95.0, 1.0)
    await client.ask(bytes.fromhex("06 0000 0001"))
    record = await ask(city.control_port, "record", station=post.station.id)
    broken = {entry["what"] for entry in record["breaks"]}
    assert {"T_supply", "T_supply step", "flow share", "register"} <= broken
    assert (await ask(city.control_port, "record"))["frames_out_of_contract"] > before
    frames = (await ask(city.control_port, "frames", station=post.station.id))["frames"][post.station.id]
    assert frames[-1]["what"] == "FC6"
    assert frames[-1]["content"].endswith("0600000001")
    await client.ask(bytes.fromhex("06 0043 0000"))
    await client.close()


async def test_a_station_taken_off_the_network_refuses_and_comes_back_while_others_never_notice(city):
    post, other = post_of(city, "plc-b"), post_of(city, "trovis-5578")
    await ask(city.control_port, "stop_server", station=post.station.id)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", post.link.port)
    neighbour = await RawModbus.connect(other.link.port, other.station.unit)
    assert await neighbour.registers(3, 0, 1) == [5578]
    await neighbour.close()
    await ask(city.control_port, "stop_server", station=post.station.id)  # twice is no error
    await ask(city.control_port, "start_server", station=post.station.id)
    client = await RawModbus.connect(post.link.port, post.station.unit)
    assert 300 < (await client.registers(4, 0, 1))[0] < 1300
    await client.close()


async def test_the_links_faults_are_at_hand_over_the_control_channel(city):
    post = post_of(city, "plc-b")
    name, port = post.station.id, city.control_port
    first, second, third = [await RawModbus.connect(post.link.port, post.station.unit) for _ in range(3)]
    await ask(port, "blackhole", station=name, on=True)
    with pytest.raises(TimeoutError):
        await first.ask(bytes.fromhex("04 0000 0001"), wall_s=0.2)
    await ask(port, "blackhole", station=name, on=False)
    await ask(port, "stall", station=name, seconds=0.2)
    start = time.monotonic()
    await second.registers(4, 0, 1)
    assert time.monotonic() - start >= 0.19
    await ask(port, "garble", station=name, on=True)
    with pytest.raises((AssertionError, TimeoutError, asyncio.IncompleteReadError)):
        await third.ask(bytes.fromhex("04 0000 0001"), wall_s=0.3)
    await ask(port, "garble", station=name, on=False)
    await ask(port, "drop", station=name)
    with pytest.raises((ConnectionResetError, asyncio.IncompleteReadError)):
        await second.registers(4, 0, 1)
    await ask(port, "refuse", station=name, on=True)
    with pytest.raises(ConnectionRefusedError):
        await RawModbus.connect(post.link.port)
    await ask(port, "refuse", station=name, on=False)
    await ask(port, "link", station=name, profile="good")
    assert post.link.base_s > 0.0
    await ask(port, "link", station=name, profile="none")
    for client in (first, second, third):
        await client.close()


async def test_truth_tells_what_no_station_reports(city):
    truth = await ask(city.control_port, "truth")
    assert 15.0 < truth["indoor_mean"] < 26.0
    assert truth["indoor_sd"] >= 0.0
    assert 5.0 < truth["heat_W_per_m2_mean"] < 80.0
    assert sum(truth["loops_by_state"].values()) == sum(len(s.loops) for s in city.site.stations)
    assert abs(truth["clock"] - truth["at"]) < 10.0 * FACTOR


WRONG = [
    ("no such op", {"op": "explode"}, "not known"),
    ("no such station", {"op": "drop", "station": "S999"}, "S999"),
    ("on is no switch", {"op": "garble", "on": "yes"}, "true or false"),
    ("seconds are no number", {"op": "stall", "seconds": "long"}, "number"),
    ("no such link", {"op": "link", "profile": "6g"}, "cell_edge"),
]


@pytest.mark.parametrize(("word", "request_", "text"), WRONG, ids=[row[0] for row in WRONG])
async def test_wrong_requests_are_refused_with_a_reason(city, word, request_, text):
    with pytest.raises(ControlError, match=text):
        await ask(city.control_port, **request_)


async def test_a_request_that_is_no_json_is_refused_too(city):
    for line in (b"hello\n", b"[1]\n", b"\xff\n"):
        reader, writer = await asyncio.open_connection("127.0.0.1", city.control_port)
        writer.write(line)
        assert b'"ok": false' in await reader.readline()
        writer.close()
        await writer.wait_closed()
