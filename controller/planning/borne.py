"""What loops have borne of shortages, in K h below what was wanted: over days it shall be the same for all.

Kept over restarts: a controller that forgot it would let the same loops bear the next shortage.
"""

import json
import math
import sqlite3
from collections.abc import Mapping
from typing import Protocol

import numpy as np
import structlog

from controller.decisions import LoopKey
from controller.knowing.known import Known
from controller.planning.published import Published

log = structlog.get_logger("planning")

FORGOTTEN_S = 14 * 86_400.0
"""Time in which what a loop has borne is forgotten but for a third."""
LEAST_K_H = 0.01
"""Less is nothing."""
GAP_S = 2700.0
"""Longest time between two plans that counts: nobody knows how cold it was in a longer one."""
NOTE = "borne"


class Notes(Protocol):
    """Where a text is kept under a name; raises OSError, sqlite3.Error."""

    def note(self, name: str, body: str) -> None:
        """Keep a text."""

    def noted(self, name: str) -> str | None:
        """Return it; None where there is none."""


class Borne:
    """The sums of one controller. Owner: the planning loop; ``keep`` is called in a thread."""

    def __init__(self, notes: Notes | None = None) -> None:
        """Begin with what ``notes`` tell of an earlier run; without any nothing is kept."""
        self._notes = notes
        self._at: float | None = None
        self._sums: Mapping[LoopKey, float] = {}
        self._kept: Mapping[LoopKey, float] = {}
        try:
            self._at, self._sums = _read(None if notes is None else notes.noted(NOTE))
        except (OSError, sqlite3.Error, ValueError) as error:
            log.error("borne_not_read", why=str(error))

    def after(self, last: Published | None, known: Known, now: float) -> Mapping[LoopKey, float]:
        """Return the sums at UTC second ``now``; ``last`` is the plan that held until then."""
        passed = 0.0 if self._at is None else max(now - self._at, 0.0)
        sums = {key: math.exp(-passed / FORGOTTEN_S) * value for key, value in self._sums.items()}
        short = last is not None and last.plan.why is not None and last.plan.why.id == "plan.rationed"
        if short and last is not None and last.problem is not None and last.keys == known.keys:
            hours = min(max(now - last.made_at, 0.0), GAP_S) / 3600.0
            cold = np.nan_to_num(np.maximum(last.problem.T_min[:, 0] - known.state.T_indoor, 0.0))
            for key, K in zip(known.keys, cold.tolist(), strict=True):
                sums[key] = sums.get(key, 0.0) + hours * K
        self._at = now
        self._sums = {key: value for key, value in sums.items() if value > LEAST_K_H}
        return self._sums

    @property
    def unkept(self) -> bool:
        """Whether there is something to lay down: sums, or that there are none any more."""
        return self._notes is not None and bool(self._sums or self._kept)

    def keep(self) -> None:
        """Lay the sums down."""
        if self._notes is None:
            return
        body = {"at": self._at, "K_h": [[key.station, key.loop, K_h] for key, K_h in self._sums.items()]}
        try:
            self._notes.note(NOTE, json.dumps(body, allow_nan=False))
            self._kept = self._sums
        except (OSError, sqlite3.Error) as error:
            log.error("borne_not_kept", why=str(error))


def _read(body: str | None) -> tuple[float | None, dict[LoopKey, float]]:
    """Return when the sums were laid down, and them; raises ValueError for a text that is something else."""
    if body is None:
        return None, {}
    try:
        told = json.loads(body)
        sums = {LoopKey(str(station), int(loop)): float(K_h) for station, loop, K_h in told["K_h"]}
        at = float(told["at"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{body[:80]!r} are no sums") from error
    if not all(math.isfinite(value) for value in (at, *sums.values())):
        raise ValueError(f"{body[:80]!r} holds what is no number")
    return at, sums
