"""A simulated city under its real control cycle in virtual time, with the alarm watch beside it."""

from dataclasses import dataclass, field
from unittest.mock import patch

from controller.alarms.book import AlarmBook
from controller.alarms.watch import AlarmWatch
from simulators.evaluate import judged
from simulators.evaluate.centre import Centre
from simulators.evaluate.contestants import Contestant
from simulators.evaluate.town import make_town
from simulators.evaluate.trial import Trial, run_trial
from simulators.scenario import load_scenario

CYCLE_S = 240.0
"""Polls and looks of the bench; with longer ones two polls outlast the delay of an unconfirmed setpoint."""


@dataclass
class Steps:
    """A sink that keeps every step."""

    steps: list = field(default_factory=list)

    def take(self, alarms, transitions):
        self.steps += transitions


def quiet_city(folder, *, stations, days, seed, strategy="curve"):
    """Run a city of January under a strategy; returns all steps of alarms and the watch."""
    sink, watches = Steps(), []

    class WatchedCentre(Centre):
        def __init__(self, site, clock, *rest):
            super().__init__(site, clock, *rest)
            watches.append(
                AlarmWatch(site=site, traits=self.traits, state=self.state, clock=clock, book=AlarmBook(sink))
            )

        async def turn(self):
            await super().turn()
            watches[-1].look()

    town = make_town(folder, stations=stations, seed=seed)
    trial = Trial(
        scenario=load_scenario("january"),
        contestants=[Contestant(name=strategy, town=town)],
        uncounted_days=0.0,
        counted_days=days,
        cycle_s=CYCLE_S,
    )
    with patch.object(judged, "Centre", WatchedCentre):
        run_trial(trial, lambda _: None)
    return sink.steps, watches[-1]
