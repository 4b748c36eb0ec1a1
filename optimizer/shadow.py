"""Proposals beside what was done: what a plan would save, how sure that is, when it is no longer believed.

A saving is the difference between what happened and what did not, so one side is always a model's. The model
is held against days on which it can be checked: days on which the loop did what the model describes. From
their ratios of actual to modelled heat come the model's bias and its scatter, and with them a saving with its
uncertainty. Days follow one another, so they count for fewer than they are (Bayley and Hammersley, J. R.
Stat. Soc. Suppl. 8 (1946): with correlation r from day to day, n days count as n (1 - r) / (1 + r)).

Whether a loop still is what its model says is watched by cumulative sums (Page, Biometrika 41 (1954)): each
day's standardized difference less ``ALLOWANCE`` is added up on both sides, never below 0. By Siegmund's
approximation a sum of white noise passes ``LIMIT`` once in 9,500 days: in a city of a thousand loops one is
demoted without cause every ten days. A drift of one standard deviation is found after 16 days, of two
after 6.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from optimizer.reason import Reason, because

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
DAYS_MIN = 7
"""Fewer days to check the model on tell nothing of its scatter."""
PROPOSED_MIN = 7
"""Fewer days of proposals tell nothing of a saving."""
SURE = 1.645
"""Standard deviations of a band that holds nine cases of ten."""
CORRELATION_MAX = 0.8
ALLOWANCE, LIMIT = 0.5, 8.0
ROOM_MAX_K = 1.0
"""A loop whose rooms were foretold worse than this is not offered for promotion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """How a model of daily heat did on days on which it can be checked."""

    ratio: float
    """Mean of actual over modelled heat."""
    sd: float
    """Scatter of a day's ratio."""
    correlation: float
    """From day to day, 0..``CORRELATION_MAX``."""
    days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Less heat, as a part of what would have been used otherwise.

    ``low`` to ``high`` holds it nine times in ten.
    """

    share: float
    low: float
    high: float
    days: int


def checked(actual: Floats, modelled: Floats) -> Checked | Reason:
    """Return how daily heat (d,) was modelled; NaN where a day is not known. Any unit, the same for both."""
    with np.errstate(all="ignore"):
        ratio = actual / modelled
    there = np.isfinite(ratio) & (modelled > 0.0) & (actual >= 0.0)
    days = int(there.sum())
    if days < DAYS_MIN:
        return because("shadow.few_days_to_check", days=days, needed=DAYS_MIN)
    known = ratio[there]
    off = known - known.mean()
    follows = there[1:] & there[:-1]
    spread = np.where(there, ratio - known.mean(), 0.0)
    together = float((spread[1:] * spread[:-1])[follows].sum())
    square = float((off**2).sum())
    correlation = together / square if square > 0.0 else 0.0
    return Checked(
        ratio=float(known.mean()),
        sd=float(known.std(ddof=1)),
        correlation=min(max(correlation, 0.0), CORRELATION_MAX),
        days=days,
    )


def saved_by_plan(actual: Floats, modelled_curve: Floats, model: Checked) -> Saving | Reason:
    """Return what days (d,) under the plan saved against the curve that the loop would have followed.

    ``model`` was checked on days on the curve.
    """
    return _saving(actual, modelled_curve, model, plan_is_modelled=False)


def proposed_saving(modelled_plan: Floats, actual: Floats, model: Checked) -> Saving | Reason:
    """Return what proposals would have saved against what was done on the same days (d,).

    ``model`` was checked on what was done: the same houses and emitters foretell both.
    """
    return _saving(actual, modelled_plan, model, plan_is_modelled=True)


def _saving(actual: Floats, modelled: Floats, model: Checked, *, plan_is_modelled: bool) -> Saving | Reason:
    there = np.isfinite(actual) & np.isfinite(modelled) & (modelled > 0.0) & (actual > 0.0)
    days = int(there.sum())
    if days < PROPOSED_MIN:
        return because("shadow.few_days_proposed", days=days, needed=PROPOSED_MIN)
    happened, otherwise = float(actual[there].sum()), model.ratio * float(modelled[there].sum())
    used, reference = (otherwise, happened) if plan_is_modelled else (happened, otherwise)
    part = used / reference
    once = model.sd**2 / _count(model.days, model) + model.sd**2 / _count(days, model)
    doubt = part * math.sqrt(once) / model.ratio
    return Saving(share=1.0 - part, low=1.0 - part - SURE * doubt, high=1.0 - part + SURE * doubt, days=days)


def _count(days: int, model: Checked) -> float:
    """Return for how many days without memory so many count; at least one."""
    return max(1.0, days * (1.0 - model.correlation) / (1.0 + model.correlation))


# ---------------------------------------------------------------------------------------- is it still true?


class Watch(NamedTuple):
    """Cumulative sums of n loops, (n,) each."""

    above: Floats
    below: Floats
    days: NDArray[np.int64]
    """Days that counted."""


def watching(n: int) -> Watch:
    """Return the sums of loops that were just promoted."""
    return Watch(np.zeros(n), np.zeros(n), np.zeros(n, dtype=np.int64))


def watched(watch: Watch, off: Floats, sd: Floats) -> Watch:
    """Return the sums after one more day on which actual was ``off`` (n,) from planned.

    ``sd`` (n,) is what a day is usually off. A day that is not known changes nothing.
    """
    known = np.isfinite(off) & np.isfinite(sd) & (sd > 0.0)
    with np.errstate(all="ignore"):
        z = np.where(known, off / sd, 0.0)
    above = np.maximum(watch.above + z - ALLOWANCE, 0.0)
    below = np.maximum(watch.below - z - ALLOWANCE, 0.0)
    return Watch(np.where(known, above, watch.above), np.where(known, below, watch.below), watch.days + known)


def drifted(watch: Watch) -> Flags:
    """Tell which loops (n,) are to be demoted: they are no longer what their model says."""
    return np.asarray((watch.above > LIMIT) | (watch.below > LIMIT))


def drift_of(watch: Watch, i: int) -> Reason | None:
    """Return why loop ``i`` is demoted; None while it is not."""
    above, below = float(watch.above[i]), float(watch.below[i])
    if above > LIMIT:
        return because("shadow.drifted_up", sum=above, limit=LIMIT, days=int(watch.days[i]))
    if below > LIMIT:
        return because("shadow.drifted_down", sum=below, limit=LIMIT, days=int(watch.days[i]))
    return None


def lacking(
    saving: Saving | Reason, room_K: float, drift: Reason | None, *, least_saving: float = 0.0
) -> tuple[Reason, ...]:
    """Return what speaks against promoting a loop; an engineer decides, also where nothing does.

    ``room_K`` is how far its rooms were off what the plan said (``compliance``), NaN where not known.
    """
    found = []
    if isinstance(saving, Reason):
        found.append(saving)
    elif saving.low < least_saving:
        low, high = 100.0 * saving.low, 100.0 * saving.high
        found.append(because("shadow.saving_unsure", low_percent=low, high_percent=high))
    if not math.isfinite(room_K):
        found.append(because("shadow.rooms_unknown"))
    elif room_K > ROOM_MAX_K:
        found.append(because("shadow.rooms_off", room_K=room_K, most_K=ROOM_MAX_K))
    if drift is not None:
        found.append(drift)
    return tuple(found)
