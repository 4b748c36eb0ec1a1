"""The load forecast on a measured building, in a winter month and October that it was not learned from.

What is a WAPE here: sum of absolute errors over the sum of what came, of hours as they were forecast 24 h
before their end, and of days as they were forecast at their begin. Nothing later than the forecast is known
to it but the weather, which is that of a station in the town; one test adds what weather forecasts are off.
"""

import numpy as np
import pytest

from benchmarks import optimizer_forecast
from benchmarks.optimizer_forecast import MONTHS, judge, measure, read_building, weather_error
from optimizer.forecast.calendar import DWELLINGS
from optimizer.forecast.load import LoadModel, explain, fit_load, forecast_load

pytestmark = [pytest.mark.realdata, pytest.mark.xdist_group("forecast_tartu")]

DAY = 24


@pytest.fixture(scope="module")
def building(realdata_folder):
    return read_building(realdata_folder / "tartu_2019")


@pytest.fixture(scope="module")
def judged():
    """``judge``, each building, month and way once."""
    done = {}

    def once(of, month, *, nightly, T_error=None):
        key = (float(of.load.sum()), month, nightly, T_error is None)
        if key not in done:
            done[key] = judge(of, month, nightly=nightly, T_error=T_error)
        return done[key]

    return once


@pytest.fixture(params=MONTHS, ids=["February", "October"])
def month(request):
    return request.param


@pytest.fixture
def held_out(building, judged, month):
    """Nothing of the month was learned from."""
    return judged(building, month, nightly=False)


def figures(seen, name):
    hourly = {what: seen.hourly(getattr(seen, what)) for what in ("ahead", "line", "persistence")}
    daily = {what: seen.daily(getattr(seen, what)) for what in ("at_midnight", "line", "persistence")}
    print(f"{name}: hourly WAPE {hourly}, daily {daily}, 80 % band holds {seen.coverage():.2f}")
    return hourly, daily


def test_every_hour_of_ten_months_is_known_once_and_adds_up_to_the_counter(building):
    """7535 rows, 239 of them doubles; the counter goes from 11.05 to 101.353 MWh."""
    assert len(building.load) == 7295
    assert building.known.all()
    assert building.load.sum() == pytest.approx(101_353.0 - 11_050.0)
    assert (np.unique(building.month) == np.arange(1, 11)).all()


def test_a_month_that_it_was_not_learned_from_is_within_fifteen_and_six_and_a_half_percent(held_out, month):
    hourly, daily = figures(held_out, f"month {month}, held out")
    assert hourly["ahead"] <= 15.0
    assert daily["at_midnight"] <= 6.5


def test_it_is_better_than_the_day_before_and_than_the_temperature_line(held_out):
    hourly, daily = figures(held_out, "held out")
    assert hourly["ahead"] < min(0.95 * hourly["line"], 0.8 * hourly["persistence"])
    assert daily["at_midnight"] < min(0.95 * daily["line"], 0.8 * daily["persistence"])


def test_learned_anew_every_night_it_is_better_still_and_its_band_holds(building, judged, month, held_out):
    nightly = judged(building, month, nightly=True)
    hourly, daily = figures(nightly, f"month {month}, nightly")
    assert hourly["ahead"] < held_out.hourly(held_out.ahead)
    assert daily["at_midnight"] < held_out.daily(held_out.at_midnight)
    assert hourly["ahead"] < 0.95 * hourly["line"]
    assert 0.75 <= nightly.coverage() <= 0.95


def test_with_the_error_of_a_weather_forecast_it_stays_within_the_targets(building, judged, month):
    error = weather_error(len(building.load))
    assert error.std() == pytest.approx(1.5, rel=0.1)
    hourly, daily = figures(
        judged(building, month, nightly=True, T_error=error), f"month {month}, weather off"
    )
    assert hourly["ahead"] <= 15.0
    assert daily["at_midnight"] <= 6.5
    assert hourly["ahead"] < hourly["line"]


def test_a_tenth_of_the_hours_lost_in_gaps_costs_little(building):
    """Days without a meter, single lost hours and a doubled counter, drawn by seed, before and in March."""
    rng = np.random.default_rng(11)
    known = building.known.copy()
    known[rng.choice(len(known), len(known) // 20, replace=False)] = False
    for begin in rng.integers(0, len(known) - 48, 12):
        known[begin : begin + 36] = False
    spoilt = np.where(known, building.load, 1e6)
    explained = explain(building.weather, building.local, DWELLINGS)
    whole, holed = [], []
    days = np.flatnonzero((building.month == 3) & (explained.hour == 0))
    for issue in days[1:-1:2]:
        for load, flags, into in ((building.load, building.known, whole), (spoilt, known, holed)):
            past = slice(0, issue)
            model = fit_load(explained.part(past), load[past], flags[past])
            assert isinstance(model, LoadModel)
            told = forecast_load(model, explained.part(slice(0, issue + DAY)), load[past], flags[past])
            into.append(np.abs(told.load - building.load[issue : issue + DAY]).sum())
    share = sum(holed) / sum(whole)
    print(f"error with {100 * (1 - known.mean()):.0f} % of the hours lost: {share:.3f} of that without gaps")
    assert share < 1.1


def test_the_benchmark_gives_both_official_figures_within_their_targets(judged, monkeypatch):
    monkeypatch.setattr(optimizer_forecast, "judge", judged)
    by_name = {result.name: result for result in measure().results}
    daily = by_name["optimizer.forecast.tartu_daily_wape_percent"]
    hourly = by_name["optimizer.forecast.tartu_hourly_wape_percent"]
    assert (daily.unit, hourly.unit) == ("%", "%")
    assert daily.value <= daily.spread[1] <= 6.5
    assert hourly.value <= hourly.spread[1] <= 15.0
    assert "temperature line" in hourly.note
    assert "the day before" in daily.note
    momentary = by_name["optimizer.forecast.tartu_hourly_wape_momentary_percent"]
    print(f"hourly WAPE of the power told on the hour: {momentary.value:.1f} %, by month {momentary.spread}")
    assert momentary.value > 15.0, "another target, missed; it is told and not taken for the hour's heat"


def test_the_power_told_on_the_hour_is_not_the_heat_of_that_hour(building, realdata_folder):
    """Why the counter is what is forecast: the sample is off by more than the forecast itself."""
    power = read_building(realdata_folder / "tartu_2019", momentary=True)
    for month in MONTHS:
        hours = building.month == month
        off = np.abs(power.load - building.load)[hours].sum() / building.load[hours].sum()
        print(f"month {month}: the power on the hour is off by {100 * off:.1f} % of the hour's heat")
        assert off > 0.1
