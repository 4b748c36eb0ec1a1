"""A simulated city under its real control cycle in virtual time, with the alarm watch beside it.

Stations are those that the demo serves, so every point of their profiles is there to be polled and judged:
the judge's quick city of `dhc evaluate` leaves out what no decision rests on, and alarms rest on that too.
"""

import asyncio
from dataclasses import dataclass, field
from unittest.mock import patch

from controller.alarms.book import AlarmBook
from controller.alarms.watch import AlarmWatch
from controller.wiring import regulation_laws
from simulators.evaluate import centre
from simulators.evaluate.centre import Centre, CentreSettings
from simulators.evaluate.town import make_town
from simulators.evaluate.virtual_clock import VirtualClock
from simulators.scenario import load_scenario
from simulators.station import SimulatedCity
from stations.profile import builtin_profile

POLL_S = 60.0
"""Polls, cycles and looks of the bench; the service polls every 10 s."""
SCAN_S = 10.0
HEARTBEAT_S, WATCHDOG_S = 20.0, 180.0
HOUR_S, DAY_S = 3600.0, 86_400.0


@dataclass
class Steps:
    """A sink that keeps every step."""

    steps: list = field(default_factory=list)

    def take(self, alarms, transitions):
        self.steps += transitions


class OnTime:
    """A station of the demo; its clock is right."""

    def __init__(self, station):
        self._station = station

    def __getattr__(self, name):
        return getattr(self._station, name)

    def measured_at(self, now):
        return now


def quiet_city(folder, *, stations, days, seed, strategy="curve"):
    """Run a city of January under a strategy; returns all steps of alarms and the watch."""
    return asyncio.run(_run(folder, stations, days, seed, strategy))


async def _run(folder, stations, days, seed, strategy):
    town, scenario = make_town(folder, stations=stations, seed=seed), load_scenario("january")
    city = SimulatedCity(town.simulated, start=scenario.start, weather=scenario.weather(seed), scan_s=SCAN_S)
    clock = VirtualClock(scenario.start)
    with patch.object(centre, "polled_profile", lambda name, **_: builtin_profile(name)):
        controller = Centre(
            town.controlled,
            clock,
            {name: OnTime(station) for name, station in {**city.stations, **city.sources}.items()},
            _settings(town.controlled, strategy),
        )
    sink = Steps()
    watch = AlarmWatch(
        site=town.controlled,
        traits=controller.traits,
        state=controller.state,
        clock=clock,
        book=AlarmBook(sink),
    )
    await controller.connect()
    for turn in range(1, round(days * DAY_S / POLL_S) + 1):
        city.step(scenario.start + turn * POLL_S)
        clock.move_to(city.now)
        await controller.turn()
        watch.look()
    return sink.steps, watch


def _settings(site, strategy):
    return CentreSettings(
        strategy=strategy,
        laws=regulation_laws(site),
        outdoor_filter_s={e: law.outdoor_filter_h * HOUR_S for e, law in site.regulation.items()},
        cycle_s=POLL_S,
        heartbeat_s=HEARTBEAT_S,
        watchdog_s=WATCHDOG_S,
    )
