"""Bands that hold what they say, the sum over loops, and what was told a day ahead beside what came."""

import math

import numpy as np
import pytest

from optimizer.forecast.accuracy import (
    LEAD_S,
    Accuracy,
    counted,
    faded,
    merged,
    no_promises,
    promised,
    score,
    settled,
)
from optimizer.forecast.conformal import FEW_DAYS, Errors, band, together
from optimizer.forecast.load import LEVELS, LoadForecast
from optimizer.forecast.network import network_load, on_steps
from tests.support.forecasts import HOUR, MIDNIGHT, hours

DAY = np.arange(24)


def errors(values, seen=False, begin=MIDNIGHT):
    values = np.asarray(values, dtype=float)
    return Errors(times=hours(len(values), begin), hour=np.arange(len(values)) % 24, values=values, seen=seen)


def widened(days):
    return math.sqrt(1.0 + FEW_DAYS / days)


# ------------------------------------------------------------------------------------------------ bands


@pytest.mark.parametrize("seed", range(3))
def test_a_band_for_eighty_percent_holds_at_least_that_of_skewed_errors(seed):
    rng = np.random.default_rng(seed)
    size = 1.0 + 2.0 * (DAY % 12 == 7)
    past = rng.exponential(1.0, (60, 24)) * size
    low, high = band(errors(past.ravel()), DAY, (0.1, 0.9))
    come = rng.exponential(1.0, (2000, 24)) * size
    inside = (low <= come) & (come <= high)
    assert 0.78 <= inside.mean() <= 0.9
    below, above = (come < low).mean(), (come > high).mean()
    assert below <= 0.11
    assert above <= 0.11


def test_hours_that_are_harder_get_wider_bands():
    rng = np.random.default_rng(1)
    values = rng.normal(0.0, 1.0, (28, 24)) * np.where(DAY == 7, 6.0, 1.0)
    low, high = band(errors(values.ravel()), DAY, (0.1, 0.9))
    width = high - low
    assert width[7] > 2.0 * width[15]
    assert width[15] == pytest.approx(2 * 1.28 * widened(28), rel=0.25)


def test_levels_rise_and_too_few_errors_give_the_outermost():
    low, middle, high = band(errors([-3.0, 1.0, 2.0]), np.array([0, 1, 2]), (0.01, 0.5, 0.99))
    assert (low < middle).all()
    assert (middle < high).all()
    assert (band(errors([]), DAY, (0.1, 0.9)) == 0.0).all()


def test_bands_of_few_days_and_of_days_that_were_learned_from_are_wider():
    values = np.tile([-1.0, 1.0], 12 * 28)
    many, few = errors(values), errors(values[: 24 * 2])
    at_many, at_few = (band(one, DAY, (0.9,))[0, 5] for one in (many, few))
    assert at_few / at_many == pytest.approx(widened(2) / widened(28))
    assert band(errors(values, seen=True), DAY, (0.9,))[0, 5] == pytest.approx(1.5 * at_many)


def test_errors_that_are_all_nothing_give_a_band_that_is_none():
    assert np.abs(band(errors(np.zeros(240)), DAY, LEVELS)).max() < 1e-6


# ------------------------------------------------------------------------------------------------ network


def forecast(load):
    load = np.asarray(load, dtype=float)
    return LoadForecast(
        times=hours(len(load)),
        load=load,
        levels=(0.1, 0.9),
        quantiles=np.stack([load - 1.0, load + 1.0]),
        correction=0.5,
        age_s=60.0,
    )


def test_errors_of_many_loops_cancel_in_the_network_as_the_root_of_their_number():
    rng = np.random.default_rng(7)
    loops = 100
    own = [errors(rng.normal(0.0, 10.0, 24 * 28)) for _ in range(loops)]
    told = network_load([forecast(np.full(24, 100.0))] * loops, own, DAY, (0.1, 0.9))
    low, high = told.forecast.quantiles
    assert told.added_up is False
    assert told.forecast.load == pytest.approx(10_000.0)
    assert (high - low).mean() == pytest.approx(2 * 1.28 * 10.0 * math.sqrt(loops) * widened(28), rel=0.15)
    assert told.forecast.correction == pytest.approx(50.0)


def test_errors_that_loops_share_do_not_cancel():
    shared = np.random.default_rng(8).normal(0.0, 10.0, 24 * 28)
    told = network_load([forecast(np.full(24, 100.0))] * 50, [errors(shared)] * 50, DAY, (0.1, 0.9))
    low, high = told.forecast.quantiles
    assert (high - low).mean() == pytest.approx(50 * 2 * 1.28 * 10.0 * widened(28), rel=0.15)


def test_without_common_hours_the_bands_are_added_up_and_it_says_so():
    rng = np.random.default_rng(9)
    one = errors(rng.normal(0.0, 5.0, 240))
    other = errors(rng.normal(0.0, 5.0, 240), begin=MIDNIGHT + 400 * HOUR)
    told = network_load([forecast(np.full(24, 100.0))] * 2, [one, other], DAY, (0.1, 0.9))
    assert told.added_up is True
    each = band(one, DAY, (0.9,))[0] + band(other, DAY, (0.9,))[0]
    assert told.forecast.quantiles[1] == pytest.approx(200.0 + each)


def test_errors_are_summed_hour_by_hour_where_both_are_known():
    one, other = errors(np.arange(10.0)), errors(np.arange(10.0), begin=MIDNIGHT + 4 * HOUR)
    both = together([one, other])
    assert list(both.times) == list(hours(6, MIDNIGHT + 4 * HOUR))
    assert list(both.values) == [4.0, 6.0, 8.0, 10.0, 12.0, 14.0]
    assert list(both.hour) == [4, 5, 6, 7, 8, 9]


def test_an_hours_load_reaches_the_quarter_hours_without_steps():
    steps = MIDNIGHT + 900.0 * np.arange(96)
    hourly = 50.0 + 10.0 * np.sin(np.arange(24) / 4.0)
    told = on_steps(hours(24), hourly, steps)
    assert np.abs(np.diff(told)).max() < 0.8
    assert told.reshape(24, 4).mean(axis=1) == pytest.approx(hourly, abs=0.4)
    assert told[0] == told[1] == hourly[0]


# ------------------------------------------------------------------------------------------------ accuracy


def test_figures_of_known_errors_are_right():
    came = np.array([10.0, 20.0, 30.0, 40.0])
    told = came + np.array([1.0, -1.0, 3.0, 1.0])
    seen = score(counted(Accuracy(), told, came, told - 2.0, told + 2.0))
    assert (seen.hours, seen.mae, seen.bias) == (4.0, 1.5, 1.0)
    assert seen.rmse == pytest.approx(math.sqrt(3.0))
    assert seen.wape == pytest.approx(0.06)
    assert seen.coverage == 0.75


def test_parts_add_up_to_the_whole_and_fade_without_changing_what_they_say():
    rng = np.random.default_rng(2)
    told, came = rng.uniform(5.0, 9.0, (2, 50))
    whole = counted(Accuracy(), told, came, told - 1.0, told + 1.0)
    parts = merged(
        counted(Accuracy(), told[:20], came[:20], told[:20] - 1.0, told[:20] + 1.0),
        counted(Accuracy(), told[20:], came[20:], told[20:] - 1.0, told[20:] + 1.0),
    )
    assert score(parts).mae == pytest.approx(score(whole).mae)
    assert score(faded(whole, 0.5)).wape == pytest.approx(score(whole).wape)
    assert score(faded(whole, 0.5)).hours == 25.0


def test_nothing_has_no_score_and_a_load_of_nothing_has_no_wape():
    assert score(Accuracy()) is None
    zero = np.zeros(3)
    assert score(counted(Accuracy(), zero + 1.0, zero, zero, zero)).wape is None


def test_what_is_judged_is_the_last_forecast_a_day_ahead():
    book = no_promises()
    for issue in range(30):
        now = MIDNIGHT + issue * HOUR
        told = np.full(48, float(issue))
        book = promised(book, now, hours(48, now), told, told - 1.0, told + 1.0)
    by_hour = dict(zip(book.times, book.told, strict=True))
    for number in range(23, 53):
        assert by_hour[MIDNIGHT + number * HOUR] == number - 23
    assert min(book.times) + HOUR == MIDNIGHT + LEAD_S
    assert (np.diff(book.times) > 0.0).all()


def test_promises_are_kept_until_their_hours_come_and_counted_once():
    told = np.full(48, 10.0)
    book = promised(no_promises(), MIDNIGHT, hours(48), told, told - 2.0, told + 2.0)
    assert len(book.times) == 25
    came, known = np.full(30, 11.0), np.ones(30, dtype=bool)
    known[25] = False
    book, seen = settled(book, Accuracy(), hours(30), came, known, MIDNIGHT + 30 * HOUR)
    assert score(seen).hours == 6.0
    assert score(seen).bias == -1.0
    assert MIDNIGHT + 25 * HOUR in book.times
    again, same = settled(book, seen, hours(30), came, known, MIDNIGHT + 30 * HOUR)
    assert (len(again.times), same) == (len(book.times), seen)


def test_hours_may_come_in_any_order():
    told = np.arange(48.0)
    book = promised(no_promises(), MIDNIGHT, hours(48), told, told, told)
    times = hours(48)[::-1]
    _, seen = settled(book, Accuracy(), times, told[::-1], np.ones(48, dtype=bool), MIDNIGHT)
    assert score(seen).mae == 0.0
    assert score(seen).hours == 25.0


def test_an_hour_that_never_comes_is_not_waited_for_longer_than_two_days():
    told = np.full(48, 10.0)
    book = promised(no_promises(), MIDNIGHT, hours(48), told, told, told)
    nothing = np.zeros(0)
    none = nothing.astype(bool)
    kept, seen = settled(book, Accuracy(), nothing, nothing, none, MIDNIGHT + 71 * HOUR)
    assert len(kept.times) == 25
    left, seen = settled(kept, seen, nothing, nothing, none, MIDNIGHT + 97.5 * HOUR)
    assert len(left.times) < 25
    assert score(seen) is None


def test_a_forecast_of_less_than_a_day_promises_nothing():
    told = np.full(12, 10.0)
    book = no_promises()
    assert promised(book, MIDNIGHT, hours(12), told, told, told) is book
