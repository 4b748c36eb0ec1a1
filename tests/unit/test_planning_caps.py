"""Primary flow caps in a shortage: the flow that gives a station its share, by a law written anew."""

import math
from dataclasses import replace

import numpy as np
import pytest

from controller.api.plan_shortage import rationing_message
from controller.planning.flow_caps import flow_caps, near_share
from optimizer.plan.status import PlanStatus, no_plan
from optimizer.reason import because
from stations.model.identity import Point
from tests.support.api_bench import NOW
from tests.support.published import published
from tests.support.source_city import city, seen

SHARE = 0.7


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return city(tmp_path_factory.mktemp("city"))


@pytest.fixture(scope="module")
def short(site):
    """The second station gets 70 % of what it takes, the others all that they take."""
    plan = published(site, NOW)
    shares = np.array([[1.0], [SHARE], [1.0]])
    q = np.broadcast_to(shares * np.maximum(plan.known.state.q, 1.0)[:, None], plan.plan.q.shape)
    why = because("plan.rationed", share_percent=70.0, hours=24.0, cold_K=1.0, horizon_h=24.0)
    return replace(plan, plan=replace(plan.plan, q=q, why=why, status=PlanStatus.USABLE))


def heat_of(m_flow, UA, T_hot, T_cold, m_secondary):
    """kW of a counterflow exchanger, by effectiveness and number of transfer units; 4.18 kJ/(kg K)."""
    hot, cold = 4.18 * m_flow, 4.18 * m_secondary
    least, R = min(hot, cold), min(hot, cold) / max(hot, cold)
    decay = math.exp(-UA / least * (1.0 - R))
    return least * (T_hot - T_cold) * (1.0 - decay) / (1.0 - R * decay)


def test_the_cap_gives_a_station_its_share_and_no_more(site, short):
    images = seen(site)
    (cap,) = [one for one in flow_caps(short, {}, images, NOW) if one.station == "S002"]
    assert cap.m_flow == 9.5
    assert cap.m_flow_max < SHARE * 9.5, "less water comes back cooler, so flow falls by more than heat"
    place = [key.station for key in short.keys].index("S002")
    area = short.known.buildings.area[place]
    wanted = short.plan.q[place, 0] * area / 1000.0
    # the exchanger as it is seen to work now: 86/44 on one side, 52/40 on the other
    hot, cold = 86.0 - 52.0, 44.0 - 40.0
    UA = max(short.known.state.q[place], 0.0) * area / 1000.0 / ((hot - cold) / math.log(hot / cold))
    returns = [T for T in np.arange(18.0, 44.0, 0.1) if heat_of(cap.m_flow_max, UA, 86.0, T, 33.0) >= wanted]
    assert returns, "at some return that radiators can have the flow gives the share"
    assert heat_of(cap.m_flow_max, UA, 86.0, 43.9, 33.0) < wanted, "and at the warmest it does not"


def test_a_station_is_capped_while_no_loop_of_it_lacks_much_of_its_share(short):
    def near(factor, capped=()):
        state = replace(short.known.state, q=factor * short.plan.q[:, 0])
        return near_share(short, replace(short.known, state=state), capped, NOW)

    assert near(1.30) == near(0.96) == {"S001", "S002", "S003"}
    assert near(0.94) == frozenset()
    assert near(0.94, capped=["S002"]) == {"S002"}
    assert near(0.84, capped=["S002"]) == frozenset()
    assert near(float("nan"), capped=["S002"]) == frozenset()
    assert near_share(short, None, (), NOW) == near_share(None, short.known, (), NOW) == frozenset()


def test_who_is_most_above_its_share_stands_first(site, short):
    caps = flow_caps(short, {}, seen(site), NOW)
    assert caps[0].station == "S002"
    over = [one.m_flow - one.m_flow_max for one in caps]
    assert over == sorted(over, reverse=True)
    told = rationing_message(short, caps)["caps"]
    assert set(told[0]) == {"station", "m_flow_max", "m_flow", "told"}


@pytest.mark.parametrize("case", ["no plan yet", "no plan", "too old", "enough"])
def test_without_a_shortage_by_a_plan_in_force_nothing_is_capped(site, short, case):
    plan = {
        "no plan yet": None,
        "no plan": replace(short, plan=no_plan(3, NOW, 0.25, because("plan.not_yet"))),
        "too old": replace(short, plan=replace(short.plan, made_from=NOW - 3000.0)),
        "enough": replace(short, plan=replace(short.plan, why=None)),
    }[case]
    assert flow_caps(plan, {}, seen(site), NOW) == ()


@pytest.mark.parametrize("silent", ["T_supply_primary", "m_flow_primary", "T_return_primary"])
def test_a_station_that_does_not_tell_enough_has_no_cap(site, short, silent):
    images = seen(site)
    quiet = images["S002"]
    readings = {point: one for point, one in quiet.readings.items() if point != Point(0, silent)}
    images["S002"] = replace(quiet, readings=readings)
    assert "S002" not in {one.station for one in flow_caps(short, {}, images, NOW)}
