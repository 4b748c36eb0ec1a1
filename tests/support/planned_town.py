"""A small town that is known well enough to be planned for, and plans of it."""

from dataclasses import replace

import numpy as np

from controller.knowing.known import first_known
from controller.planning.published import Published
from controller.planning.question import STEPS, Scene, question, times_of
from controller.planning.rules import NO_SOURCE, PlanRules
from controller.strategies.inputs import StrategyInputs
from optimizer.building import steady_heat
from optimizer.estimate.cycle import estimate
from optimizer.estimate.state import measured
from optimizer.forecast.weather import Outlook, WeatherSeries
from optimizer.plan.solving import solve
from optimizer.regulation import RegulationLaw
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.guard_world import MONOTONIC, NOW, observation

T_OUTDOOR = -3.0
LAW = RegulationLaw(
    T_indoor=20.0, T_outdoor_design=-10.1, T_supply_design=75.0, T_return_design=50.0, exponent=0.3
)
LAWS = {"radiator": LAW, "floor": replace(LAW, T_supply_design=45.0, T_return_design=35.0, exponent=0.08)}
FILTERS_S = dict.fromkeys(LAWS, 43_200.0)
RULES = PlanRules(laws=LAWS, outdoor_filter_s=FILTERS_S)
SCENE = Scene(T_outdoor_filtered=dict.fromkeys(LAWS, T_OUTDOOR))


def known_town(traits, T_indoor=21.5):
    """Loops whose sensors told ``T_indoor`` for half a day; their heat kept it."""
    known = first_known(traits, T_OUTDOOR)
    b, state = known.buildings, known.state
    q = steady_heat(b, T_indoor, T_OUTDOOR, b.gain)
    for _ in range(48):
        seen = measured(len(b), T_indoor=T_indoor, Q_meter=q * b.area / 1000.0, T_outdoor=T_OUTDOOR, sun=0.0)
        state = estimate(state, seen, b, 900.0)
    return replace(known, state=state, at=MONOTONIC - 60.0)


def weather(T_outdoor=T_OUTDOOR, at=NOW):
    return WeatherSeries(
        times=times_of(at),
        T_outdoor=np.full(STEPS, float(T_outdoor)),
        wind=np.full(STEPS, 2.0),
        sun=np.zeros(STEPS),
        quality=np.zeros(STEPS, dtype=np.int8),
    )


def outlook(T_outdoor=T_OUTDOOR, at=NOW):
    return Outlook(series=weather(T_outdoor, at), holes=(), age_s=0.0)


def published(traits, *, T_indoor=21.5, rules=RULES, scene=SCENE, at=NOW):
    """The newest plan of these loops, made at ``at``."""
    known = known_town(traits, T_indoor)
    asked = question(known, traits, weather(at=at), NO_SOURCE, rules, at, scene)
    plan = solve(asked.problem)
    return Published(
        made_at=at,
        keys=known.keys,
        plan=plan,
        excluded={known.keys[one.loop]: one.why for one in plan.excluded} | dict(asked.excluded),
        outlook=outlook(at=at),
        known=known,
        rules=rules,
        problem=asked.problem,
        curve=asked.curve,
        reach=asked.reach,
    )


def inputs(traits, plan, *, sent=None, now=NOW, monotonic=MONOTONIC, **changes):
    """A cycle in which all is well."""
    whole = StrategyInputs(
        now=now,
        monotonic=monotonic,
        laws=LAWS,
        T_outdoor=T_OUTDOOR,
        T_outdoor_filtered=dict.fromkeys(LAWS, T_OUTDOOR),
        observations={key: observation(int(key.station[1:])) for key in traits},
        readings={key.station: {Point(1, "T_indoor_mean"): good(21.5, now)} for key in traits},
        sent={key: () for key in traits} | (sent or {}),
        published=plan,
        known=None if plan is None else plan.known,
        T_outdoor_past={30: T_OUTDOOR, 60: T_OUTDOOR},
    )
    return replace(whole, **changes)
