"""A city whose planner is dead goes back to its curve by itself: the guard sees no mass change on the way."""

from dataclasses import replace

import pytest

from controller.decisions import Action, Sent
from controller.guard import guard
from controller.strategies import curve
from controller.strategies.optimizer import propose
from stations.model.reading import good
from tests.support.guard_world import MONOTONIC, NOW, context, many, observation
from tests.support.planned_town import T_OUTDOOR, inputs

LOOPS = many(6)
TOWN = {one.key: one for one in LOOPS}
MINUTE, HOURS = 60.0, 6
DESIGN = LOOPS[0].m_flow_design


def fresh(number, now):
    names = ("T_supply", "T_return", "m_flow", "T_supply_effective", "m_flow_effective", "T_outdoor")
    seen = observation(number, polled_at=now - 5.0)
    told = {name: replace(getattr(seen, name), received_at=now - 5.0) for name in names}
    return replace(seen, **told, T_supply_primary=good(95.0, now - 5.0), p_return=good(300.0, now - 5.0))


def world(sent, passed_s):
    """The strategy's and the guard's view of the city so many seconds later."""
    now, monotonic = NOW + passed_s, MONOTONIC + passed_s
    seen = [fresh(number, now) for number in range(1, len(LOOPS) + 1)]
    whole = inputs(TOWN, None, sent=sent, now=now, monotonic=monotonic)
    judged = context(LOOPS, seen, sent, now=now, monotonic=monotonic)
    return whole, replace(judged, T_outdoor_centre=good(T_OUTDOOR, now), T_outdoor_past={})


@pytest.mark.parametrize(("T_held", "flow"), [(57.0, 0.7), (70.0, 0.85)])
def test_a_city_without_a_plan_goes_back_to_the_curve_and_nobody_is_asked(T_held, flow):
    before = Sent(at=MONOTONIC - 7200.0, T_supply=T_held, m_flow=flow * DESIGN, T_own_curve=60.0)
    sent = {key: (before,) for key in TOWN}
    whole, judged = world(sent, 0.0)
    by_curve = curve.propose_all(LOOPS, whole).proposals
    assert guard(by_curve, judged).mass_change is not None, "the curve at once is a mass change"
    for minute in range(HOURS * 60):
        whole, judged = world(sent, MINUTE * minute)
        verdict = guard(propose(LOOPS, whole).proposals, judged)
        assert verdict.mass_change is None, minute
        for key, decision in verdict.decisions.items():
            if decision.action is Action.SET:
                one = Sent(
                    at=judged.monotonic,
                    T_supply=decision.T_supply,
                    m_flow=decision.m_flow,
                    T_own_curve=decision.T_own_curve,
                )
                sent[key] = (*sent[key], one)
    for wish in by_curve:
        last = sent[wish.key][-1]
        assert last.T_supply == pytest.approx(wish.T_supply, abs=0.3)
        assert last.m_flow == pytest.approx(wish.m_flow, abs=0.02 * DESIGN)
