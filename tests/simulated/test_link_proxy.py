"""The link emulator on real sockets, in front of a server that echoes."""

import asyncio
import contextlib
import dataclasses
import random
import statistics
import time

import pytest

from simulators.link import Link
from simulators.link_connection import Piece
from simulators.link_failures import LinkFailures
from simulators.link_profile import PROFILES, DisturbanceKind, LinkProfile
from tests.support.polling import until

SLOW = LinkProfile(base_s=(0.05, 0.05), jitter_mean_s=0.01)


@contextlib.asynccontextmanager
async def linked(profile=PROFILES["none"], seed=1, new_tap=None):
    """A link before an echo server; yields the link and the list of the server's connections."""
    accepted = []

    async def echo(reader, writer):
        accepted.append(writer)
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    link = Link(host="127.0.0.1", port=0, profile=profile, rng=random.Random(seed), new_tap=new_tap)
    await link.open(server.sockets[0].getsockname()[1])
    try:
        yield link, accepted
    finally:
        await link.close()
        server.close()
        await server.wait_closed()
        await until(
            lambda: all(writer.transport.is_closing() for writer in accepted), what="server side closed"
        )


@contextlib.asynccontextmanager
async def dialled(link):
    reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def echoed(reader, writer, data=b"x"):
    writer.write(data)
    return await reader.readexactly(len(data))


async def silent(reader, wall_s=0.15):
    """Nothing arrives for a while."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(wall_s):
            await reader.read(1)


async def test_without_a_profile_bytes_pass_at_once_and_the_tap_sees_them():
    seen = []
    async with linked(new_tap=lambda: seen.append) as (link, _), dialled(link) as (reader, writer):
        assert await echoed(reader, writer, b"hello") == b"hello"
    assert b"".join(seen) == b"hello"


async def test_every_segment_is_late_by_delay_and_jitter_both_ways():
    async with linked(SLOW) as (link, _), dialled(link) as (reader, writer):
        trips = []
        for _ in range(8):
            start = time.monotonic()
            await echoed(reader, writer)
            trips.append(time.monotonic() - start)
    assert min(trips) >= 0.1
    assert statistics.median(trips) < 0.5
    assert len({round(trip, 3) for trip in trips}) > 1


async def test_bytes_keep_their_order_although_delays_differ():
    jittery = LinkProfile(base_s=(0.0, 0.0), jitter_mean_s=0.01)
    sent = bytes(range(256))
    async with linked(jittery) as (link, _), dialled(link) as (reader, writer):
        for value in sent:
            writer.write(bytes([value]))
            await asyncio.sleep(0)
        assert await reader.readexactly(256) == sent


async def test_much_data_passes_whole_through_a_slow_link():
    data = random.Random(1).randbytes(2_000_000)
    steady = LinkProfile(base_s=(0.005, 0.005), jitter_mean_s=0.0)
    async with linked(steady) as (link, _), dialled(link) as (reader, writer):
        writer.write(data)
        async with asyncio.timeout(20):
            assert await reader.readexactly(len(data)) == data


def test_one_seed_draws_one_link_and_round_trips_are_those_of_the_profile():
    def base(profile, seed):
        return Link(host="127.0.0.1", port=0, profile=PROFILES[profile], rng=random.Random(seed)).base_s

    assert base("good", 7) == base("good", 7) != base("good", 8)
    medians = [2 * (base("good", seed) + PROFILES["good"].jitter_mean_s) for seed in range(200)]
    assert 0.030 <= min(medians) <= max(medians) <= 0.060
    rng, edge = random.Random(1), PROFILES["cell_edge"]
    delays = [edge.delay_s(0.05, rng) for _ in range(20_000)]
    assert sum(delay > 1.0 for delay in delays) / len(delays) == pytest.approx(0.05, abs=0.01)


async def test_a_black_hole_swallows_both_ways_and_says_nothing():
    async with linked() as (link, accepted), dialled(link) as (reader, writer):
        await echoed(reader, writer)
        link.blackhole(True)
        writer.write(b"lost")
        await silent(reader)
        accepted[0].write(b"lost too")
        await silent(reader)
        async with dialled(link) as (late_reader, late_writer):  # accepted, and leads nowhere
            late_writer.write(b"anyone?")
            await silent(late_reader)
        assert len(accepted) == 1
        assert not accepted[0].transport.is_closing()  # the station never hears of it
        link.blackhole(False)
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        async with dialled(link) as (fresh_reader, fresh_writer):
            assert await echoed(fresh_reader, fresh_writer) == b"x"


async def test_a_connection_that_lost_nothing_survives_a_black_hole():
    async with linked() as (link, _), dialled(link) as (reader, writer):
        await echoed(reader, writer)
        link.blackhole(True)
        link.blackhole(False)
        assert await echoed(reader, writer) == b"x"


async def test_the_station_is_rid_of_a_client_that_left_during_a_black_hole():
    async with linked() as (link, accepted):
        async with dialled(link) as (reader, writer):
            await echoed(reader, writer)
            link.blackhole(True)
        await until(lambda: link.connections == 1)
        link.blackhole(False)
        await until(accepted[0].transport.is_closing, what="server side closed")


async def test_a_stall_delays_and_loses_nothing():
    async with linked() as (link, _), dialled(link) as (reader, writer):
        await echoed(reader, writer)
        link.stall(0.3)
        start = time.monotonic()
        assert await echoed(reader, writer, b"held") == b"held"
        assert time.monotonic() - start >= 0.29


async def test_a_drop_resets_the_connection_and_the_next_one_works():
    async with linked() as (link, accepted), dialled(link) as (reader, writer):
        await echoed(reader, writer)
        link.drop()
        with pytest.raises(ConnectionResetError):
            await reader.read(1)
        await until(accepted[0].transport.is_closing)
        async with dialled(link) as (again_reader, again_writer):
            assert await echoed(again_reader, again_writer) == b"x"


async def test_refusing_keeps_old_connections_and_turns_new_ones_away():
    async with linked() as (link, _), dialled(link) as (reader, writer):
        await echoed(reader, writer)
        await link.refuse(True)
        assert await echoed(reader, writer) == b"x"
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", link.port)
        await link.refuse(False)
        async with dialled(link) as (new_reader, new_writer):
            assert await echoed(new_reader, new_writer) == b"x"


async def test_garble_replaces_answers_only_while_it_lasts():
    async with linked() as (link, _), dialled(link) as (reader, writer):
        link.garble = True
        assert await echoed(reader, writer, b"a" * 40) != b"a" * 40
        link.garble = False
        assert await echoed(reader, writer, b"a" * 40) == b"a" * 40


async def test_what_was_sent_before_an_orderly_end_still_arrives():
    got = asyncio.Future()

    async def collect(reader, writer):
        got.set_result(await reader.read(-1))
        writer.close()

    server = await asyncio.start_server(collect, "127.0.0.1", 0)
    link = Link(host="127.0.0.1", port=0, profile=SLOW, rng=random.Random(1))
    await link.open(server.sockets[0].getsockname()[1])
    async with dialled(link) as (_, writer):
        writer.write(b"last words")
    assert await asyncio.wait_for(got, 5) == b"last words"
    await until(lambda: link.connections == 0)
    await link.close()
    server.close()


async def test_a_station_whose_server_is_gone_resets_its_callers():
    async with linked() as (link, _):
        link.target_port = 1  # nobody listens there
        async with dialled(link) as (reader, _):
            with pytest.raises(ConnectionResetError):
                await asyncio.wait_for(reader.read(1), 5)
        await until(lambda: link.connections == 0)


async def test_a_forgotten_address_translation_kills_what_is_open_without_a_word_and_nothing_else():
    async with linked() as (link, accepted), dialled(link) as (reader, writer):
        await echoed(reader, writer)
        link.rebind()
        writer.write(b"anyone?")
        await silent(reader)
        accepted[0].write(b"lost too")
        await silent(reader)
        async with dialled(link) as (fresh_reader, fresh_writer):
            assert await echoed(fresh_reader, fresh_writer) == b"x"
        link.blackhole(True)
        link.blackhole(False)
        await silent(reader)  # dead for ever, not only until the link is back
        assert not accepted[0].transport.is_closing()


async def test_a_station_rids_itself_of_a_half_open_connection_after_its_own_keep_alive(monkeypatch):
    monkeypatch.setattr("simulators.link_connection.HALF_OPEN_S", 0.1)
    async with linked() as (link, accepted):
        async with dialled(link) as (reader, writer):
            await echoed(reader, writer)
            link.rebind()
        await until(accepted[0].transport.is_closing, what="server side closed")
        assert link.connections == 0


async def test_after_a_black_hole_that_leaves_half_open_connections_nobody_is_told():
    async with linked() as (link, _), dialled(link) as (reader, writer):
        await echoed(reader, writer)
        link.blackhole(True)
        writer.write(b"lost")
        await silent(reader, 0.05)
        link.blackhole(False, half_open=True)
        writer.write(b"lost as well")
        await silent(reader)


@pytest.mark.parametrize(
    ("kind", "schedule"),
    [
        (DisturbanceKind.OUTAGE, {"outage_every_s": 300.0, "outage_s": (60.0, 61.0)}),
        (DisturbanceKind.REBIND, {"rebind_every_s": 300.0}),
        (DisturbanceKind.RESET, {"reset_every_s": 300.0}),
    ],
)
async def test_a_scheduled_failure_strikes_a_real_link_in_its_second(kind, schedule):
    failing = LinkProfile(base_s=(0.0, 0.0), jitter_mean_s=0.0, **schedule)
    first = next(failing.disturbances(1, "S001"))
    assert first.kind is kind
    failures = LinkFailures(1)
    async with linked() as (link, _), dialled(link) as (reader, writer), asyncio.timeout(5.0):
        failures.follow("S001", link, failing, 1000.0)
        failures.advance(1000.0 + first.begin_s - 0.01)
        assert await echoed(reader, writer) == b"x"
        failures.advance(1000.0 + first.begin_s + 0.01)
        if kind is not DisturbanceKind.RESET:
            writer.write(b"lost")
            await silent(reader, 0.05)
        assert link.hole == (kind is DisturbanceKind.OUTAGE)
        failures.advance(1000.0 + first.end_s + 0.02)
        if kind is DisturbanceKind.REBIND:
            await silent(reader, 0.05)  # for ever, and nobody is told
        else:
            with pytest.raises(ConnectionResetError):
                await reader.read(1)
        async with dialled(link) as (fresh_reader, fresh_writer):
            assert await echoed(fresh_reader, fresh_writer) == b"x"


async def test_a_capped_link_takes_the_airtime_of_what_it_carries():
    capped = LinkProfile(base_s=(0.0, 0.0), jitter_mean_s=0.0, bits_per_s=64_000.0)
    async with linked(capped) as (link, _), dialled(link) as (reader, writer):
        start = time.monotonic()
        await echoed(reader, writer, bytes(1_600))
        assert time.monotonic() - start >= 2 * 8 * 1_600 / 64_000


async def test_an_override_stands_over_the_profile_until_it_ends():
    async with linked() as (link, _), dialled(link) as (reader, writer):
        link.override("late", lambda below: dataclasses.replace(below, base_s=(0.2, 0.2)))
        link.change(PROFILES["good"])
        start = time.monotonic()
        await echoed(reader, writer)
        assert time.monotonic() - start >= 0.4
        link.override("late", None)
        assert link.profile == PROFILES["good"]
        start = time.monotonic()
        await echoed(reader, writer)
        assert time.monotonic() - start < 0.4


async def test_an_edit_makes_of_an_answer_what_it_wants_and_of_a_request_nothing():
    async with linked() as (link, _), dialled(link) as (reader, writer):
        await echoed(reader, writer)
        link.edit("louder", lambda data: [Piece(data.upper()), Piece(b"!", after_s=0.1)])
        start = time.monotonic()
        writer.write(b"hear")
        assert await reader.readexactly(5) == b"HEAR!"
        assert time.monotonic() - start >= 0.1
        link.edit("then", lambda data: [Piece(data[:1], cut=True)])
        writer.write(b"x")
        assert await reader.readexactly(1) == b"X"
        with pytest.raises(ConnectionResetError):
            await reader.readexactly(1)
