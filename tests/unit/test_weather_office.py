"""The weather office of a simulated city, read by the centre's own source: a forecast, never the truth."""

import numpy as np
import pytest

from controller.weather.csv_file import CsvFile
from controller.weather.outcome import Failure
from simulators.foretold import ISSUED_EVERY_S, TOLD_H
from simulators.weather import generate
from simulators.weather_office import WeatherOffice

START = 1_768_406_400.0  # 14 January 2026, 16:00 UTC: issued at 12:00
WEATHER = generate(1, START)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "weather" / "forecast.csv"


def test_the_centre_reads_what_the_office_issued_before_with_the_errors_of_a_forecast(file):
    WeatherOffice(WEATHER, 1, file).advance(START)
    told = CsvFile(path=file).read(START)
    assert not isinstance(told, Failure), told
    assert told.issued_at == START - 4 * 3600.0
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


def test_a_forecast_stands_for_six_hours_and_the_next_one_takes_its_place_whole(file):
    office = WeatherOffice(WEATHER, 1, file)
    office.advance(START)
    first = file.read_text()
    office.advance(START + 3600.0)
    assert file.read_text() == first
    office.advance(START + ISSUED_EVERY_S)
    assert file.read_text() != first
    assert [one.name for one in file.parent.iterdir()] == [file.name]
