"""What can reach a loop: exchanger and emitters against their closed forms."""

import math

import numpy as np
import pytest

from optimizer.reach import (
    SLACK,
    Access,
    arriving,
    effectiveness,
    on_the_way,
    reach,
    reachable_heat,
    resistance,
)


def access(n=1, **changes):
    full = dict(
        delay_s=1800.0,
        loss=0.02,
        UA_exchanger=12.0,
        flow_primary_max=2e-4,
        dp_min=50.0,
        flow_secondary=6e-4,
        T_supply_max=75.0,
        q_n=70.0,
        excess_n=41.2,
        exponent=0.3,
    )
    return Access(**{name: np.full(n, value) for name, value in (full | changes).items()})


def test_effectiveness_is_that_of_counterflow():
    assert effectiveness(np.array([2.0]), np.array([2.0]), np.array([6.0]))[0] == pytest.approx(
        0.75, abs=1e-6
    )
    decay = math.exp(-3.0 * 0.5)
    expected = (1.0 - decay) / (1.0 - 0.5 * decay)
    assert effectiveness(np.array([1.0]), np.array([2.0]), np.array([3.0]))[0] == pytest.approx(expected)


def test_water_arrives_one_delay_later_and_cooler():
    times = np.array([0.0, 3600.0])
    T = arriving(times, np.array([90.0, 70.0]), np.array([1800.0, 3600.0, 9000.0]), access(), 5.0)
    assert T[0] == pytest.approx([5.0 + 85.0 * 0.98, 5.0 + 75.0 * 0.98, 5.0 + 65.0 * 0.98])


@pytest.mark.parametrize("T_primary", [60.0, 80.0, 110.0])
def test_heat_that_reaches_is_what_both_sides_of_the_exchanger_agree_on(T_primary):
    a = access(T_supply_max=200.0)
    q = float(reachable_heat(np.array([[T_primary]]), np.array([20.0]), np.array([80.0]), a)[0, 0])
    C_p, C_s = 4180.0 * a.flow_primary_max, 4180.0 * a.flow_secondary
    back = T_primary - q / C_p[0]
    excess = 41.2 * (q / 70.0) ** (1.0 / 1.3)
    drop = q / C_s[0]
    T_return = 20.0 + drop / (math.exp(drop / excess) - 1.0)
    T_supply = T_return + drop
    hot, cold = T_primary - T_supply, back - T_return
    mean = hot if abs(hot - cold) < 1e-9 else (hot - cold) / math.log(hot / cold)
    assert q == pytest.approx(12.0 * mean, rel=1e-4)


def test_emitters_at_their_hottest_are_the_other_limit():
    q = float(
        reachable_heat(np.array([[130.0]]), np.array([20.0]), np.array([80.0]), access(T_supply_max=45.0))[
            0, 0
        ]
    )
    drop = q / (4180.0 * 6e-4)
    excess = 41.2 * (q / 70.0) ** (1.0 / 1.3)
    assert 20.0 + drop / (1.0 - math.exp(-drop / excess)) == pytest.approx(45.0, abs=1e-3)


def test_less_pressure_reaches_less_and_nothing_known_reaches_nothing():
    a, T, room = access(), np.array([[80.0]]), np.array([20.0])
    full, half, none = (reachable_heat(T, room, np.array([dp]), a)[0, 0] for dp in (60.0, 12.5, 0.0))
    assert full > half > none
    assert none == pytest.approx(0.0, abs=1e-3)
    for spoilt in ((np.array([[np.nan]]), room, np.array([60.0])), (T, np.array([np.nan]), np.array([60.0]))):
        assert reachable_heat(*spoilt, a)[0, 0] == 0.0
    assert reachable_heat(T, room, np.array([np.nan]), a)[0, 0] == 0.0


def test_water_under_way_goes_on_from_what_is_measured_and_the_rest_as_the_source_may():
    hour = 3600.0
    times, T_source = np.array([0.0, hour, 2 * hour, 4 * hour]), np.array([90.0, 90.0, 80.0, 110.0])
    at = hour * np.array([2.0, 3.0, 4.0, 5.0])
    T = on_the_way(times, T_source, np.array([86.0, np.nan]), at, np.array([hour, hour]), 5.0)
    kept = (86.0 - 5.0) / (90.0 - 5.0)
    assert T[0] == pytest.approx(86.0 + kept * np.array([0.0, -10.0, 5.0, 20.0]))
    assert np.isnan(T[1]).all()


def test_water_that_is_warmer_than_it_left_is_believed_and_its_changes_are_not_enlarged():
    T = on_the_way(
        np.array([0.0, 3600.0]),
        np.array([80.0, 90.0]),
        np.array([84.0]),
        np.array([0.0, 3600.0]),
        np.array([0.0]),
        5.0,
    )
    assert T[0] == pytest.approx([84.0, 94.0])


def test_films_thin_with_flow_and_the_wall_does_not():
    one = np.ones(1)
    assert resistance(one, one)[0] == pytest.approx(1.0)
    assert resistance(2.0 * one, one)[0] == pytest.approx(0.45 * 2.0**-0.7 + 0.55)
    assert resistance(1e9 * one, 1e9 * one)[0] == pytest.approx(0.10, abs=1e-5)


@pytest.mark.parametrize(
    ("lacking", "changes"),
    [
        ("T_arrives", {"T": np.nan}),
        ("UA_exchanger", {"UA_exchanger": np.nan}),
        ("m_flow_primary_most", {"flow_primary_max": np.nan}),
        ("m_flow_circulating", {"flow_secondary": np.inf}),
        ("T_indoor", {"room": np.nan}),
    ],
)
def test_what_is_not_known_binds_nothing_and_is_named(lacking, changes):
    def reached(T=80.0, room=20.0, **by):
        return reach(np.full((1, 4), T), np.array([room]), access(**by))

    whole, told = reached(), reached(**changes)
    assert whole.unknown == (None,)
    law = reachable_heat(np.full((1, 4), 80.0), np.array([20.0]), np.array([80.0]), access())
    assert whole.q == pytest.approx(SLACK * law)
    assert told.unknown == (lacking,)
    assert np.isposinf(told.q).all()
