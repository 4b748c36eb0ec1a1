"""What stations used over a period, from their counters: differences, never averages of power. Pure.

A counter is looked at at a few instants of the period. Between two looks it rose (counted), fell (it was
reset, rolled over or exchanged) or leapt further than any consumer of that size could take (exchanged for
one with a higher reading). What fell or leapt is not counted, and said.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Literal

from stations.model.quality import Quality
from stations.model.reading import Reading

T_BASE_DEGC = 18.0
"""Base of degree-days, as usual for heating in China: a house needs heat below this daily mean."""
DAY_S = 86_400.0
COARSE_STEPS = 20.0
"""A rise of fewer display steps than this is known to no better than 5 %."""

Doubt = Literal["no_counter", "no_data", "gap", "reset", "leap", "doubtful", "coarse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What one counter, or several together, counted over a period."""

    amount: float | None
    """Unit of the counter; None where nothing could be counted."""
    counted_s: float
    """How long it was counted: the period without what is missing."""
    spans: tuple[tuple[float, float], ...]
    """Where it was counted, UTC seconds."""
    doubts: tuple[Doubt, ...]


def counted(
    looks: Sequence[Reading | None], *, step: float, fastest_per_s: float, period_s: float
) -> Counted:
    """Return what a counter counted between looks that are in order of time; None where there was no value.

    ``step`` is one step of its display (0: none known), ``fastest_per_s`` the fastest rise that is credible.
    """
    known = [look for look in looks if look is not None and look.value is not None]
    if not known:
        return Counted(amount=None, counted_s=0.0, spans=(), doubts=("no_data",))
    doubts: set[Doubt] = set()
    amount, spans = 0.0, []
    for before, after in pairwise(known):
        elapsed_s = after.measured_at - before.measured_at
        rise = (after.value or 0.0) - (before.value or 0.0)
        if elapsed_s <= 0.0:
            continue
        if rise < 0.0:
            doubts.add("reset")
        elif rise > fastest_per_s * elapsed_s + 2.0 * step:
            doubts.add("leap")
        else:
            amount += rise
            spans.append((before.measured_at, after.measured_at))
    counted_s = sum(end - start for start, end in spans)
    if len(known) < len(looks) or counted_s < 0.9 * period_s:
        doubts.add("gap")
    if any(look.quality is not Quality.GOOD for look in known):
        doubts.add("doubtful")
    if spans and amount < COARSE_STEPS * step:
        doubts.add("coarse")
    return Counted(
        amount=amount if spans else None,
        counted_s=counted_s,
        spans=tuple(spans),
        doubts=_in_order(doubts),
    )


NO_COUNTER = Counted(amount=None, counted_s=0.0, spans=(), doubts=("no_counter",))


def together(parts: Sequence[Counted]) -> Counted:
    """Return the sum of the counters of a station's loops; without one of them there is no sum."""
    if not parts:
        return NO_COUNTER
    doubts = _in_order({doubt for part in parts for doubt in part.doubts})
    amounts = [part.amount for part in parts if part.amount is not None]
    shortest = min(parts, key=lambda part: part.counted_s)
    return Counted(
        amount=sum(amounts) if len(amounts) == len(parts) else None,
        counted_s=shortest.counted_s,
        spans=shortest.spans,
        doubts=doubts,
    )


def degree_days(outdoor: Sequence[tuple[float, float]], spans: Sequence[tuple[float, float]]) -> float | None:
    """Return the degree-days of the spans, K·d: the integral of 18 degC minus outdoor where that is positive.

    ``outdoor`` is (UTC second, degC) in order of time, held from one to the next. None without either.
    """
    if not outdoor or not spans:
        return None
    total = 0.0
    for (start, T_outdoor), (end, _) in pairwise([*outdoor, (float("inf"), 0.0)]):
        begin = start if start > outdoor[0][0] else float("-inf")
        seconds = sum(max(0.0, min(end, last) - max(begin, first)) for first, last in spans)
        total += max(0.0, T_BASE_DEGC - T_outdoor) * seconds / DAY_S
    return total


def mean_indoor(looks: Sequence[Mapping[int, Reading]], A_heated_m2: Mapping[int, float]) -> float | None:
    """Return the mean indoor temperature of the looks in degC, loops weighted by area; None without any."""
    means = []
    for look in looks:
        known = {loop: reading.value for loop, reading in look.items() if reading.quality is Quality.GOOD}
        area = sum(A_heated_m2[loop] for loop in known)
        if area > 0.0:
            means.append(sum(A_heated_m2[loop] * (value or 0.0) for loop, value in known.items()) / area)
    return fmean(means) if means else None


def _in_order(doubts: set[Doubt]) -> tuple[Doubt, ...]:
    order: tuple[Doubt, ...] = ("no_counter", "no_data", "gap", "reset", "leap", "doubtful", "coarse")
    return tuple(doubt for doubt in order if doubt in doubts)
