"""The weather feed: asks in order, keeps what it was told over outages, and learns its bias."""

import asyncio
import dataclasses

import numpy as np
import pytest
from structlog.testing import capture_logs

from controller.weather.feed import wait_s
from controller.weather.open_meteo import OpenMeteo
from controller.weather.outcome import Fault
from optimizer.forecast.climate import Climate
from optimizer.forecast.weather import NoWeather, Quality
from tests.support.forecasts import HOUR, table, track
from tests.support.weather_server import ANSWER, NOW, WeatherServer
from tests.support.weather_told import LOST, STEPS, At, Told, feed_of, told

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
