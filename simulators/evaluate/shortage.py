"""How fairly a shortage was shared out: what plans gave, and what then really came to the stations.

A station's part is the heat that it got over the heat that plans would have given it in the same quarters of
an hour if there had been enough. Setpoints need their time, so what came counts from an hour after the begin
of a shortage on. Who is spared by intention (critical users, who has borne too much) shares nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from controller.decisions import LoopKey
    from controller.planning.published import Published
    from simulators.plant.arrays import Floats, Indices

SETTLED_S = 3600.0
OVER_S = 3600.0
"""A shortage is over when so long no plan has shared one out."""
PLAN_GOAL_PERCENT = 2.0
AT_LEAST = 1.005
"""What is given over the least that may be told, up to which a loop counts as held there."""


@dataclass(slots=True)
class SharedHeat:
    """Material of the figures. Heat is in kWh by loop, of the counted hours with a shortage."""

    plans_percent: list[float] = field(default_factory=list)
    """Of each plan how far apart the parts are of those who share."""
    able_percent: list[float] = field(default_factory=list)
    """The same without loops that are given the least that they may be told: those cannot share."""
    at_least: list[int] = field(default_factory=list)
    """How many loops these are, of each plan."""
    needed: list[Floats] = field(default_factory=list)
    """What plans would have given, one entry for each hour; NaN for loops that did not share all the hour."""
    planned: list[Floats] = field(default_factory=list)
    given: list[Floats] = field(default_factory=list)


class ShortageWatch:
    """Looks at the newest plan at every turn and at what came at every hour's end; loops are ``keys``."""

    def __init__(self, keys: Sequence[LoopKey], A_heated: Floats) -> None:
        self._keys, self._A = tuple(keys), A_heated
        self._judged: float | None = None
        """When the newest plan was made that was looked at."""
        self._began = self._seen = float("-inf")
        self._turns: list[tuple[Floats, Floats]] = []
        self.heat = SharedHeat()

    def begin(self) -> None:
        """From now on everything counts."""
        self.heat = SharedHeat()

    def turn(self, published: Published | None, now: float) -> None:
        """Note what the plan in force at UTC second ``now`` gives each loop, and would give it."""
        needed, planned = np.full(len(self._keys), np.nan), np.full(len(self._keys), np.nan)
        shares = None if published is None or not published.usable(now) else published.plan.shares
        if published is not None and shares is not None:
            plan = published.plan
            if now - self._seen > OVER_S:
                self._began = now
            self._seen = now
            if self._judged != published.made_at:
                self._judged = published.made_at
                self.heat.plans_percent.append(100.0 * shares.spread(plan.q))
                parts, held = shares.given(plan.q), _at_least(published) & ~shares.spared
                able = parts[np.isfinite(parts) & ~shares.spared & ~held]
                self.heat.able_percent.append(100.0 * float(np.ptp(able)) if len(able) else 0.0)
                self.heat.at_least.append(int(held.sum()))
            step = plan.step_at(now)
            rows = {key: row for row, key in enumerate(published.keys) if key not in published.excluded}
            for place, key in enumerate(self._keys):
                row = rows.get(key)
                if row is not None and step is not None and not shares.spared[row]:
                    needed[place], planned[place] = shares.needed[row, step], plan.q[row, step]
        self._turns.append((needed, planned))

    def hour_passed(self, Q_flow: Floats, now: float) -> None:
        """Note the mean heat (kW, by loop) of the hour that ends at UTC second ``now``."""
        turns, self._turns = self._turns, []
        if not turns or now - 3600.0 < self._began + SETTLED_S or now - self._seen > OVER_S:
            return
        needed, planned = (np.mean([turn[i] for turn in turns], axis=0) for i in (0, 1))
        shared = np.isfinite(needed)
        if shared.any():
            self.heat.needed.append(needed * self._A / 1000.0)
            self.heat.planned.append(planned * self._A / 1000.0)
            self.heat.given.append(np.where(shared, Q_flow, np.nan))


def _at_least(published: Published) -> NDArray[np.bool_]:
    """Return which loops a plan gives the least that they may be told, all its time."""
    q, problem = published.plan.q, published.problem
    if problem is None:
        return np.zeros(len(q), dtype=np.bool_)
    return np.asarray(q.sum(axis=1) <= AT_LEAST * problem.q_min[:, : q.shape[1]].sum(axis=1))


def shared_figures(heat: SharedHeat, station_of_loop: Indices) -> dict[str, float | int]:
    """Return how unequally plans and the city shared a shortage out; nothing where no plan had to."""
    if not heat.plans_percent:
        return {}
    plans, able = np.array(heat.plans_percent), np.array(heat.able_percent)
    figures: dict[str, float | int] = {
        "shortage_plans": len(plans),
        "shortage_plan_spread_percent": float(plans.max()),
        "shortage_plans_within_goal_percent": 100.0 * float((plans <= PLAN_GOAL_PERCENT).mean()),
        "shortage_plan_spread_able_percent": float(able.max()),
        "shortage_plans_able_within_goal_percent": 100.0 * float((able <= PLAN_GOAL_PERCENT).mean()),
        "shortage_plan_loops_at_least": max(heat.at_least),
    }
    if not heat.needed:
        return figures
    by_station = [
        np.bincount(station_of_loop, weights=np.nan_to_num(np.array(kWh)).sum(axis=0))
        for kWh in (heat.needed, heat.planned, heat.given)
    ]
    needed, planned, given = (kWh[by_station[0] > 0.0] for kWh in by_station)
    return figures | {
        "shortage_given_percent": 100.0 * float(given.sum() / needed.sum()),
        "shortage_spread_percent": 100.0 * float(np.ptp(given / needed)),
        "shortage_sd_percent": 100.0 * float(np.std(given / needed)),
        "shortage_off_plan_percent": 100.0 * float(np.ptp(given / planned)),
    }
