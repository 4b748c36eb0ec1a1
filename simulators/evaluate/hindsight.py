"""The best offset of each station's curve, as only hindsight can know it; for any plant.

The city is run with its curves set apart by some kelvins. Each station then gets the lowest offset with which
97 % of its own dwelling-hours reach 18 degC, read from lines between those runs: as warm as the residents are
owed, without what the warmer stations do not need. What cannot be had within the runs stands at their edge.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from simulators.evaluate.calibration import STEP_K, UNANSWERED, T_COMFORT_degC, by_station
from simulators.evaluate.contestants import Offsets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from simulators.evaluate.record import Record


def tuned(records: Sequence[Record], offsets_K: Sequence[float]) -> Offsets:
    """Return the offsets of a city that ran with each of ``offsets_K``, which rise."""
    cold = [by_station(record).tolist() for record in records]
    return Offsets(
        by_station_K={
            name: best_offset(offsets_K, [run[place] for run in cold])
            for place, name in enumerate(records[0].stations)
        }
    )


def best_offset(offsets_K: Sequence[float], reached_degC: Sequence[float]) -> float:
    """Return the lowest offset in K at which a station is warm enough, to a tenth.

    ``reached_degC`` is what its dwelling-hours reached at each of ``offsets_K``. A station that does not
    answer keeps its own curve.
    """
    first, last = offsets_K[0], offsets_K[-1]
    if (reached_degC[-1] - reached_degC[0]) / (last - first) < UNANSWERED:
        return 0.0
    if reached_degC[0] >= T_COMFORT_degC:
        return first
    for (x0, x1), (y0, y1) in zip(pairwise(offsets_K), pairwise(reached_degC), strict=True):
        if y1 >= T_COMFORT_degC > y0:
            return round(x0 + (T_COMFORT_degC - y0) * (x1 - x0) / (y1 - y0) + 0.5 * STEP_K, 1)
    return last
