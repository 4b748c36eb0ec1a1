"""Speeds for the flows that a plan advises: the simulated pump, identified, gives what was asked."""

from dataclasses import replace

import numpy as np
import pytest

from controller.api.plan_views import plan_message
from controller.decisions import Action, Decision, Mode
from controller.knowing.belief import Introduced, first_belief, pumps_by_speed
from controller.state import LoopStatus
from optimizer.identify.pump import pump_curve
from optimizer.reason import because
from simulators.plant.pump import mass_flow
from stations.model.setpoint import CirculationChannel
from tests.support.guard_world import NOW, loop_traits
from tests.support.planned_town import known_town, published

M_FLOW_MAX = 48.0
SPEEDS = np.repeat([0.62, 0.75, 0.88], 12)
ONE = loop_traits(1, circulation=CirculationChannel.Y_PUMP)
TOWN = {ONE.key: ONE}


def curve():
    meter = 1.0 + 0.005 * np.random.default_rng(3).standard_normal(len(SPEEDS))
    return pump_curve(SPEEDS, mass_flow(SPEEDS, np.full(len(SPEEDS), M_FLOW_MAX)) * meter)


def belief(found):
    begun = first_belief(ONE.key, Introduced(NOW, known_town(TOWN).buildings, True))
    return {ONE.key: replace(begun, pump=found)}


@pytest.mark.parametrize("m_flow", [30.0, 36.0, 42.0])
def test_the_plant_s_pump_gives_the_flow_at_the_advised_speed(m_flow):
    y = curve().speed(m_flow)
    assert mass_flow(np.array([y]), np.array([M_FLOW_MAX]))[0] == pytest.approx(m_flow, rel=0.02)


def test_a_loop_that_is_told_a_speed_is_advised_one_and_others_are_not():
    pumps = pumps_by_speed(TOWN, belief(curve()))
    assert set(pumps) == {ONE.key}
    assert pumps_by_speed({ONE.key: loop_traits(1)}, belief(curve())) == {}
    assert pumps_by_speed(TOWN, belief(because("identify.pump_points", points=1.0, needed=3.0))) == {}
    assert pumps_by_speed({}, belief(curve())) == {}


@pytest.mark.parametrize(("m_flow", "speed"), [(36.0, 0.75), (20.0, None), (60.0, None)])
def test_the_plan_tells_the_speed_only_where_one_was_seen_to_give_the_flow(m_flow, speed):
    whole = published(TOWN)
    whole = replace(whole, excluded={ONE.key: because("plan.loop_not_driven")})
    decision = Decision(
        key=ONE.key,
        action=Action.NONE,
        T_supply=55.0,
        m_flow=m_flow,
        author="strategy:optimizer",
        why=(),
        cuts=(),
    )
    loops = {ONE.key: LoopStatus(key=ONE.key, mode=Mode.AUTO, season="heating", decision=decision)}
    pumps = pumps_by_speed(TOWN, belief(curve()))
    (out,) = plan_message(whole, None, {}, NOW, loops=loops, pumps=pumps)["excluded"]
    assert out["m_flow_advised"] == m_flow
    assert out["y_pump_advised"] == (None if speed is None else pytest.approx(speed, abs=0.01))
