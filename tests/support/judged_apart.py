"""A short run of the judge with balance in it, as JSON; also as a process with hashes of its own."""

import json
import sys
import tempfile
from pathlib import Path

from simulators.evaluate.case import Case
from simulators.evaluate.contestants import Contestant
from simulators.evaluate.trial import run_trial
from simulators.evaluate.verdict import verdict
from simulators.scenario import load_scenario


def judged():
    """The verdict on curve and balance as text; thirteen hours, since balance moves after twelve."""
    with tempfile.TemporaryDirectory() as folder:
        case = Case(
            scenario=load_scenario("january"),
            stations=2,
            seed=2,
            uncounted_days=12 / 24,
            counted_days=1 / 24,
            folder=Path(folder),
        )
        contestants = [Contestant(name=name, town=case.town(2.0)) for name in ("curve", "balance")]
        trial = case.trial(contestants)
        return json.dumps(verdict(trial, run_trial(trial, lambda _: None)))


if __name__ == "__main__":
    sys.stdout.write(judged())
