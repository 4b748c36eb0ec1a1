"""Finding and keeping the offsets of the simple plant's baselines: what operators would set in hindsight.

The measure is the temperature that 97 % of the dwelling-hours reach: it must be 18 degC. It grows nearly in
proportion to the offset, so a coarse grid and corrections find an offset to about a tenth of a kelvin. Those
of the physical city are found in the run that judges them (``hindsight``).
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.case import SIMPLE
from simulators.evaluate.contestants import BASELINES_OF, CURVE, STAGED, TUNED, Contestant, Offsets
from simulators.evaluate.record import Record, weighted_quantiles
from simulators.evaluate.trial import run_trial
from simulators.evaluate.version import commit
from simulators.scenario import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from simulators.evaluate.case import Case
    from simulators.plant.arrays import Floats

STORE = FOLDER / "calibration.json"
T_COMFORT_degC = 18.0
COLD_SHARE = 0.03
CITY_GRID_K = (2.0, 5.0, 8.0)
CITY_MAX_K = 8.0
"""A site file takes no larger offset."""
EXTRA_GRID_K = (-7.0, -3.5, 0.0, 3.5, 7.0)
EXTRA_MAX_K = 8.0
STAGED_GRID_K = (0.0, 1.0)
TUNED_LEVELS_K = (-0.3, 0.5)
STEP_K = 0.1
REACHED_K = 0.05
UNANSWERED = 0.02
"""K a K; what rises less with the offset is not driven."""


class NotCalibrated(Exception):
    """Offsets are asked for that nobody has found yet, or only for what was drawn otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Offsets of one scenario and city, K."""

    commit: str
    """Version of the code that they were found with."""
    hash: str
    """``Case.hash`` of what they were found for."""
    days: float
    """Length of the run, uncounted days included."""
    reached_degC: float
    """What 97 % of the dwelling-hours reached under ``curve``: 18 unless that is out of reach."""
    city_K: float
    """Of all curves of the city, which is the offset of ``curve``."""
    staged_curve_K: float
    """On top of it."""
    tuned_curve_K: dict[str, float]
    """On top of it, by station."""

    @property
    def out_of_reach(self) -> bool:
        """Whether even the largest offset that a site file takes leaves too many cold."""
        return self.city_K >= CITY_MAX_K and self.reached_degC < T_COMFORT_degC - REACHED_K

    def offsets(self, strategy: str) -> Offsets:
        """Return what a strategy adds to the city's offset; nothing for those that are no baseline."""
        if strategy == TUNED:
            return Offsets(by_station_K=self.tuned_curve_K)
        return Offsets(common_K=self.staged_curve_K if strategy == STAGED else 0.0)


def stored(case: Case, store: Path = STORE) -> Calibration:
    """Return the stored calibration of this case.

    Raises NotCalibrated where there is none, and where it was found for other parameters: figures would be
    held against a baseline that nobody has set.
    """
    every = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    offsets = f"the offsets of {', '.join(BASELINES_OF[SIMPLE])}"
    once = (
        "add --calibrate to this command once; it finds and keeps them before it judges, and takes about "
        "four times as long as judging three strategies"
    )
    if case.key not in every:
        raise NotCalibrated(
            f"{offsets} are not known for {case.key} "
            f"(scenario/stations/seed; known are: {', '.join(sorted(every)) or 'none'}): {once}. "
            "--plant physical needs none"
        )
    kept = every[case.key]
    if kept.get("hash") != case.hash:
        raise NotCalibrated(
            f"{offsets} that are kept for {case.key} were found for another city, other curves or another "
            f"scenario (hash {kept.get('hash')}, commit {kept.get('commit')}; now hash {case.hash}); {once}"
        )
    return Calibration(**kept)


def keep(case: Case, calibration: Calibration, store: Path = STORE) -> None:
    """Store a calibration beside the scenarios."""
    every = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    every[case.key] = asdict(calibration)
    store.write_text(json.dumps(every, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def contestants(case: Case, calibration: Calibration, names: Sequence[str]) -> list[Contestant]:
    """Return the contestants of these names on the calibrated city."""
    town = case.town(calibration.city_K)
    return [Contestant(name=name, town=town, offsets=calibration.offsets(name)) for name in names]


def calibrate(case: Case, progress: Callable[[float], None]) -> Calibration:
    """Find the offset of the city, then those of the baselines on it, with one correction of all."""
    grid = _curves(case, CITY_GRID_K, lambda done: progress(0.2 * done))
    values = [reached(record) for record in grid]
    slope = (values[-1] - values[0]) / (CITY_GRID_K[-1] - CITY_GRID_K[0])
    city_K = up(crossing(CITY_GRID_K, values), CITY_MAX_K)

    town = case.town(city_K)
    shifted = [Contestant(name=CURVE, town=town, offsets=Offsets(common_K=K)) for K in EXTRA_GRID_K]
    staged = [Contestant(name=STAGED, town=town, offsets=Offsets(common_K=K)) for K in STAGED_GRID_K]
    second = run_trial(case.trial([*shifted, *staged]), lambda done: progress(0.2 + 0.5 * done))
    tables = [by_station(record) for record in second[: len(shifted)]]
    unshifted = reached(second[EXTRA_GRID_K.index(0.0)])
    staged_K = crossing(STAGED_GRID_K, [reached(record) for record in second[len(shifted) :]], unshifted)
    city_K = up(city_K + (T_COMFORT_degC - unshifted) / slope, CITY_MAX_K)

    stations, town = grid[0].stations, case.town(city_K)
    levels = [_tuned(stations, tables, T_COMFORT_degC + level) for level in TUNED_LEVELS_K]
    last = [
        Contestant(name=CURVE, town=town),
        *(Contestant(name=TUNED, town=town, offsets=offsets) for offsets in levels),
    ]
    third = [
        reached(record) for record in run_trial(case.trial(last), lambda done: progress(0.7 + 0.3 * done))
    ]
    best = _tuned(stations, tables, T_COMFORT_degC + crossing(TUNED_LEVELS_K, third[1:]))
    return Calibration(
        commit=commit(),
        hash=case.hash,
        days=case.uncounted_days + case.counted_days,
        reached_degC=round(third[0], 3),
        city_K=city_K,
        staged_curve_K=up(staged_K, EXTRA_MAX_K),
        tuned_curve_K={name: up(K, EXTRA_MAX_K) for name, K in best.by_station_K.items()},
    )


def reached(record: Record) -> float:
    """Return the temperature in degC that 97 % of all dwelling-hours reach."""
    return _reached(record.T_dwelling, record.A_dwelling)


def _curves(case: Case, offsets_K: Sequence[float], progress: Callable[[float], None]) -> list[Record]:
    return run_trial(case.trial([Contestant(name=CURVE, town=case.town(K)) for K in offsets_K]), progress)


def _reached(T: Floats, A: Floats) -> float:
    return weighted_quantiles(T, np.broadcast_to(A, T.shape), (COLD_SHARE,))[0]


def by_station(record: Record) -> Floats:
    """Return the temperature in degC that 97 % of each station's dwelling-hours reach."""
    mine = [record.station_of_loop == index for index in range(len(record.stations))]
    return np.array([_reached(record.T_dwelling[:, at], record.A_dwelling[at]) for at in mine])


def _tuned(stations: Sequence[str], tables: Sequence[Floats], target_degC: float) -> Offsets:
    """Return the offset of each station with which it just reaches the target, inside the limits."""
    found = {}
    for index, name in enumerate(stations):
        K = crossing(EXTRA_GRID_K, [float(table[index]) for table in tables], target_degC)
        found[name] = min(max(K, -EXTRA_MAX_K), EXTRA_MAX_K)
    return Offsets(by_station_K=found)


def crossing(offsets: Sequence[float], values: Sequence[float], target: float = T_COMFORT_degC) -> float:
    """Return the offset at which rising ``values`` reach the target; lines through the ends go on beyond.

    A loop that nobody drives does not answer: where values hardly rise, the offset is 0.
    """
    rise = (values[-1] - values[0]) / (offsets[-1] - offsets[0])
    if rise < UNANSWERED:
        return 0.0
    for (x0, x1), (y0, y1) in zip(pairwise(offsets), pairwise(values), strict=True):
        if y1 >= target and y1 > y0:
            return x0 + (target - y0) * (x1 - x0) / (y1 - y0)
    return offsets[-1] + (target - values[-1]) / rise


def up(offset_K: float, most_K: float) -> float:
    """Return the offset rounded up to a tenth, inside the limits."""
    whole = round(math.ceil(offset_K / STEP_K - 1e-6) * STEP_K, 1)
    return min(max(whole, -most_K), most_K)
