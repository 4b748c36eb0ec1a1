"""[control] One city under baselines and the optimizer side by side, on the calibrated physical plant."""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import structlog

from benchmarks.control_figures import CURVE, OURS, STAGED, TUNED, WARM
from benchmarks.isolated import in_own_processes
from benchmarks.kept import kept
from controller.knowing.known import Known
from simulators.evaluate.case import PHYSICAL, WRITTEN, Case
from simulators.evaluate.contestants import Contestant
from simulators.evaluate.hindsight import side_by_side
from simulators.evaluate.trial import run_trial
from simulators.evaluate.verdict import verdict
from simulators.scenario import Scenario, load_scenario

LOG_CRITICAL = 50
UNCOUNTED_DAYS = 3.0
COMPARED = (CURVE, STAGED, WARM, TUNED, OURS)
UA_OFF, C_OFF = 0.2, 2.0
"""By which houses are another than believed: loss up or down by this part, stores within this factor."""
BIAS_K_PER_H = 0.005
"""Half of the stations' sensors drift so: 2 K in 17 days, up or down."""
DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is run."""

    stations: int
    days: float
    """Counted ones."""
    seeds: tuple[int, ...]
    """Cities; seeds 1 to 20 are those that anybody tunes with."""


CONTROL = Size(stations=60, days=14.0, seeds=(101, 102))
FULL = Size(stations=200, days=30.0, seeds=(101, 102, 103, 104, 105))


def compared(scenario: str, size: Size) -> list[dict[str, Any]]:
    """Return the verdict of each city on the baselines and the optimizer."""
    return _each(size, load_scenario(scenario), _side_by_side)


def mistaken(size: Size) -> list[dict[str, Any]]:
    """Return the verdict of each city on an optimizer that is wrong about every house and hears badly."""
    january = load_scenario("january")
    scenario = replace(january, name="mismatch", faults=troubles(UNCOUNTED_DAYS + size.days))
    return _each(size, scenario, _alone)


def _each(size: Size, scenario: Scenario, judged: Callable[[Case], dict[str, Any]]) -> list[dict[str, Any]]:
    """Judge the cities beside each other, as many at a time as there are cores."""
    return in_own_processes([partial(_within, size, seed, scenario, judged) for seed in size.seeds])


def troubles(days: float) -> Mapping[str, object]:
    """Return half of the links flapping and sensors that drift apart, as a scenario's faults."""
    drifting = {"name": "drifting_sensor", "at_s": 0, "duration_s": round(days * DAY_S)}
    rooms = {"points": ["T_indoor_mean"], "stations": "25 %"}
    links = {"name": "outage", "at_s": DAY_S, "duration_s": 3600.0, "again_every_s": 14_400.0}
    return {
        "fault": [
            {**drifting, **rooms, "per_hour": BIAS_K_PER_H},
            {**drifting, **rooms, "per_hour": -BIAS_K_PER_H},
            {**links, "stations": "50 %"},
        ]
    }


def wrong_houses(known: Known, seed: int) -> Known:
    """Return what is believed with every house another than before: UA off by 20 %, stores by up to twice."""
    rng, n, b = np.random.default_rng([seed, 0xA5]), len(known), known.buildings
    UA = b.UA * (1.0 + UA_OFF * rng.choice([-1.0, 1.0], n))
    C = C_OFF ** rng.uniform(-1.0, 1.0, n)
    # the way from room to envelope stays better than its part towards outdoors
    h_ie = np.maximum(b.h_ie, 1.1 * (1.0 - b.share_direct) * UA)
    return replace(known, buildings=replace(b, UA=UA, h_ie=h_ie, C_i=C * b.C_i, C_e=C * b.C_e))


def _within(
    size: Size, seed: int, scenario: Scenario, judged: Callable[[Case], dict[str, Any]]
) -> dict[str, Any]:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(LOG_CRITICAL))
    with tempfile.TemporaryDirectory() as folder:
        case = judged_case(size, seed, scenario, Path(folder))
        return kept(f"{scenario.name}-{size.stations}x{size.days:g}d-{seed}", partial(judged, case))


def judged_case(size: Size, seed: int, scenario: Scenario, folder: Path) -> Case:
    """Return what is judged: a physical city whose sources take orders."""
    return Case(
        scenario=scenario,
        stations=size.stations,
        seed=seed,
        uncounted_days=UNCOUNTED_DAYS,
        counted_days=size.days,
        folder=folder,
        plant=PHYSICAL,
        sources=WRITTEN,
    )


def _side_by_side(case: Case) -> dict[str, Any]:
    """Judge the baselines and ours; each has a copy of the city of its own, with the same weather."""
    return verdict(*side_by_side(case, COMPARED, lambda what: _progress(f"{case.key}: {what}")))


def _alone(case: Case) -> dict[str, Any]:
    contestant = Contestant(
        name=OURS, town=case.town(0.0), believed=lambda known: wrong_houses(known, case.seed)
    )
    trial = case.trial([contestant])
    return verdict(trial, run_trial(trial, _progress(f"{case.key}: optimizer")))


def _progress(what: str) -> Callable[[float], None]:
    """Return what tells on stderr how far a run is, in steps of a tenth, by processor time."""
    began, told = time.process_time(), 0

    def tell(share: float) -> None:
        nonlocal told
        if int(10.0 * share + 1e-9) > told:
            told = int(10.0 * share + 1e-9)
            spent = time.process_time() - began
            print(f"  {what}: {10 * told} % after {spent:.0f} CPU s", file=sys.stderr, flush=True)

    return tell
