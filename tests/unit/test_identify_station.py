"""Exchangers that foul, water that takes its time, pumps asked for flow: found, or refused by name."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.identify.delay import transport_delay, way_to_rooms
from optimizer.identify.exchanger import cleanest, exchanger_trend, lost_for_sure, lost_since
from optimizer.identify.pump import pump_curve
from optimizer.reason import Reason


def exchanger(days=40, loss=0.0, noise=0.05, seed=2, UA0=100.0, flows=(4.0, 8.0)):
    """Hours of a counterflow exchanger; its UA falls by `loss` over the record. Effectiveness and NTU."""
    rng = np.random.default_rng(seed)
    n = 24 * days
    m_p, m_s = rng.uniform(*flows, n), np.full(n, 20.0)
    films = 0.45 * (m_p / 6.0) ** -0.7 + 0.1 + 0.45
    UA = UA0 * (1.0 - loss * np.arange(n) / n) / films
    T_sp, T_rs = rng.uniform(75.0, 90.0, n), rng.uniform(33.0, 38.0, n)
    C_p, C_s = 4.18 * m_p, 4.18 * m_s
    ratio, NTU = C_p / C_s, UA / C_p
    share = np.exp(-NTU * (1.0 - ratio))
    effect = (1.0 - share) / (1.0 - ratio * share)
    Q = effect * C_p * (T_sp - T_rs)
    T = np.stack([T_sp, T_sp - Q / C_p, T_rs + Q / C_s, T_rs]) + noise * rng.standard_normal((4, n))
    return 3600.0 * np.arange(n), m_p, m_s, *T


def test_a_clean_exchanger_is_told_with_its_ua_and_no_trend():
    found = exchanger_trend(*exchanger())
    assert found.UA_kW_per_K == pytest.approx(100.0, rel=0.05)
    assert not found.fouls
    assert found.change_low < 0.0 < found.change_high
    assert found.days == 40
    assert found.m_flow_primary == pytest.approx(6.2, abs=0.4)
    assert found.m_flow_secondary == pytest.approx(20.0)
    assert found.m_flow_primary_most == pytest.approx(4.0 + 0.98 * 4.0, abs=0.1)


def test_fouling_is_told_with_its_pace():
    found = exchanger_trend(*exchanger(loss=0.25))
    assert found.fouls
    # 25 % in 40 days
    assert found.change_30_days == pytest.approx(0.75**0.75 - 1.0, abs=0.02)
    assert found.change_low < found.change_30_days < found.change_high < 0.0


def test_what_an_exchanger_has_lost_since_it_was_clean_is_told_over_months_and_other_flows():
    clean = exchanger_trend(*exchanger(days=21))
    later = exchanger_trend(*exchanger(days=21, seed=5, UA0=80.0, flows=(6.0, 10.0)))
    assert lost_for_sure(clean) == 0.0
    assert lost_since(clean, later) == pytest.approx(0.2, abs=0.03)
    assert later.UA_kW_per_K / clean.UA_kW_per_K > 0.83, "more flow hides a part of it"
    assert cleanest(clean, later) is clean
    cleaned = exchanger_trend(*exchanger(days=21, seed=6, UA0=110.0))
    assert cleanest(clean, cleaned) is cleaned
    idle = Reason("identify.exchanger_idle", {"approach_K": 1.0})
    assert (cleanest(None, idle), cleanest(clean, idle), cleanest(None, later)) == (None, clean, later)


def test_a_sure_trend_tells_what_was_lost_over_the_record():
    assert lost_for_sure(exchanger_trend(*exchanger(loss=0.25))) == pytest.approx(0.25, abs=0.02)
    assert lost_for_sure(exchanger_trend(*exchanger(loss=-0.25))) == 0.0
    before_flows_were_kept = replace(exchanger_trend(*exchanger()), m_flow_primary=None)
    assert lost_since(before_flows_were_kept, exchanger_trend(*exchanger())) is None


def test_other_flows_are_no_fouling():
    times, m_p, m_s, *T = exchanger(noise=0.0)
    falling = np.linspace(8.0, 4.0, len(m_p))
    films = 0.45 * (falling / 6.0) ** -0.7 + 0.55
    UA, C_p, C_s = 100.0 / films, 4.18 * falling, 4.18 * m_s
    share = np.exp(-UA / C_p * (1.0 - C_p / C_s))
    Q = (1.0 - share) / (1.0 - C_p / C_s * share) * C_p * (T[0] - T[3])
    found = exchanger_trend(times, falling, m_s, T[0], T[0] - Q / C_p, T[3] + Q / C_s, T[3])
    assert abs(found.change_30_days) < 0.01
    assert not found.fouls


@pytest.mark.parametrize(
    ("days", "swap", "told"),
    [(10, False, "identify.too_few_days"), (40, True, "identify.exchanger_idle")],
)
def test_an_exchanger_that_tells_nothing_is_refused(days, swap, told):
    times, m_p, m_s, T_sp, T_rp, T_ss, T_rs = exchanger(days=days)
    if swap:
        T_sp, T_ss = T_ss, T_sp
    found = exchanger_trend(times, m_p, m_s, T_sp, T_rp, T_ss, T_rs)
    assert isinstance(found, Reason)
    assert found.id == told


def test_absent_readings_of_an_exchanger_are_left_out():
    series = [values.copy() for values in exchanger()]
    for values in series[1:]:
        values[::5] = np.nan
    assert exchanger_trend(*series).UA_kW_per_K == pytest.approx(100.0, rel=0.05)


def source(days=6, step=300.0, seed=4):
    rng = np.random.default_rng(seed)
    n = round(days * 86_400.0 / step)
    knots = np.arange(0, n + 36, 36)
    return 85.0 + np.interp(np.arange(n), knots, rng.normal(0.0, 1.5, len(knots)))


@pytest.mark.parametrize("minutes", [0.0, 23.0, 95.0, 240.0])
def test_the_way_from_source_to_station_is_found_to_minutes(minutes):
    T_source, at = source(), np.arange(len(source()))
    lag = minutes * 60.0 / 300.0
    noise = np.random.default_rng(9).normal(0.0, 0.1, len(at))
    T_station = 40.0 + 0.5 * np.interp(at - lag, at, T_source) + noise
    found = transport_delay(300.0, T_source, T_station)
    assert found.seconds == pytest.approx(60.0 * minutes, abs=150.0)
    assert found.correlation > 0.8


def test_holes_in_a_tenth_of_the_rows_do_not_matter():
    T_source, at = source(), np.arange(len(source()))
    T_station = np.interp(at - 10, at, T_source)
    T_station[::10] = np.nan
    assert transport_delay(300.0, T_source, T_station).seconds == pytest.approx(3000.0, abs=150.0)


@pytest.mark.parametrize(
    ("T_source", "T_station", "told"),
    [
        (source(days=1), source(days=1), "identify.too_few_days"),
        (source(), np.where(np.arange(len(source())) % 3, np.nan, 40.0), "identify.holes"),
        (np.full(len(source()), 85.0), source(), "identify.source_even"),
        (source(), source(seed=5), "identify.not_alike"),
        (source(), np.full(len(source()), 60.0), "identify.not_alike"),
        (source(), np.roll(source(), 75), "identify.delay_too_long"),
    ],
    ids=["a day", "holes", "still source", "another's water", "still station", "beyond the search"],
)
def test_a_delay_that_can_not_be_told_is_refused_by_name(T_source, T_station, told):
    found = transport_delay(300.0, T_source, T_station)
    assert isinstance(found, Reason)
    assert found.id == told


def pump(levels, rows=12, at_zero=0.5, slope=28.0, noise=0.002, bend=0.0):
    y = np.repeat(np.array(levels), rows)
    rng = np.random.default_rng(1)
    return y, (at_zero + slope * y - bend * (y - 0.6) ** 2) * (1.0 + noise * rng.standard_normal(len(y)))


def test_three_steady_speeds_make_a_curve_both_ways():
    curve = pump_curve(*pump([0.6, 0.75, 0.95]))
    assert curve.points == 3
    assert curve.flow(0.8) == pytest.approx(0.5 + 28.0 * 0.8, rel=0.01)
    assert curve.speed(curve.flow(0.7)) == pytest.approx(0.7)


def test_nothing_is_told_beyond_the_speeds_that_were_seen():
    curve = pump_curve(*pump([0.6, 0.75, 0.95]))
    assert curve.flow(0.2) == curve.flow(0.6)
    assert curve.speed(curve.flow(0.95) * 1.04) == pytest.approx(0.95)
    assert curve.speed(curve.flow(0.95) * 1.06) is None
    assert curve.speed(curve.flow(0.6) * 0.94) is None
    assert curve.speed(float("nan")) is None


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (pump([0.6, 0.9]), "identify.pump_points"),
        (pump([0.60, 0.62, 0.64]), "identify.pump_points"),
        (pump([0.6, 0.75, 0.95], rows=2), "identify.pump_points"),
        (pump([0.6, 0.75, 0.95], slope=-20.0, at_zero=40.0), "identify.pump_misfit"),
        (pump([0.4, 0.6, 0.8, 1.0], bend=60.0), "identify.pump_misfit"),
        ((np.full(50, np.nan), np.ones(50)), "identify.pump_points"),
    ],
    ids=["two", "too near", "never steady", "falls", "bent", "absent"],
)
def test_a_pump_without_three_steady_points_on_a_line_is_refused(rows, told):
    found = pump_curve(*rows)
    assert isinstance(found, Reason)
    assert found.id == told


@pytest.mark.parametrize("minutes", [12.0, 25.0])
def test_the_way_to_the_rooms_is_half_of_the_way_round(minutes):
    T_supply, at = source() - 30.0, np.arange(len(source()))
    T_return = 20.0 + 0.6 * (np.interp(at - 2.0 * minutes / 5.0, at, T_supply) - 20.0)
    assert way_to_rooms(300.0, T_supply, T_return).seconds == pytest.approx(60.0 * minutes, abs=90.0)


def test_a_return_that_comes_too_late_or_not_at_all_is_refused_by_name():
    T_supply = source()
    late = way_to_rooms(300.0, T_supply, np.roll(T_supply, 40))
    alien = way_to_rooms(300.0, T_supply, source(seed=5))
    assert isinstance(late, Reason)
    assert isinstance(alien, Reason)
    assert alien.id == "identify.not_alike"
