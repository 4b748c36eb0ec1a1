"""What loops that take no setpoints are advised: what a plan would ask of them, at its prices."""

import asyncio
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from controller.planning.advice import advising, at_prices
from controller.planning.port import InlinePlanner
from controller.planning.question import question
from controller.planning.rules import NO_SOURCE
from controller.strategies import curve
from controller.strategies.optimizer import propose
from optimizer.explain import foretell
from optimizer.plan.solving import solve
from optimizer.plan.status import PlanStatus, no_plan
from optimizer.reason import because
from stations.model.setpoint import StationClass
from tests.support.guard_world import NOW, loop_traits
from tests.support.planned_town import RULES, SCENE, inputs, known_town, published, weather
from tests.unit.test_planning_loop import Bench

DRIVEN, READ = loop_traits(1), loop_traits(2, station_class=StationClass.C)
TOWN = {one.key: one for one in (DRIVEN, READ)}
TAKEN = {key: replace(one, station_class=StationClass.A) for key, one in TOWN.items()}
PLACE = 1


def asked_of(town, T_indoor=21.5, scene=SCENE):
    return question(known_town(town, T_indoor), town, weather(), NO_SOURCE, RULES, NOW, scene)


@cache
def _advised(loops, T_indoor):
    town = {one.key: one for one in loops}
    whole, asked = published(town, T_indoor=T_indoor), asked_of(town, T_indoor=T_indoor)
    return replace(whole, advice=advising(whole, None, asked, solve(at_prices(asked, whole.plan))))


def advised(town=TOWN, T_indoor=21.5):
    return _advised(tuple(town.values()), T_indoor)


def test_it_is_told_what_it_would_be_told_if_it_took_setpoints():
    """The prices carry over: the same source, the same tariff, and nobody else in the way."""
    (mine,) = propose([READ], inputs(TOWN, advised())).proposals
    (as_if,) = propose([TAKEN[READ.key]], inputs(TAKEN, published(TAKEN))).proposals
    assert mine.reason.id == "plan.instruction"
    assert mine.T_supply == pytest.approx(as_if.T_supply, abs=0.1)
    assert mine.m_flow == pytest.approx(as_if.m_flow, rel=0.01)


def test_advice_is_not_the_curve_and_says_the_plan_s_numbers():
    whole = inputs(TOWN, advised(T_indoor=24.0))
    (mine,) = propose([READ], whole).proposals
    (by_curve,) = curve.propose_all([READ], whole).proposals
    assert mine.T_supply < by_curve.T_supply - 1.0
    plan = whole.published.advice
    told = foretell(plan.plan, NOW, plan.known.state.T_indoor, plan.curve, plan.problem)
    assert f"{told.T_end[PLACE]:.1f} °C in 24 h" in mine.reason.en


def test_dear_hours_of_a_plan_are_dear_to_advice_and_a_price_below_nothing_pays_nobody():
    asked, whole = asked_of(TOWN, T_indoor=20.0), published(TOWN, T_indoor=20.0)
    k = len(whole.plan.price)
    dear = np.where(np.arange(k) < k // 2, 3.0, -2.0)
    problem = at_prices(asked, replace(whole.plan, price=dear))
    assert np.array_equal(problem.tariff, np.maximum(dear, 0.0))
    assert np.isinf(problem.P_max).all()
    # a kelvin weighs as much as in the plan itself: its weights count in heat at the mean price
    assert problem.weights.cold * problem.tariff.mean() == pytest.approx(
        asked.problem.weights.cold * asked.problem.tariff.mean()
    )
    plain, moved = (solve(one).q[PLACE, : k // 2].mean() for one in (at_prices(asked, whole.plan), problem))
    assert moved < plain - 0.05


def test_a_town_where_nobody_takes_setpoints_is_advised_all_the_same():
    town = {READ.key: READ}
    whole = published(town)
    assert whole.plan.why.id == "plan.no_loop_left"
    told = advised(town)
    (mine,) = propose([READ], inputs(town, told)).proposals
    assert mine.reason.id == "plan.instruction"


@pytest.mark.parametrize("town", [TAKEN, {DRIVEN.key: DRIVEN}])
def test_where_all_take_setpoints_nothing_more_is_asked(town):
    assert asked_of(town).advisory is None
    assert at_prices(asked_of(town), published(town).plan) is None


def test_a_loop_that_is_not_known_is_not_advised_and_keeps_the_curve_s_words():
    assert asked_of(TOWN, scene=replace(SCENE, lost=frozenset({READ.key}))).advisory is None
    (mine,) = propose([READ], inputs(TOWN, published(TOWN))).proposals
    assert mine.reason.id == "plan.on_curve"
    assert mine.reason.params["why"].id == "plan.loop_not_driven"


def test_a_plan_leads_no_loop_into_advice_and_advice_none_into_the_plan():
    whole = advised()
    assert whole.advised(READ.key)
    assert not whole.advised(DRIVEN.key)
    assert set(whole.excluded) == {READ.key}
    assert set(whole.advice.excluded) == {DRIVEN.key}


def test_without_an_answer_the_earlier_advice_moves_on_until_it_is_too_old():
    whole = advised()
    stale = replace(whole, made_at=NOW + 1000.0, advice=None)
    later = advising(stale, whole.advice, None, None)
    assert later.plan.status is PlanStatus.STALE
    assert advising(replace(stale, made_at=NOW + 3000.0), whole.advice, None, None) is None
    asked = asked_of(TOWN)
    assert advising(whole, None, asked, no_plan(2, NOW, 0.25, because("plan.solver_memory"))) is None


class Failing(InlinePlanner):
    """A solver that answers once and then is gone."""

    async def plan(self, problem, previous):
        if self.state.plans:
            raise ZeroDivisionError("a bug")
        return await super().plan(problem, previous)


@pytest.mark.parametrize(("planner", "advice"), [(None, True), (Failing(), False)])
def test_the_planning_loop_publishes_advice_with_its_plan_and_a_failure_costs_advice_only(planner, advice):
    bench = Bench(planner, town=TOWN)
    asyncio.run(bench.loop.turn())
    told = bench.state.published
    assert told.plan.status is PlanStatus.OPTIMAL
    assert told.advised(READ.key) is advice
