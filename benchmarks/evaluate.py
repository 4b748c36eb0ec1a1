"""[simulator] The judge: the physical city with the whole controller in the loop.

Forty stations of a generated city in January under `balance`, polls and cycles every five minutes as `dhc
evaluate` runs them: plant, network, station controllers, instruments, polls, validation, strategy, guard,
dispatch. And two hundred, as many as the physics alone is measured on: there the plant's arrays are long
enough to be worth their calls. Each simulated hour is one run, by CPU time of one thread; making and settling
the city is left out.
"""

import tempfile
import time
from itertools import pairwise
from pathlib import Path

import structlog

from benchmarks.report import Figures, Result, median_of
from simulators.evaluate.case import PHYSICAL, Case
from simulators.evaluate.contestants import Contestant
from simulators.evaluate.trial import run_trial
from simulators.scenario import load_scenario

NAME = "simulator.evaluate.station_days_per_s"
LARGE = "simulator.evaluate_200.station_days_per_s"
STATIONS, HOURS = 40, 12
STATIONS_LARGE, HOURS_LARGE = 200, 6
LOG_CRITICAL = 50


def judge() -> Figures:
    """Measure the hours of one run of each size."""
    return Figures(
        results=[_hours(NAME, STATIONS, HOURS), _hours(LARGE, STATIONS_LARGE, HOURS_LARGE)],
    )


def _hours(name: str, stations: int, hours: int) -> Result:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(LOG_CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        case = Case(
            scenario=load_scenario("january"),
            stations=stations,
            seed=1,
            uncounted_days=0.0,
            counted_days=hours / 24.0,
            folder=Path(folder),
            plant=PHYSICAL,
        )
        trial = case.trial([Contestant(name="balance", town=case.town(0.0))])
        ends: list[float] = []
        run_trial(trial, lambda _: ends.append(time.process_time()))
    spent = [after - before for before, after in pairwise(ends)]
    rates = [stations / 24.0 / hour for hour in spent]
    note = f"{stations} stations on the physical city, strategy balance, {trial.cycle_s:.0f} s a cycle; CPU"
    return median_of(name, "1/s", rates, note)
