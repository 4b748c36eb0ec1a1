"""A house that was integrated elsewhere, minute by minute, is found back from what its meters recorded."""

from dataclasses import replace
from functools import cache
from math import exp

import numpy as np
import pytest

from optimizer.building import steady_state
from optimizer.building_prior import prior
from optimizer.identify.greybox import fit
from optimizer.identify.history import History, on_grid
from optimizer.identify.record import run
from tests.support.houses import House, recorded, sized


@cache
def record(UA=1.5, seed=1, days=14):
    return recorded(sized(UA), days=days, seed=seed)


def a_prior(emitter="radiator"):
    return prior(building_type=["residential"], emitter=[emitter], insulation=["saving"], area=[60_000.0])


def grid_of(rows, **changes):
    return on_grid(History(**(rows | changes)))


@pytest.mark.parametrize("UA", [1.0, 1.5, 2.1])
def test_with_sensors_losses_walls_sun_and_emitters_are_found(UA):
    rows, T_true = record(UA)
    found = fit(grid_of(rows), a_prior())
    b = found.building
    assert b.UA[0] == pytest.approx(UA, rel=0.06)
    assert b.C_i[0] == pytest.approx(22.0, rel=0.25)
    assert b.C_e[0] == pytest.approx(90.0, rel=0.35)
    assert b.solar_aperture[0] == pytest.approx(0.05, rel=0.25)
    assert b.q_n[0] == pytest.approx(55.0 * UA / 1.2, rel=0.05)
    assert found.T_indoor_mean == pytest.approx(T_true.mean(), abs=0.2)
    assert found.rmse_sensor_K < 0.1
    assert found.converged


@pytest.mark.parametrize("UA", [1.0, 1.5, 2.1])
def test_without_sensors_the_water_tells_the_room_within_the_doubt_that_is_told(UA):
    rows, T_true = record(UA)
    found = fit(grid_of(rows, T_indoor=None), a_prior())
    assert abs(found.T_indoor_mean - T_true.mean()) < 1.5 * found.T_indoor_sd
    assert found.T_indoor_sd < 1.4  # less than the 2.3 K with which it began
    assert found.rmse_sensor_K is None
    assert found.rmse_heat < 0.01


def test_sensors_that_show_too_much_are_found_out_in_part():
    rows, T_true = record()
    warm = fit(grid_of(rows, T_indoor=rows["T_indoor"] + 1.0), a_prior())
    plain = fit(grid_of(rows), a_prior())
    assert warm.candidate.sensor_bias[0] > plain.candidate.sensor_bias[0] + 0.2
    assert warm.T_indoor_mean - plain.T_indoor_mean < 0.8
    assert abs(warm.T_indoor_mean - T_true.mean()) < 1.5 * warm.T_indoor_sd


def test_what_loop_water_stores_is_told_apart_from_what_rooms_get():
    """Without it water that has not come back looks like heat, and rooms look kelvins too warm."""
    rows, _ = recorded(House(water=2.5), days=14, moves=2.0)
    found = fit(grid_of(rows, T_indoor=None), a_prior())
    assert found.candidate.water[0] == pytest.approx(2.5, rel=0.15)


def test_a_hole_of_two_days_and_a_doubled_day_hardly_move_the_fit():
    rows, _ = record()
    keep = np.ones(len(rows["q"]), dtype=bool)
    keep[5 * 96 : 7 * 96] = False
    index = np.concatenate([np.flatnonzero(keep), np.arange(9 * 96, 10 * 96)])
    whole = fit(grid_of(rows), a_prior())
    broken = fit(grid_of({name: values[index] for name, values in rows.items()}), a_prior())
    assert broken.hours == pytest.approx(whole.hours - 48.0, abs=1.0)
    assert broken.building.UA[0] == pytest.approx(whole.building.UA[0], rel=0.05)
    assert broken.T_indoor_mean == pytest.approx(whole.T_indoor_mean, abs=0.25)


def test_a_few_wild_hours_hardly_move_the_fit():
    rows, _ = record()
    wild = rows["T_indoor"].copy()
    wild[600:620] = 35.0
    whole, bent = fit(grid_of(rows), a_prior()), fit(grid_of(rows, T_indoor=wild), a_prior())
    assert bent.building.UA[0] == pytest.approx(whole.building.UA[0], rel=0.05)


def test_a_record_that_moves_nothing_leaves_the_prior_and_says_so():
    n = 10 * 96
    still = {name: np.full(n, value) for name, value in (("q", 30.0), ("T_outdoor", -2.0), ("sun", 0.0))}
    found = fit(on_grid(History(times=900.0 * np.arange(n), T_indoor=np.full(n, 20.0), **still)), a_prior())
    before = a_prior()
    for name in ("C_i", "C_e", "solar_aperture", "q_n", "exponent", "wind"):
        assert found.sd[name] > 0.9, name
        assert getattr(found.building, name) == pytest.approx(getattr(before, name), rel=0.05), name


def test_nothing_to_compare_is_no_fit():
    rows, _ = record()
    assert fit(grid_of(rows, T_indoor=None, T_supply=None), a_prior()) is None


def test_a_run_follows_the_closed_form_of_one_store():
    """All loss past the walls and walls that stand with the room: T(t) = T_s + (T_0 - T_s) e^(-t UA / C)."""
    one = replace(a_prior(), share_direct=np.array([1.0 - 1e-9]), h_ie=np.array([1e6]))
    n, dt_h = 96, 0.25
    rows = {"q": np.full(n, 30.0), "T_outdoor": np.full(n, -5.0), "sun": np.zeros(n), "wind": np.zeros(n)}
    T_free, decay = run(one, on_grid(History(times=900.0 * np.arange(n), **rows)))
    settled = float(steady_state(one, 30.0, -5.0, one.gain)[0, 0])
    tau_h = (one.C_i[0] + one.C_e[0]) / one.UA[0]
    k = np.arange(n)
    mean = [settled * (1 - 0.5 * (exp(-i * dt_h / tau_h) + exp(-(i + 1) * dt_h / tau_h))) for i in k]
    assert T_free[0] == pytest.approx(np.array(mean), abs=2e-3)
    # the slow mode alone carries a beginning of 1 degC
    assert decay[0, 1] == pytest.approx(0.5 * (1 + exp(-dt_h / tau_h)) * np.exp(-k * dt_h / tau_h), rel=1e-3)
