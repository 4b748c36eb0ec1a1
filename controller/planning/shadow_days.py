"""Plans held against what was done, day by day: what they would save, or saved, and whether they still hold.

One sample for each plan: the heat that it said for then, what the curve would have taken by the same model,
and what the loop took. A day counts with three quarters of its samples. On days on the curve the model can be
checked; the judgement is that of ``optimizer.shadow``.
"""

import asyncio
import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import structlog

from controller.decisions import LoopKey
from controller.planning.published import Published
from controller.smallstore import SmallStore
from controller.state import ControllerState, LoopStatus
from optimizer.building import Floats
from optimizer.plan.status import PlanStatus
from optimizer.reason import Reason
from optimizer.shadow import (
    PROPOSED_MIN,
    Checked,
    Saving,
    checked,
    drift_of,
    proposed_saving,
    saved_by_plan,
    watched,
    watching,
)
from stations.model.clock import Clock

log = structlog.get_logger("shadow")

FILE = "shadow.db"
SCHEMA = """
CREATE TABLE IF NOT EXISTS day (day TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS promoted (
    station TEXT NOT NULL, loop INTEGER NOT NULL, day TEXT NOT NULL, PRIMARY KEY (station, loop)
) STRICT;
"""
LOOK_S = 60.0
DAY_S, ENOUGH = 86_400.0, 0.75
QUARTER_S = 900.0
KEPT_DAYS = 60
SAVE_EVERY = 4
"""Samples between two times at which the day is laid down."""
ON_CURVE, ON_PLAN = 0.05, 0.95
"""Share of a day's samples that followed plans: at most, and at least."""
AUTHOR = "strategy:optimizer"


class Day(NamedTuple):
    """Mean heat of one loop on one day, W/m2, and the share of its samples in which it followed plans."""

    actual: float
    plan: float
    curve: float
    followed: float
    date: str
    """The local day, as ``local_day`` writes it."""


class Judged(NamedTuple):
    """What is to be said of a loop, or of many together."""

    saving: Saving | Reason
    proposed: bool
    """True where it would have been saved; False where plans were followed."""
    drift: Reason | None
    """Why it is no longer what its model says; None while it is."""


class ShadowBook:
    """The file of the days. May be used from any thread; raises OSError, sqlite3.Error."""

    def __init__(self, data: Path, interval_s: float = QUARTER_S) -> None:
        """Open or create it in a folder that exists; ``interval_s`` is that from plan to plan."""
        self._least = ENOUGH * DAY_S / max(interval_s, QUARTER_S)
        self._small = SmallStore(data / FILE, SCHEMA)

    def put(self, day: str, sums: Mapping[LoopKey, Sequence[float]]) -> None:
        """Lay the sums of a day down: heat as it was, by plan, by curve, followed, samples."""
        body = json.dumps([[key.station, key.loop, *values] for key, values in sums.items()], allow_nan=False)
        with self._small.writing() as connection:
            connection.execute("INSERT OR REPLACE INTO day VALUES (?, ?)", (day, body))
            old = "DELETE FROM day WHERE day NOT IN (SELECT day FROM day ORDER BY day DESC LIMIT ?)"
            connection.execute(old, (KEPT_DAYS,))

    def promote(self, key: LoopKey, day: str) -> None:
        """Let a loop begin anew with plans: what it did under earlier ones up to ``day`` is forgiven."""
        with self._small.writing() as connection:
            row = (key.station, key.loop, day)
            connection.execute("INSERT OR REPLACE INTO promoted VALUES (?, ?, ?)", row)

    def drifted(self, before: str) -> dict[LoopKey, Reason]:
        """Return the loops that no longer do what their model says, by the days before a local day."""
        return drifts(self.days(before))

    def sums(self, day: str) -> dict[LoopKey, list[float]]:
        """Return the sums of a day; empty where there are none."""
        with self._small.reading() as connection:
            row = connection.execute("SELECT body FROM day WHERE day = ?", (day,)).fetchone()
        return {} if row is None else _restored(row["body"])

    def days(self, before: str) -> dict[LoopKey, list[Day]]:
        """Return the days of each loop that count, oldest first, of those before a local day.

        Days on which it followed plans begin anew with its promotion.
        """
        sql = "SELECT day, body FROM day WHERE day < ? ORDER BY day"
        with self._small.reading() as connection:
            rows = connection.execute(sql, (before,)).fetchall()
            promoted = connection.execute("SELECT * FROM promoted").fetchall()
        since = {LoopKey(row["station"], row["loop"]): row["day"] for row in promoted}
        found: dict[LoopKey, list[Day]] = {}
        for row in rows:
            for key, (actual, plan, curve, followed, n) in _restored(row["body"]).items():
                over = row["day"] <= since.get(key, "") and followed > ON_CURVE * n
                if n >= self._least and not over:
                    one = Day(actual / n, plan / n, curve / n, followed / n, row["day"])
                    found.setdefault(key, []).append(one)
        return found


def _restored(body: str) -> dict[LoopKey, list[float]]:
    return {LoopKey(station, int(loop)): values for station, loop, *values in json.loads(body)}


class ShadowDays:
    """Gathers the samples of a running controller; on the event loop, the file in threads."""

    def __init__(self, book: ShadowBook, state: ControllerState, clock: Clock, timezone: str) -> None:
        """Go on with today's sums where an earlier run left them. Raises OSError, sqlite3.Error."""
        self._book, self._state, self._clock = book, state, clock
        self._zone = ZoneInfo(timezone)
        self._last: Published | None = None
        self._day = local_day(clock.now(), self._zone)
        self._sums = book.sums(self._day)
        self._unsaved = 0
        state.drifted = book.drifted(self._day)

    async def run(self) -> None:
        """Look for new plans for ever."""
        while True:
            try:
                await self.look()
            except (OSError, sqlite3.Error) as error:
                log.error("shadow_not_stored", why=str(error))
            await self._clock.sleep(LOOK_S)

    async def look(self) -> None:
        """Take a sample if there is a new plan since the last look; lay days down."""
        new, now = self._state.published, self._clock.now()
        if new is None or new is self._last:
            return
        last, self._last = self._last, new
        day = local_day(now, self._zone)
        if day != self._day:
            await asyncio.to_thread(self._book.put, self._day, self._sums)
            self._day, self._sums = day, {}
        if last is None or last.keys != new.keys:
            return
        self._take(last, new, now)
        self._unsaved += 1
        if self._unsaved >= SAVE_EVERY:
            self._unsaved = 0
            await asyncio.to_thread(self._book.put, day, {key: list(v) for key, v in self._sums.items()})
            drifted = await asyncio.to_thread(self._book.drifted, day)
            for key in drifted.keys() - self._state.drifted.keys():
                log.warning("loop_drifted", loop=str(key), why=drifted[key].id)
            self._state.drifted = drifted

    def _take(self, last: Published, new: Published, now: float) -> None:
        said = _said(last, now)
        if said is None:
            return
        plan, curve = said
        for i, key in enumerate(new.keys):
            told = (float(new.known.state.q[i]), float(plan[i]), float(curve[i]))
            if not np.isfinite(told).all() or (key in last.excluded and not last.advised(key)):
                continue
            sums = self._sums.setdefault(key, [0.0] * 5)
            for place, value in enumerate((*told, float(follows(self._state.loops[key])), 1.0)):
                sums[place] += value


def local_day(now: float, zone: ZoneInfo) -> str:
    """Return the local day of a UTC second."""
    return datetime.fromtimestamp(now, zone).date().isoformat()


def follows(status: LoopStatus) -> bool:
    """Tell whether a loop's present instruction comes from a plan."""
    decision = status.decision
    told = decision is not None and decision.author == AUTHOR and bool(decision.why)
    return told and decision is not None and decision.why[0].id == "plan.instruction"


def _said(last: Published, now: float) -> tuple[Floats, Floats] | None:
    """Return the heat (n,) that a plan said for now, and what the curve would have taken by its model."""
    advised = None if last.advice is None else _said(last.advice, now)
    step, curve, problem = last.plan.step_at(now), last.curve, last.problem
    if step is None or curve is None or problem is None or last.plan.status is PlanStatus.NONE:
        return advised
    on_curve = int((now - problem.start) // (3600.0 * problem.dt_h))
    if not 0 <= on_curve < curve.q.shape[1]:
        return None
    q = last.plan.q[:, step]
    return q if advised is None else np.where(np.isnan(q), advised[0], q), curve.q[:, on_curve]


def on_days(days: Sequence[Day]) -> tuple[Floats, Floats]:
    """Return the days on the curve and those on plans, rows as ``Day`` without its date.

    Days of both kinds are neither.
    """
    rows = np.array([one[:4] for one in days], dtype=np.float64).reshape(-1, 4)
    return rows[rows[:, 3] <= ON_CURVE], rows[rows[:, 3] >= ON_PLAN]


def judged(days: Sequence[Day], drift: Reason | None = None) -> Judged:
    """Return what the days of a loop, or of many together, say of plans; ``drift`` is from ``drifts``."""
    on_curve, on_plan = on_days(days)
    model = checked(on_curve[:, 0], on_curve[:, 2])
    proposed = len(on_plan) < PROPOSED_MIN
    if isinstance(model, Reason):
        return Judged(model, proposed, drift)
    if proposed:
        saving = proposed_saving(on_curve[:, 1], on_curve[:, 0], model)
    else:
        saving = saved_by_plan(on_plan[:, 0], on_plan[:, 2], model)
    return Judged(saving, proposed, drift)


def drifts(days: Mapping[LoopKey, Sequence[Day]]) -> dict[LoopKey, Reason]:
    """Return the loops that take more or less than planned for good; all loops at once, day by day."""
    off: dict[LoopKey, Floats] = {}
    sd: list[float] = []
    for key, found in days.items():
        on_curve, on_plan = on_days(found)
        model = checked(on_curve[:, 0], on_curve[:, 2])
        if isinstance(model, Checked) and len(on_plan):
            with np.errstate(all="ignore"):
                off[key] = on_plan[:, 0] / on_plan[:, 1] - model.ratio
            sd.append(model.sd)
    watch = watching(len(off))
    for day in range(max((len(one) for one in off.values()), default=0)):
        now = np.array([one[day] if day < len(one) else np.nan for one in off.values()])
        watch = watched(watch, now, np.array(sd))
    found_of = {key: drift_of(watch, place) for place, key in enumerate(off)}
    return {key: why for key, why in found_of.items() if why is not None}


def together(days: Mapping[LoopKey, Sequence[Day]], area: Mapping[LoopKey, float]) -> list[Day]:
    """Return the days of many loops as one, oldest first: by date the mean of those that have it, by area.

    A date counts with three quarters of the area that has any day at all; a mean of few tells of those few.
    """
    by_date: dict[str, list[tuple[float, Day]]] = {}
    whole = 0.0
    for key, found in days.items():
        size = area.get(key, 0.0)
        if size > 0.0 and found:
            whole += size
            for one in found:
                by_date.setdefault(one.date, []).append((size, one))
    means = []
    for date, there in sorted(by_date.items()):
        sizes = np.array([size for size, _ in there])
        if sizes.sum() >= ENOUGH * whole:
            mean = sizes @ np.array([one[:4] for _, one in there]) / sizes.sum()
            actual, plan, curve, followed = mean.tolist()
            means.append(Day(actual, plan, curve, followed, date))
    return means
