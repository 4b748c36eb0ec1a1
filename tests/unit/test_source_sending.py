"""With what water heat is sent: one temperature an hour, never too cool, flow and head."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.reach import Access, reachable_heat
from optimizer.reason import Reason
from optimizer.sending import (
    hour_of,
    hourly,
    network_flow,
    return_of,
    supply_by_hour,
)

DT, FIRST = 900.0, 3600.0
TIMES = DT * np.arange(24)
HOURS = hour_of(TIMES, DT, FIRST)
ROOMS, AREA = np.array([20.0, 20.0]), np.array([50_000.0, 30_000.0])


def access(**changes):
    full = {
        "delay_s": [0.0, 1800.0],
        "loss": [0.0, 0.02],
        "UA_exchanger": 12.0,
        "flow_primary_max": 4e-4,
        "dp_min": 50.0,
        "flow_secondary": 6e-4,
        "T_supply_max": 120.0,
        "q_n": 70.0,
        "excess_n": 41.2,
        "exponent": 0.3,
    }
    return Access(
        **{
            name: np.broadcast_to(np.asarray(value, float), 2).copy()
            for name, value in (full | changes).items()
        }
    )


def test_steps_before_the_first_hour_count_for_none_and_an_hour_is_the_mean_of_its_steps():
    assert HOURS.tolist() == [-1] * 4 + [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4 + [4] * 4
    values = np.arange(24.0)
    np.testing.assert_allclose(hourly(values, HOURS, 5), [5.5, 9.5, 13.5, 17.5, 21.5])
    assert np.isnan(hourly(values, HOURS, 6)[5])


def test_the_order_of_an_hour_is_nowhere_below_what_is_needed_and_changes_no_faster_than_allowed():
    needed = np.full(24, 70.0)
    needed[14] = 95.0
    told = supply_by_hour(needed, HOURS, 5, 72.0, 15.0)
    for step in range(4, 24):
        assert told.T[HOURS[step]] >= needed[step]
    assert np.abs(np.diff(np.append(72.0, told.T))).max() <= 15.0
    assert told.T[1] == 80.0
    assert told.late_K == 0.0


def test_what_can_not_be_warm_in_time_is_told_in_kelvin():
    told = supply_by_hour(np.full(24, 100.0), HOURS, 5, 70.0, 15.0)
    assert told.late_K == pytest.approx(15.0)
    assert told.T.tolist() == [85.0, 100.0, 100.0, 100.0, 100.0]
    assert supply_by_hour(np.full(24, 100.0), HOURS, 5, None, 15.0).late_K == 0.0


def test_stations_can_take_their_heat_with_the_flow_that_is_told_and_what_comes_back_carries_the_rest():
    q, T, a = np.tile([[40.0], [30.0]], 5), np.full(5, 90.0), access()
    Q = AREA @ q / 1000.0
    flow, each = network_flow(q, AREA, T, ROOMS, a, 5.0, Q)
    np.testing.assert_allclose(AREA @ each, flow)
    back = return_of(Q, T, flow)
    np.testing.assert_allclose(4.18 * flow * (T - back), Q, rtol=1e-3)
    arrives = 5.0 + (T[None, :1] - 5.0) * (1.0 - a.loss[:, None])
    drawn = np.full(2, flow[0] / AREA.sum())
    assert (
        float(
            AREA @ reachable_heat(arrives, ROOMS, np.full(2, 50.0), replace(a, flow_primary_max=drawn))[:, 0]
        )
        / 1000.0
        >= 0.97 * Q[0]
    )
    assert (back > 20.0).all()
    assert (back < 60.0).all()


def test_a_station_of_which_nothing_is_known_draws_as_the_others_and_too_few_known_ones_tell_nothing():
    q, T = np.tile([[40.0], [40.0]], 5), np.full(5, 90.0)
    Q = AREA @ q / 1000.0
    holed = access(UA_exchanger=[12.0, np.nan])
    alone = network_flow(
        q[:1], AREA[:1], T, ROOMS[:1], _first(access()), 5.0, Q * AREA[0] / AREA.sum()
    ).m_flow
    both = network_flow(q, AREA, T, ROOMS, holed, 5.0, Q).m_flow
    np.testing.assert_allclose(both, alone * AREA.sum() / AREA[0])
    why = network_flow(q, AREA, T, ROOMS, access(UA_exchanger=[np.nan, np.nan]), 5.0, Q)
    assert isinstance(why, Reason)
    assert why.id == "dispatch.stations_unknown"


def _first(a):
    return Access(**{name: getattr(a, name)[:1] for name in a.__slots__})


def test_the_first_hour_is_reckoned_with_the_water_that_is_still_on_its_way():
    q, a = np.full((2, 3), 40.0), access(delay_s=[0.0, 3600.0])
    Q, T = AREA @ q / 1000.0, np.full(3, 100.0)
    warm = network_flow(q, AREA, T, ROOMS, a, 5.0, Q)
    cool = network_flow(q, AREA, T, ROOMS, a, 5.0, Q, 80.0)
    assert cool.each[1, 0] > 1.1 * warm.each[1, 0], "an hour away: what was sent before"
    np.testing.assert_allclose(cool.each[:, 2], warm.each[:, 2])
