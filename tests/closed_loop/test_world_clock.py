"""Row D6: UTC of the centre's machine is set wrong by an hour; control keeps its pace, nobody falls back."""

import asyncio

import pytest

from simulators.world.faults import Fault
from simulators.world.run import strike
from simulators.world.world import WorldOptions, open_world

LEG_S = 300.0


@pytest.mark.slow
def test_a_clock_that_is_set_wrong_by_an_hour_hastens_and_delays_no_cycle_and_no_lease():
    with open_world(WorldOptions(seed=3, stations=2)) as world:
        world.run(world.begin())
        world.run(asyncio.sleep(600.0))
        counters, following = world.centre.state.counters, remote(world)
        assert following
        for ahead_s in (3600.0, 0.0, -3600.0, 0.0):  # right again is a leap as well
            cycles, beats = counters.cycles, counters.heartbeats_sent
            world.run(strike(world, Fault(at=0.0, kind="clock_jump", seconds=LEG_S, amount=ahead_s)))
            assert counters.cycles - cycles == pytest.approx(LEG_S / 60.0, abs=1)
            assert counters.heartbeats_sent - beats >= LEG_S / 60.0
            assert remote(world) == following
        assert counters.cycles_skipped == 0
        world.watch.look_alive()
        world.run(world.end())
        assert [str(broken) for broken in world.watch.broken] == []


def remote(world):
    """Loops that follow the centre."""
    return {
        (name, plc.number)
        for name, station in world.field.stations.items()
        for plc in station.sim.plc.loops
        if plc.remote
    }
