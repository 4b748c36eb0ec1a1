"""The straight line of a house's days: found, not moved by bad days, refused where it can not be told."""

import numpy as np
import pytest

from optimizer.identify.history import History, on_grid
from optimizer.identify.signature import Signature, steady_signature
from optimizer.reason import Reason

UA, T_BALANCE, APERTURE, BY_WIND = 1.4, 17.0, 0.04, 0.6


def record(days=30, spread=5.0, seed=1, noise=0.3, spoil=0, UA=UA, middle=0.0, without=()):
    """Hours whose days lie on the line over an outdoor temperature that is filtered over 20 h."""
    rng = np.random.default_rng(seed)
    T = rng.normal(middle, spread, days)
    felt, hourly = T[0], []
    for k in range(24 * days):
        felt += (T[k // 24] - felt) * (1.0 - np.exp(-1.0 / 20.0))
        hourly.append(felt)
    slow = np.array(hourly).reshape(days, 24).mean(axis=1)
    sun, wind = rng.uniform(20.0, 150.0, days), rng.uniform(0.0, 6.0, days)
    q = UA * (T_BALANCE - slow) - APERTURE * sun + BY_WIND * wind + rng.normal(0.0, noise, days)
    q[rng.permutation(days)[:spoil]] += 15.0
    series = {"q": q, "T_outdoor": T, "sun": sun, "wind": wind}
    hours = {name: np.repeat(values, 24) for name, values in series.items() if name not in without}
    return on_grid(History(times=86_400.0 * 20_000 + 3600.0 * np.arange(24 * days), **hours))


def test_line_balance_point_sun_and_wind_are_found():
    found = steady_signature(record())
    assert isinstance(found, Signature)
    assert pytest.approx(UA, rel=0.03) == found.UA
    assert found.T_balance == pytest.approx(T_BALANCE, abs=0.6)
    assert found.solar_aperture == pytest.approx(APERTURE, rel=0.15)
    assert found.by_wind == pytest.approx(BY_WIND, rel=0.3)
    assert found.days == 30
    assert abs(found.UA - UA) < 4.0 * found.UA_sd + 0.02


def test_a_few_days_with_a_broken_meter_hardly_move_it():
    clean, spoiled = steady_signature(record()), steady_signature(record(spoil=4))
    assert pytest.approx(clean.UA, rel=0.05) == spoiled.UA
    assert spoiled.T_balance == pytest.approx(clean.T_balance, abs=0.8)


def test_least_squares_would_have_been_moved():
    grid = record(spoil=4)
    q, T = grid.q.reshape(-1, 24).mean(axis=1), grid.T_outdoor.reshape(-1, 24).mean(axis=1)
    plain = -np.polyfit(T, q, 1)[0]
    assert abs(plain - UA) > 3.0 * abs(steady_signature(grid).UA - UA)


def test_it_goes_without_sun_and_wind():
    found = steady_signature(record(without=("sun", "wind"), noise=0.1))
    assert abs(found.UA - UA) < 2.5 * found.UA_sd
    assert (found.solar_aperture, found.by_wind) == (0.0, 0.0)


def test_summer_days_are_no_heating_days():
    warm = record(days=60, spread=8.0, middle=12.0)
    assert steady_signature(warm).days < 60


def test_heat_at_a_day_is_the_line_and_never_below_nothing():
    line = steady_signature(record())
    assert line.heat(0.0) == pytest.approx(line.UA * line.T_balance)
    assert line.heat(0.0, sun=100.0) < line.heat(0.0) < line.heat(0.0, wind=4.0)
    assert line.heat(40.0) == 0.0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"days": 13}, "identify.too_few_days"),
        ({"spread": 0.5}, "identify.weather_too_even"),
        ({"UA": 0.0, "noise": 3.0}, "identify.too_few_days"),
        ({"UA": -0.5}, "identify.too_few_days"),
        ({"noise": 60.0, "seed": 3}, "identify.heat_ignores_weather"),
    ],
)
def test_what_can_not_be_told_is_refused_with_its_numbers(changes, told):
    found = steady_signature(record(**changes))
    assert isinstance(found, Reason)
    assert found.id == told
    assert all(np.isfinite(value) for value in found.params.values())


def test_days_that_are_known_in_part_do_not_count():
    grid = record(days=20)
    for day in range(7):
        grid.q[day * 24 : day * 24 + 8] = np.nan
    assert steady_signature(grid).id == "identify.too_few_days"
