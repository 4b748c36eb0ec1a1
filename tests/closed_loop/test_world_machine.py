"""Faults in an order that Hypothesis chooses, and shrinks where something is broken."""

import asyncio
import contextlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from controller.decisions import LoopKey
from simulators.world.watch import INTENT_S, LIVENESS_S, LOOK_S
from simulators.world.world import WorldOptions, open_world
from tests.support.soak import soaking

STATIONS = ("S001", "S002", "S003", "S004", "S005")[: 5 if soaking() else 3]
"""Class A with two loops and with one, class T; in the long form class B, too."""
stations = st.sampled_from(STATIONS)


class WorldMachine(RuleBasedStateMachine):
    """A world of a few stations; every rule lets some time pass."""

    def __init__(self):
        super().__init__()
        self.stack = contextlib.ExitStack()
        self.world = None
        self.off = set()

    @initialize(seed=st.integers(1, 1_000_000))
    def begin(self, seed):
        options = WorldOptions(seed=seed, stations=len(STATIONS))
        self.world = self.stack.enter_context(open_world(options))
        self.do(self.world.begin(), 30.0)

    def do(self, doing, seconds):
        async def then_wait():
            if doing is not None:
                await doing
            await asyncio.sleep(seconds)

        self.world.run(then_wait())

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0, 300.0]))
    def poll(self, seconds):
        self.do(None, seconds)

    @rule(station=stations, on=st.booleans())
    def hole(self, station, on):
        self.world.set_hole(station, on=on)
        self.do(None, 5.0)

    @rule(station=stations)
    def forget_or_reset(self, station):
        self.world.line(station).forget()
        self.do(None, 5.0)
        self.world.line(station).reset()

    @rule(station=stations, on=st.booleans())
    def garbage(self, station, on):
        self.world.line(station).garble = on
        self.do(None, 15.0)

    @rule(station=stations, seconds=st.sampled_from([2.0, 20.0]))
    def stall(self, station, seconds):
        self.world.line(station).stalled_until = self.world.loop.time() + seconds
        self.do(None, 5.0)

    @rule(station=stations, link=st.sampled_from(["city", "cell_edge", "congested"]))
    def cell(self, station, link):
        self.world.set_profile(station, link)
        self.do(None, 20.0)

    @rule(full=st.booleans(), slow_s=st.sampled_from([0.0, 1.2]))
    def disk(self, full, slow_s):
        self.world.disk.full, self.world.disk.slow_s = full, slow_s
        self.world.note(f"disk full {full} slow {slow_s}")
        self.do(None, 60.0)
        self.world.mend_all()

    @rule(station=stations, power=st.booleans())
    def station_off(self, station, power):
        self.off.add(station)
        self.do(self.world.stop_station(station, power=power), 5.0)

    @precondition(lambda self: self.off)
    @rule()
    def stations_on(self):
        for station in sorted(self.off):
            self.do(self.world.start_station(station), 1.0)
        self.off.clear()

    @rule(silently=st.booleans())
    def kill(self, silently):
        self.do(self.world.kill_centre(silently=silently), 2.0)

    @rule()
    def planned_stop(self):
        self.do(self.world.stop_centre(), 2.0)

    @rule(steps=st.integers(1, 200))
    def kill_at_step(self, steps):
        self.world.kill_after(steps)
        self.do(None, 20.0)

    @rule()
    def restart(self):
        self.do(self.world.start_centre(), 20.0)

    @rule(station=stations, dT=st.sampled_from([-2.0, -0.5, 1.0, 2.5]))
    def operator_write(self, station, dT):
        self.do(self.world.operator(LoopKey(station, 1), dT, 1800.0), 1.0)

    @rule()
    def faults_stop(self):
        """Mend everything: within two minutes all works, and what was ordered before has ended."""
        self.world.loop.stop_at_step = None
        self.world.mend_all()
        for station in STATIONS:
            self.world.line(station).garble = False
            self.world.set_profile(station, "city")
            self.world.set_hole(station, on=False)
            self.do(self.world.start_station(station), 0.0)
        self.off.clear()
        self.do(self.world.start_centre(), LIVENESS_S)
        self.world.watch.look_alive()

    @invariant()
    def nothing_is_broken(self):
        if self.world is not None:
            assert [str(broken) for broken in self.world.watch.broken] == []

    def teardown(self):
        if self.world is None:
            return
        with self.stack:
            self.faults_stop()
            self.do(None, INTENT_S + LOOK_S)
            self.nothing_is_broken()
            self.do(self.world.end(), 0.0)
            self.nothing_is_broken()


WorldMachine.TestCase.settings = settings(
    max_examples=200 if soaking() else 6, stateful_step_count=30 if soaking() else 12, deadline=None
)


@pytest.mark.slow
@pytest.mark.soak
@pytest.mark.timeout(10_000)
class TestWorldMachine(WorldMachine.TestCase):
    """The machine as a test."""
