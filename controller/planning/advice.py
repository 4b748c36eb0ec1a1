"""What a plan would ask of loops that take no setpoints: made after the plan, at its prices. Pure.

Such a loop goes on taking what it takes, and the plan counts on that. But somebody may set it by hand, and
then it shall be set to what serves the city: so it is planned for by itself, with each kWh at what one more
costs the city in that step (``Plan.price``: the tariff, and more where the source is at a limit). Where
prices are right, that is what it would have got as a part of the plan (Everett, Operations Research 11
(1963), 399-417).
"""

from dataclasses import fields, replace

import numpy as np

from controller.planning.judging import sane
from controller.planning.published import Published
from controller.planning.question import Asked
from optimizer.plan.problem import PlanProblem, Weights
from optimizer.plan.status import Plan, PlanStatus, moved_on
from optimizer.reason import because

MADE = frozenset((PlanStatus.OPTIMAL, PlanStatus.USABLE))


def at_prices(asked: Asked, plan: Plan) -> PlanProblem | None:
    """Return the question of the loops that only take advice, once ``plan`` has answered for the others.

    None where there are none, or where the plan is none of this moment. Where no other loop could be planned
    for, the source's own limits stand in place of prices.
    """
    problem = asked.advisory
    if problem is None:
        return None
    if plan.why is not None and plan.why.id == "plan.no_loop_left":
        return problem
    if plan.status not in MADE:
        return None
    # where the source's ramp binds, one more kWh may spare cost: it is not worth to be paid for taking it
    price = np.maximum(plan.price, 0.0)
    mean = float(price.mean())
    if not mean > 0.0:
        return None
    return replace(
        problem,
        tariff=price,
        P_max=np.full(len(price), np.inf),
        P_ramp=np.inf,
        weights=_scaled(problem.weights, float(problem.tariff[: len(price)].mean()) / mean),
    )


def _scaled(weights: Weights, by: float) -> Weights:
    """Weights count in heat at the mean price; a kelvin shall weigh the same at every price."""
    return replace(weights, **{each.name: by * getattr(weights, each.name) for each in fields(Weights)})


def advising(
    whole: Published, earlier: Published | None, asked: Asked | None, plan: Plan | None
) -> Published | None:
    """Return ``whole`` for the loops that only take advice, ``plan`` being the answer for them; or None.

    Without an answer the ``earlier`` advice, of the same loops, moves on as a plan does.
    """
    if plan is None or asked is None or asked.advisory is None:
        return None if earlier is None else _later(earlier, whole)
    if plan.status is PlanStatus.NONE or sane(plan, asked) is not None:
        return None
    left_out = {whole.keys[each.loop]: each.why for each in plan.excluded}
    return replace(
        whole,
        plan=plan,
        # a loop that has a plan is left out here by a hole that was made for it
        excluded={key: whole.excluded.get(key, why) for key, why in left_out.items()},
        problem=asked.advisory,
        curve=asked.curve,
    )


def _later(earlier: Published, whole: Published) -> Published | None:
    plan = moved_on(earlier.plan, whole.made_at, whole.plan.why or because("plan.not_yet"))
    return None if plan.status is PlanStatus.NONE else replace(earlier, plan=plan)
