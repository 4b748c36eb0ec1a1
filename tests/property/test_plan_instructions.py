"""Whatever heat is planned and whatever loops are told to be, instructions stay in bounds and give that heat.

The oracle works one loop at a time with scipy's root finder on the two balances of an emitter; it
shares no line with the code.
"""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.optimize import brentq

from optimizer.instructions import (
    OWN_BAND_K,
    Emitters,
    Held,
    Limit,
    heat_ahead,
    instruct,
    least_flow,
)

C_WATER = 4180.0


def loops(n, **changes):
    full = dict(
        q_n=60.0,
        excess_n=41.2,
        exponent=0.3,
        flow_design=2.5 / 3600.0,
        flow_min=0.6,
        T_supply_min=25.0,
        T_supply_max=85.0,
        T_own=50.0,
        drop_min=2.0,
        drop_max=30.0,
        sets_flow=True,
        wears_out=False,
        offset_min=-math.inf,
        offset_max=math.inf,
    )
    full |= changes
    full.setdefault("flow_even", full["flow_min"])
    return Emitters(**{name: np.full(n, value) for name, value in full.items()})


def nothing_held(n, **changes):
    full = dict(
        T_supply=math.nan, flow=math.nan, since_move_s=math.inf, since_flow_s=math.inf, flow_rose=False
    )
    return Held(**{name: np.full(n, value) for name, value in (full | changes).items()})


def heat_of(T_supply, flow, T_room, e):
    """What an emitter gives, W/m2: the return at which water and emitter agree."""
    capacity = C_WATER * e.flow_design[0] * flow

    def apart(T_return):
        a, b = T_supply - T_room, T_return - T_room
        mean = a if a - b < 1e-9 else (a - b) / math.log(a / b)
        return e.q_n[0] * (mean / e.excess_n[0]) ** (1.0 + e.exponent[0]) - capacity * (T_supply - T_return)

    T_return = brentq(apart, T_room + 1e-9, T_supply - 1e-12, xtol=1e-10)
    return capacity * (T_supply - T_return)


@given(
    q=st.floats(5.0, 70.0),
    T_room=st.floats(15.0, 24.0),
    q_n=st.floats(40.0, 140.0),
    exponent=st.floats(0.05, 0.37),
    design=st.floats(1.5, 4.5),
    flow_min=st.sampled_from([0.6, 0.7, 0.75]),
    T_own=st.floats(28.0, 75.0),
    T_max=st.sampled_from([55.0, 85.0]),
    evener=st.floats(0.0, 1.0),
)
def test_an_instruction_gives_the_heat_with_the_least_water_that_can(
    q, T_room, q_n, exponent, design, flow_min, T_own, T_max, evener
):
    even = flow_min + evener * (1.0 - flow_min)
    e = loops(
        1,
        q_n=q_n,
        exponent=exponent,
        flow_design=design / 3600.0,
        flow_min=flow_min,
        flow_even=even,
        T_own=T_own,
        T_supply_max=T_max,
        drop_min=0.0,
        drop_max=60.0,
    )
    told = instruct(np.array([q]), np.array([T_room]), e, nothing_held(1))
    T, flow, limit = float(told.T_supply[0]), float(told.flow[0]), Limit(told.limit[0])
    top = min(T_own + OWN_BAND_K, T_max)
    assert flow_min - 1e-9 <= flow <= 1.0
    bottom = min(max(25.0, T_own - OWN_BAND_K), top)
    assert bottom - 1e-9 <= T <= top + 1e-9
    if top <= T_room + 0.5:
        return
    given_heat = heat_of(T, flow, T_room, e) if T_room + 0.01 < T else 0.0
    assert float(told.q[0]) == pytest.approx(given_heat, rel=1e-4, abs=1e-3)
    if limit in (Limit.NONE, Limit.FLOW_MIN) or (limit is Limit.FLOW_MAX and top - 1e-6 > T):
        assert given_heat == pytest.approx(q, rel=1e-3)
    if flow < even - 1e-6:
        assert pytest.approx(bottom) == T, (
            "less than keeps dwellings even only with water as cool as it may be"
        )
        assert limit in (Limit.OWN_CURVE, Limit.SUPPLY_MIN)
        assert given_heat == pytest.approx(q, rel=1e-3) or flow == pytest.approx(flow_min)
    if limit is Limit.NONE:
        assert heat_of(top, flow * 0.99, T_room, e) < q * (1.0 + 1e-6)
    if limit in (Limit.SUPPLY_MAX, Limit.OWN_CURVE) and pytest.approx(top) == T > bottom:
        assert heat_of(top, 1.0, T_room, e) <= q * 1.001


ANY = st.floats(allow_nan=True, allow_infinity=True)


@example([0.0] * 5 + [math.inf] + [0.0] * 2 + [math.inf] + [0.0] * 14)
@given(st.lists(ANY, min_size=23, max_size=23))
def test_no_input_makes_an_instruction_outside_its_bounds(numbers):
    values = np.array(numbers)
    e = loops(1)
    fields = ("q_n", "excess_n", "exponent", "flow_design", "flow_min", "T_own", "drop_min", "drop_max")
    spoilt = replace(e, **{name: values[i : i + 1] for i, name in enumerate(fields)})
    held = Held(
        T_supply=values[8:9],
        flow=values[9:10],
        since_move_s=values[10:11],
        since_flow_s=values[11:12],
        flow_rose=np.array([numbers[12] > 0.0]),
    )
    for emitters in (e, spoilt):
        told = instruct(values[13:14], values[14:15], emitters, held)
        if not told.known[0]:
            continue
        assert np.isfinite(
            [told.T_supply[0], told.flow[0], told.flow_advised[0], told.T_return[0], told.q[0]]
        ).all()
        assert 25.0 <= told.T_supply[0] <= 85.0
        assert min(emitters.flow_min[0], 1.0) - 1e-9 <= told.flow[0] <= 1.0 + 1e-9


def test_the_check_value_of_a_75_50_loop_at_design():
    """Design heat at design flow: 75 degC, as the system was designed."""
    q = 50.0
    flow_design = q / (C_WATER * 25.0)
    e = loops(
        1, q_n=q, excess_n=25.0 / math.log(55.0 / 30.0), flow_design=flow_design, flow_min=1.0, T_own=75.0
    )
    told = instruct(np.array([q]), np.array([20.0]), e, nothing_held(1))
    assert told.T_supply[0] == pytest.approx(75.0)
    assert told.T_return[0] == pytest.approx(50.0)


def test_a_move_below_the_dead_band_is_left_and_one_above_is_made():
    e = loops(1, T_own=60.0)
    first = instruct(np.array([35.0]), np.array([20.0]), e, nothing_held(1))
    held = nothing_held(
        1, T_supply=first.T_supply[0], flow=first.flow[0], since_move_s=60.0, since_flow_s=60.0
    )
    little = instruct(np.array([35.1]), np.array([20.0]), e, held)
    assert little.T_supply == first.T_supply
    more = instruct(np.array([37.0]), np.array([20.0]), e, held)
    assert more.T_supply[0] > first.T_supply[0] + 0.3


def test_a_memory_that_wears_out_is_written_twice_an_hour_at_most():
    e = loops(1, wears_out=True)
    held = nothing_held(1, T_supply=45.0, flow=0.6, since_move_s=1700.0, since_flow_s=1e9)
    soon = instruct(np.array([38.0]), np.array([20.0]), e, held)
    assert soon.T_supply[0] == 45.0
    assert soon.flow[0] == 0.6
    later = instruct(np.array([38.0]), np.array([20.0]), e, replace(held, since_move_s=np.array([1800.0])))
    assert later.T_supply[0] != 45.0


def test_circulation_does_not_turn_round_within_half_an_hour():
    e = loops(1, T_own=50.0)
    held = nothing_held(1, T_supply=48.0, flow=0.9, since_flow_s=600.0, flow_rose=True)
    told = instruct(np.array([30.0]), np.array([20.0]), e, held)
    assert told.flow[0] == 0.9
    assert told.flow_advised[0] < 0.9
    assert told.q[0] == pytest.approx(30.0, rel=0.02)


def test_where_circulation_is_not_ours_the_temperature_fits_what_flows():
    free, fixed = loops(1), loops(1, sets_flow=False)
    held = nothing_held(1, flow=1.0)
    told = instruct(np.array([35.0]), np.array([20.0]), fixed, held)
    assert told.flow[0] == 1.0
    assert told.flow_advised[0] == instruct(np.array([35.0]), np.array([20.0]), free, nothing_held(1)).flow[0]
    assert told.q[0] == pytest.approx(35.0, rel=1e-3)


def test_a_class_b_station_gets_no_more_than_its_offset():
    e = loops(1, T_own=38.0, offset_min=-3.0, offset_max=5.0)
    told = instruct(np.array([60.0]), np.array([20.0]), e, nothing_held(1))
    assert told.offset[0] == pytest.approx(5.0)
    assert Limit(told.limit[0]) is Limit.OFFSET
    assert told.q[0] < 60.0


def test_heat_is_taken_when_the_water_will_be_there():
    q = np.array([[10.0, 20.0, 30.0, 40.0], [10.0, 20.0, 30.0, 40.0]])
    ahead = heat_ahead(q, 900.0, np.array([0.0, 900.0 + 450.0]), stands_s=900.0)
    assert ahead == pytest.approx([10.0, 25.0])
    assert heat_ahead(q, 900.0, np.array([9000.0, -50.0]), 1800.0) == pytest.approx([40.0, 15.0])


def test_each_emitter_has_its_least_flow():
    assert [
        least_flow(*each) for each in (("radiator", "single"), ("radiator", "double"), ("floor", "double"))
    ] == [
        0.75,
        0.60,
        0.70,
    ]
