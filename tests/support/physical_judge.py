"""Short runs of the judge on small physical cities."""

from dataclasses import replace
from pathlib import Path

from simulators.evaluate import physical_copy
from simulators.evaluate.case import ADVISED, PHYSICAL, Case
from simulators.evaluate.contestants import Contestant
from simulators.evaluate.trial import run_trial
from simulators.scenario import load_scenario

STATIONS, SEED = 8, 3
SETTLE_S = 2 * 3600.0
"""Shorter than the judge's own: what is left of the start is alike for all."""


def early(scenario):
    """The scenario with what happens in it begun at once."""
    if scenario.wave_after_days is not None:
        scenario = replace(scenario, wave_after_days=0.0)
    tables = [{**table, "at_s": 0.0} for table in scenario.faults.get("fault", [])]
    return replace(scenario, faults={**scenario.faults, "fault": tables} if tables else {})


class SmallJudge:
    """Cities of one size and seed; the physical city behind them is made once."""

    def __init__(self, folder: Path, monkeypatch):
        monkeypatch.setattr(physical_copy, "SETTLE_S", SETTLE_S)
        self._folder, self._runs = folder, 0
        self._fields = {}

    def run(self, scenario, *names, hours=2.0, uncounted_hours=1.0, offset_K=0.0, sources=ADVISED):
        """Run strategies side by side, the faults of a named scenario at once; return trial and records."""
        loaded = early(load_scenario(scenario)) if isinstance(scenario, str) else scenario
        case = Case(
            scenario=loaded,
            stations=STATIONS,
            seed=SEED,
            uncounted_days=uncounted_hours / 24.0,
            counted_days=hours / 24.0,
            folder=self._folder / f"run{self._runs}",
            plant=PHYSICAL,
            sources=sources,
            _fields=self._fields.setdefault(loaded.name if loaded.wave_after_days is not None else "", []),
        )
        self._runs += 1
        trial = case.trial([Contestant(name=name, town=case.town(offset_K)) for name in names])
        return trial, run_trial(trial, lambda done: None)
