"""Is a plan believable? A solver proves that it is the best answer, not that the question was right."""

import numpy as np

from controller.planning.question import ROOM_DEGC, Asked
from optimizer.plan.status import Plan, PlanStatus
from optimizer.reason import Reason, because

OFF_SHARE = 0.40
"""By how much of what the curve would give in the same weather a plan's heat of the day may differ from it.
That is wide: a city that was overheated gives a quarter of a day's heat out of its walls while it is brought
down. Beyond it, sensors or models are wrong all together."""
MILD_DEGC = -5.0
"""On a milder day it may differ by as many W as on one of this mean: what a wrong plan does to rooms hangs on
the watts that lack, and in spring, when sun and people bring half of the heat, curves give much too much."""


def sane(plan: Plan, asked: Asked) -> Reason | None:
    """Return why a plan must not be followed; None where it may. A shortage is told by the plan itself."""
    if plan.status is PlanStatus.NONE or not plan.q.size:
        return None
    k = min(plan.q.shape[1], asked.curve.q.shape[1])
    q, by_curve = plan.q[:, :k], asked.curve.q[:, :k]
    both = np.isfinite(q).all(axis=1) & np.isfinite(by_curve).all(axis=1)
    area = asked.problem.area[both]
    curve = float(area @ by_curve[both].mean(axis=1))
    if curve <= 0.0:
        return None
    on_mild_day = float(area @ asked.UA[both]) * (ROOM_DEGC - MILD_DEGC)
    off = OFF_SHARE * max(curve, on_mild_day) / curve
    share = float(area @ q[both].mean(axis=1)) / curve
    short = plan.why is not None and plan.why.id == "plan.rationed"
    if (share < 1.0 - off and not short) or share > 1.0 + off:
        return because(
            "plan.not_sane",
            share_percent=100.0 * share,
            least_percent=100.0 * max(1.0 - off, 0.0),
            most_percent=100.0 * (1.0 + off),
        )
    return None
