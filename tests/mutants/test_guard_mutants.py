"""Each rule of the guard is switched off in turn, and each constant loosened: the oracle must notice.

A rule whose loss nobody notices is either useless or unguarded, so a rule without a scenario fails here.
"""

from dataclasses import replace

import pytest

from controller import guard as door
from controller import guard_case, guard_gates, guard_limits, guard_network, guard_pace
from controller.decisions import Mode, Rule, Season
from controller.guard import guard
from stations.model.quality import Reason
from stations.model.reading import bad, good
from stations.model.setpoint import StationClass
from tests.support.guard_oracle import breaks
from tests.support.guard_world import (
    NOW,
    context,
    key,
    loop_traits,
    many,
    no_value,
    observation,
    own_curve,
    sent,
    wish,
)

NAN = float("nan")


def one(proposals, *, traits=None, seen=None, history=None, **changes):
    """A scenario of a single loop."""
    traits = traits or loop_traits()
    history = (sent(120),) if history is None else history
    seen = seen or observation()
    return proposals, context([traits], [seen], {traits.key: history}, **changes)


def crowd(T_supply, share=1.0, history=(), count=10, **changes):
    """A scenario of many loops of which a share is asked for the same temperature."""
    traits = many(count)
    sent_to = {t.key: history or (sent(120),) for t in traits}
    movers = round(share * count)
    return [wish(T_supply, number=n) for n in range(1, movers + 1)], context(
        traits, history=sent_to, **changes
    )


def two_large_of_ten(T_supply):
    """A fifth of the area with most of the heat: pipes ten times as wide."""
    large = {n: loop_traits(n, m_flow_design=400.0) for n in (1, 2)}
    traits = [large.get(n, t) for n, t in enumerate(many(10), 1)]
    history = {t.key: (sent(120, 60.0, t.m_flow_design),) for t in traits}
    wishes = [wish(T_supply if n in large else 60.0, t.m_flow_design, n) for n, t in enumerate(traits, 1)]
    return wishes, context(traits, history=history)


def worn(proposals, **changes):
    return one(proposals, traits=loop_traits(wears_out=True), **changes)


def class_b(proposals, **changes):
    return one(proposals, traits=loop_traits(station_class=StationClass.B), **changes)


def age(seconds, **changes):
    return observation(polled_at=NOW - seconds, **changes)


AT_TOP = (sent(120, 85.0, 40.0),)
SCENARIOS = {
    Rule.NOT_DRIVEN: [
        one([wish(61.0)], traits=loop_traits(station_class=StationClass.C, heat=None), history=()),
        one([wish(61.0)], traits=loop_traits(proven=False), history=()),
        one([wish(61.0)], seen=observation(mode=Mode.LOCAL)),
        one([wish(61.0)], seen=observation(readmitted=False)),
        one([wish(61.0)], traits=loop_traits(emitter="dhw"), history=()),
    ],
    Rule.SEASON: [one([wish(61.0)], seen=observation(season=Season.MAINTENANCE))],
    Rule.PUMP: [
        one([wish(61.0)], seen=observation(pump_running=False)),
        one([wish(61.0)], seen=observation(pump_running=None)),
    ],
    Rule.NOT_A_NUMBER: [one([wish(NAN)]), one([wish(61.0, NAN)]), one([wish(float("inf"))])],
    Rule.HARD_TEMPERATURE: [
        one([wish(99.0)], traits=loop_traits(own_curve=lambda _: 84.5), history=AT_TOP),
        one(
            [wish(24.0)],
            traits=loop_traits(own_curve=lambda _: 26.0),
            history=(sent(120, 25.0, 40.0, 26.0),),
        ),
    ],
    Rule.HARD_FLOW: [
        one([wish(60.0, 4.0)], history=(sent(120, 60.0, 12.0),)),
        one([wish(60.0, 60.0)]),
    ],
    Rule.OWN_CURVE: [
        one([wish(75.0)], history=(sent(120, 68.0),)),
        one([wish(45.0)], history=(sent(120, 52.0),)),
    ],
    Rule.OFFSET: [
        class_b([wish(57.0)], history=(sent(120, 59.0),)),
        class_b([wish(67.0)], history=(sent(120, 65.0),)),
    ],
    Rule.FROST: [
        one(
            [wish(30.0)],
            traits=loop_traits(own_curve=lambda _: 33.0),
            history=(sent(120, 31.0),),
            seen=observation(T_return=good(8.0, NOW - 5.0)),
        )
    ],
    Rule.PRESSURE: [
        one(
            [wish(60.0, 36.0)],
            history=(sent(120, 60.0, 30.0),),
            seen=observation(p_return=good(10.0, NOW - 5.0)),
        )
    ],
    Rule.SOURCE: [
        one([wish(66.0)], seen=observation(T_supply_primary=good(62.0, NOW - 5.0))),
        one([wish(66.0)], seen=observation(T_supply_primary=no_value())),
        one([wish(66.0)], seen=observation(T_supply_primary=no_value()), T_primary_elsewhere=67.5),
    ],
    Rule.FRESHNESS: [
        one([wish(61.0)], seen=age(130.0)),
        one([], seen=age(700.0)),
        one([wish(61.0)], T_outdoor_centre=good(0.0, NOW - 1900.0)),
        one([wish(61.0)], T_outdoor_centre=bad(Reason.STALE, NOW - 30_000.0)),
        one([wish(61.0)], seen=observation(T_supply=no_value())),
    ],
    Rule.MASS_CHANGE: [
        crowd(68.0),
        crowd(55.0, share=0.3),
        two_large_of_ten(67.0),
        two_large_of_ten(53.0),
        crowd(60.5 + 3.2, history=tuple(sent(m, 60.0 + 0.5 * (70 - m) / 10) for m in range(70, 9, -10))),
    ],
    Rule.RATE_TEMPERATURE: [
        one([wish(62.5)]),
        one([wish(66.0)], history=(sent(120), sent(10, 61.0), sent(6, 62.0), sent(2, 63.0))),
        one([wish(63.0)], history=()),
    ],
    Rule.RATE_FLOW: [
        one([wish(60.0, 30.0)]),
        one([wish(60.0, 34.0)], history=(sent(120), sent(12, 60.0, 38.0), sent(6, 60.0, 36.0))),
        one([wish(60.0, 30.0)], history=()),
    ],
    Rule.REVERSAL: [
        one([wish(60.0, 38.0)], history=(sent(120, 60.0, 34.0), sent(20, 60.0, 36.0), sent(17, 60.0, 35.0)))
    ],
    Rule.DEAD_BAND: [one([wish(60.2, 39.5)])],
    Rule.WEAR: [
        worn([wish(60.4)]),
        worn([wish(61.0)], history=(sent(120), sent(10, 60.5))),
        worn([wish(61.0)], changes_24h={key(): 48}),
        worn([wish(61.0)], changes_24h={key(): 48}, history=()),
        one([wish(61.0)], history=(sent(120), sent(0.5, 60.5))),
    ],
}
TABLES = {"LIMITS": door.LIMITS, "PACE": door.PACE}
RULES = [rule for table in TABLES.values() for rule, _ in table]


def without(rule, monkeypatch):
    for name, table in TABLES.items():
        monkeypatch.setattr(door, name, tuple(step for step in table if step[0] is not rule))


def test_every_rule_of_the_contract_has_one_function_and_binds_in_its_order():
    gates = {Rule.FRESHNESS}
    assert [r for r in RULES if r not in gates] == [r for r in Rule if r not in gates]
    assert set(RULES) == set(Rule)
    assert len({function for table in TABLES.values() for _, function in table}) == len(Rule)


@pytest.mark.parametrize("rule", RULES)
def test_the_whole_guard_satisfies_the_oracle_where_a_mutant_will_not(rule):
    assert [breaks(guard(proposals, whole), proposals, whole) for proposals, whole in SCENARIOS[rule]] == [
        [] for _ in SCENARIOS[rule]
    ]


@pytest.mark.parametrize("rule", RULES)
def test_a_guard_without_one_rule_is_caught(rule, monkeypatch):
    without(rule, monkeypatch)
    uncaught = [
        i
        for i, (proposals, whole) in enumerate(SCENARIOS[rule])
        if not breaks(guard(proposals, whole), proposals, whole)
    ]
    assert uncaught == []


def floor_loop(**changes):
    traits = loop_traits(emitter="floor", own_curve=lambda _: 54.0, T_supply_max_degC=70.0)
    return one([wish(59.0)], traits=traits, history=(sent(120, 55.0, 40.0, 54.0),), **changes)


DEEP_ON_A_POOR_LINK = class_b(
    [wish(57.0)],
    history=(sent(120, 59.0),),
    link_availability_24h={"S001": 0.985},
    T_outdoor_forecast_min=0.0,
)
DEEP_BEFORE_THE_COLD = class_b(
    [wish(57.0)],
    history=(sent(120, 59.0),),
    link_availability_24h={"S001": 1.0},
    T_outdoor_forecast_min=-5.5,
)
FAR_UP = one(
    [wish(67.0)],
    traits=loop_traits(station_class=StationClass.B, offset_upper_K=8.0),
    history=(sent(120, 65.0),),
)
LOOSENED = [
    (guard_limits, "T_SUPPLY_MAX_DEGC", {"radiator": 85.0, "floor": 85.0, "dhw": 85.0}, floor_loop()),
    (guard_limits, "OWN_CURVE_BAND_K", 9.0, SCENARIOS[Rule.OWN_CURVE][0]),
    (guard_limits, "M_FLOW_MIN", 0.25, SCENARIOS[Rule.HARD_FLOW][0]),
    (guard_limits, "M_FLOW_MAX", 1.05, SCENARIOS[Rule.HARD_FLOW][1]),
    (guard_limits, "OFFSET_UPPER_K", 6.0, FAR_UP),
    (guard_limits, "ELSEWHERE_K", 3.0, SCENARIOS[Rule.SOURCE][2]),
    (guard_limits, "LINK_AVAILABILITY", 0.98, DEEP_ON_A_POOR_LINK),
    (
        guard_limits,
        "T_OUTDOOR_FORECAST_MIN_DEGC",
        -6.0,
        DEEP_BEFORE_THE_COLD,
    ),
    (guard_gates, "INPUT_AGE_S", 150.0, SCENARIOS[Rule.FRESHNESS][0]),
    (guard_gates, "RELEASE_AGE_S", 900.0, SCENARIOS[Rule.FRESHNESS][1]),
    (guard_gates, "OUTDOOR_AGE_S", 2000.0, SCENARIOS[Rule.FRESHNESS][2]),
    (guard_network, "AREA_SHARE", 0.35, SCENARIOS[Rule.MASS_CHANGE][1]),
    (guard_network, "MOVE_K", 5.5, SCENARIOS[Rule.MASS_CHANGE][1]),
    (guard_network, "MOVE_WINDOW_MIN", 30, SCENARIOS[Rule.MASS_CHANGE][4]),
    (guard_network, "Q_FLOW_SHARE", 0.2, SCENARIOS[Rule.MASS_CHANGE][2]),
    (guard_network, "Q_FLOW_SHARE", 0.2, SCENARIOS[Rule.MASS_CHANGE][3]),
    (guard_pace, "T_STEP_K", 1.2, SCENARIOS[Rule.RATE_TEMPERATURE][0]),
    (guard_pace, "T_WINDOW_K", 4.0, SCENARIOS[Rule.RATE_TEMPERATURE][1]),
    (guard_pace, "T_WINDOW_S", 420.0, SCENARIOS[Rule.RATE_TEMPERATURE][1]),
    (guard_pace, "M_WINDOWS", ((300.0, 0.1), (900.0, 0.1)), SCENARIOS[Rule.RATE_FLOW][0]),
    (guard_pace, "M_WINDOWS", ((300.0, 0.05),), SCENARIOS[Rule.RATE_FLOW][1]),
    (guard_pace, "M_DWELL_S", 900.0, SCENARIOS[Rule.REVERSAL][0]),
    (guard_pace, "WEAR_PER_DAY", 96, SCENARIOS[Rule.WEAR][2]),
    (guard_pace, "WEAR_EVERY_UNCOUNTED_S", 300.0, SCENARIOS[Rule.WEAR][1]),
    (guard_pace, "VOLATILE_EVERY_S", 10.0, SCENARIOS[Rule.WEAR][4]),
]


@pytest.mark.parametrize(
    ("module", "constant", "value", "scenario"), LOOSENED, ids=[f"{c}={v}" for _, c, v, _ in LOOSENED]
)
def test_a_loosened_constant_is_caught(module, constant, value, scenario, monkeypatch):
    proposals, whole = scenario
    assert breaks(guard(proposals, whole), proposals, whole) == []
    monkeypatch.setattr(module, constant, value)
    assert breaks(guard(proposals, whole), proposals, whole)


def test_swapped_ranks_are_caught(monkeypatch):
    """The own curve may not lead past the emitter's limit: the order of the table is the rank."""
    proposals, whole = one(
        [wish(80.0)], traits=loop_traits(T_supply_max_degC=50.0), history=(sent(120, 50.0),)
    )
    assert breaks(guard(proposals, whole), proposals, whole) == []
    monkeypatch.setattr(door, "LIMITS", tuple(reversed(door.LIMITS)))
    assert breaks(guard(proposals, whole), proposals, whole)


def test_a_class_b_history_is_judged_as_the_offset_it_is(monkeypatch):
    """Its curve fell by 6 K since the last write; holding the old absolute value would jump the offset."""
    proposals, whole = class_b(
        [wish(54.0)], history=(sent(120, 60.0),), T_outdoor_centre=good(4.0, NOW - 5.0)
    )
    assert own_curve(4.0) == 54.0
    assert breaks(guard(proposals, whole), proposals, whole) == []
    monkeypatch.setattr(guard_case, "_at_present_curve", lambda kept, _: kept)
    assert breaks(guard(proposals, whole), proposals, whole)


def test_a_confirmed_mass_change_goes_on_at_the_usual_rates():
    proposals, whole = crowd(66.0)
    whole = replace(whole, mass_change_confirmed=True)
    verdict = guard(proposals, whole)
    assert verdict.mass_change is None
    assert {d.T_supply for d in verdict.decisions.values()} == {61.0}
    assert breaks(verdict, proposals, whole) == []
