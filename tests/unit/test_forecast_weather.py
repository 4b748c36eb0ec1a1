"""The weather of a plan's steps: whose word counts, what a hole is, and what is usual where nobody tells."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from optimizer.forecast.bias import Bias, corrected, learn
from optimizer.forecast.climate import Climate, TooShort, clearness_of, fit_climate, sun_above
from optimizer.forecast.outlook import outlook, sampled
from optimizer.forecast.weather import Hole, Measured, NoWeather, Outlook, Quality
from tests.support.forecasts import HOUR, MIDNIGHT, hours, nothing, table, track, winter

STEPS = MIDNIGHT + 900.0 * np.arange(96)
CLIMATE = Climate(T_mean=-8.0, wind=3.0, clearness=0.5, latitude=37.9, longitude=112.6)


def seen(*sources, now=MIDNIGHT, **known):
    told = outlook(STEPS, now, sources, **known)
    assert isinstance(told, Outlook)
    series = told.series
    assert all(np.isfinite(column).all() for column in (series.T_outdoor, series.wind, series.sun))
    return told


# ------------------------------------------------------------------------------------------------ sources


def test_a_fresh_source_tells_every_step():
    told = seen(table())
    assert told.series.T_outdoor == pytest.approx(-5.0)
    assert told.series.wind == pytest.approx(2.0)
    assert told.series.sun == pytest.approx(100.0)
    assert set(told.series.quality) == {Quality.FRESH}
    assert (told.holes, told.reasons, told.age_s) == ((), (), 0.0)


@pytest.mark.parametrize(
    ("age_h", "quality"),
    [(0.0, Quality.FRESH), (6.0, Quality.FRESH), (6.01, Quality.OLD), (30.0, Quality.OLD)],
)
def test_a_forecast_older_than_six_hours_is_not_fresh(age_h, quality):
    told = seen(table(issued_at=MIDNIGHT - age_h * HOUR))
    assert set(told.series.quality) == {quality}
    assert told.age_s == pytest.approx(age_h * HOUR)


def test_a_step_has_the_value_of_its_middle():
    told = seen(table(T_outdoor=track(np.arange(72.0), MIDNIGHT - 24 * HOUR)))
    assert told.series.T_outdoor[0] == pytest.approx(24.125)
    assert np.diff(told.series.T_outdoor) == pytest.approx(0.25)


def test_the_next_source_tells_what_the_first_one_does_not():
    first = table(T_outdoor=track([-5.0] * 12))
    told = seen(first, table(source="file", issued_at=MIDNIGHT - 8 * HOUR, T_outdoor=track([-9.0] * 30)))
    assert told.series.T_outdoor[:44] == pytest.approx(-5.0)
    assert told.series.T_outdoor[44:] == pytest.approx(-9.0)
    assert list(np.unique(told.series.quality)) == [Quality.FRESH, Quality.OLD]
    assert told.holes == ()


def test_a_source_from_the_future_is_left_out_and_named():
    told = seen(table(issued_at=MIDNIGHT + 2 * HOUR), table(source="file", T_outdoor=track([-9.0] * 30)))
    assert told.series.T_outdoor == pytest.approx(-9.0)
    (reason,) = told.reasons
    assert reason.id == "weather_from_future"
    assert reason.params == {"source": "open_meteo", "ahead_s": 2 * HOUR}


# ------------------------------------------------------------------------------------------------ holes


def test_values_three_hours_apart_are_joined_and_four_hours_apart_are_a_hole():
    three = seen(table(T_outdoor=track(np.arange(30.0), without={5, 6})))
    assert three.holes == ()
    assert three.series.T_outdoor[22] == pytest.approx(5.625)
    four = seen(table(T_outdoor=track([-5.0] * 30, without={5, 6, 7})), climate=CLIMATE)
    (hole,) = four.holes
    assert hole == Hole(quantity="T_outdoor", begin=MIDNIGHT + 4 * HOUR, end=MIDNIGHT + 8 * HOUR)
    assert hole.reason.id == "weather_hole"
    assert hole.reason.params["hours"] == 4.0


def test_a_hole_goes_from_the_last_told_value_to_what_is_usual():
    told = seen(table(T_outdoor=track([2.0] * 3)), climate=CLIMATE)
    T = told.series.T_outdoor
    assert T[:8] == pytest.approx(2.0)
    after = (STEPS[8:] - STEPS[7]) / HOUR
    assert T[8:] == pytest.approx(-8.0 + 10.0 * np.exp(-after / 48.0))
    assert set(told.series.quality[8:]) == {Quality.PERSISTED}


def test_without_a_source_it_decays_from_what_was_measured_to_the_climate():
    measured = Measured(at=MIDNIGHT, T_outdoor=2.0, wind=9.0)
    times = MIDNIGHT + HOUR * np.arange(24 * 10)
    told = outlook(times, MIDNIGHT, [], climate=CLIMATE, measured=measured)
    assert told.series.T_outdoor[0] == pytest.approx(2.0, abs=0.2)
    assert told.series.T_outdoor[-1] == pytest.approx(-8.0, abs=0.1)
    assert told.series.wind[0] == pytest.approx(9.0, abs=0.3)
    assert told.series.wind[-1] == pytest.approx(3.0)
    assert (np.diff(told.series.quality) >= 0).all()
    assert told.series.quality[-1] == Quality.CLIMATE
    assert {hole.quantity for hole in told.holes} == {"T_outdoor", "wind", "sun"}
    assert told.age_s is None


def test_a_source_that_tells_only_the_temperature_leaves_holes_but_is_fresh():
    told = seen(table(wind=nothing(), sun=nothing()), climate=CLIMATE)
    assert set(told.series.quality) == {Quality.FRESH}
    assert {hole.quantity for hole in told.holes} == {"wind", "sun"}
    assert told.series.wind == pytest.approx(3.0)
    assert told.series.sun.max() > 100.0


def test_where_nothing_tells_anything_there_is_no_weather_and_it_says_so():
    told = outlook(STEPS, MIDNIGHT, [])
    assert told == NoWeather(quantity="T_outdoor", begin=MIDNIGHT)
    assert told.reason.id == "weather_unknown"
    assert isinstance(outlook(STEPS, MIDNIGHT, [table(sun=nothing())]), NoWeather)


def test_nothing_is_told_before_the_first_and_after_the_last_value():
    values, known = sampled(track([1.0, 2.0]), MIDNIGHT + np.array([-1.0, 0.0, 1800.0, 3600.0, 3601.0]))
    assert list(known) == [False, True, True, True, False]
    assert values[1:4] == pytest.approx([1.0, 1.5, 2.0])


def test_a_series_goes_over_to_a_later_one():
    past, ahead = winter(48), replace(winter(24, MIDNIGHT + 36 * HOUR), quality=np.full(24, 1, dtype=np.int8))
    both = past.joined(ahead)
    assert len(both.times) == 60
    assert np.diff(both.times) == pytest.approx(HOUR)
    assert list(both.quality) == [0] * 36 + [1] * 24


# ------------------------------------------------------------------------------------------------ bias


def learned(days, difference, bias=None):
    begin = MIDNIGHT if bias is None else bias.last + HOUR
    bias = Bias() if bias is None else bias
    for at in hours(24 * days, begin):
        told = 5.0
        bias = learn(bias, at, told, told + difference(at))
    return bias


def test_a_source_that_is_always_two_kelvin_too_warm_is_corrected_after_a_week():
    bias = learned(7, lambda at: -2.0)
    assert corrected(bias, hours(24), np.full(24, 5.0)) == pytest.approx(3.25, abs=0.05)
    assert corrected(learned(1, lambda at: -2.0), hours(24), np.full(24, 5.0)) == pytest.approx(4.0, abs=0.01)


def test_nights_that_cool_less_than_told_are_learned_apart_from_days():
    def city(at):
        return 2.0 if at % 86_400.0 < 6 * HOUR else 0.0

    shift = corrected(learned(28, city), hours(24), np.zeros(24))
    assert shift[:6] == pytest.approx(1.5, abs=0.2)
    assert shift[6:] == pytest.approx(0.0, abs=0.2)


def test_a_bias_follows_within_two_weeks_and_noise_alone_makes_little_of_it():
    turned = learned(14, lambda at: -1.0, learned(30, lambda at: 2.0))
    assert corrected(turned, hours(24), np.zeros(24)).mean() == pytest.approx(-1.0, abs=0.2)
    rng = np.random.default_rng(3)
    noise = learned(30, lambda at: float(rng.normal(0.0, 1.5)))
    assert np.abs(corrected(noise, hours(24), np.zeros(24))).max() < 0.9


@pytest.mark.parametrize("measured", [float("nan"), float("inf"), 13.1, -3.1])
def test_a_difference_that_is_no_bias_teaches_nothing(measured):
    before = learned(3, lambda at: 0.5)
    assert learn(before, MIDNIGHT + 100 * HOUR, 5.0, measured) == before


def test_an_hour_counts_once_and_no_correction_exceeds_four_kelvin():
    bias = learned(3, lambda at: 0.5)
    assert learn(bias, bias.last + 1800.0, 5.0, 6.0) == bias
    extreme = Bias(level=30.0, hours=168.0)
    assert corrected(extreme, hours(3), np.zeros(3)) == pytest.approx(4.0)


def test_the_outlook_corrects_a_source_by_its_own_bias_only():
    biases = {"open_meteo": learned(30, lambda at: 1.0)}
    assert seen(table(), biases=biases).series.T_outdoor == pytest.approx(-4.125, abs=0.02)
    assert seen(table(source="file"), biases=biases).series.T_outdoor == pytest.approx(-5.0)


# ------------------------------------------------------------------------------------------------ climate


def year(function):
    times = hours(8760)
    return times, function(times)


def test_mean_daily_and_yearly_wave_of_a_year_are_found():
    times, T = year(
        lambda t: 10.0 + 14.0 * np.cos(2 * np.pi * t / 31_556_952.0) + 4.0 * np.sin(2 * np.pi * t / 86_400.0)
    )
    climate = fit_climate(times, T, latitude=38.0, longitude=113.0)
    assert climate.T_mean == pytest.approx(10.0, abs=1e-6)
    later = times[:50] + 2 * 31_556_952.0
    assert climate.outdoor(later) == pytest.approx(
        10.0 + 14.0 * np.cos(2 * np.pi * later / 31_556_952.0) + 4.0 * np.sin(2 * np.pi * later / 86_400.0)
    )


def test_a_record_of_a_few_weeks_tells_the_last_two_of_them_and_no_year():
    times = hours(24 * 40)
    T = np.where(times < times[-1] - 14 * 86_400.0, 20.0, -4.0)
    climate = fit_climate(times, T, latitude=38.0, longitude=113.0)
    assert climate.T_mean == pytest.approx(-4.0)
    assert climate.T_year == (0.0, 0.0)


@pytest.mark.parametrize("count", [0, 1, 23, 47])
def test_a_record_shorter_than_two_days_is_too_short(count):
    found = fit_climate(hours(count), np.zeros(count), latitude=38.0, longitude=113.0)
    assert isinstance(found, TooShort)


@pytest.mark.parametrize(
    ("latitude", "longitude", "noon", "expected"),
    [
        # daily maxima above the atmosphere by the sun's height at noon: 90 - latitude + declination
        (37.9, 112.55, datetime(2026, 12, 21, 4, 28, tzinfo=UTC), 1361 * 1.033 * np.sin(np.radians(28.65))),
        (37.9, 112.55, datetime(2026, 6, 21, 4, 31, tzinfo=UTC), 1361 * 0.967 * np.sin(np.radians(75.55))),
        (58.4, 26.7, datetime(2026, 3, 20, 10, 21, tzinfo=UTC), 1361 * 1.007 * np.sin(np.radians(31.6))),
    ],
    ids=["Taiyuan, winter", "Taiyuan, summer", "Tartu, equinox"],
)
def test_the_sun_above_the_atmosphere_is_highest_at_solar_noon(latitude, longitude, noon, expected):
    at = noon.timestamp() + 60.0 * np.arange(-720.0, 720.0)
    sun = sun_above(at, latitude, longitude)
    assert sun.max() == pytest.approx(expected, rel=0.02)
    assert abs(at[sun.argmax()] - noon.timestamp()) < 5 * 60.0
    assert sun.min() == 0.0


def test_clearness_is_told_by_days_and_not_by_nights():
    times = hours(24 * 5)
    sun = 0.6 * sun_above(times, 37.9, 112.55)
    assert clearness_of(times, sun, 37.9, 112.55) == pytest.approx(0.6)
    night = sun == 0.0
    assert clearness_of(times[night], sun[night], 37.9, 112.55) is None
    assert clearness_of(times[:20], sun[:20], 37.9, 112.55) is None
