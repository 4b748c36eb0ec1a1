"""What only hindsight knows of the physical city: how far its curves should have been set up or down.

The field's own curves leave many cold there, so two more baselines stand beside them:

- ``warm_curve``: the smallest common offset with which 97 % of all dwelling-hours reach 18 degC. Operators
  set it in the stations too, as far as a site file takes it (8 K).
- ``tuned_curve``: one more offset for each station, with which 97 % of its own dwelling-hours reach 18 degC:
  as warm as its residents are owed, without what the warmer stations do not need. The centre tells it, so it
  ends where the guard or the station's class ends it, and read-only stations keep their own curve.

Both are read from the same runs, in which operators have set all curves 5 K lower, not at all and 5 K higher,
and are judged in a run behind them: the same days, weather and instruments.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from simulators.evaluate.calibration import (
    CITY_MAX_K,
    STEP_K,
    UNANSWERED,
    T_COMFORT_degC,
    by_station,
    crossing,
    reached,
    up,
)
from simulators.evaluate.contestants import CURVE, TUNED, WARM, Contestant, Offsets
from simulators.evaluate.trial import run_trial

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from simulators.evaluate.case import Case
    from simulators.evaluate.record import Record
    from simulators.evaluate.trial import Trial

FOUND = (WARM, TUNED)
"""What is found in hindsight."""
APART_K = (-5.0, 0.0, 5.0)
"""Curves are set so for the search; the guard's band about a station's own curve is 8 K."""


def side_by_side(
    case: Case, names: Sequence[str], begun: Callable[[str], Callable[[float], None]]
) -> tuple[Trial, list[Record]]:
    """Judge strategies on the physical city, and find what of them is known in hindsight only.

    ``begun`` is told that a run begins, and of what; what it returns gets the share done, 0..1. The records
    are in the order of the names, as in the trial.
    """
    town, found = case.town(0.0), [name for name in names if name in FOUND]
    plain = [Contestant(name=name, town=town) for name in names if name not in FOUND]
    if not found:
        trial = case.trial(plain)
        return trial, run_trial(trial, begun(", ".join(names)))
    if CURVE not in names:
        plain.append(Contestant(name=CURVE, town=town))
    apart = [Contestant(name=CURVE, town=case.town(K)) for K in APART_K if K]
    search = begun(f"{', '.join(each.name for each in plain)}, and {CURVE} 5 K lower and 5 K higher")
    cooler, warmer, *records = run_trial(case.trial([*apart, *plain]), search)
    judged = {each.name: (each, record) for each, record in zip(plain, records, strict=True)}
    runs = (cooler, judged[CURVE][1], warmer)
    hindsight = {
        WARM: lambda: Contestant(name=WARM, town=case.town(common(runs))),
        TUNED: lambda: Contestant(name=TUNED, town=town, offsets=tuned(runs)),
    }
    again = [hindsight[name]() for name in found]
    for each, record in zip(again, run_trial(case.trial(again), begun(", ".join(found))), strict=True):
        judged[each.name] = (each, record)
    contestants, in_order = zip(*(judged[name] for name in names), strict=True)
    return case.trial(contestants), list(in_order)


def copies(names: Sequence[str]) -> int:
    """Return how many copies of the city ``side_by_side`` runs, which its time grows with."""
    if not any(name in FOUND for name in names):
        return len(names)
    return len({*names, CURVE}) + sum(1 for K in APART_K if K)


def common(runs: Sequence[Record]) -> float:
    """Return the smallest offset in K of all curves with which 97 % of the dwelling-hours reach 18 degC.

    ``runs`` are those of ``APART_K``. To a tenth, rounded up; where it cannot be had, the most that a site
    file takes.
    """
    return up(crossing(APART_K, [reached(record) for record in runs]), CITY_MAX_K)


def tuned(runs: Sequence[Record]) -> Offsets:
    """Return the offset of each station's curve, of a city that ran with each of ``APART_K``."""
    first, cold = runs[0], [by_station(record).tolist() for record in runs]
    driven = np.bincount(first.station_of_loop, weights=first.driven, minlength=len(first.stations)) > 0.0
    return Offsets(
        by_station_K={
            name: best_offset([run[place] for run in cold]) if driven[place] else 0.0
            for place, name in enumerate(first.stations)
        }
    )


def best_offset(reached_degC: Sequence[float]) -> float:
    """Return the lowest offset in K at which a station is warm enough, to a tenth.

    ``reached_degC`` is what its dwelling-hours reached at each of ``APART_K``. A station that does not answer
    keeps its own curve; what cannot be had stands at the edge.
    """
    first, last = APART_K[0], APART_K[-1]
    if (reached_degC[-1] - reached_degC[0]) / (last - first) < UNANSWERED:
        return 0.0
    if reached_degC[0] >= T_COMFORT_degC:
        return first
    for (x0, x1), (y0, y1) in zip(pairwise(APART_K), pairwise(reached_degC), strict=True):
        if y1 >= T_COMFORT_degC > y0:
            return round(x0 + (T_COMFORT_degC - y0) * (x1 - x0) / (y1 - y0) + 0.5 * STEP_K, 1)
    return last
