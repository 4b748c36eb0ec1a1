"""Virtual time and its network: what sockets and threads do elsewhere, by a seed."""

import asyncio

import pytest

from simulators.world.host import HOST, Host
from simulators.world.loop import NothingScheduled, TimeStandsStill
from tests.support.virtual_place import Place


@pytest.fixture
def place():
    place = Place()
    yield place
    place.loop.close()


def test_an_hour_of_sleep_takes_no_time_and_ends_on_the_second(place):
    place.run(asyncio.sleep(3600.0))
    assert place.loop.time() == 3600.0


def test_bytes_arrive_in_order_after_the_delay_of_the_link(place):
    async def talk():
        ear = await place.dial()
        asked = place.loop.time()
        for piece in (b"one", b"two", b"three"):
            ear.transport.write(piece)
        await asyncio.sleep(5.0)
        return asked, ear.heard

    asked, heard = place.run(talk())
    assert [data for _, data in heard] == [b"one", b"two", b"three"]
    assert all(0.024 < at - asked < 0.6 for at, _ in heard)


def test_the_same_seed_gives_the_same_trace_and_another_connection_another_one():
    async def talk(place, data):
        ear = await place.dial()
        ear.transport.write(data)
        await asyncio.sleep(1.0)

    digests = []
    for data in (b"a", b"a", b"b"):
        place = Place()
        place.run(talk(place, data))
        digests.append(place.trace.digest)
        place.loop.close()
    assert digests[0] == digests[1] != digests[2]


def test_a_hole_swallows_bytes_and_lets_no_connection_through(place):
    async def talk():
        ear = await place.dial()
        place.line.hole = True
        ear.transport.write(b"lost")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5.0):
                await place.dial()
        heard_inside = list(ear.heard)
        place.line.wake()
        await asyncio.sleep(1.0)
        return heard_inside, ear

    heard, ear = place.run(talk())
    assert heard == ear.heard == []
    assert isinstance(ear.lost[1], ConnectionResetError)


def test_a_half_open_connection_stays_silent_while_new_ones_work(place):
    async def talk():
        old = await place.dial()
        place.line.forget()
        old.transport.write(b"lost")
        new = await place.dial()
        new.transport.write(b"found")
        await asyncio.sleep(5.0)
        return old, new

    old, new = place.run(talk())
    assert (old.heard, old.lost) == ([], None)
    assert [data for _, data in new.heard] == [b"found"]


def test_a_station_that_is_off_refuses_and_a_reset_is_told_to_both_ends(place):
    async def talk():
        ear = await place.dial()
        await asyncio.sleep(0.1)
        place.line.reset()
        place.line.target_port = 0
        await asyncio.sleep(0.1)
        with pytest.raises(ConnectionRefusedError):
            await place.dial()
        return ear

    ear = place.run(talk())
    assert isinstance(ear.lost[1], ConnectionResetError)
    assert isinstance(place.servers[0].lost[1], ConnectionResetError)


def test_what_a_dead_process_still_writes_reaches_nobody_and_its_system_closes_its_connections(place):
    async def talk():
        host = Host("centre 1")
        HOST.set(host)
        ear = await place.dial()
        await asyncio.sleep(0.1)
        host.alive = False
        place.network.cut_off(host, silently=False)
        ear.transport.write(b"from the grave")
        await asyncio.sleep(1.0)
        return ear

    place.run(talk())
    assert place.servers[0].heard == []
    assert place.servers[0].lost is not None


def test_work_for_a_thread_is_done_at_once_and_told_later(place):
    async def work():
        done = []
        answer = asyncio.ensure_future(asyncio.to_thread(lambda: done.append(1) or 7))
        await asyncio.sleep(0)
        before = list(done)
        return before, await answer

    assert place.run(work()) == ([1], 7)
    assert 0.0 < place.loop.time() < 0.1


def test_a_world_in_which_everybody_waits_says_so(place):
    with pytest.raises(NothingScheduled):
        place.run(place.loop.create_future())


def test_a_world_in_which_time_does_not_pass_says_so(place, monkeypatch):
    monkeypatch.setattr("simulators.world.loop.STEPS_AT_ONE_MOMENT", 1000)

    def again():
        place.loop.call_soon(again)

    again()
    with pytest.raises(TimeStandsStill):
        place.run(place.loop.create_future())
