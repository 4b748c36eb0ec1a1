"""Is a plan believable? A solver proves that it is the best answer, not that the question was right."""

import numpy as np

from controller.planning.question import Asked
from optimizer.plan.status import Plan, PlanStatus
from optimizer.reason import Reason, because

LEAST_SHARE, MOST_SHARE = 0.60, 1.40
"""Between which a plan's heat of the day lies, as a share of what the curve would give in the same weather.
The lower one is wide: a city that was overheated gives a quarter of a day's heat out of its walls while it
is brought down. Below, sensors or models are wrong all together."""


def sane(plan: Plan, asked: Asked) -> Reason | None:
    """Return why a plan must not be followed; None where it may. A shortage is told by the plan itself."""
    if plan.status is PlanStatus.NONE or not plan.q.size:
        return None
    k = min(plan.q.shape[1], asked.curve.q.shape[1])
    q, by_curve = plan.q[:, :k], asked.curve.q[:, :k]
    both = np.isfinite(q).all(axis=1) & np.isfinite(by_curve).all(axis=1)
    area = asked.problem.area[both]
    curve = float(area @ by_curve[both].sum(axis=1))
    if curve <= 0.0:
        return None
    share = float(area @ q[both].sum(axis=1)) / curve
    short = plan.why is not None and plan.why.id == "plan.rationed"
    if (share < LEAST_SHARE and not short) or share > MOST_SHARE:
        return because(
            "plan.not_sane",
            share_percent=100.0 * share,
            least_percent=100.0 * LEAST_SHARE,
            most_percent=100.0 * MOST_SHARE,
        )
    return None
