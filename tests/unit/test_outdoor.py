"""The city's outdoor temperature: median, slow, and honest about its age."""

import pytest

from controller.outdoor import filtered_outdoor, outdoor_centre
from stations.model.quality import Quality, Reason
from stations.model.reading import bad, good, uncertain

NOW = 1_736_899_200.0
HOUR = 3600.0


def sensors(*values, age=60.0):
    return {f"S{i:03d}": good(value, NOW - age) for i, value in enumerate(values)}


@pytest.mark.parametrize(
    ("readings", "feed", "value"),
    [
        (sensors(-2.0, -1.0, 0.0), None, -1.0),
        (sensors(-2.0, -1.0), good(-1.8, NOW), -1.8),
        (sensors(-2.0, -1.0, 9.0), None, -1.5),  # one in the sun
        (sensors(-2.0, -1.0, 0.0) | {"S009": uncertain(30.0, Reason.SPIKE, NOW)}, None, -1.0),
        (sensors(-2.0, -1.0) | {"S009": bad(Reason.SENTINEL, NOW)}, None, -1.5),
        (sensors(-2.0, -1.0) | {"S009": uncertain(0.0, Reason.CLOCK_SKEW, NOW)}, None, -1.0),
        (sensors(-2.0, -1.0) | {"S009": good(80.0, NOW)}, None, -1.5),
        (sensors(-2.0, -1.0) | {"S009": good(0.0, NOW - 31 * 60)}, None, -1.5),
        (sensors(-2.0, -1.0) | {"S009": good(0.0, NOW + 60)}, None, -1.5),
    ],
)
def test_the_median_of_what_is_plausible_and_fresh(readings, feed, value):
    centre = outdoor_centre(None, readings, feed, NOW, 60.0)
    assert centre.value == pytest.approx(value)
    assert centre.quality is Quality.GOOD


def test_one_source_is_an_estimate():
    centre = outdoor_centre(None, sensors(-2.0), None, NOW, 60.0)
    assert (centre.value, centre.quality, centre.reason) == (-2.0, Quality.UNCERTAIN, Reason.ESTIMATED)
    assert centre.measured_at == NOW - 60.0


@pytest.mark.parametrize(("previous", "value"), [(None, -4.0), (good(5.5, NOW - 60.0), 5.5 + 0.05)])
def test_of_two_that_contradict_the_familiar_one_counts_else_the_colder(previous, value):
    centre = outdoor_centre(previous, sensors(-4.0, 6.0), None, NOW, 60.0)
    assert centre.value == pytest.approx(value)
    assert centre.quality is Quality.UNCERTAIN


@pytest.mark.parametrize(
    ("wanted", "dt", "value"),
    [(10.0, 60.0, 0.05), (-10.0, 60.0, -0.05), (0.02, 60.0, 0.02), (10.0, HOUR, 3.0), (10.0, -HOUR, 0.0)],
)
def test_it_moves_at_most_three_kelvin_an_hour(wanted, dt, value):
    centre = outdoor_centre(good(0.0, NOW - 60.0), sensors(wanted, wanted), None, NOW, dt)
    assert centre.value == pytest.approx(value)
    assert (centre.quality is Quality.GOOD) == (abs(wanted - value) <= 1.0)


def test_a_stuck_jump_of_the_clock_lets_it_move_no_further_than_six_hours_would():
    centre = outdoor_centre(good(0.0, NOW - 60.0), sensors(40.0, 40.0), None, NOW, 1e9)
    assert centre.value == pytest.approx(18.0)


def test_after_a_loss_it_starts_at_what_is_measured():
    assert outdoor_centre(bad(Reason.STALE, NOW), sensors(5.0, 5.0), None, NOW, 60.0).value == 5.0


@pytest.mark.parametrize(
    ("age_h", "forecast", "value", "reason"),
    [
        (0.1, None, 2.0, Reason.STALE),
        (5.9, None, 2.0, Reason.STALE),
        (1.0, float("nan"), 2.0, Reason.STALE),
        (1.0, 1.0, 2.0 - 0.01653, Reason.SUBSTITUTED),
        (1.0, -20.0, 2.0 - 0.05, Reason.SUBSTITUTED),
    ],
)
def test_without_a_source_it_goes_over_to_the_forecast_and_shows_its_age(age_h, forecast, value, reason):
    previous = good(2.0, NOW - age_h * HOUR)
    centre = outdoor_centre(previous, {}, None, NOW, 60.0, forecast)
    assert centre.value == pytest.approx(value, abs=1e-4)
    assert (centre.quality, centre.reason) == (Quality.UNCERTAIN, reason)
    assert centre.measured_at == previous.measured_at


def test_after_six_hours_without_a_source_there_is_none():
    centre = outdoor_centre(good(2.0, NOW - 6.1 * HOUR), {}, None, NOW, 60.0, 1.0)
    assert (centre.value, centre.reason) == (None, Reason.STALE)
    again = outdoor_centre(centre, {}, None, NOW, 60.0, 1.0)
    assert again.quality is Quality.BAD


def test_before_the_first_source_there_is_none():
    assert outdoor_centre(None, {}, bad(Reason.NO_ANSWER, NOW), NOW, 60.0).quality is Quality.BAD


def test_the_filter_starts_at_the_first_value_and_lags_twelve_hours():
    state = filtered_outdoor(None, good(0.0, NOW), 60.0, 12 * HOUR)
    assert state == 0.0
    for _ in range(720):
        state = filtered_outdoor(state, good(10.0, NOW), 60.0, 12 * HOUR)
    assert state == pytest.approx(6.321, abs=1e-3)


def test_the_filter_stays_without_a_value_and_at_a_clock_that_runs_back():
    assert filtered_outdoor(3.0, bad(Reason.STALE, NOW), 60.0, 12 * HOUR) == 3.0
    assert filtered_outdoor(3.0, good(9.0, NOW), -60.0, 12 * HOUR) == 3.0
    assert filtered_outdoor(None, bad(Reason.STALE, NOW), 60.0, 12 * HOUR) is None


def test_a_filter_without_a_time_constant_follows_at_once():
    assert filtered_outdoor(5.0, good(-3.0, 0.0), 60.0, 0.0) == -3.0
