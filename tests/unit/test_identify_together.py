"""Several exchangers behind one primary meter: told together, at the first loop, or why they are not."""

from functools import cache

import numpy as np
import pytest

from controller.decisions import LoopKey
from controller.knowing.belief import Introduced
from controller.knowing.gathered import SERIES, SHARED, Window
from controller.knowing.nightly import identified
from optimizer.building_prior import prior
from optimizer.identify.exchanger import cleanest, exchanger_trend, trend_together
from optimizer.reason import Reason

C = 4.18
FIRST, SECOND = LoopKey("S001", 1), LoopKey("S001", 2)


@cache
def station(days=40, loss=(0.0, 0.0), seed=3, slip=1.0, growth=0.0):
    """Hours of a floor loop and one of radiators in one weather; each valve gives what its loop needs."""
    rng = np.random.default_rng(seed)
    n = 24 * days
    passed = np.arange(n) / n
    cold = 20.0 - (1.5 * np.cumsum(rng.standard_normal(days))).clip(-8.0, 8.0).repeat(24)
    cold += 3.0 * np.sin(2.0 * np.pi * np.arange(n) / 24.0) + rng.uniform(-0.5, 0.5, n)
    T_sp, m_s = 70.0 + cold, np.array([[20.0], [9.0]]) * np.ones(n)
    Q = np.stack([18.0 * cold * (1.0 + growth * passed), 17.0 * cold])
    T_rs = np.stack([26.0 + 0.3 * cold, 28.0 + 0.6 * cold])
    T_ss = T_rs + Q / (C * m_s)
    UA = np.array([[40.0], [25.0]]) * (1.0 - np.array(loss)[:, None] * passed)
    # the primary return at which each exchanger passes just its loop's heat, by halving
    low, high = T_rs + 1e-3, np.broadcast_to(T_sp - 1.0, Q.shape)
    for _ in range(60):
        T_r = 0.5 * (low + high)
        m = Q / (C * (T_sp - T_r))
        hot, end = T_sp - T_ss, T_r - T_rs
        enough = UA / (0.45 * (m / 3.5) ** -0.7 + 0.55) * (hot - end) / np.log(hot / end) >= Q
        low, high = np.where(enough, low, T_r), np.where(enough, T_r, high)
    T = [T_sp, (m * T_r).sum(axis=0) / m.sum(axis=0), T_ss, T_rs]
    T_sp, T_rp, T_ss, T_rs = (each + 0.05 * rng.standard_normal(each.shape) for each in T)
    return 3600.0 * np.arange(n), slip * m.sum(axis=0), m_s, T_sp, T_rp, T_ss, T_rs


@pytest.mark.parametrize("seed", [3, 5])
def test_clean_exchangers_are_told_as_one_with_no_trend(seed):
    found = trend_together(*station(seed=seed))
    assert (found.loops, found.days) == (2, 40)
    assert not found.fouls
    assert abs(found.change_30_days) < 0.02
    assert 0.7 < found.UA_kW_per_K / 50.0 < 1.1, "40 and 25 kW/K at twice the flow"


def test_dirt_in_both_is_told_with_its_pace_and_that_of_one_as_far_as_it_counts():
    both = trend_together(*station(loss=(0.25, 0.25)))
    assert both.fouls
    assert both.change_30_days == pytest.approx(0.75**0.75 - 1.0, abs=0.02)
    ones = [trend_together(*station(loss=loss)) for loss in ((0.3, 0.0), (0.0, 0.3))]
    assert [one.fouls for one in ones] == [False, True], "the one that has less to spare is seen"
    assert all(one.change_high < 0.0 for one in ones)


def test_a_loop_that_no_meter_tells_refuses_with_how_many():
    times, m_p, m_s, *T = station()
    dark = m_s.copy()
    dark[1] = np.nan
    why = trend_together(times, m_p, dark, *T)
    assert why == Reason("identify.exchanger_loops_unmetered", {"loops": 1.0})


def test_heat_that_is_not_that_of_the_loops_refuses_with_how_much():
    why = trend_together(*station(slip=1.2))
    assert why.id == "identify.exchanger_balance"
    assert why.params["apart"] == pytest.approx(1.0 / 1.2 - 1.0, abs=0.01)
    times, m_p, m_s, T_sp, T_rp, T_ss, T_rs = station()
    without_hot_water = trend_together(times, m_p, m_s[:1], T_sp, T_rp, T_ss[:1], T_rs[:1])
    assert without_hot_water.id == "identify.exchanger_balance"


def test_heat_that_divides_otherwise_than_before_refuses_with_by_how_much():
    why = trend_together(*station(growth=1.5))
    assert why.id == "identify.exchanger_shares"
    assert why.params["moved"] == pytest.approx(0.20, abs=0.02)


def test_what_was_cleanest_with_fewer_exchangers_is_no_measure():
    times, m_p, m_s, T_sp, _, T_ss, T_rs = station()
    one = exchanger_trend(times, m_p, m_s[1], T_sp, T_sp - 30.0, T_ss[1], T_rs[1])
    both = trend_together(*station())
    assert cleanest(one, both) is both


def test_at_night_the_first_loop_tells_of_all_and_the_others_say_where():
    times, m_p, m_s, T_sp, T_rp, T_ss, T_rs = station(days=21)
    loops = np.full((len(times), 2, len(SERIES)), np.nan, dtype=np.float16)
    for loop in range(2):
        told = {"T_supply": T_ss[loop], "T_return": T_rs[loop], "m_flow": m_s[loop], "m_flow_primary": m_p}
        told |= {"T_supply_primary": T_sp, "T_return_primary": T_rp}
        for name, values in told.items():
            loops[:, loop, SERIES.index(name)] = values
    shared = np.full((len(times), len(SHARED)), np.nan, dtype=np.float16)
    window = Window(keys=(SECOND, FIRST), times=times, loops=loops[:, ::-1], shared=shared)
    house = prior(building_type=["residential"], emitter=["radiator"], insulation=["saving"], area=[5e3])
    introduced = dict.fromkeys((FIRST, SECOND), Introduced(0.0, house, False))
    second, first = identified(window, introduced, {}, float(times[-1]))
    assert first.exchanger.loops == first.exchanger_clean.loops == 2
    assert second.exchanger == Reason("identify.exchanger_shared", {"loop": 1.0})
    assert second.exchanger_clean is None
