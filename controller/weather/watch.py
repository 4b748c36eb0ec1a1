"""Between weather feed and control cycle: outdoors as the sources expect it, and what stations measured."""

import asyncio

import numpy as np

from controller.state import ControllerState
from controller.weather.ahead import NOTHING_KNOWN, Ahead
from controller.weather.feed import WeatherFeed
from optimizer.forecast.weather import FRESH_S, NoWeather, Outlook
from stations.model.clock import Clock

STEP_S, STEPS = 900.0, 96
LOOK_S = 60.0
"""Scaled seconds between two looks at the measured outdoor temperature; the feed keeps one an hour."""


def ahead(feed: WeatherFeed, now: float) -> Ahead:
    """Return what is expected at UTC second ``now``; what is usual for the season counts for nothing."""
    return known_ahead(feed.outlook(now + STEP_S * np.arange(STEPS, dtype=np.float64)), now)


def known_ahead(known: Outlook | NoWeather, now: float) -> Ahead:
    """Return what the cycle needs of the weather to come, as known at UTC second ``now``."""
    if isinstance(known, NoWeather) or known.age_s is None or known.age_s > FRESH_S:
        return NOTHING_KNOWN
    T = known.series.T_outdoor
    holes = [hole for hole in known.holes if hole.quantity == "T_outdoor"]
    begins_told = all(hole.begin > now for hole in holes)
    told = {hole.quantity for hole in known.holes if hole.begin <= now}
    return Ahead(
        now=float(T[0]) if begins_told else None,
        least=None if holes else float(T.min()),
        sun=None if "sun" in told else float(known.series.sun[0]),
        wind=None if "wind" in told else float(known.series.wind[0]),
    )


async def watch_weather(feed: WeatherFeed, state: ControllerState, clock: Clock) -> None:
    """Ask the sources for ever; from what stations measure the feed learns how its sources err here."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(feed.run(), name="weather:sources")
        tasks.create_task(_tell_measured(feed, state, clock), name="weather:measured")


async def _tell_measured(feed: WeatherFeed, state: ControllerState, clock: Clock) -> None:
    while True:
        measured = state.T_outdoor_centre
        if measured is not None and measured.value is not None and measured.sound:
            await feed.observe(clock.now(), measured.value)
        await clock.sleep(LOOK_S)
