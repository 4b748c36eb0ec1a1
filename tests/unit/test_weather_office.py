"""The weather office of a simulated city, read by the centre's own source: a forecast, never the truth."""

import numpy as np
import pytest

from controller.weather.csv_file import CsvFile
from controller.weather.outcome import Failure
from simulators.foretold import TOLD_H
from simulators.weather import generate
from simulators.weather_office import WeatherOffice

START = 1_768_407_300.0  # 14 January 2026, 16:15 UTC: made at 12:00, told at 16:00
WEATHER = generate(1, START)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "weather" / "forecast.csv"


def test_the_centre_reads_what_the_office_issued_before_with_the_errors_of_a_forecast(file):
    WeatherOffice(WEATHER, 1, file).advance(START)
    told = CsvFile(path=file).read(START)
    assert not isinstance(told, Failure), told
    assert told.issued_at == START - 900.0
    assert len(told.T_outdoor.times) == TOLD_H + 1
    off = told.T_outdoor.values - [WEATHER.at(at).T_outdoor for at in told.T_outdoor.times]
    assert 0.1 < np.abs(off).max() < 6.0
    assert (np.abs(off) > 0.005).mean() > 0.9, "nothing is foreseen as it comes"


def test_the_sun_of_an_hour_stands_in_its_middle(file):
    WeatherOffice(WEATHER, 1, file).advance(START)
    told = CsvFile(path=file).read(START)
    truth = np.array([WEATHER.at(at).irradiation for at in told.sun.times])
    sunny = truth > 50.0
    assert sunny.any()
    shares = told.sun.values[sunny] / truth[sunny]
    # one factor a day: within a day the shares are alike, only if the hours lie where they belong
    for day in np.array_split(shares, 2):
        assert day.std() < 0.25 * day.mean()
    assert (told.sun.values[truth == 0.0] < 60.0).all()


def test_a_forecast_stands_for_six_hours_and_is_told_anew_every_hour(file):
    office = WeatherOffice(WEATHER, 1, file)
    told = []
    for hours in (0.0, 0.5, 1.0, 2.0):
        office.advance(START + 3600.0 * hours)
        told.append(CsvFile(path=file).read(START))
    assert [one.issued_at - START + 900.0 for one in told] == [0.0, 0.0, 3600.0, 7200.0]
    assert np.array_equal(told[0].T_outdoor.values, told[2].T_outdoor.values)
    assert not np.array_equal(told[0].T_outdoor.values, told[3].T_outdoor.values), "18:00 brings another"
    assert [one.name for one in file.parent.iterdir()] == [file.name]
