"""How true forecasts were here: what weather sources and the load forecast told a day ahead, and what came.

One book for each of them, by name: ``T_outdoor:<source>`` (degC; the band is 2 K to either side) and ``load``
(kW of all loops; the band holds 80 %). What came counts for less and less: half after a month.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from controller.knowing.gathered import QUARTER_S, SERIES, SHARED, Quarter
from controller.knowing.loads import Loads
from optimizer.building import Floats
from optimizer.forecast.accuracy import (
    HOUR_S,
    Accuracy,
    Promises,
    Score,
    faded,
    no_promises,
    promised,
    score,
    settled,
)
from optimizer.forecast.outlook import sampled
from optimizer.forecast.weather import WeatherTable

LOAD = "load"
WEATHER = "T_outdoor:"
WITHIN_K = 2.0
"""Band of a weather source: a forecast that is further off moves the heat by more than a tenth."""
AHEAD_H = 48
HALF_LIFE_H = 30 * 24.0
BAND = (0.1, 0.9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """What was promised and did not come yet, and the sums of what did."""

    promises: Promises = field(default_factory=no_promises)
    accuracy: Accuracy = field(default_factory=Accuracy)


Books = Mapping[str, Book]


class Hour(NamedTuple):
    """Means of one hour, absent is NaN."""

    at: float
    """UTC second at which it begins."""
    q: Floats
    """W/m2, shape (n,)."""
    T_outdoor: float


class Hours:
    """Makes hours of quarters; an hour that lacks a quarter is none."""

    def __init__(self) -> None:
        self._quarters: list[Quarter] = []

    def add(self, quarter: Quarter) -> Hour | None:
        """Return the hour that ``quarter`` completes."""
        begin = quarter.at - quarter.at % int(HOUR_S)
        self._quarters = [one for one in self._quarters if begin <= one.at < quarter.at] + [quarter]
        if len(self._quarters) * QUARTER_S < HOUR_S:
            return None
        loops = np.mean([one.loops.astype(np.float64) for one in self._quarters], axis=0)
        shared = np.mean([one.shared.astype(np.float64) for one in self._quarters], axis=0)
        return Hour(float(begin), loops[:, SERIES.index("q")], float(shared[SHARED.index("T_outdoor")]))


def weather_promised(books: Books, table: WeatherTable, now: float) -> dict[str, Book]:
    """Return the books with what a source tells of the outdoor temperature of the hours to come."""
    times = np.asarray(HOUR_S * (now // HOUR_S + np.arange(AHEAD_H, dtype=np.float64)))
    T, known = sampled(table.T_outdoor, times + 0.5 * HOUR_S)
    if not known.any():
        return dict(books)
    return _promised(
        books, WEATHER + table.source, now, times[known], T[known], T[known] - WITHIN_K, T[known] + WITHIN_K
    )


def load_promised(books: Books, loads: Loads) -> dict[str, Book]:
    """Return the books with a load forecast of all loops together."""
    network = loads.network
    if network is None:
        return dict(books)
    low, high = (network.quantile(level) for level in BAND)
    return _promised(books, LOAD, loads.made_at, loads.times, network.load, low, high)


def hour_came(
    books: Books, hour: Hour, area: Floats, forecast: NDArray[np.bool_], now: float
) -> dict[str, Book]:
    """Return the books after one hour came; ``area`` (n,) in m2, ``forecast`` (n,): loops in the load's sum.

    The load counts only where every one of them is known: a part is no sum.
    """
    heat = float((hour.q * area)[forecast].sum()) / 1000.0 if forecast.any() else float("nan")
    result = {}
    for name, book in books.items():
        value = heat if name == LOAD else hour.T_outdoor
        promises, accuracy = settled(
            book.promises,
            faded(book.accuracy, 0.5 ** (1.0 / HALF_LIFE_H)),
            np.array([hour.at]),
            np.array([value if np.isfinite(value) else 0.0]),
            np.array([bool(np.isfinite(value))]),
            now,
        )
        result[name] = Book(promises=promises, accuracy=accuracy)
    return result


def scores(books: Books) -> dict[str, Score]:
    """Return what the books say, of those that say something."""
    told = {name: score(book.accuracy) for name, book in books.items()}
    return {name: one for name, one in told.items() if one is not None}


def stored(books: Books) -> str:
    """Return the books as JSON."""
    return json.dumps(
        {
            name: {
                "promises": {key: values.tolist() for key, values in _series(book.promises).items()},
                "accuracy": asdict(book.accuracy),
            }
            for name, book in books.items()
        }
    )


def restored(text: str | None) -> dict[str, Book]:
    """Return the books from what ``stored`` made of them; none from anything else."""
    if text is None:
        return {}
    try:
        return {
            name: Book(
                promises=Promises(**{key: np.array(v, dtype=float) for key, v in told["promises"].items()}),
                accuracy=Accuracy(**told["accuracy"]),
            )
            for name, told in json.loads(text).items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}  # of another version of the program: counted anew


def _promised(
    books: Books, name: str, issued_at: float, times: Floats, told: Floats, low: Floats, high: Floats
) -> dict[str, Book]:
    book = books.get(name, Book())
    promises = promised(book.promises, issued_at, times, told, low, high)
    return {**books, name: Book(promises=promises, accuracy=book.accuracy)}


def _series(promises: Promises) -> dict[str, Floats]:
    return {name: getattr(promises, name) for name in ("times", "told", "low", "high")}
