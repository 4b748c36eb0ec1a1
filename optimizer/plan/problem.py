"""What a plan is asked for, and what is wrong with the question.

Nothing that arrives here is trusted: sensors, forecasts, price files and site data all come with holes. What
concerns one loop excludes this loop; what concerns all of them leaves no plan. Both say why.
"""

from dataclasses import dataclass, field, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
STEPS_MIN = 8
"""Shorter than this a plan has no room to plan in."""
AREA_MIN_M2 = 1.0
AREA_MAX_M2 = 2e6
Q_MAX_W_PER_M2 = 500.0
T_RANGE_DEGC = (-60.0, 60.0)
"""Outside of these a number is in the wrong unit or column."""
_BY_LOOP = ("A", "B", "x0", "area", "ramp", "q_before")
_TABLES = ("gains", "T_min", "T_max", "q_min", "q_max")
_SERIES = ("T_outdoor", "tariff", "P_max")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What counts how much, in Wh/m2 of heat at the mean price, so that it holds in any currency."""

    cold: float = 60.0
    """For each K h below the comfort band; far above what the heat would cost, so heat is not saved there."""
    cold_square: float = 20.0
    """For each K2 h: many a little cold rather than few very cold."""
    hot: float = 20.0
    hot_square: float = 20.0
    moves: float = 0.01
    """For each (W/m2)2 by which heat changes from step to step."""
    end: float = 1.2
    """For each Wh/m2 that rooms and walls lack at the end; above 1, so what is borrowed is paid back."""
    plant: float = 200.0
    """For each W/m2 above the plant's cap or ramp during an hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanProblem:
    """n loops over k steps of ``dt_h`` hours. Heat is W/m2 of heated area, plant powers are kW."""

    start: float
    """UTC second at which the first step begins; what was known then is what the plan is made from."""
    A: Floats
    """(n, 2, 2) and ``B`` (n, 2, 3): x[k+1] = A x[k] + B [q, T_outdoor, gains], x = [T_i, T_e]."""
    B: Floats
    x0: Floats
    """(n, 2) degC at ``start``."""
    area: Floats
    """(n,) heated m2."""
    T_outdoor: Floats
    """(k,) degC."""
    gains: Floats
    """(n, k) W/m2."""
    T_min: Floats
    T_max: Floats
    """(n, k) degC: comfort band at the end of each step."""
    q_min: Floats
    q_max: Floats
    """(n, k) W/m2: frost protection, and what can reach the loop (``reach``)."""
    ramp: Floats
    """(n,) W/m2 from one step to the next."""
    q_before: Floats
    """(n,) W/m2 in the step before the first."""
    tariff: Floats
    """(k,) per kWh, in any currency."""
    P_max: Floats
    """(k,) kW that the source can give to these loops; inf where it is not limited."""
    P_ramp: float = np.inf
    """kW from one step to the next."""
    critical: NDArray[np.bool_] | None = None
    """(n,) hospitals, schools: served first in a shortage. None: nobody."""
    owed: Floats | None = None
    """(n,) K h of under-heating in shortages so far: who has borne more is spared next. None: nobody any."""
    weights: Weights = field(default_factory=Weights)
    dt_h: float = 0.25

    def __post_init__(self) -> None:
        """Take lists and whole numbers as well."""
        for name in (*_BY_LOOP, *_TABLES, *_SERIES, "critical", "owed"):
            value = getattr(self, name)
            if value is not None:
                kind = np.bool_ if name == "critical" else np.float64
                object.__setattr__(self, name, np.asarray(value, dtype=kind))

    @property
    def size(self) -> tuple[int, int]:
        """Return (n, k) as ``T_min`` has them; (0, 0) where it is no table."""
        return (self.T_min.shape[0], self.T_min.shape[1]) if self.T_min.ndim == 2 else (0, 0)


class Excluded(NamedTuple):
    """A loop that is not planned for; it is taken to go on with the heat that it has."""

    loop: int
    why: Reason


class Examined(NamedTuple):
    """What is left to plan."""

    keep: NDArray[np.intp]
    excluded: tuple[Excluded, ...]
    P_held: float
    """kW that the excluded loops go on taking."""
    fault: Reason | None
    """Why there can be no plan at all."""


def examine(problem: PlanProblem) -> Examined:
    """Return which loops can be planned for, or why none can."""
    fault = _shapes(problem) or _series(problem)
    if fault is not None:
        return Examined(np.empty(0, dtype=np.intp), (), 0.0, fault)
    excluded = tuple(_exclusions(problem))
    keep = np.setdiff1d(np.arange(problem.size[0]), [each.loop for each in excluded])
    if not len(keep):
        first = excluded[0].why
        fault = because("plan.no_loop_left", loops=len(excluded), first=first.id)
        return Examined(keep, excluded, 0.0, fault)
    P_held = _held(problem, excluded)
    return Examined(keep, excluded, P_held, _frost(problem, keep, P_held))


_SHAPES = {"A": (2, 2), "B": (2, 3), "x0": (2,), "area": (), "ramp": (), "q_before": ()}


def _shapes(problem: PlanProblem) -> Reason | None:
    n, k = problem.size
    if n == 0:
        return because("plan.no_loops")
    if k < STEPS_MIN:
        return because("plan.horizon_short", steps=k, needed=STEPS_MIN)
    for name in _SERIES:
        series = getattr(problem, name)
        if series.ndim != 1 or len(series) < k:
            return because("plan.series_short", series=name, steps=series.size, needed=k)
    wanted = {name: (n, *_SHAPES[name]) for name in _BY_LOOP} | dict.fromkeys(_TABLES, (n, k))
    for name in ("critical", "owed"):
        if getattr(problem, name) is not None:
            wanted[name] = (n,)
    for name, shape in wanted.items():
        if getattr(problem, name).shape != shape:
            return because("plan.shape", table=name, loops=n, steps=k)
    return None


def _series(problem: PlanProblem) -> Reason | None:
    k = problem.size[1]
    T_outdoor, tariff, P_max = (getattr(problem, name)[:k] for name in _SERIES)
    sound = np.isfinite(T_outdoor) & (T_outdoor > T_RANGE_DEGC[0]) & (T_outdoor < T_RANGE_DEGC[1])
    if not sound.all():
        return because("plan.forecast_hole", step=int(np.argmin(sound)), steps=int((~sound).sum()))
    sound = np.isfinite(tariff) & (tariff >= 0.0) & (tariff < 1e6)
    if not sound.all() or not tariff.mean() > 1e-9:
        return because("plan.tariff", step=int(np.argmin(sound)), steps=int((~sound).sum()))
    sound = P_max >= 0.0  # also false for NaN
    if not sound.all():
        return because("plan.source_unknown", step=int(np.argmin(sound)), steps=int((~sound).sum()))
    if not problem.P_ramp > 0.0:
        return because("plan.source_ramp", P_ramp_kW=_told(problem.P_ramp))
    if not (0.0 < problem.dt_h <= 2.0 and np.isfinite(problem.start)):
        return because("plan.time", dt_h=_told(problem.dt_h), start_s=_told(problem.start))
    for each in fields(Weights):
        weight = getattr(problem.weights, each.name)
        if not (np.isfinite(weight) and weight > 0.0):
            return because("plan.weight", weight=each.name, value=_told(weight))
    return None


def _exclusions(problem: PlanProblem) -> list[Excluded]:
    """Judge the loops; the first thing that is wrong with one is told."""
    p = problem
    found: dict[int, Reason] = {}

    def note(wrong: ArrayLike, why: Reason) -> None:
        for loop in np.flatnonzero(np.asarray(wrong)):
            found.setdefault(int(loop), why)

    with np.errstate(all="ignore"):
        for name in (*_BY_LOOP, *_TABLES):
            values = getattr(p, name).reshape(len(p.area), -1)
            note(~np.isfinite(values).all(axis=1), because("plan.loop_hole", what=name))
        sound = (p.area >= AREA_MIN_M2) & (p.area <= AREA_MAX_M2)
        note(~sound, because("plan.loop_area", least_m2=AREA_MIN_M2, most_m2=AREA_MAX_M2))
        note(~_a_house(p), because("plan.loop_model"))
        temperatures = np.concatenate([p.x0, p.T_min, p.T_max], axis=1)
        sound = (temperatures > T_RANGE_DEGC[0]) & (temperatures < T_RANGE_DEGC[1])
        note(~sound.all(axis=1), because("plan.loop_temperature"))
        note((p.T_min > p.T_max).any(axis=1), because("plan.comfort_band"))
        heats = np.concatenate([p.q_min, p.q_max, p.q_before[:, np.newaxis], np.abs(p.gains)], axis=1)
        sound = (heats >= 0.0) & (heats <= Q_MAX_W_PER_M2)
        note(~sound.all(axis=1), because("plan.loop_heat", most_W_per_m2=Q_MAX_W_PER_M2))
        note((p.q_min > p.q_max).any(axis=1), because("plan.heat_bounds"))
        note(~(p.ramp > 0.0), because("plan.loop_ramp"))
    return [Excluded(loop, found[loop]) for loop in sorted(found)]


def _a_house(problem: PlanProblem) -> NDArray[np.bool_]:
    """Tell which models are two stores that lose heat: 0 < slow and fast decay < 1, and heat warms both."""
    A, b = problem.A, problem.B[:, :, 0]
    trace, det = A[:, 0, 0] + A[:, 1, 1], A[:, 0, 0] * A[:, 1, 1] - A[:, 0, 1] * A[:, 1, 0]
    real = trace**2 - 4.0 * det > 0.0
    stable = (1.0 - trace + det > 1e-9) & (det > 0.0) & (trace < 2.0)
    warms = (b[:, 0] > 1e-6) & (b[:, 1] >= 0.0) & (A[:, 0, 1] > 0.0) & (A[:, 1, 0] > 0.0)
    small = (np.abs(A) <= 1.0).all(axis=(1, 2)) & (np.abs(problem.B) <= 1.0).all(axis=(1, 2))
    return np.asarray(real & stable & warms & small)


def _held(problem: PlanProblem, excluded: tuple[Excluded, ...]) -> float:
    """Heat of the excluded loops, kW; where it is not known, they are taken to need what the others do."""
    if not excluded:
        return 0.0
    out = np.array([each.loop for each in excluded])
    area, q = problem.area[out], problem.q_before[out]
    kept = np.delete(problem.q_before, out)
    usual = float(np.median(kept)) if len(kept) else 0.0
    with np.errstate(invalid="ignore"):
        q = np.where((q >= 0.0) & (q <= Q_MAX_W_PER_M2), q, usual)
        area = np.where((area > 0.0) & (area <= AREA_MAX_M2), area, 0.0)
    return float(area @ q) / 1000.0


def _frost(problem: PlanProblem, keep: NDArray[np.intp], P_held: float) -> Reason | None:
    needed = problem.area[keep] @ problem.q_min[keep] / 1000.0 + P_held
    P_max = problem.P_max[: len(needed)]
    below = P_max < needed
    if not below.any():
        return None
    step = int(np.argmax(below))
    return because(
        "plan.source_below_frost", step=step, P_max_kW=float(P_max[step]), needed_kW=float(needed[step])
    )


def _told(value: float) -> float | str:
    return float(value) if np.isfinite(value) else str(value)
