"""A controller killed at an await of its first commands and started again: nothing is broken or left open."""

import asyncio

import pytest

from simulators.world.world import WorldOptions, open_world

BEFORE_S = 19.9
"""The first control cycle, which takes all loops over, begins at second 20."""


async def _killed_at(world, steps):
    await world.begin()
    await asyncio.sleep(BEFORE_S)
    await world.kill_after(steps).wait()
    killed_at = world.loop.time()
    await asyncio.sleep(2.0)
    await world.start_centre()
    await asyncio.sleep(90.0)
    world.watch.look_alive()
    left_open = [number for number in world.disk.open_ids if world.disk.intents[number].at < killed_at]
    await world.end()
    return left_open


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(3000)
def test_whatever_await_of_a_dispatch_the_kill_hits_nothing_is_broken_and_no_intent_stays_open(soak):
    steps = range(1, 400, soak.pick(reduced=40, full=1))
    found = []
    for step in steps:
        with open_world(WorldOptions(seed=step, stations=2)) as world:
            left_open = world.loop.run_until_complete(_killed_at(world, step))
            found += [(step, str(broken)) for broken in world.watch.broken]
            found += [(step, f"intent {number} is open") for number in left_open]
    soak.record(kills=len(steps), found=len(found))
    assert found == []
