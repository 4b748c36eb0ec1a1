"""Whatever is measured, believed, forecast or planned: nothing outside the contract, nothing raised."""

import math
from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.decisions import Mode
from controller.guard import guard
from controller.knowing.known import first_known, heard
from controller.planning.advice import advising, at_prices
from controller.planning.judging import sane
from controller.planning.published import Published
from controller.planning.question import STEPS, Scene, question, times_of
from controller.planning.rules import PlanRules, SourceSeen
from controller.strategies import optimizer
from controller.strategies.inputs import StrategyInputs
from optimizer.forecast.weather import NoWeather, Outlook, WeatherSeries
from optimizer.plan.interior import Effort
from optimizer.plan.solving import solve
from optimizer.plan.status import PlanStatus, no_plan
from optimizer.reason import because
from optimizer.regulation import RegulationLaw
from stations.model.identity import Point
from tests.property.test_guard_properties import rarely, readings, situations
from tests.support.guard_oracle import breaks
from tests.support.guard_world import MONOTONIC, NOW

LAW = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=75.0, T_return_design=50.0, exponent=0.3
)
LAWS = {"radiator": LAW, "floor": replace(LAW, T_supply_design=45.0, T_return_design=35.0, exponent=0.08)}
FEW = max(settings.default.max_examples // 20, 5)
SOME = max(settings.default.max_examples // 4, 5)
HASTE = Effort(iterations=8)
WRONG = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -40.0, 1e9, 30.0])


def sound(traits):
    """What a site file lets in: it refuses areas below 1 m2 and circulations that are none."""
    return 1e-3 < traits.m_flow_design < 1e4 and traits.T_supply_min_degC < traits.T_supply_max_degC


@st.composite
def worlds(draw):
    """A cycle as strategies and guard see it, and beside it what else was read."""
    _, context = draw(situations())
    traits = {k: t for k, t in context.traits.items() if sound(t) and k in context.observations}
    context = replace(
        context,
        traits=traits,
        observations={k: context.observations[k] for k in traits},
        sent={k: context.sent[k] for k in traits},
    )
    more = {
        k.station: {
            Point(k.loop, "T_indoor_mean"): draw(readings(10.0, 30.0)),
            Point(0, "Q_flow_primary"): draw(readings(0.0, 9000.0)),
        }
        for k in traits
    }
    T_outdoor = context.T_outdoor_centre.value
    inputs = StrategyInputs(
        now=NOW,
        monotonic=MONOTONIC,
        laws=LAWS,
        T_outdoor=T_outdoor,
        T_outdoor_filtered=dict.fromkeys(LAWS, T_outdoor),
        observations=context.observations,
        readings=more,
        sent=context.sent,
        T_outdoor_past=context.T_outdoor_past,
    )
    return context, inputs


def believed(context, T_outdoor=-3.0):
    known = first_known(context.traits, T_outdoor)
    return replace(known, at=MONOTONIC - 60.0)


def in_auto(context):
    return [t for k, t in context.traits.items() if context.observations[k].mode is Mode.AUTO]


def judged(context, inputs):
    """Let strategy and guard decide; returns the wishes."""
    wishes = optimizer.propose(in_auto(context), inputs).proposals
    assert all(math.isfinite(wish.T_supply) and math.isfinite(wish.m_flow) for wish in wishes)
    assert all(wish.reason.en and wish.reason.zh for wish in wishes)
    assert all("planning failed" not in wish.reason.en for wish in wishes), "a bug that was set aside is one"
    assert breaks(guard(wishes, context), wishes, context) == []
    return wishes


def weather(T, sun=0.0, wind=2.0):
    times = times_of(NOW)
    series = [np.broadcast_to(np.asarray(values, dtype=float), STEPS).copy() for values in (T, wind, sun)]
    return WeatherSeries(
        times=times,
        T_outdoor=series[0],
        wind=series[1],
        sun=series[2],
        quality=np.zeros(STEPS, dtype=np.int8),
    )


@st.composite
def plans(draw, known):
    """A plan of these loops as a solver gone mad could have made it, at any age."""
    n = len(known)
    q = np.full((n, STEPS), 35.0)
    T = np.full((n, STEPS), 21.0)
    for table in (q, T):
        for row in draw(st.lists(st.integers(0, n - 1), max_size=4)) if n else ():
            table[row, draw(st.integers(0, STEPS - 1)) :] = draw(WRONG)
    start = NOW - draw(rarely(st.sampled_from([-600.0, 2699.0, 5000.0, 1e6]), st.floats(0.0, 2000.0)))
    return replace(
        no_plan(n, start, 0.25, because("plan.not_yet")),
        status=draw(st.sampled_from(PlanStatus)),
        q=q,
        T_indoor=T,
        price=np.ones(STEPS),
        P=np.full(STEPS, 1000.0),
        gap=0.001,
    )


def spoilt(draw, known):
    """What is believed, some of it wrong beyond what estimation ever leaves."""
    mean = known.state.mean.copy()
    for loop in draw(st.lists(st.integers(0, len(known) - 1), max_size=3)) if len(known) else ():
        mean[loop, draw(st.integers(0, 4))] = draw(WRONG)
    return replace(known, state=replace(known.state, mean=mean))


@settings(max_examples=SOME)
@given(st.data())
def test_no_plan_and_no_belief_makes_an_instruction_leave_the_contract(data):
    context, inputs = data.draw(worlds())
    known = believed(context)
    published = Published(
        made_at=NOW,
        keys=known.keys,
        plan=data.draw(plans(known)),
        excluded={},
        outlook=NoWeather(quantity="T_outdoor", begin=NOW),
        known=known,
    )
    wrong = replace(inputs, known=spoilt(data.draw, known), published=published)
    wishes = {wish.key: wish for wish in judged(context, wrong)}
    if not published.usable(NOW):
        assert {wish.reason.id for wish in wishes.values()} <= {"plan.on_curve", "plan.to_curve"}


@settings(max_examples=FEW)
@given(st.data())
def test_from_broken_readings_to_the_guard_nothing_is_raised_and_nothing_leaves_the_contract(data):
    context, inputs = data.draw(worlds())
    known = believed(context)
    if not known.keys:  # hot water only: nobody asks for a plan of rooms
        return
    times_100 = data.draw(rarely(st.just(100.0), st.just(1.0)))
    area = np.minimum(known.buildings.area * times_100, 5e6)
    known = replace(known, buildings=replace(known.buildings, area=area))
    sun, wind = (data.draw(st.none() | WRONG) for _ in range(2))
    known = heard(known, inputs, sun, wind)
    assert np.isfinite(known.state.mean).all()
    T = np.full(STEPS, data.draw(st.floats(-30.0, 15.0)))
    if data.draw(st.integers(0, 5)) == 0:
        T[data.draw(st.integers(0, STEPS - 1))] = data.draw(WRONG)
    rules = PlanRules(laws=LAWS, outdoor_filter_s=dict.fromkeys(LAWS, 43_200.0))
    most = data.draw(rarely(WRONG, st.sampled_from([None, 0.0, 500.0, 1e5])))
    scene = Scene(
        modes={k: seen.mode for k, seen in context.observations.items()},
        T_outdoor_filtered=inputs.T_outdoor_filtered,
        T_primary={k: data.draw(st.floats(20.0, 120.0)) for k in context.traits},
    )
    asked = question(
        known, context.traits, weather(T), SourceSeen(Q_flow=most, Q_flow_max=most), rules, NOW, scene
    )
    plan = solve(asked.problem, None, HASTE)
    told = np.isfinite(plan.q)
    assert (told.all(axis=1) | ~told.any(axis=1)).all(), "a loop is planned for, or it is not"
    if sane(plan, asked) is not None:
        plan = no_plan(len(known), NOW, 0.25, because("plan.not_yet"))
    published = Published(
        made_at=NOW,
        keys=known.keys,
        plan=plan,
        excluded={known.keys[each.loop]: each.why for each in plan.excluded} | dict(asked.excluded),
        outlook=Outlook(series=weather(T), holes=(), age_s=0.0),
        known=known,
        problem=asked.problem,
        curve=asked.curve,
    )
    advised = at_prices(asked, plan)
    advice = None if advised is None else solve(advised, None, HASTE)
    published = replace(published, advice=advising(published, None, asked, advice))
    wishes = judged(context, replace(inputs, known=known, published=published))
    planned = {wish.key for wish in wishes if wish.reason.id == "plan.instruction"}
    left_out = {key for key in published.excluded if not published.advised(key)}
    assert planned.isdisjoint(left_out)
