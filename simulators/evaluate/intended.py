"""What a plan said of rooms a day ahead, kept until the day is over, to be held against the truth."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.decisions import LoopKey
    from controller.planning.published import Published
    from simulators.plant.arrays import Floats

AHEAD_S = 86_400.0
NEAR_S = 60.0
"""A day is over when it is over but for this: clocks are floats."""


class Intended:
    """Takes one look an hour; the loops are those of ``keys``, in this order."""

    def __init__(self, keys: Sequence[LoopKey]) -> None:
        self._keys = tuple(keys)
        self._waiting: deque[tuple[float, Floats]] = deque()

    def look(self, published: Published | None, now: float, T_indoor: Floats) -> Floats:
        """Return what rooms are above what was said of them a day before ``now``, K, for those planned.

        ``T_indoor`` (n_loops,) is how warm the mean dwelling of each loop is, degC. What the newest plan says
        of the same moment of the next day is kept.
        """
        off = np.empty(0)
        while self._waiting and self._waiting[0][0] <= now + NEAR_S:
            due, said = self._waiting.popleft()
            if due >= now - NEAR_S:
                missed = T_indoor - said
                off = missed[np.isfinite(missed)]
        if published is not None and published.usable(now):
            self._waiting.append((now + AHEAD_S, self._said(published, now + AHEAD_S)))
        return off

    def _said(self, published: Published, due: float) -> Floats:
        """Return what the plan says of ``due``, or of its end just before; NaN for who is not planned."""
        plan, said = published.plan, np.full(len(self._keys), np.nan)
        ends = np.arange(1, plan.T_indoor.shape[1] + 1) * 3600.0 * plan.dt_h + plan.start
        step = min(int(np.searchsorted(ends, due - NEAR_S)), len(ends) - 1)
        rows = {key: row for row, key in enumerate(published.keys) if key not in published.excluded}
        for place, key in enumerate(self._keys):
            if key in rows:
                said[place] = plan.T_indoor[rows[key], step]
        return said
