"""The planning loop: when it asks, what it publishes, and that nothing makes it raise."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from controller.decisions import LoopKey
from controller.image import ProcessImage, StationImage
from controller.knowing.belief import Introduced, first_belief
from controller.modes import Mode
from controller.planning.events import event
from controller.planning.loop import EVENT_EVERY_S, LOOK_S, Believed, PlanningLoop
from controller.planning.port import InlinePlanner
from controller.planning.rules import SourceSeen
from controller.planning.seen import source_seen
from controller.state import ControllerState, LoopStatus
from optimizer.forecast.weather import NoWeather
from optimizer.identify.delay import Delay
from optimizer.plan.status import PlanStatus
from optimizer.reason import because
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.clocks import ManualClock
from tests.support.guard_world import NOW, loop_traits
from tests.support.planned_town import LAWS, RULES, T_OUTDOOR, known_town, outlook

ONE, TWO = loop_traits(1), loop_traits(2)
TOWN = {one.key: one for one in (ONE, TWO)}
KNOWN = known_town(TOWN)
UNKNOWN_WEATHER = NoWeather(quantity="T_outdoor", begin=NOW)


class Bench:
    """A planning loop over a state that nobody else moves."""

    def __init__(self, planner=None, town=TOWN):
        self.clock = ManualClock(NOW)
        images = {
            station: StationImage(station=station, readings={}, polled_at=NOW)
            for station in ("S001", "S002", "SRC")
        }
        statuses = {key: LoopStatus(key=key, mode=Mode.AUTO, season="heating") for key in town}
        self.state = ControllerState(image=ProcessImage(images), loops=statuses)
        self.known = KNOWN if town is TOWN else known_town(town)
        self.weather = outlook()
        self.loop = PlanningLoop(
            planner or InlinePlanner(),
            self.clock,
            self.state,
            town,
            RULES,
            believed=lambda: Believed(known=self.known, T_outdoor_filtered=dict.fromkeys(LAWS, T_OUTDOOR)),
            forecast=lambda times: self.weather,
        )

    def source(self, Q_flow_max):
        at = self.clock.now()
        told = {"T_supply_source": 90.0, "Q_flow_source": 4000.0, "Q_flow_source_max": Q_flow_max}
        self.state.image.update(
            "SRC", readings={Point(0, name): good(value, at) for name, value in told.items()}, polled_at=at
        )

    def turn(self):
        asyncio.run(self.loop.turn())
        return self.state.published

    def later(self, seconds):
        self.clock.advance(seconds)
        for station in ("S001", "S002", "SRC"):
            self.state.image.update(station, polled_at=self.clock.now())


class Raising(InlinePlanner):
    async def plan(self, problem, previous):
        raise ZeroDivisionError("a bug")


def test_a_turn_publishes_a_plan_with_all_that_it_was_made_from():
    bench = Bench()
    published = bench.turn()
    assert published.plan.status is PlanStatus.OPTIMAL
    assert published.keys == KNOWN.keys
    assert published.known is KNOWN
    assert published.excluded == {}
    assert published.usable(NOW)
    assert published.curve.q.shape == published.plan.q.shape
    assert published.planner.plans == 1


@pytest.mark.parametrize("known", [None, replace(KNOWN, at=None)])
def test_before_the_first_control_cycle_nothing_is_published(known):
    bench = Bench()
    bench.known = known
    assert bench.turn() is None


def test_without_weather_there_is_no_plan_and_an_earlier_one_is_moved_on():
    bench = Bench()
    bench.weather = UNKNOWN_WEATHER
    assert bench.turn().plan.status is PlanStatus.NONE
    assert bench.state.published.plan.why.id == "weather_unknown"
    bench = Bench()
    bench.turn()
    bench.later(900.0)
    bench.weather = UNKNOWN_WEATHER
    stale = bench.turn()
    assert (stale.plan.status, stale.plan.why.id) == (PlanStatus.STALE, "weather_unknown")
    assert stale.usable(bench.clock.now())


def test_a_bug_costs_the_plan_and_is_named():
    published = Bench(Raising()).turn()
    assert published.plan.status is PlanStatus.NONE
    assert published.plan.why == because("plan.bug", error="ZeroDivisionError('a bug')")


def test_a_plan_that_is_not_believed_is_not_published():
    class Little(InlinePlanner):
        async def plan(self, problem, previous):
            plan = await super().plan(problem, previous)
            return replace(plan, q=0.1 * plan.q)

    assert Bench(Little()).turn().plan.why.id == "plan.not_sane"


def test_it_is_due_every_quarter_of_an_hour():
    bench = Bench()
    assert bench.loop.due()
    bench.turn()
    assert not bench.loop.due()
    bench.later(899.0)
    assert not bench.loop.due()
    bench.later(1.0)
    assert bench.loop.due()


def test_events_ask_at_once_but_not_more_often_than_every_five_minutes():
    bench = Bench()
    bench.source(8000.0)
    bench.turn()
    bench.source(4000.0)
    bench.later(EVENT_EVERY_S - 1.0)
    assert not bench.loop.due()
    bench.later(1.0)
    assert bench.loop.due()


def test_the_first_plan_comes_with_the_weather_and_does_not_wait_five_minutes():
    bench = Bench()
    bench.weather = UNKNOWN_WEATHER
    bench.turn()
    bench.later(LOOK_S)
    assert not bench.loop.due()
    bench.weather = outlook()
    assert bench.loop.due()
    assert bench.turn().plan.status is PlanStatus.OPTIMAL
    assert not bench.loop.due()


def test_what_happens_between_two_plans_is_told_apart():
    published = Bench().turn()
    nothing = (SourceSeen(), outlook(), frozenset())
    assert event(published, *nothing) is None
    assert event(published, SourceSeen(Q_flow_max=5000.0), outlook(), frozenset()) == "source"
    assert event(published, SourceSeen(), outlook(T_OUTDOOR - 2.5), frozenset()) == "forecast"
    assert event(published, SourceSeen(), outlook(T_OUTDOOR - 1.5), frozenset()) is None
    assert event(published, SourceSeen(), outlook(), frozenset([ONE.key])) == "outage"
    assert event(published, SourceSeen(), UNKNOWN_WEATHER, frozenset()) is None
    blind = replace(published, outlook=UNKNOWN_WEATHER)
    assert event(blind, *nothing) == "forecast"


def test_sources_are_told_together_and_one_that_is_silent_makes_the_sum_unknown():
    bench = Bench()
    bench.source(8000.0)
    images = dict(bench.state.image.freeze())
    other = {Point(0, "Q_flow_source_max"): good(2000.0, NOW), Point(0, "T_supply_source"): good(80.0, NOW)}
    both = images | {"SRC2": StationImage(station="SRC2", readings=other)}
    seen = source_seen(both, NOW)
    assert seen.Q_flow_max == 10_000.0
    assert seen.T_supply == pytest.approx(88.0)
    assert seen.Q_flow is None
    assert source_seen(both, NOW + 3600.0).Q_flow_max is None
    assert source_seen({"S001": images["S001"]}, NOW) == SourceSeen()


def test_in_a_shortage_what_loops_bear_is_remembered_and_spares_them_next_time():
    bench = Bench()
    heat = float(KNOWN.buildings.area @ KNOWN.state.q) / 1000.0
    bench.source(0.7 * heat)
    short = bench.turn()
    assert short.plan.why.id == "plan.rationed"
    mean = KNOWN.state.mean.copy()
    mean[0, 0] -= 3.0
    bench.known = replace(KNOWN, state=replace(KNOWN.state, mean=mean))
    bench.later(900.0)
    bench.source(0.7 * heat)
    owed = bench.turn().owed
    assert owed[ONE.key] > owed.get(TWO.key, 0.0) + 0.5
    assert np.argmax(bench.state.published.problem.owed) == 0
    assert LoopKey("nobody", 1) not in owed


def test_what_was_learned_of_the_waters_ways_goes_into_the_plan():
    bench = Bench()
    key = KNOWN.keys[0]
    begun = first_belief(key, Introduced(NOW, KNOWN.buildings.take([0]), True))
    way = Delay(seconds=600.0, correlation=0.9)
    bench.state.beliefs = {key: replace(begun, to_rooms=way)}
    bench.source(9000.0)
    published = bench.turn()
    assert published.to_rooms_s.tolist() == [600.0, 0.0]
    assert published.reach.unknown == ("T_arrives", "T_arrives"), "the source tells, the stations do not"
    silent = Bench().turn()
    assert silent.reach.unknown == ("T_source", "T_source")
