"""What the field loop promises of links at the speed of service, in virtual time."""

import asyncio

import pytest

from controller.image import Link
from simulators.world import run
from simulators.world.faults import Fault
from simulators.world.world import WorldOptions, open_world
from stations.model.identity import Point
from stations.model.quality import Quality

TOLD_WITHIN_S = 15.0
BACK_WITHIN_S = 12.0
"""Promised are 15 s: at most 10 s between two attempts, and here 2 s for a connection and an answer."""
OUTAGES_S = {
    "S001": (41.0, 47.0, 53.0, 59.0, 63.0, 68.0, 72.0, 86.0),
    "S002": (43.0, 49.0, 51.0, 57.0, 61.0, 66.0, 79.0, 94.0),
    "S003": (590.0,),
}
"""Of two class A stations and one of class T, ten minutes at most. After 40 s waits are as long as later."""


def play(story):
    """Carry out a story of a world that runs at factor 1 and is polled every 10 s."""
    with open_world(WorldOptions(seed=11, stations=len(OUTAGES_S), poll_s=10.0)) as world:
        assert world.clock.factor == 1.0
        world.run(world.begin())
        world.run(asyncio.sleep(60.0))
        world.run(story(world))
        world.run(world.end())
        assert [str(broken) for broken in world.watch.broken] == []


async def seconds_until(world, condition):
    begun = world.loop.time()
    while not condition():
        assert world.loop.time() - begun < 100.0, "never"
        await asyncio.sleep(0.1)
    return world.loop.time() - begun


def image_of(world, station):
    return world.centre.state.image[station]


def trusted(world, station):
    image = image_of(world, station)
    supply = image.readings[Point(1, "T_supply_secondary")]
    return image.link is Link.ONLINE and supply.quality is Quality.GOOD


@pytest.mark.slow
def test_a_station_is_trusted_again_well_within_15_s_after_an_outage_of_up_to_ten_minutes():
    async def outages(world, station):
        for outage_s in OUTAGES_S[station]:
            await world.stop_station(station)
            await asyncio.sleep(outage_s)
            assert image_of(world, station).link is Link.LOST
            await world.start_station(station)
            back[station, outage_s] = await seconds_until(world, lambda: trusted(world, station))

    async def story(world):
        await asyncio.gather(*(outages(world, station) for station in OUTAGES_S))

    back = {}
    play(story)
    print("seconds to recover:", back)
    assert len(back) == 17
    assert max(back.values()) <= BACK_WITHIN_S


@pytest.mark.slow
def test_a_black_hole_shows_in_the_quality_within_15_s_whenever_it_begins():
    async def holes(world, station):
        for begin_s in (1.0, 4.3, 7.6, 9.9):
            await seconds_until(world, lambda: trusted(world, station))
            await asyncio.sleep(begin_s)
            world.set_hole(station, on=True)
            told.append(await seconds_until(world, lambda: not trusted(world, station)))
            world.set_hole(station, on=False)

    async def story(world):
        await asyncio.gather(*(holes(world, station) for station in OUTAGES_S))

    told = []
    play(story)
    print("seconds to tell:", sorted(told))
    assert len(told) == 12
    assert max(told) <= TOLD_WITHIN_S


@pytest.mark.slow
def test_what_is_to_be_lost_on_a_link_that_was_down_is_not_lost_in_the_time_without_faults(monkeypatch):
    """Twenty answers are to be lost while nothing arrives anyway; then the link is back and must live."""
    hours = 0.25
    quiet = run.quiet_from(hours)
    plan = (
        Fault(at=60.0, kind="blackhole", station="S001", seconds=quiet - 60.0),
        Fault(at=100.0, kind="poll_loss", station="S001", amount=20.0),
    )
    monkeypatch.setattr("simulators.world.run.draw_plan", lambda *_, **__: plan)
    outcome = run.play(WorldOptions(seed=11, stations=2), hours)
    assert outcome.faults == 2
    assert [str(broken) for broken in outcome.broken] == []
