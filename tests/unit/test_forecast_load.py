"""The load of a loop a day ahead: what it learns, what it refuses, and that it never looks ahead."""

from dataclasses import replace

import numpy as np
import pytest

from optimizer.forecast.calendar import DWELLINGS, Calendar, is_workday, local_time, opening, share_open
from optimizer.forecast.history import hourly_load, without_gaps, without_spikes
from optimizer.forecast.load import LoadForecast, LoadModel, explain, fit_load, forecast_load
from optimizer.forecast.ridge import robust_ridge
from tests.support.forecasts import HOUR, MIDNIGHT, hours, winter

DAYS = 47  # the day to come is a Tuesday
PAST, AHEAD = DAYS * 24, 24
SCHOOL = opening(((7.5, 17.0),) * 5 + (None, None))
ZONE_S = 8 * HOUR


def cold(weather):
    """Heat of a house that follows the outdoor temperature within the hour, W/m2."""
    return np.maximum(1.4 * (17.0 - weather.T_outdoor), 0.0)


def learned(load, calendar=DWELLINGS, known=None, ahead=AHEAD, weather=None):
    """Explanation and forecast of a load whose last ``ahead`` hours are to come."""
    weather = winter(len(load)) if weather is None else weather
    past = len(load) - ahead
    known = np.ones(past, dtype=bool) if known is None else known
    explained = explain(weather, local_time(weather.times, ZONE_S), calendar)
    model = fit_load(explained, load[:past], known)
    assert isinstance(model, LoadModel), model
    forecast = forecast_load(model, explained, load[:past], known)
    assert isinstance(forecast, LoadForecast), forecast
    assert np.isfinite(forecast.quantiles).all()
    return forecast


def wape(told, came):
    return np.abs(told - came).sum() / came.sum()


# ------------------------------------------------------------------------------------------------ learning


def test_a_house_that_follows_the_weather_is_forecast_within_three_percent():
    weather = winter(PAST + AHEAD)
    load = cold(weather)
    forecast = learned(load, weather=weather)
    assert wape(forecast.load, load[PAST:]) < 0.03
    assert forecast.times[0] == weather.times[PAST]
    assert forecast.age_s == 0.0


def test_hot_water_at_seven_and_twenty_one_is_in_the_forecast():
    weather = winter(PAST + AHEAD)
    local = local_time(weather.times, ZONE_S)
    peaks = 15.0 * np.exp(-(((local.hour - 7.0) / 1.5) ** 2)) + 20.0 * np.exp(
        -(((local.hour - 21.0) / 1.5) ** 2)
    )
    forecast = learned(cold(weather) + peaks, weather=weather)
    assert wape(forecast.load, (cold(weather) + peaks)[PAST:]) < 0.04


def test_bursts_and_a_broken_meter_do_not_bend_it():
    weather, rng = winter(PAST + AHEAD), np.random.default_rng(5)
    load = cold(weather)
    spoilt = load.copy()
    spoilt[rng.choice(PAST, 60, replace=False)] *= 6.0
    forecast = learned(np.concatenate([spoilt[:PAST], load[PAST:]]), weather=weather)
    assert wape(forecast.load, load[PAST:]) < 0.06


@pytest.mark.parametrize("value", [1e300, -1e300, 1e12, 1e9, 1e6, -1e6, float("inf"), float("nan")])
def test_a_value_that_no_meter_means_leaves_the_forecast_as_it_is(value):
    weather = winter(PAST + AHEAD)
    load = cold(weather)
    spoilt = load.copy()
    spoilt[[300, 700, PAST - 5]] = value
    forecast = learned(spoilt, weather=weather)
    assert wape(forecast.load, load[PAST:]) < 0.03
    assert (forecast.quantiles[-1] - forecast.load).max() < 15.0


def test_a_house_that_was_insulated_is_followed_within_days():
    weather = winter(PAST + AHEAD)
    load = cold(weather)
    load[PAST - 6 * 24 :] *= 0.8
    forecast = learned(load, weather=weather)
    assert wape(forecast.load, load[PAST:]) < 0.1
    assert forecast.correction < 0.0


def test_two_days_ahead_look_back_on_the_forecast_of_the_first():
    weather = winter(PAST + 48)
    load = cold(weather)
    forecast = learned(load, weather=weather, ahead=48)
    assert len(forecast.load) == 48
    assert wape(forecast.load[24:], load[-24:]) < 0.06


def test_it_has_the_unit_of_what_it_was_given():
    weather = winter(PAST + AHEAD)
    watts = learned(cold(weather), weather=weather)
    kilowatts = learned(cold(weather) * 50.0, weather=weather)
    assert kilowatts.load == pytest.approx(50.0 * watts.load)
    assert kilowatts.quantiles == pytest.approx(50.0 * watts.quantiles)


def test_nothing_that_comes_later_changes_a_forecast():
    """The same hours, forecast with and without a future that is known to who tests."""
    weather = winter(PAST + AHEAD)
    load = cold(weather)
    now = learned(load, weather=weather)
    other = load.copy()
    other[PAST:] = 1e6
    assert learned(other, weather=weather).load == pytest.approx(now.load, abs=0.0)
    explained = explain(weather, local_time(weather.times, ZONE_S), DWELLINGS)
    known = np.ones(PAST + AHEAD, dtype=bool)
    longer = fit_load(explained, load, known)
    assert longer.until == weather.times[-1] + HOUR


def test_hours_of_the_last_day_are_not_looked_at_by_the_line():
    """What a loop takes today may move the correction of tomorrow, but no single hour of it stands there."""
    weather = winter(PAST + AHEAD)
    load = cold(weather)
    before = learned(load, weather=weather)
    known = np.ones(PAST, dtype=bool)
    explained = explain(weather, local_time(weather.times, ZONE_S), DWELLINGS)
    model = fit_load(explained, load[:PAST], known)
    burst = load[:PAST].copy()
    burst[-10] += 40.0
    after = forecast_load(model, explained, burst, known)
    same_hour = AHEAD - 10
    assert np.abs(np.delete(after.load - before.load, same_hour)).max() < 1.5


@pytest.mark.parametrize("scale", [0.0, 1e-9, 1e6])
def test_a_load_that_is_nothing_or_enormous_stays_finite_and_within_its_bounds(scale):
    weather = winter(PAST + AHEAD)
    load = scale * cold(weather)
    forecast = learned(load, weather=weather)
    assert np.isfinite(forecast.load).all()
    assert (forecast.load >= 0.0).all()
    assert forecast.load.max() <= 1.5 * load.max()


# ------------------------------------------------------------------------------------------------ bad input


def test_gaps_are_not_learned_from_and_not_guessed_into_the_forecast():
    weather = winter(PAST + AHEAD)
    load, known = cold(weather), np.ones(PAST, dtype=bool)
    known[200:260] = known[700:703] = known[-30:-20] = False
    spoilt = load.copy()
    spoilt[:PAST][~known] = 1e5
    forecast = learned(spoilt, known=known, weather=weather)
    assert wape(forecast.load, load[PAST:]) < 0.03
    lost = np.where(np.concatenate([known, np.ones(AHEAD, dtype=bool)]), load, np.nan)
    assert learned(lost, known=np.ones(PAST, dtype=bool), weather=weather).load == pytest.approx(
        forecast.load
    )


def test_a_meter_that_fell_silent_a_day_ago_is_told_by_the_forecasts_age():
    known = np.ones(PAST, dtype=bool)
    known[-26:] = False
    forecast = learned(cold(winter(PAST + AHEAD)), known=known)
    assert forecast.age_s == 26 * HOUR


@pytest.mark.parametrize(("days", "enough"), [(0, False), (3, False), (14, False), (15, True)])
def test_too_few_hours_are_refused_with_how_many_there_are(days, enough):
    count = 24 * days
    weather = winter(max(count, 1))
    explained = explain(weather, local_time(weather.times, ZONE_S), DWELLINGS)
    model = fit_load(explained, cold(weather)[:count], np.ones(count, dtype=bool))
    assert isinstance(model, LoadModel) is enough
    if not enough:
        assert model.reason.id == "load_too_few_hours"
        assert model.reason.params["known_h"] == max(count - 8 * 24, 0)


def test_ten_days_of_silence_or_a_weather_that_is_none_are_refused_by_name():
    weather = winter(PAST + AHEAD)
    load, known = cold(weather)[:PAST], np.ones(PAST, dtype=bool)
    local = local_time(weather.times, ZONE_S)
    explained = explain(weather, local, DWELLINGS)
    model = fit_load(explained, load, known)
    silent = known.copy()
    silent[-240:] = False
    assert forecast_load(model, explained, load, silent).reason.id == "load_unknown"
    broken = weather.T_outdoor.copy()
    broken[PAST + 3] = np.nan
    no_weather = explain(replace(weather, T_outdoor=broken), local, DWELLINGS)
    assert forecast_load(model, no_weather, load, known).reason.id == "weather_not_finite"
    assert fit_load(no_weather, load, known).reason.id == "weather_not_finite"


# ------------------------------------------------------------------------------------------------ calendars


def test_a_school_is_forecast_better_by_its_calendar_on_a_holiday():
    weather = winter(PAST + AHEAD)
    local = local_time(weather.times, ZONE_S)
    holiday = int(local.day[PAST + 12])
    holidays = {holiday, holiday - 14, holiday - 21}
    calendar = replace(SCHOOL, holidays=frozenset(holidays))
    load = cold(weather) * (0.5 + 0.5 * share_open(calendar, local))
    by_calendar = learned(load, calendar, weather=weather)
    without = learned(load, SCHOOL, weather=weather)
    assert wape(by_calendar.load, load[PAST:]) < 0.5 * wape(without.load, load[PAST:])


def test_a_school_on_monday_looks_back_on_friday():
    """The last hours of the past are a Sunday: tomorrow is not like it."""
    begin = MIDNIGHT - 3 * 24 * HOUR  # a Monday
    past = 6 * 7 * 24
    weather = winter(past + 48, begin)
    local = local_time(weather.times, 0.0)
    assert local.weekday[past] == 0
    load = cold(weather) * (0.5 + 0.5 * share_open(SCHOOL, local))
    explained = explain(weather, local, SCHOOL)
    known = np.ones(past, dtype=bool)
    forecast = forecast_load(fit_load(explained, load[:past], known), explained, load[:past], known)
    open_ = share_open(SCHOOL, local)[past : past + 24] > 0.5
    assert wape(forecast.load[:24][open_], load[past : past + 24][open_]) < 0.08


@pytest.mark.parametrize(
    ("at", "weekday", "hour", "workday", "share"),
    [
        ("2026-01-15T07:00", 3, 7.0, True, 0.5),
        ("2026-01-15T17:00", 3, 17.0, True, 0.0),
        ("2026-01-15T16:00", 3, 16.0, True, 1.0),
        ("2026-01-17T10:00", 5, 10.0, False, 0.0),
        ("2026-01-20T10:00", 1, 10.0, False, 0.0),
    ],
    ids=["opens within the hour", "closed", "last hour", "Saturday", "holiday"],
)
def test_a_calendar_by_the_clock_on_the_wall(at, weekday, hour, workday, share):
    seconds = float(np.datetime64(at, "s").astype(np.int64)) - ZONE_S
    local = local_time(np.array([seconds]), ZONE_S)
    holiday = int(np.datetime64("2026-01-20", "D").astype(np.int64))
    calendar = replace(SCHOOL, holidays=frozenset({holiday}))
    assert (local.weekday[0], local.hour[0]) == (weekday, hour)
    assert bool(is_workday(calendar, local)[0]) is workday
    assert share_open(calendar, local)[0] == share


def test_a_week_has_seven_days_and_opens_before_it_closes():
    with pytest.raises(ValueError, match="seven days"):
        Calendar(open=(None,) * 6, workdays=(True,) * 7)
    with pytest.raises(ValueError, match="opening hours"):
        opening(((17.0, 7.0),) + (None,) * 6)


# ------------------------------------------------------------------------------------------------ history


def test_a_counter_tells_the_hours_between_two_readings_and_no_others():
    at = MIDNIGHT + HOUR * np.array([0.0, 1.0, 2.0, 2.0, 5.0, 6.0, 7.0, 8.0])
    counter = np.array([100.0, 120.0, 145.0, 999.0, 200.0, 190.0, 5000.0, np.nan])
    load, known = hourly_load(at, counter, hours(8), most=60.0)
    assert list(known) == [True, True, False, False, False, False, False, False]
    assert list(load[:2]) == [20.0, 25.0]
    assert (load[~known] == 0.0).all()


def test_readings_may_come_in_any_order_and_a_little_beside_the_hour():
    at = MIDNIGHT + np.array([7210.0, 3590.0, 10.0])
    load, known = hourly_load(at, np.array([50.0, 30.0, 10.0]), hours(2), most=60.0)
    assert known.all()
    assert list(load) == [20.0, 20.0]
    assert not hourly_load(at, np.array([50.0, 30.0, 10.0]), hours(2), most=60.0, slack_s=5.0)[1].any()


@pytest.mark.parametrize("at", [np.zeros(0), np.array([np.nan])])
def test_without_a_reading_no_hour_is_known(at):
    load, known = hourly_load(at, np.zeros(len(at)), hours(3), most=60.0)
    assert not known.any()
    assert (load == 0.0).all()


def test_gaps_are_bridged_by_the_same_hour_of_the_nearest_known_day():
    load = np.arange(96.0)
    known = np.ones(96, dtype=bool)
    known[30:60] = False
    filled = without_gaps(np.where(known, load, -1.0), known)
    assert filled[40] == 16.0
    assert filled[30:48] == pytest.approx(load[6:24])
    assert filled[54:60] == pytest.approx(load[78:84])
    assert (filled[known] == load[known]).all()
    assert (without_gaps(np.zeros(5), np.zeros(5, dtype=bool)) == 0.0).all()


def test_a_wrong_pulse_is_cut_and_the_begin_of_heating_is_not():
    rng = np.random.default_rng(6)
    load = np.where(np.arange(200) < 100, 3.0, 20.0) + rng.normal(0.0, 0.5, 200)
    spoilt = load.copy()
    spoilt[[40, 150]] = 500.0
    cut = without_spikes(spoilt)
    assert cut[[40, 150]] == pytest.approx([3.0, 20.0], abs=6.0)
    others = np.delete(np.arange(200), [40, 150])
    assert cut[others] == pytest.approx(load[others], abs=1e-9)
    assert (without_spikes(np.zeros(9)) == 0.0).all()


# ------------------------------------------------------------------------------------------------ ridge


def test_the_ridge_finds_a_line_among_outliers_and_leaves_constant_columns_alone():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2000, 3))
    x[:, 2] = 7.0
    y = 4.0 + x[:, 0] - 2.0 * x[:, 1] + rng.normal(0.0, 0.1, 2000)
    y[::20] += 50.0
    line = robust_ridge(x, y, np.ones(2000), penalty=1.0)
    assert line.slopes == pytest.approx([1.0, -2.0, 0.0], abs=0.02)
    assert line.offset == pytest.approx(4.0, abs=0.05)


def test_the_ridge_is_the_one_in_closed_form_where_nothing_is_robust():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(400, 2)) * [1.0, 10.0]
    y = rng.uniform(-1.0, 1.0, 400)
    z = (x - x.mean(0)) / x.std(0)
    closed = np.linalg.solve(z.T @ z + 50.0 * np.eye(2), z.T @ (y - y.mean())) / x.std(0)
    line = robust_ridge(x, y, np.ones(400), penalty=50.0)
    # Huber's weights touch the few residuals beyond one robust deviation of a uniform distribution
    assert line.slopes == pytest.approx(closed, abs=0.2 * np.abs(closed).max() + 0.01)
