"""What the control cycle learns of the weather to come, and what the feed learns of the stations."""

import asyncio
from contextlib import suppress
from types import SimpleNamespace

import numpy as np
import pytest

from controller.weather.ahead import NOTHING_KNOWN
from controller.weather.feed import WeatherFeed
from controller.weather.watch import ahead, watch_weather
from optimizer.forecast.climate import Climate
from stations.model.clock import SystemClock
from stations.model.quality import Reason
from stations.model.reading import good, uncertain
from tests.support.forecasts import HOUR, table, track

NOW = 1_768_435_200.0


class At(SystemClock):
    def now(self):
        return NOW


class Source:
    name = "open_meteo"

    def __init__(self, T, issued_at=NOW, begin=NOW - 24 * HOUR):
        self.asked = asyncio.Event()
        rest = {key: track([1.0] * len(T), begin) for key in ("wind", "sun")}
        self.answer = table(self.name, issued_at, T_outdoor=track(T, begin), **rest)

    async def fetch(self, now):
        self.asked.set()
        return self.answer


async def feed_with(*sources):
    usual = Climate(T_mean=-3.0, latitude=37.87, longitude=112.55)
    place = {"latitude": 37.87, "longitude": 112.55}
    feed = WeatherFeed(sources, At(), refresh_s=3600.0, climate=usual, **place)
    for source in sources:
        await feed.refresh(source)
    return feed


async def test_the_coldest_of_the_next_day_and_the_present_are_told():
    falling = list(np.linspace(0.0, -24.0, 97))  # a quarter of a kelvin an hour over four days
    seen = ahead(await feed_with(Source(falling)), NOW)
    assert seen.now == pytest.approx(-6.0, abs=0.1)
    assert seen.least == pytest.approx(-12.0, abs=0.1)


@pytest.mark.parametrize(
    "source",
    [
        Source([-5.0] * 96, issued_at=NOW - 7 * HOUR),  # too old
        Source([-5.0] * 20),  # it ended four hours ago
    ],
)
async def test_what_is_old_or_merely_usual_counts_for_nothing(source):
    assert ahead(await feed_with(source), NOW) == NOTHING_KNOWN


async def test_a_forecast_that_ends_too_soon_tells_the_present_but_no_coldest():
    seen = ahead(await feed_with(Source([-5.0] * 36)), NOW)
    assert seen.now == pytest.approx(-5.0)
    assert seen.least is None


async def test_without_any_source_nothing_is_known():
    assert ahead(await feed_with(), NOW) == NOTHING_KNOWN


async def test_sources_are_asked_and_only_good_measurements_are_learned_from():
    source = Source([-5.0] * 96)
    feed = await feed_with(source)
    source.asked.clear()
    state = SimpleNamespace(T_outdoor_centre=uncertain(9.0, Reason.STALE, NOW, NOW))
    for measured, bias_K in ((state.T_outdoor_centre, False), (good(-3.0, NOW, NOW), True)):
        state.T_outdoor_centre = measured
        task = asyncio.create_task(watch_weather(feed, state, At()))
        await asyncio.wait_for(source.asked.wait(), 5.0)
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        source.asked.clear()
        assert (feed.status()[0].bias_K > 0.0) is bias_K
