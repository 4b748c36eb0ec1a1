"""A simulated city under its real control cycle in virtual time, with the alarm watch beside it."""

import asyncio
from dataclasses import dataclass

from controller.alarms.book import AlarmBook
from controller.alarms.scene import Storage
from controller.alarms.watch import AlarmWatch
from controller.wiring import regulation_laws
from simulators.evaluate.centre import CentreSettings
from simulators.evaluate.contestants import Contestant
from simulators.evaluate.judged import Judged
from simulators.evaluate.quick_city import QuickCity
from simulators.evaluate.town import make_town
from simulators.evaluate.virtual_clock import VirtualClock
from simulators.weather import generate

TURN_S = 240.0
BEAT_S = 120.0


@dataclass
class Steps:
    """A sink that keeps every step."""

    steps: list

    def take(self, alarms, transitions):
        self.steps += transitions


def quiet_city(folder, *, stations, hours, seed, start):
    """Run a city under strategy ``curve``; returns all steps of alarms and the watch."""
    return asyncio.run(_run(folder, stations, hours, seed, start))


async def _run(folder, stations, hours, seed, start):
    town = make_town(folder, stations=stations, seed=seed)
    site, clock = town.controlled, VirtualClock(start)
    city = QuickCity(town.simulated, start=start, weather=generate(seed, start), copies=1)
    settings = CentreSettings(
        strategy="curve",
        laws=regulation_laws(site),
        outdoor_filter_s={e: law.outdoor_filter_h * 3600.0 for e, law in site.regulation.items()},
        cycle_s=TURN_S,
        heartbeat_s=60.0,
        watchdog_s=600.0,
    )
    judged = Judged(town, city, clock, 0, Contestant(name="curve"), settings)
    sink = Steps([])
    watch = AlarmWatch(
        site=site,
        traits=judged.centre.traits,
        state=judged.centre.state,
        clock=clock,
        book=AlarmBook(sink),
        storage=Storage,
    )
    await judged.centre.connect()
    for _ in range(round(hours * 3600.0 / TURN_S)):
        shown = city.observe()[0]
        outdoor = city.own_outdoor(shown)
        judged.show(shown, outdoor)
        await judged.centre.turn()
        watch.look()
        city.run(BEAT_S, outdoor)
        clock.move_to(city.now)
        await judged.centre.renew()
        city.run(TURN_S - BEAT_S, outdoor)
        clock.move_to(city.now)
    return sink.steps, watch
