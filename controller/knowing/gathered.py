"""The record that identification learns from: means of a quarter of an hour, of every loop, for three weeks.

The cycle adds what it read to running sums (some hundred bytes a loop); a quarter that is over becomes one
block of half-precision numbers (18 bytes a loop) and goes to whoever keeps the record: a file in the data
folder (``controller/knowing/store.py``), a list in virtual time. Quarters in which a person drove a loop by
hand have no heat: what was done to a house then says nothing of how it is heated otherwise.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from controller.decisions import LoopKey, Mode
from controller.knowing.known import AGE_S, Known, number
from controller.strategies.inputs import StrategyInputs
from optimizer.building import Floats
from optimizer.estimate.state import Measurements
from optimizer.identify.history import History
from stations.model.identity import PRIMARY, Point

QUARTER_S = 900.0
KEPT_DAYS = 21
KEPT = KEPT_DAYS * 96
SERIES = (
    "q",
    "T_supply",
    "T_return",
    "T_indoor",
    "m_flow",
    "y_pump",
    "T_supply_primary",
    "T_return_primary",
    "m_flow_primary",
)
"""Of each loop: W/m2, degC, kg/s and pump speed (0..1); those of the station's primary side at the end."""
SHARED = ("T_outdoor", "sun", "wind", "T_source")
"""Of the city: degC, W/m2 on the horizontal, m/s, and the supply of its first heat source in degC."""
SHARE_MIN = 1.0 / 3.0
"""Of a quarter's cycles in which a value must have been read for its mean to count."""
Half = NDArray[np.float16]
"""Half precision: 0.03 K at 60 degC, a twentieth of a percent of a flow; below what any sensor tells."""


class Quarter(NamedTuple):
    """Means of one quarter of an hour; absent is NaN."""

    at: int
    """UTC second at which it begins, a multiple of 900."""
    loops: Half
    """Shape (n, len(SERIES)), in the order of the gatherer's keys."""
    shared: Half
    """Shape (len(SHARED),)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Some quarters of some loops, oldest first; absent is NaN. Quarters may be missing, none is doubled."""

    keys: tuple[LoopKey, ...]
    times: Floats
    """UTC seconds, shape (k,)."""
    loops: Half
    """Shape (k, n, len(SERIES))."""
    shared: Half
    """Shape (k, len(SHARED))."""

    def of(self, place: int, name: str) -> Floats:
        """Return one series of the loop at ``place``, shape (k,)."""
        return np.asarray(self.loops[:, place, SERIES.index(name)], dtype=np.float64)

    def city(self, name: str) -> Floats:
        """Return one series of the city, shape (k,)."""
        return np.asarray(self.shared[:, SHARED.index(name)], dtype=np.float64)

    def history(self, place: int) -> History:
        """Return the loop at ``place`` as identification takes it."""
        return History(
            times=self.times,
            q=self.of(place, "q"),
            T_outdoor=self.city("T_outdoor"),
            sun=self.city("sun"),
            wind=self.city("wind"),
            T_indoor=self.of(place, "T_indoor"),
            T_supply=self.of(place, "T_supply"),
            T_return=self.of(place, "T_return"),
        )


class Record(Protocol):
    """Who keeps the quarters of the last ``KEPT_DAYS``."""

    def add(self, keys: Sequence[LoopKey], *quarters: Quarter) -> None:
        """Keep quarters, and forget those that are too old; the same one again takes its place."""

    def window(self, keys: Sequence[LoopKey]) -> Window:
        """Return all that is kept of these loops; a loop that was not known at a time is NaN there."""


class MemoryRecord:
    """Keeps the quarters in memory: for virtual time, where a run ends with its record."""

    def __init__(self) -> None:
        self._kept: deque[tuple[tuple[LoopKey, ...], Quarter]] = deque(maxlen=KEPT)

    def add(self, keys: Sequence[LoopKey], *quarters: Quarter) -> None:
        """Keep quarters of the same loops."""
        for quarter in quarters:
            if self._kept and self._kept[-1][1].at == quarter.at:
                self._kept.pop()
            self._kept.append((tuple(keys), quarter))

    def window(self, keys: Sequence[LoopKey]) -> Window:
        """Return all that is kept of these loops."""
        return window(keys, list(self._kept))


def window(keys: Sequence[LoopKey], kept: Sequence[tuple[tuple[LoopKey, ...], Quarter]]) -> Window:
    """Return quarters of possibly different sets of loops as one window of ``keys``."""
    loops = np.full((len(kept), len(keys), len(SERIES)), np.nan, dtype=np.float16)
    shared = np.full((len(kept), len(SHARED)), np.nan, dtype=np.float16)
    places: dict[tuple[LoopKey, ...], tuple[list[int], list[int]]] = {}
    for row, (then, quarter) in enumerate(kept):
        if then not in places:
            at = {key: place for place, key in enumerate(then)}
            pairs = [(i, at[key]) for i, key in enumerate(keys) if key in at]
            places[then] = [i for i, _ in pairs], [j for _, j in pairs]
        mine, theirs = places[then]
        loops[row, mine] = quarter.loops[theirs]
        shared[row] = quarter.shared
    times = np.array([float(quarter.at) for _, quarter in kept])
    return Window(keys=tuple(keys), times=times, loops=loops, shared=shared)


class Gatherer:
    """Sums of the quarter under way. Owner: whoever runs the cycles; one call a cycle."""

    def __init__(self, keys: Sequence[LoopKey]) -> None:
        self.keys = tuple(keys)
        self._at: int | None = None
        self._begin()

    def note(self, now: float, loops: Floats, shared: Floats) -> Quarter | None:
        """Take in one cycle at UTC second ``now``; return the quarter that ended before it, if one did.

        ``loops`` (n, len(SERIES)) and ``shared`` (len(SHARED),) hold NaN for what was not read. In a cycle
        with an infinite ``q`` somebody drove the loop by hand: its heat of the whole quarter is absent. A
        clock that was set back begins the quarter anew.
        """
        at = int(now // QUARTER_S * QUARTER_S)
        over = self._mean() if self._at is not None and at > self._at else None
        if at != self._at:
            self._at = at
            self._begin()
        values = np.vstack([loops, np.pad(shared, (0, len(SERIES) - len(SHARED)), constant_values=np.nan)])
        self._by_hand |= np.isinf(loops[:, 0])
        there = np.isfinite(values)
        self._sums += np.where(there, values, 0.0)
        self._count += there
        self._cycles += 1
        return over

    def _begin(self) -> None:
        rows = len(self.keys) + 1
        self._sums = np.zeros((rows, len(SERIES)))
        self._count = np.zeros((rows, len(SERIES)), dtype=np.int32)
        self._by_hand = np.zeros(len(self.keys), dtype=np.bool_)
        self._cycles = 0

    def _mean(self) -> Quarter:
        assert self._at is not None
        enough = self._count >= max(SHARE_MIN * self._cycles, 1.0)
        mean = np.where(enough, self._sums / np.maximum(self._count, 1), np.nan)
        mean[:-1, 0][self._by_hand] = np.nan
        # what half precision can not hold is no value of a loop
        mean = np.where(np.abs(mean) < np.finfo(np.float16).max, mean, np.nan).astype(np.float16)
        return Quarter(self._at, mean[:-1], mean[-1, : len(SHARED)])


def sampled(known: Known, inputs: StrategyInputs, measured: Measurements) -> tuple[Floats, Floats]:
    """Return what this cycle tells the record: (loops, shared) as ``Gatherer.note`` takes them.

    ``known`` has heard the cycle, ``measured`` is what it heard; heat is as the estimate weighed it, and
    absent where nothing told it.
    """
    told = known.state.since_heat_s == 0.0
    q = np.where(told, known.state.q, np.nan)
    rows = np.full((len(known), len(SERIES)), np.nan)
    rows[:, 1:5] = np.stack(
        [measured.T_supply, measured.T_return, measured.T_indoor, measured.m_flow], axis=1
    )
    for place, key in enumerate(known.keys):
        readings = inputs.readings.get(key.station, {})
        if inputs.observations[key].mode is Mode.MANUAL:
            q[place] = np.inf
        rows[place, 5] = number(readings.get(Point(key.loop, "y_pump_secondary")), inputs.now, AGE_S)
        for column, name in enumerate(SERIES[6:], start=6):
            rows[place, column] = number(readings.get(Point(PRIMARY, name)), inputs.now, AGE_S)
    rows[:, 0] = q
    shared = [_first(values) for values in (measured.T_outdoor, measured.sun, measured.wind)]
    return rows, np.array([*shared, _source(inputs)])


def _first(values: Floats) -> float:
    return float(values[0]) if len(values) else float("nan")


def _source(inputs: StrategyInputs) -> float:
    """Return the supply temperature of the first heat source that tells one; NaN without."""
    for readings in inputs.readings.values():
        T_supply = number(readings.get(Point(PRIMARY, "T_supply_source")), inputs.now, AGE_S)
        if np.isfinite(T_supply):
            return T_supply
    return float("nan")
