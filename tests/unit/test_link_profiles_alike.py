"""One profile, two kinds of time: a named link does on real sockets what it does in virtual time."""

import asyncio
import io
import random
from dataclasses import replace

import pytest

from simulators.link import Link
from simulators.link_profile import PROFILES, DisturbanceKind
from simulators.world.line import PROFILES_HERE, Line
from simulators.world.world import WorldOptions, open_world
from tests.support.virtual_place import Place

NAMES = ("good", "cell_edge", "congested", "outage")


def line(name, seed=1, station="S001"):
    return Line(station=station, port=1, profile=PROFILES[name], seed=seed, new_tap=None)


@pytest.mark.parametrize("name", NAMES)
def test_a_link_and_a_line_of_one_seed_delay_every_segment_alike(name):
    link = Link(host="127.0.0.1", port=0, profile=PROFILES[name], rng=random.Random("1:S001"))
    other = line(name)
    assert link.base_s == other.base_s
    here, there = link.lane(), other.lane()
    assert [here.arrival(0.2 * n, 300) for n in range(500)] == [
        there.arrival(0.2 * n, 300) for n in range(500)
    ]


def test_every_station_and_every_seed_has_a_line_of_its_own():
    drawn = {line("cell_edge", seed, station).base_s for seed in (1, 2) for station in ("S001", "S002")}
    assert len(drawn) == 4


@pytest.mark.parametrize("name", NAMES)
def test_segments_in_virtual_time_are_as_late_as_the_profile_says(name):
    place, profile = Place(name), PROFILES[name]
    sent = []

    async def talk():
        ear = await place.dial()
        for _ in range(1_000):
            sent.append(place.loop.time())
            ear.transport.write(b"x")
            await asyncio.sleep(20.0)

    place.run(talk())
    late = [at - begun for begun, (at, _) in zip(sent, place.servers[0].heard, strict=True)]
    place.loop.close()
    calm = sorted(delay for delay in late if delay <= 0.301)
    assert profile.base_s[0] <= place.line.base_s <= calm[0]
    assert calm[len(calm) // 2] == pytest.approx(place.line.base_s + 0.7 * profile.jitter_mean_s, rel=0.2)
    assert 1.0 - len(calm) / len(late) == pytest.approx(profile.stall_share, abs=0.02)
    assert max(late) <= 0.3 + profile.stall_s[1] + 0.001


@pytest.mark.parametrize(("name", "kbit_per_s"), [("cell_edge", 512), ("congested", 64)])
def test_a_line_carries_no_more_than_the_profile_allows(name, kbit_per_s):
    place = Place(name)

    async def talk():
        ear = await place.dial()
        began = place.loop.time()
        for _ in range(100):
            ear.transport.write(bytes(1_000))
        await asyncio.sleep(600.0)
        return place.servers[0].heard[-1][0] - began

    took = place.run(talk())
    place.loop.close()
    assert 0.0 <= took - 100 * 8.0 / kbit_per_s < 4.0


def test_lines_fail_in_virtual_time_in_the_seconds_that_links_fail_in(monkeypatch):
    often = replace(
        PROFILES["outage"],
        outage_every_s=500.0,
        outage_s=(60.0, 200.0),
        cell_outage_every_s=None,
        rebind_every_s=300.0,
        reset_every_s=300.0,
    )
    monkeypatch.setitem(PROFILES_HERE, "often", often)
    until, seen = 1_800.0, io.StringIO()
    with open_world(WorldOptions(stations=2, link="often", centre=False), seen) as world:

        async def wait():
            await world.begin(until)
            await asyncio.sleep(until)
            await world.end()

        world.run(wait())
    kinds = {kind.value for kind in DisturbanceKind}
    for station in ("S001", "S002"):
        noted = [text.split() for text in seen.getvalue().splitlines() if f" {station} " in f" {text} "]
        found = [(float(words[0]), words[-1]) for words in noted if words[-1] in kinds]
        due, over = [], 0.0
        for one in often.disturbances(1, station):
            if one.begin_s >= until:
                break
            due.append((max(one.begin_s, over), one.kind.value))
            over = max(over, min(one.end_s, until))
        assert [what for _, what in found] == [what for _, what in due]
        assert [at for at, _ in found] == pytest.approx([at for at, _ in due], abs=0.01)
        assert {what for _, what in due} == kinds
