"""What a site says on its weather and its calendars becomes a feed, a place and opening hours."""

import json
import stat
from datetime import date

import numpy as np
import pytest
from structlog.testing import capture_logs

from controller.config.faults import SiteError
from controller.config.forecast import CalendarConfig, WeatherConfig
from controller.config.loader import effective, load_site
from controller.weather import site as weather_site
from controller.weather.csv_file import CsvFile
from controller.weather.open_meteo import OpenMeteo
from controller.weather.site import calendar_of, position, utc_offset_s, weather_feed
from optimizer.forecast.calendar import local_time, share_open
from tests.support.sites import SITE_TOML, station_config, station_row, write_site
from tests.support.weather_told import At

WEATHER = """
[weather]
sources = ["open_meteo", "file"]
url = "http://127.0.0.1:1/v1/forecast"
file = "forecast.csv"
token_file = "secrets/weather"
"""


def loaded(folder, section=WEATHER, rows=None):
    return load_site(write_site(folder, rows, toml=SITE_TOML + section))


def test_without_the_section_nobody_is_asked(tmp_path):
    site = loaded(tmp_path, "")
    assert site.weather == WeatherConfig()
    feed = weather_feed(site, At())
    assert feed.status() == ()
    assert stat.S_ISDIR((site.data / "weather").stat().st_mode)


def test_the_section_names_sources_in_order_and_paths_from_the_site_folder(tmp_path):
    site = loaded(tmp_path)
    assert site.weather.file == str(tmp_path / "forecast.csv")
    assert site.weather.token_file == str(tmp_path / "secrets/weather")
    feed = weather_feed(site, At())
    assert [status.name for status in feed.status()] == ["open_meteo", "file"]
    service, file = feed._sources
    assert isinstance(service, OpenMeteo)
    assert isinstance(file, CsvFile)
    assert service.key() is None
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/weather").write_text("k-1\n")
    assert service.key() == "k-1"


def test_the_place_is_the_middle_of_the_stations_unless_the_site_says_another(tmp_path):
    site = loaded(
        tmp_path, rows=[station_row(), station_row("S002", "2", latitude="39.87", longitude="112.75")]
    )
    assert position(site) == pytest.approx((38.87, 112.65))
    other = loaded(tmp_path, "\n[weather]\nlatitude = 1.5\nlongitude = -2.5\n")
    assert position(other) == (1.5, -2.5)


def test_a_typical_year_that_can_not_be_read_is_logged_and_heating_goes_on(tmp_path):
    (tmp_path / "year.epw").write_text("nothing")
    site = loaded(tmp_path, '\n[weather]\ntypical_year = "year.epw"\n')
    with capture_logs() as lines:
        weather_feed(site, At())
    assert [line["event"] for line in lines] == ["typical_year_not_read"]


FAULTS = [
    ('sources = ["radio"]', "weather.sources.0: not allowed (got 'radio'); allowed 'open_meteo' or 'file'"),
    ('sources = ["open_meteo", "open_meteo"]', "weather.sources: one stands twice"),
    ('sources = ["file"]', "weather.file: missing"),
    ('file = "forecast.xlsx"', "weather.file: not a CSV file (got 'forecast.xlsx')"),
    ('typical_year = "year.csv"', "weather.typical_year: not an EPW file"),
    ('typical_year = "none.epw"', "weather.typical_year: no such file (got 'none.epw'"),
    ("latitude = 37.0", "weather.latitude: a position needs longitude as well"),
    ("latitude = 91.0\nlongitude = 0.0", "weather.latitude: out of range (got 91); allowed -90..90"),
    ("refresh_s = 1.0", "weather.refresh_s: out of range (got 1); allowed 300..21600"),
    ("timeout_s = nan", "weather.timeout_s: not a finite number"),
    ('url = "https://user:secret@example.org"', "weather.url: not a server's address"),
    ('apikey = "x"', "weather: apikey: unknown; allowed sources"),
    ('token = "x"', "weather: token: a secret does not belong in the site folder"),
]


@pytest.mark.parametrize(("line", "fault"), FAULTS, ids=[line for line, _ in FAULTS])
def test_a_faulty_section_is_refused_with_key_value_and_what_is_allowed(tmp_path, line, fault):
    with pytest.raises(SiteError) as refusal:
        loaded(tmp_path, f"\n[weather]\n{line}\n")
    assert any(fault in found for found in refusal.value.faults), refusal.value.faults
    assert "user:secret" not in "\n".join(refusal.value.faults)


def test_all_faults_of_the_sections_are_told_at_once(tmp_path):
    section = (
        '\n[weather]\nsources = ["file"]\nlatitude = 3.0\n\n[calendars.school]\nmonday = "7-8"\nsunday = 3\n'
    )
    with pytest.raises(SiteError) as refusal:
        loaded(tmp_path, section, [station_row(calendar="office")])
    told_ = "\n".join(refusal.value.faults)
    for part in ("weather.file", "weather.latitude", "school.monday", "school.sunday", "column calendar"):
        assert part in told_


# ------------------------------------------------------------------------------------------------ calendars


SCHOOL = """
[calendars.school]
monday = "07:30-17:00"
saturday = "08:00-12:00"
holidays = ["2026-01-26", "2026-02-16..2026-02-22"]
"""


def test_a_loop_follows_the_calendar_that_its_row_names(tmp_path):
    site = loaded(tmp_path, SCHOOL, [station_row(calendar="school"), station_row("S002", "2")])
    assert [station.loops[0].calendar for station in site.stations] == ["school", None]
    assert station_config().loops[0].calendar is None
    assert json.loads(json.dumps(effective(site)))["calendars"]["school"]["holidays"][0] == "2026-01-26"
    config = site.calendars["school"]
    assert len(config.holidays) == 8
    calendar = calendar_of(config)
    assert calendar.workdays == (True, False, False, False, False, True, False)
    monday = np.array([np.datetime64(f"2026-01-{day}T08:00", "s").astype(float) for day in (19, 26)])
    assert list(share_open(calendar, local_time(monday, 0.0))) == [1.0, 0.0]


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (
            'monday = "7:30-17:00"',
            "school.monday: no opening hours (got '7:30-17:00'); allowed e.g. 07:30-17:00",
        ),
        ('monday = "17:00-07:30"', "no opening hours"),
        ('monday = "07:30-24:30"', "no opening hours"),
        ("monday = 7", "no opening hours (got 7)"),
        ('monday = "07:30-17:00"\nholidays = ["soon"]', "holidays: no day or days (got 'soon')"),
        ('monday = "07:30-17:00"\nholidays = ["2026-02-22..2026-02-16"]', "no day or days"),
        ('monday = "07:30-17:00"\nholidays = ["2025-01-01..2026-02-16"]', "no day or days"),
        ('monday = "07:30-17:00"\nholidays = [7]', "no day or days (got 7)"),
        ('monday = "07:30-17:00"\nfeast = "x"', "calendars.school: feast: unknown; allowed monday"),
        ("", "calendars.school.monday: missing, like every other day"),
    ],
)
def test_a_faulty_calendar_is_refused(tmp_path, line, fault):
    with pytest.raises(SiteError) as refusal:
        loaded(tmp_path, f"\n[calendars.school]\n{line}\n")
    assert any(fault in found for found in refusal.value.faults), refusal.value.faults


def test_days_may_be_dates_of_toml_and_stand_in_any_order():
    config = CalendarConfig(monday="00:00-24:00", holidays=[date(2026, 5, 1), "2026-01-01"])
    assert config.holidays == (date(2026, 1, 1), date(2026, 5, 1))
    assert config.week()[0] == (0.0, 24.0)


def test_local_time_follows_summer_time():
    at = [np.datetime64(f"2019-{day}T12:00", "s").astype(float) for day in ("03-30", "03-31", "10-27")]
    assert list(utc_offset_s(np.array(at), "Europe/Tallinn")) == [7200.0, 10_800.0, 7200.0]
    assert weather_site.FOLDER == "weather"
