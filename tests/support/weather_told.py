"""Sources of weather that answer what a test says, and a feed that asks them on a clock that stands."""

import asyncio

import numpy as np

from controller.weather.feed import WeatherFeed
from controller.weather.outcome import Failure, Fault
from stations.model.clock import SystemClock
from tests.support.forecasts import HOUR, table, track
from tests.support.weather_server import NOW

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
