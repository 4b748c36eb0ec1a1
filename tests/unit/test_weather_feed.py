"""The weather feed: asks in order, keeps what it was told over outages and restarts, and learns its bias."""

import asyncio
import dataclasses
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
from controller.weather.cache import FILE, Remembered, load, save
from controller.weather.csv_file import CsvFile
from controller.weather.feed import WeatherFeed, wait_s
from controller.weather.open_meteo import OpenMeteo
from controller.weather.outcome import Failure, Fault
from controller.weather.site import calendar_of, position, utc_offset_s, weather_feed
from optimizer.forecast.bias import Bias, learn
from optimizer.forecast.calendar import local_time, share_open
from optimizer.forecast.climate import Climate
from optimizer.forecast.weather import NoWeather, Quality
from stations.model.clock import SystemClock
from tests.support.forecasts import HOUR, table, track
from tests.support.sites import SITE_TOML, station_config, station_row, write_site
from tests.support.weather_server import ANSWER, NOW, WeatherServer

STEPS = NOW + 900.0 * np.arange(96)
LOST = Failure(fault=Fault.NO_ANSWER, detail="ConnectError")


class At(SystemClock):
    """A clock that stands where a test puts it."""

    def __init__(self, now=NOW):
        self.at = now

    def now(self):
        return self.at


class Told:
    """A source that answers what a test says."""

    def __init__(self, name="open_meteo", answer=LOST):
        self.name = name
        self.answer = answer
        self.asked = 0
        self.was_asked = asyncio.Event()

    async def fetch(self, now):
        self.asked += 1
        self.was_asked.set()
        return self.answer


def told(T=-5.0, issued_at=NOW, name="open_meteo", hours=96):
    """What a source says from a day ago on, by default for four days."""
    begin = NOW - 24 * HOUR
    columns = {key: track([value] * hours, begin) for key, value in (("wind", 2.0), ("sun", 0.0))}
    return table(name, issued_at, T_outdoor=track([T] * hours, begin), **columns)


def feed_of(*sources, clock=None, folder=None, climate=None):
    clock = At() if clock is None else clock
    place = {"latitude": 37.87, "longitude": 112.55}
    return WeatherFeed(sources, clock, refresh_s=3600.0, climate=climate, folder=folder, **place)


# ------------------------------------------------------------------------------------------------ asking


async def test_the_feed_tells_what_the_service_said_over_a_socket():
    with WeatherServer() as server:
        feed = feed_of(source := OpenMeteo(url=server.url, latitude=37.87, longitude=112.55))
        assert await feed.refresh(source) is None
    outlook = feed.outlook(STEPS)
    first = np.interp(NOW + 450.0, ANSWER["hourly"]["time"], ANSWER["hourly"]["temperature_2m"])
    assert outlook.series.T_outdoor[0] == pytest.approx(first)
    assert set(outlook.series.quality) == {Quality.FRESH}
    assert outlook.holes == ()
    (status,) = feed.status()
    assert (status.fresh, status.age_s, status.failure, status.failed_in_row) == (True, 0.0, None, 0)


async def test_what_was_told_ages_through_an_outage_and_the_next_source_takes_over_at_its_end():
    clock = At()
    service, file = Told(answer=told()), Told("file", told(-9.0, name="file", hours=120))
    feed = feed_of(service, file, clock=clock)
    await feed.refresh(service)
    await feed.refresh(file)
    service.answer = LOST
    clock.at = NOW + 60 * HOUR
    assert await feed.refresh(service) == LOST
    outlook = feed.outlook(clock.at + 900.0 * np.arange(48))
    assert set(outlook.series.quality) == {Quality.OLD}
    assert outlook.series.T_outdoor[:44] == pytest.approx(-5.0)
    assert outlook.series.T_outdoor[44:] == pytest.approx(-9.0)
    status = feed.status()[0]
    assert (status.fresh, status.age_s, status.failure) == (False, 60 * HOUR, LOST)


async def test_a_loss_is_logged_once_and_so_is_the_return_with_how_long_it_was():
    clock, source = At(), Told()
    feed = feed_of(source, clock=clock)
    with capture_logs() as lines:
        for _ in range(3):
            await feed.refresh(source)
        assert feed.status()[0].failed_in_row == 3
        clock.at += 1800.0
        source.answer = told()
        await feed.refresh(source)
        await feed.refresh(source)
    assert [line["event"] for line in lines] == ["weather_lost", "weather_back"]
    assert lines[0]["fault"] == Fault.NO_ANSWER
    assert lines[1]["after_s"] == 1800


@pytest.mark.parametrize(
    ("failed", "retry_after_s", "expected"),
    [(0, None, 3600.0), (1, None, 60.0), (2, None, 120.0), (5, None, 960.0), (7, None, 3600.0),
     (400, None, 3600.0), (1, 900.0, 900.0), (1, 5.0, 60.0), (1, 1e9, 86_400.0)],
)  # fmt: skip
def test_a_source_that_fails_is_asked_slower_and_slower_or_as_it_wishes(failed, retry_after_s, expected):
    failure = dataclasses.replace(LOST, retry_after_s=retry_after_s) if failed else None
    assert wait_s(failure, failed, 3600.0) == expected


async def test_running_it_asks_every_source_and_ends_when_it_is_cancelled():
    sources = (Told(answer=told()), Told("file"))
    feed = feed_of(*sources)
    running = asyncio.create_task(feed.run())
    async with asyncio.timeout(5.0):
        for source in sources:
            await source.was_asked.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert [source.asked for source in sources] == [1, 1]


# ------------------------------------------------------------------------------------------------ learning


async def test_the_stations_median_corrects_the_source_within_a_week():
    clock = At(NOW - 200 * HOUR)
    source = Told()
    feed = feed_of(source, clock=clock)
    for _ in range(200):
        begin = clock.at - 24 * HOUR
        source.answer = table(issued_at=clock.at, T_outdoor=track([-5.0] * 100, begin))
        await feed.refresh(source)
        await feed.observe(clock.at, -3.5)
        clock.at += HOUR
    assert feed.status()[0].bias_K == pytest.approx(1.5)
    assert feed.outlook(NOW + 900.0 * np.arange(96)).series.T_outdoor == pytest.approx(-3.7, abs=0.05)


async def test_a_forecast_of_the_day_before_yesterday_teaches_no_bias():
    source = Told(answer=told(issued_at=NOW - 25 * HOUR))
    feed = feed_of(source)
    await feed.refresh(source)
    await feed.observe(NOW, -3.5)
    assert feed.status()[0].bias_K == 0.0


async def test_without_a_source_what_was_measured_goes_over_to_its_own_fortnight():
    clock = At()
    feed = feed_of(clock=clock)
    assert isinstance(feed.outlook(STEPS), NoWeather)
    for number in range(24 * 14):
        clock.at = NOW + number * HOUR
        await feed.observe(clock.at, -6.0 + 4.0 * np.sin(2 * np.pi * clock.at / 86_400.0))
    await feed.observe(clock.at + 60.0, 40.0)  # within the same hour
    await feed.observe(clock.at + 2 * HOUR, float("nan"))
    outlook = feed.outlook(clock.at + HOUR * np.arange(240))
    T = outlook.series.T_outdoor
    assert T[-24:].mean() == pytest.approx(-6.0, abs=0.3)
    assert T[-24:].max() - T[-24:].min() == pytest.approx(8.0, abs=0.5)
    assert outlook.series.quality[0] == Quality.PERSISTED
    assert outlook.series.quality[-1] == Quality.CLIMATE


async def test_a_measurement_of_yesterday_says_nothing_about_now():
    clock = At()
    feed = feed_of(clock=clock, climate=Climate(T_mean=-8.0, latitude=37.87, longitude=112.55))
    await feed.observe(NOW, 12.0)
    assert feed.outlook(STEPS).series.T_outdoor[0] == pytest.approx(12.0, abs=0.2)
    clock.at = NOW + 7 * HOUR
    assert feed.outlook(clock.at + 900.0 * np.arange(96)).series.T_outdoor == pytest.approx(-8.0)


# ------------------------------------------------------------------------------------------------ on disk


async def test_a_restart_in_an_outage_forgets_nothing(tmp_path):
    source = Told(answer=told())
    before = feed_of(source, folder=tmp_path)
    await before.refresh(source)
    for number in range(30):
        await before.observe(NOW + number * HOUR, -4.0)
    clock = At(NOW + 30 * HOUR)
    after = feed_of(Told(), clock=clock, folder=tmp_path)
    steps = clock.at + 900.0 * np.arange(96)
    again = after.outlook(steps).series
    source.answer = LOST
    before._clock.at = clock.at
    assert again.T_outdoor == pytest.approx(before.outlook(steps).series.T_outdoor, abs=0.0)
    assert after.status()[0].bias_K == before.status()[0].bias_K != 0.0
    assert after.status()[0].age_s == 30 * HOUR


def test_what_is_saved_is_loaded_as_it_was(tmp_path):
    remembered = Remembered(
        tables={"file": told(name="file")},
        biases={"file": learn(Bias(), NOW, 1.0, 2.0), "open_meteo": Bias()},
        measured=((NOW, -3.0), (NOW + HOUR, -2.5)),
    )
    save(tmp_path, remembered)
    back = load(tmp_path)
    assert back.biases == remembered.biases
    assert back.measured == remembered.measured
    assert (back.tables["file"].T_outdoor.values == told().T_outdoor.values).all()
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[: len(text) // 2],
        lambda text: "",
        lambda text: "[]",
        lambda text: "[" * 100_000,
        lambda text: text.replace('"version": 1', '"version": 7'),
        lambda text: text.replace('"issued_at": ', '"issued_at": NaN, "x": '),
        lambda text: text.replace("-5.0", '"cold"', 1),
        lambda text: text.replace('"times": [', '"times": [9e99, ', 1),
        lambda text: text.replace('"by_hour": [0.0, ', '"by_hour": [', 1),
        lambda text: text.replace('"measured": [', '"measured": [3, ', 1),
        lambda text: text.replace('"tables": {', '"tables": {"x": 3, ', 1),
    ],
)
def test_a_damaged_file_is_told_and_the_feed_begins_without(tmp_path, spoil):
    save(tmp_path, Remembered(tables={"open_meteo": told()}, biases={"open_meteo": Bias()}))
    path = tmp_path / FILE
    spoilt = spoil(path.read_text(encoding="utf-8"))
    assert spoilt != path.read_text(encoding="utf-8")
    path.write_text(spoilt, encoding="utf-8")
    assert load(tmp_path).fault is Fault.NOT_READABLE
    with capture_logs() as lines:
        feed = feed_of(Told(), folder=tmp_path)
    assert [line["event"] for line in lines] == ["weather_forgotten"]
    assert feed.status()[0].age_s is None


async def test_a_disk_that_takes_nothing_costs_only_the_memory_of_a_restart(tmp_path):
    source = Told(answer=told())
    feed = feed_of(source, folder=tmp_path / "gone")
    with capture_logs() as lines:
        assert await feed.refresh(source) is None
    assert [line["event"] for line in lines] == ["weather_not_saved"]
    assert set(feed.outlook(STEPS).series.quality) == {Quality.FRESH}


def test_what_is_from_the_future_or_of_nobody_is_not_remembered(tmp_path):
    tables = {"open_meteo": told(issued_at=NOW + HOUR), "elsewhere": told(name="elsewhere")}
    save(tmp_path, Remembered(tables=tables, measured=((NOW + HOUR, 3.0),)))
    feed = feed_of(Told(), folder=tmp_path)
    assert isinstance(feed.outlook(STEPS), NoWeather)


# ------------------------------------------------------------------------------------------------ the site


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
