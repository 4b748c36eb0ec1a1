"""Which heat source gives how much in each hour: who runs, who starts when, how fires move. Pure.

Sources are taken in the order of their price, as many as the heat needs (priority list: Baldwin, Dale and
Dittrich, Trans. AIEE 78 (1959)). One that takes hours to start is kept on through a lull that is shorter
than its start. What each that runs gives is a linear program: the cheapest sum that keeps least loads and
ramps, with a shortage as the last resort, and told.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FIRING_SHARE_PER_H = 0.16
"""Of its capacity by which a boiler's heat moves in an hour: 4 % in 15 min."""
TOLD_SHARE = 0.005
"""Of the heat of an hour that may be missing before it is told."""
DEAR = 1000.0
"""Times the dearest price: what missing heat is weighed with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plants:
    """m heat sources; arrays (m,)."""

    Q_most: Floats
    """kW."""
    Q_least: Floats
    """kW while it runs."""
    price: Floats
    """Of a kWh, in any currency."""
    start_h: Floats
    """Hours from the order to start until it gives heat."""
    running: Flags
    Q_now: Floats
    """kW; NaN where it is not known."""

    def __len__(self) -> int:
        return len(self.Q_most)


class Dispatch(NamedTuple):
    """What each source does in k hours."""

    Q: Floats
    """(m, k) kW, hourly means."""
    on: Flags
    """(m, k)."""
    starting: Flags
    """(m, k): ordered to start, gives nothing yet."""
    missing: Floats
    """(k,) kW that nobody can give."""
    reasons: tuple[Reason, ...]


def dispatched(Q: Floats, plants: Plants) -> Dispatch:
    """Return who gives the heat ``Q`` (k,) kW of k hours, the first of which begins now."""
    if not len(plants) or not np.isfinite(Q).all():
        nothing = np.zeros((len(plants), len(Q)))
        why = because("dispatch.no_source") if not len(plants) else because("dispatch.heat_unknown")
        return Dispatch(nothing, nothing > 0.0, nothing > 0.0, np.maximum(np.nan_to_num(Q), 0.0), (why,))
    on = _committed(Q, plants)
    given, missing, above = _shared(Q, on, plants)
    for _ in range(2 * len(plants) * len(Q)):  # fires rise slowly: somebody else has to begin earlier
        more = _earlier(on, missing, Q, plants)
        if more is None:
            break
        better = _shared(Q, more, plants)
        if better[1].sum() > missing.sum() - 1.0:
            break  # kW: nobody's earlier start helps
        on, (given, missing, above) = more, better
    reasons = _reasons(Q, missing, above, plants)
    return Dispatch(given, on, _starting(on, plants), missing, reasons)


def _committed(Q: Floats, p: Plants) -> Flags:
    """Return who runs, (m, k): the cheapest that carry the heat, lulls bridged."""
    m, k = len(p), len(Q)
    merit, first = _merit(p), _first(p)
    on = np.zeros((m, k), dtype=np.bool_)
    for hour in range(k):
        carried = 0.0
        for i in merit:
            if hour >= first[i] and carried < Q[hour] * (1.0 - 1e-9):
                on[i, hour] = True
                carried += p.Q_most[i]
    for i in merit:
        _bridge(on, i, Q, p)
    return on


def _bridge(on: Flags, i: int, Q: Floats, p: Plants) -> None:
    """Keep source ``i`` on through lulls shorter than its start; where it may not, it is back later."""
    needed = math.ceil(p.start_h[i])
    stopped = 0 if p.running[i] and not on[i, 0] else None
    for hour in range(1 if stopped is None else 0, on.shape[1]):
        if hour and on[i, hour - 1] and not on[i, hour]:
            stopped = hour
        if on[i, hour] and stopped is not None:
            lull = slice(stopped, hour)
            if hour - stopped < needed:
                others = p.Q_least @ on[:, lull]
                if (others + p.Q_least[i] <= Q[lull]).all():
                    on[i, lull] = True
                else:
                    on[i, hour : stopped + needed] = False
                    if not on[i, hour]:
                        continue
            stopped = None


def _earlier(on: Flags, missing: Floats, Q: Floats, p: Plants) -> Flags | None:
    """Return ``on`` with one more source on before the first hour that misses heat; None where none is."""
    short = np.flatnonzero(missing > TOLD_SHARE * Q)
    first = _first(p)
    for hour in short.tolist():
        for i in _merit(p):
            # whoever runs then, or is next, may be on the hour before
            begin = hour
            while begin > 0 and on[i, begin - 1]:
                begin -= 1
            at = hour if not on[i, hour] else begin - 1
            least = p.Q_least @ on[:, at] + p.Q_least[i] if at >= 0 else np.inf
            free = at >= first[i] and not on[i, at] and not _just_stopped(on, i, at, p)
            if free and least <= Q[at]:
                more = on.copy()
                more[i, at] = True
                _bridge(more, i, Q, p)
                if more[i, at]:
                    return more
    return None


def _just_stopped(on: Flags, i: int, at: int, p: Plants) -> bool:
    """Tell whether a source could not have started again by ``at`` after it stopped."""
    before = np.flatnonzero(on[i, :at])
    if len(before):
        return bool(0 < at - 1 - before[-1] < math.ceil(p.start_h[i]))
    return bool(p.running[i] and 0 < at < math.ceil(p.start_h[i]))


def _merit(p: Plants) -> list[int]:
    """Return sources by price; of one price, those that run first, then the larger."""
    return sorted(range(len(p)), key=lambda i: (p.price[i], not p.running[i], -p.Q_most[i]))


def _first(p: Plants) -> NDArray[np.intp]:
    """Return the first hour (m,) in which each can give heat."""
    return np.where(p.running, 0, np.ceil(p.start_h)).astype(np.intp)


def _starting(on: Flags, p: Plants) -> Flags:
    found = np.zeros_like(on)
    for i in range(len(p)):
        before = np.concatenate([[bool(p.running[i])], on[i, :-1]])
        for hour in np.flatnonzero(on[i] & ~before):
            found[i, max(0, hour - math.ceil(p.start_h[i])) : hour] = True
    return found & ~on


def _shared(Q: Floats, on: Flags, p: Plants) -> tuple[Floats, Floats, Floats]:
    """Return what each gives (m, k), what is missing and what is too much (k,), at the least cost."""
    # Not above: a controller without sources to advise would load both at each start.
    from scipy.optimize import linprog
    from scipy.sparse import coo_array

    m, k = on.shape
    ramp = FIRING_SHARE_PER_H * p.Q_most
    before = np.concatenate([p.running[:, None], on[:, :-1]], axis=1)
    most = np.where(on, np.where(before, p.Q_most[:, None], (p.Q_least + ramp)[:, None]), 0.0)
    most = np.minimum(most, p.Q_most[:, None])
    least = np.where(on, p.Q_least[:, None], 0.0)
    known = p.running & np.isfinite(p.Q_now) & on[:, 0]
    now = np.clip(np.where(known, p.Q_now, 0.0), p.Q_least, p.Q_most)
    most[known, 0] = np.minimum(most[known, 0], (now + ramp)[known])
    least[known, 0] = np.maximum(least[known, 0], (now - ramp)[known])
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    limits: list[float] = []
    for i in range(m):
        for hour in np.flatnonzero(on[i, 1:] & on[i, :-1]) + 1:
            for sign in (1.0, -1.0):
                row = len(limits)
                rows += [row, row]
                columns += [i * k + hour, i * k + hour - 1]
                values += [sign, -sign]
                limits.append(ramp[i])
    dear = DEAR * float(p.price.max())
    cost = np.concatenate([np.repeat(p.price, k), np.full(2 * k, max(dear, DEAR))])
    sums = np.tile(np.arange(k), m + 2)
    parts = np.concatenate([np.ones(m * k + k), -np.ones(k)])
    balance = coo_array((parts, (sums, np.arange((m + 2) * k))), shape=(k, (m + 2) * k))
    slack = np.full(2 * k, np.inf)
    found = linprog(
        cost,
        A_ub=coo_array((values, (rows, columns)), shape=(len(limits), (m + 2) * k)) if limits else None,
        b_ub=limits or None,
        A_eq=balance,
        b_eq=Q,
        bounds=np.column_stack([np.append(least.ravel(), np.zeros(2 * k)), np.append(most.ravel(), slack)]),
        method="highs",
    )
    assert found.x is not None, "missing and excess heat make every question answerable"
    x = np.maximum(found.x, 0.0)
    return x[: m * k].reshape(m, k), x[m * k : (m + 1) * k], x[(m + 1) * k :]


def _reasons(Q: Floats, missing: Floats, above: Floats, p: Plants) -> tuple[Reason, ...]:
    found = []
    told = missing > TOLD_SHARE * np.maximum(Q, 1.0)
    capacity = float(p.Q_most.sum())
    beyond = told & (capacity < Q)
    if beyond.any():
        short = float((Q - capacity)[beyond].max())
        found.append(because("dispatch.short", hours=int(beyond.sum()), short_kW=short, most_kW=capacity))
    late = told & ~beyond
    if late.any():
        found.append(because("dispatch.late", hours=int(late.sum()), short_kW=float(missing[late].max())))
    over = above > TOLD_SHARE * np.maximum(Q, 1.0)
    if over.any():
        found.append(because("dispatch.too_much", hours=int(over.sum()), above_kW=float(above[over].max())))
    return tuple(found)
