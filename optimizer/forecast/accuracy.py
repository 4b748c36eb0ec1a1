"""What was forecast a day ahead beside what came: kept until it came, then counted.

Pure accumulators: what is added up can be added up in parts, kept in a file, and forgotten slowly.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

LEAD_S = 24 * 3600.0
"""What is judged is the last forecast that was made so long before the end of its hour."""
HOUR_S = 3600.0
WAIT_S = 48 * 3600.0
"""A value that did not come within this after its hour (a lost meter) is not waited for any longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promises:
    """Forecasts whose hours have not come yet; shapes (p,), in the order of time."""

    times: Floats
    """UTC seconds at which the hours begin."""
    told: Floats
    low: Floats
    high: Floats
    """Band that shall hold what comes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accuracy:
    """Sums over hours. ``Accuracy()`` has seen nothing."""

    count: float = 0.0
    """Hours; a fraction once they were faded."""
    error: float = 0.0
    """Sum of forecast minus came."""
    size: float = 0.0
    """Sum of its absolute values."""
    square: float = 0.0
    came: float = 0.0
    """Sum of the absolute values of what came."""
    inside: float = 0.0
    """Hours within their band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What the sums say; in the unit of the load, shares as fractions."""

    hours: float
    mae: float
    """Mean absolute error."""
    bias: float
    """Mean of forecast minus came: above 0 too much was forecast."""
    rmse: float
    wape: float | None
    """Sum of absolute errors over the sum of what came; None where nothing came."""
    coverage: float
    """Share of hours within their band."""


def no_promises() -> Promises:
    """Return the book at the begin."""
    nothing = np.zeros(0)
    return Promises(times=nothing, told=nothing, low=nothing, high=nothing)


def promised(
    book: Promises, issued_at: float, times: Floats, told: Floats, low: Floats, high: Floats
) -> Promises:
    """Return the book with a forecast of hours beginning at ``times``, issued at a UTC second.

    Only hours that end ``LEAD_S`` or more after that count; they take the place of what was told earlier.
    """
    far = times + HOUR_S - issued_at >= LEAD_S
    if not far.any():
        return book
    kept = ~np.isin(book.times, times[far])
    order = np.argsort(np.concatenate([book.times[kept], times[far]]), kind="stable")

    def joined(old: Floats, new: Floats) -> Floats:
        return np.concatenate([old[kept], new[far]])[order]

    return Promises(
        times=joined(book.times, times),
        told=joined(book.told, told),
        low=joined(book.low, low),
        high=joined(book.high, high),
    )


def settled(
    book: Promises, accuracy: Accuracy, times: Floats, came: Floats, known: Flags, now: float
) -> tuple[Promises, Accuracy]:
    """Return book and sums after some hours came, of which ``known`` ones count.

    What is waited for longer than ``WAIT_S`` leaves the book uncounted.
    """
    there = np.isin(book.times, times[known])
    if there.any():
        order = np.argsort(times[known])
        place = order[np.searchsorted(times[known], book.times[there], sorter=order)]
        values = came[known][place]
        accuracy = counted(accuracy, book.told[there], values, book.low[there], book.high[there])
    left = ~there & (book.times + HOUR_S + WAIT_S >= now)
    book = Promises(times=book.times[left], told=book.told[left], low=book.low[left], high=book.high[left])
    return book, accuracy


def counted(accuracy: Accuracy, told: Floats, came: Floats, low: Floats, high: Floats) -> Accuracy:
    """Return the sums with further hours (k,)."""
    error = told - came
    more = Accuracy(
        count=float(len(error)),
        error=float(error.sum()),
        size=float(np.abs(error).sum()),
        square=float((error**2).sum()),
        came=float(np.abs(came).sum()),
        inside=float(((low <= came) & (came <= high)).sum()),
    )
    return merged(accuracy, more)


def merged(one: Accuracy, other: Accuracy) -> Accuracy:
    """Return the sums of both: of two parts of a season, or of two loops in the same unit."""
    sums = {field.name: getattr(one, field.name) + getattr(other, field.name) for field in fields(Accuracy)}
    return Accuracy(**sums)


def faded(accuracy: Accuracy, share: float) -> Accuracy:
    """Return the sums with what they hold so far counting ``share`` (0..1) as much."""
    return Accuracy(**{field.name: share * getattr(accuracy, field.name) for field in fields(Accuracy)})


def score(accuracy: Accuracy) -> Score | None:
    """Return what the sums say; None before anything came."""
    count = accuracy.count
    if count <= 0.0:
        return None
    return Score(
        hours=count,
        mae=accuracy.size / count,
        bias=accuracy.error / count,
        rmse=math.sqrt(accuracy.square / count),
        wape=accuracy.size / accuracy.came if accuracy.came > 0.0 else None,
        coverage=accuracy.inside / count,
    )
