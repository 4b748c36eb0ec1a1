"""What a plan asks of the source: the coolest supply that serves all in time; flows that share a shortage."""

import numpy as np
import pytest

from optimizer.reach import Access, arriving, reachable_heat
from optimizer.source import lowest_supply, primary_flow

N, K, DT = 4, 24, 900.0
ROOM, DP = np.full(N, 20.0), np.full(N, 80.0)
LIMITS = {"dt_s": DT, "T_ground": 5.0, "T_least": 60.0, "T_most": 120.0, "warming_K_per_h": 15.0}


def access(**changes):
    full = {
        "delay_s": np.array([0.0, 900.0, 1400.0, 3600.0]),
        "loss": np.array([0.0, 0.01, 0.02, 0.05]),
        "UA_exchanger": 12.0,
        "flow_primary_max": 2e-4,
        "dp_min": 50.0,
        "flow_secondary": 6e-4,
        "T_supply_max": 120.0,
        "q_n": 70.0,
        "excess_n": 41.2,
        "exponent": 0.3,
    }
    return Access(
        **{
            name: np.broadcast_to(np.asarray(value, float), N).copy()
            for name, value in (full | changes).items()
        }
    )


def heat():
    """A morning in the middle."""
    course = 30.0 + 15.0 * np.exp(-(((np.arange(K) - 12.0) / 3.0) ** 2))
    return course[None, :] * np.array([1.0, 0.9, 1.1, 0.8])[:, None]


def test_the_advised_supply_reaches_every_station_in_time_and_a_cooler_one_does_not():
    a, q = access(), heat()
    advice = lowest_supply(q, ROOM, DP, a, **LIMITS)
    assert not advice.unserved.any()
    steps = np.arange(K) * DT
    for part in (0.0, 0.999):
        at = steps + part * DT
        left = np.clip((at[None, :] - a.delay_s[:, None]) // DT, 0, K - 1).astype(int)
        T = 5.0 + (advice.T_supply[left] - 5.0) * (1.0 - a.loss[:, None])
        possible = reachable_heat(T, ROOM, DP, a)
        begun = at[None, :] >= a.delay_s[:, None]
        assert (possible >= q - 1e-3)[begun].all()
    step = int(np.argmax(advice.T_supply))
    station = advice.deciding[step]
    cooler = advice.T_supply[step] - 1.0
    arrives = 5.0 + (cooler - 5.0) * (1.0 - a.loss[station])
    need = q[station, step : step + 6].max()
    assert reachable_heat(np.full((N, 1), arrives), ROOM, DP, a)[station, 0] < need


def test_the_supply_warms_no_faster_than_the_source_can_and_begins_early():
    q = np.full((N, K), 20.0)
    q[:, 12:] = 50.0
    advice = lowest_supply(q, ROOM, DP, access(delay_s=0.0), **LIMITS)
    assert np.diff(advice.T_supply).max() <= 15.0 * DT / 3600.0 + 1e-9
    assert advice.T_supply[11] > advice.T_supply[0]
    assert (advice.deciding[advice.T_supply == 60.0] == -1).all()


def test_a_station_that_nothing_serves_is_named_and_one_that_is_not_known_asks_for_nothing():
    q = heat()
    q[2, 5] = 400.0
    room = np.array([20.0, np.nan, 20.0, 20.0])
    advice = lowest_supply(q, room, DP, access(), **LIMITS)
    assert advice.unserved.tolist() == [False, False, True, False]
    assert np.isfinite(advice.T_supply).all()
    assert advice.T_supply.max() == 120.0
    assert (advice.deciding != 1).all()


@pytest.mark.parametrize("share", [0.4, 0.7, 1.0])
def test_a_primary_flow_gives_the_share_of_heat_it_was_made_for(share):
    a, T = access(), np.array([80.0, 90.0, 100.0, 110.0])
    most = reachable_heat(T[:, None], ROOM, DP, a)[:, 0]
    q = share * most
    flow = primary_flow(q, T, ROOM, a)
    assert (flow <= a.flow_primary_max * (1.0 + 1e-9)).all()
    given = reachable_heat(T[:, None], ROOM, DP, access(flow_primary_max=flow))[:, 0]
    assert given == pytest.approx(q, rel=1e-3)


def test_a_flow_that_can_not_be_told_is_no_cap():
    a = access()
    for q, T in (
        (np.full(N, np.nan), np.full(N, 90.0)),
        (np.full(N, 40.0), np.full(N, np.nan)),
        (np.full(N, 400.0), np.full(N, 90.0)),
    ):
        assert primary_flow(q, T, ROOM, a) == pytest.approx(a.flow_primary_max)
    assert arriving(np.array([0.0]), np.array([90.0]), np.array([0.0]), a, 5.0).shape == (N, 1)
