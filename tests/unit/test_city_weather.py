from datetime import UTC, datetime

import numpy as np
import pytest

from simulators.weather import MONTHLY_MEAN_degC, MONTHLY_SUN_MJ_PER_m2, generate, read_csv, steady

JANUARY = datetime(2025, 1, 15, tzinfo=UTC).timestamp()


def _months(weather):
    return np.array([datetime.fromtimestamp(t + 28_800.0, UTC).month for t in weather.times])


@pytest.fixture(scope="module")
def years():
    return [generate(seed, JANUARY) for seed in range(1, 13)]


@pytest.mark.parametrize("month", [11, 12, 1, 2, 3])
def test_many_winters_have_the_monthly_means_of_taiyuan(month, years):
    """24 winters; the standard error of a monthly mean is about 0.35 K."""
    means = [weather.T_outdoor[_months(weather) == month].mean() for weather in years]
    assert np.mean(means) == pytest.approx(MONTHLY_MEAN_degC[month - 1], abs=1.2)


def test_january_days_swing_and_the_sun_shines_by_day_only(years):
    weather = years[0]
    january = _months(weather) == 1
    T = weather.T_outdoor[january][: 24 * 30].reshape(30, 24)
    swing = (T.max(axis=1) - T.min(axis=1)).mean()
    assert 9.0 < swing < 15.0
    sun = np.mean([w.irradiation[_months(w) == 1].mean() for w in years]) * 0.0864
    assert sun == pytest.approx(MONTHLY_SUN_MJ_PER_m2[0], rel=0.1)
    local_hour = (np.arange(len(weather.times)) + 8) % 24
    assert weather.irradiation[(local_hour < 5) | (local_hour > 20)].max() == 0.0
    assert weather.irradiation.max() < 1100.0


def test_winters_have_cold_waves_and_stay_on_this_planet(years):
    for weather in years:
        assert -35.0 < weather.T_outdoor.min() < -12.0
        assert weather.T_outdoor.max() < 45.0
        assert weather.wind.min() >= 0.0
        assert 1.2 < weather.wind.mean() < 2.8
    falls = [np.max(w.T_outdoor[:-48] - w.T_outdoor[48:]) for w in years]
    assert np.median(falls) > 10.0


def test_the_same_seed_is_the_same_weather_at_the_same_date():
    first, second = generate(1, JANUARY), generate(1, JANUARY + 40 * 86_400.0)
    np.testing.assert_array_equal(first.T_outdoor, second.T_outdoor)
    assert generate(2, JANUARY).at(JANUARY) != first.at(JANUARY)


def test_between_hours_is_linear_and_beyond_the_ends_holds(years):
    weather = years[0]
    t0, T0, T1 = weather.times[100], weather.T_outdoor[100], weather.T_outdoor[101]
    assert weather.at(t0 + 900.0).T_outdoor == pytest.approx(0.75 * T0 + 0.25 * T1)
    assert weather.at(weather.times[0] - 1e6).T_outdoor == weather.T_outdoor[0]
    assert weather.at(weather.times[-1] + 1e6).T_outdoor == weather.T_outdoor[-1]
    assert steady(-7.0).at(JANUARY).T_outdoor == -7.0
    assert steady(-7.0).mean_outdoor(JANUARY, JANUARY + 10.0) == -7.0


def test_a_csv_is_read_and_interpolated(tmp_path):
    path = tmp_path / "weather.csv"
    path.write_text(
        "time,T_outdoor_degC,wind_m_per_s,irradiation_W_per_m2\n"
        "2025-01-15T00:00:00,-10,2,0\n"
        "2025-01-15T09:00:00+08:00,-8,4,100\n",
        encoding="utf-8",
    )
    sky = read_csv(path).at(JANUARY + 1800.0)
    assert (sky.T_outdoor, sky.wind, sky.irradiation) == (-9.0, 3.0, 50.0)


@pytest.mark.parametrize(
    "body",
    [
        "2025-01-15T00:00:00,-10,2,0\n",
        "2025-01-15T01:00:00,-10,2,0\n2025-01-15T00:00:00,-10,2,0\n",
        "2025-01-15T00:00:00,cold,2,0\n2025-01-15T01:00:00,-10,2,0\n",
        "2025-01-15T00:00:00,nan,2,0\n2025-01-15T01:00:00,-10,2,0\n",
        "yesterday,-10,2,0\n2025-01-15T01:00:00,-10,2,0\n",
    ],
)
def test_broken_weather_files_are_named(body, tmp_path):
    path = tmp_path / "weather.csv"
    path.write_text("time,T_outdoor_degC,wind_m_per_s,irradiation_W_per_m2\n" + body, encoding="utf-8")
    with pytest.raises(ValueError, match=r"weather\.csv"):
        read_csv(path)
