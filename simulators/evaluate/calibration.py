"""Finding and keeping the offsets of the baselines: what an operator would set with all hindsight.

The measure is the temperature that 97 % of the dwelling-hours reach: it must be 18 degC. It grows nearly in
proportion to the offset, so a coarse grid and one correction find an offset to a tenth of a kelvin.
"""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.contestants import BASELINES, CURVE, STAGED, TUNED, Contestant, Offsets
from simulators.evaluate.record import Record, weighted_quantiles
from simulators.evaluate.trial import Trial, run_trial
from simulators.scenario import FOLDER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulators.plant.arrays import Floats

STORE = FOLDER / "calibration.json"
T_COMFORT_degC = 18.0
COLD_SHARE = 0.03
GRID_K = (-6.0, -2.5, 1.0, 4.5, 8.0)
OFFSET_LIMITS_K = (-8.0, 8.0)
CORRECTIONS_K = (-0.4, 0.4)
TUNED_LEVELS_K = (-0.5, 0.25, 1.0)
STEP_K = 0.1


class NotCalibrated(Exception):
    """Baselines are asked for whose offsets nobody has found yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Offsets of one scenario, city and length of time."""

    commit: str
    """Version of the code that they were found with."""
    days: float
    curve_K: float
    staged_curve_K: float
    tuned_curve_K: dict[str, float]

    def offsets(self, strategy: str) -> Offsets:
        """Return the offsets of a strategy; none for those that are no baseline."""
        if strategy == TUNED:
            return Offsets(by_station_K=self.tuned_curve_K)
        return Offsets(common_K={CURVE: self.curve_K, STAGED: self.staged_curve_K}.get(strategy, 0.0))


def key_of(trial: Trial) -> str:
    """Return the name under which a calibration is kept: scenario, stations, seed."""
    town = trial.town.simulated
    return f"{trial.scenario.name}/{len(town.stations)}/{town.seed}"


def stored(trial: Trial, store: Path = STORE) -> Calibration | None:
    """Return the stored calibration for this scenario and city, or None."""
    if not store.is_file():
        return None
    found = json.loads(store.read_text(encoding="utf-8")).get(key_of(trial))
    return None if found is None else Calibration(**found)


def keep(trial: Trial, calibration: Calibration, store: Path = STORE) -> None:
    """Store a calibration beside the scenarios."""
    every = json.loads(store.read_text(encoding="utf-8")) if store.is_file() else {}
    every[key_of(trial)] = asdict(calibration)
    store.write_text(json.dumps(every, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def calibrated(trial: Trial, names: Sequence[str], store: Path = STORE) -> list[Contestant]:
    """Return the contestants of these names with their offsets; raises NotCalibrated."""
    found = stored(trial, store)
    wanting = [name for name in names if name in BASELINES]
    if wanting and found is None:
        raise NotCalibrated(
            f"{', '.join(wanting)}: the offsets are not known for {key_of(trial)} (scenario/stations/seed); "
            "run once with --calibrate, which takes about ten times as long"
        )
    return [
        Contestant(name=name, offsets=Offsets() if found is None else found.offsets(name)) for name in names
    ]


def calibrate(trial: Trial, progress: Callable[[float], None]) -> Calibration:
    """Find all offsets: a grid of common offsets first, then one correction of each baseline."""
    grid = _run(trial, [Contestant(name=CURVE, offsets=Offsets(common_K=K)) for K in GRID_K],
                lambda done: progress(0.4 * done))  # fmt: skip
    common_K = _crossing(GRID_K, [reached(record) for record in grid])
    tables = [_by_station(record) for record in grid]
    stations = grid[0].stations
    guesses = [common_K + K for K in CORRECTIONS_K]
    tuned = [_tuned(stations, tables, T_COMFORT_degC + level) for level in TUNED_LEVELS_K]
    second = _run(
        trial,
        [Contestant(name=name, offsets=Offsets(common_K=K)) for name in (CURVE, STAGED) for K in guesses]
        + [Contestant(name=TUNED, offsets=offsets) for offsets in tuned],
        lambda done: progress(0.4 + 0.6 * done),
    )
    found = [reached(record) for record in second]
    n = len(guesses)
    level = _crossing(TUNED_LEVELS_K, found[2 * n :])
    best = _tuned(stations, tables, T_COMFORT_degC + level)
    return Calibration(
        commit=_commit(),
        days=trial.uncounted_days + trial.counted_days,
        curve_K=_up(_crossing(guesses, found[:n])),
        staged_curve_K=_up(_crossing(guesses, found[n : 2 * n])),
        tuned_curve_K={name: _up(K) for name, K in best.by_station_K.items()},
    )


def reached(record: Record) -> float:
    """Return the temperature in degC that 97 % of all dwelling-hours reach."""
    weights = np.broadcast_to(record.A_heated[None, :, None], record.T_dwelling.shape)
    return weighted_quantiles(record.T_dwelling, weights, (COLD_SHARE,))[0]


def _run(trial: Trial, contestants: list[Contestant], progress: Callable[[float], None]) -> list[Record]:
    return run_trial(replace(trial, contestants=contestants), progress)


def _by_station(record: Record) -> Floats:
    """Return the temperature in degC that 97 % of each station's dwelling-hours reach."""
    result = np.empty(len(record.stations))
    for index in range(len(record.stations)):
        mine = record.station_of_loop == index
        T = record.T_dwelling[:, mine]
        weights = np.broadcast_to(record.A_heated[mine][None, :, None], T.shape)
        result[index] = weighted_quantiles(T, weights, (COLD_SHARE,))[0]
    return result


def _tuned(stations: Sequence[str], tables: Sequence[Floats], target_degC: float) -> Offsets:
    """Return the offset of each station with which it just reaches the target, inside the limits."""
    found = {}
    for index, name in enumerate(stations):
        K = _crossing(GRID_K, [float(table[index]) for table in tables], target_degC)
        found[name] = min(max(K, OFFSET_LIMITS_K[0]), OFFSET_LIMITS_K[1])
    return Offsets(by_station_K=found)


def _crossing(offsets: Sequence[float], values: Sequence[float], target: float = T_COMFORT_degC) -> float:
    """Return the offset at which rising ``values`` reach the target; lines through the end points beyond.

    A loop that nobody drives does not answer: where values hardly rise, the offset stays 0.
    """
    rise = (values[-1] - values[0]) / (offsets[-1] - offsets[0])
    if rise < 0.02:
        return 0.0
    for (x0, y0), (x1, y1) in zip(
        zip(offsets, values, strict=True), zip(offsets[1:], values[1:], strict=False), strict=False
    ):
        if y1 >= target and y1 > y0:
            return max(x0 + (target - y0) * (x1 - x0) / (y1 - y0), offsets[0] - 2.0)
    return offsets[-1] + (target - values[-1]) / rise


def _up(offset_K: float) -> float:
    return round(math.ceil(offset_K / STEP_K - 1e-6) * STEP_K, 1)


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
