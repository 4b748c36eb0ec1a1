"""Strategy ``optimizer``: every loop holds what the newest plan has foreseen for it.

The plan is made elsewhere, every quarter of an hour; here it is turned into temperature and flow with what is
known in this cycle. Where there is no plan, or it is too old, or it has nothing to say of a loop, the curve
answers and says why.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import structlog
from numpy.typing import NDArray

from controller.decisions import LoopKey, LoopTraits, Proposal
from controller.knowing.asking import asked, listened, question_K
from controller.modes import PlanChoice
from controller.planning.published import Published, missing
from controller.strategies import curve
from controller.strategies.following import Followed, follow
from controller.strategies.inputs import Proposed, StrategyInputs
from controller.strategies.loop_record import LoopRecord
from controller.strategies.pace import at_pace
from controller.words.phrase import Phrase
from controller.words.plan import instruction, on_curve, reasoned, to_curve
from optimizer.explain import Foretold, explain, foretell, source_of
from optimizer.questioning import HOURS_MAX
from optimizer.reason import Reason, because

log = structlog.get_logger("strategy")

AUTHOR = "strategy:optimizer"


def propose(loops: Sequence[LoopTraits], inputs: StrategyInputs) -> Proposed:
    """Return a wish for each of ``loops`` (those in auto): the plan's, or the curve's with the reason.

    Of a loop that takes no setpoints the wish is advice: what a plan would ask of it (``planning.advice``).
    A loop of which too little is known to be planned for is asked (``controller.knowing.asking``). One that
    a person holds back keeps to the curve, and is not asked either.
    """
    held, traits_of = _held_back(inputs), {traits.key: traits for traits in loops}
    wishes = curve.propose_all(loops, inputs).proposals
    heard = listened(loops, inputs)
    # what other strategies know of their loops is theirs to hand on
    records = {traits.key: heard[traits.key] for traits in loops if traits.key in heard}
    takes = {traits.key: traits.station_class.driven and traits.proven for traits in loops}
    published, none = inputs.published, _no_plan(inputs)
    planned: dict[LoopKey, Proposal] = {}
    if published is not None and inputs.T_outdoor is not None:
        try:
            if none is None:
                planned = _planned(loops, published, inputs, inputs.T_outdoor)
            if published.advice is not None and published.advice.usable(inputs.now):
                planned |= _planned(loops, published.advice, inputs, inputs.T_outdoor)
        except Exception as error:  # quarantined as a station is: a bug here costs the plan, never the cycle
            log.exception("following_failed")
            none = because("plan.bug", error=repr(error))
    return Proposed(
        proposals=[
            (
                _on_curve(wish, held[wish.key], traits_of[wish.key], inputs)
                if wish.key in held
                else planned.get(wish.key)
            )
            or _asked(wish, records.get(wish.key) if takes[wish.key] else None, traits_of[wish.key])
            or _on_curve(wish, none or _left_out(wish.key, published), traits_of[wish.key], inputs)
            for wish in wishes
        ],
        records=records,
    )


def _held_back(inputs: StrategyInputs) -> dict[LoopKey, Reason]:
    """Return the loops to which no plan is applied, by whose word."""
    return {
        key: because("plan.loop_held", who=order.author, order=order.order)
        for key, order in inputs.plan_orders.items()
        if order.choice is PlanChoice.HOLD
    }


def _no_plan(inputs: StrategyInputs) -> Reason | None:
    """Return why no plan can be followed now; None where one can."""
    why = missing(inputs.published, inputs.now)
    return because("plan.no_outdoor") if why is None and inputs.T_outdoor is None else why


def _left_out(key: LoopKey, published: Published | None) -> Reason:
    if published is not None and key in published.excluded:
        return published.excluded[key]
    return because("plan.loop_not_in")


def _asked(wish: Proposal, record: LoopRecord | None, traits: LoopTraits) -> Proposal | None:
    """Return the curve's wish with the wave that asks the loop; None where nothing is asked.

    It is asked at design flow, where pipes settle soonest.
    """
    if record is None or not asked(record):
        return None
    dT = question_K(record, wish.key)
    why = because("plan.loop_asked", dT_K=dT, hours=float(record.model.hours), most_h=float(HOURS_MAX))
    return replace(
        wish,
        T_supply=wish.T_supply + dT,
        m_flow=traits.m_flow_design,
        author=AUTHOR,
        reason=on_curve(why, wish.reason),
    )


def _on_curve(wish: Proposal, why: Reason, traits: LoopTraits, inputs: StrategyInputs) -> Proposal:
    """Return the curve's wish with the reason. Where a plan ends all loops go back, and nobody is asked."""
    paced = at_pace(wish, traits, inputs)
    reason = on_curve(why, wish.reason)
    if (paced.T_supply, paced.m_flow) != (wish.T_supply, wish.m_flow):
        reason = to_curve(why, wish.reason, paced.T_supply, paced.m_flow / traits.m_flow_design)
    return replace(paced, author=AUTHOR, reason=reason)


def _planned(
    loops: Sequence[LoopTraits], published: Published, inputs: StrategyInputs, T_outdoor: float
) -> dict[LoopKey, Proposal]:
    followed = follow(loops, published, inputs, T_outdoor)
    design = {traits.key: traits.m_flow_design for traits in loops}
    reasons = _reasons(followed, published, inputs)
    told = followed.told
    return {
        key: Proposal(
            key=key,
            T_supply=float(told.T_supply[i]),
            m_flow=float(told.flow[i]) * design[key],
            author=AUTHOR,
            reason=reasons[i],
        )
        for i, key in enumerate(followed.keys)
        if told.known[i]
    }


def _reasons(followed: Followed, published: Published, inputs: StrategyInputs) -> list[Phrase]:
    """Return why each loop is told what it is told."""
    plan, rows = published.plan, followed.rows
    foretold = None
    if published.problem is not None and published.curve is not None:
        T_now = np.full(len(published.keys), np.nan)
        T_now[rows] = followed.T_indoor
        foretold = foretell(plan, inputs.now, T_now, published.curve, published.problem, published.reach)
    if foretold is None:
        return [reasoned(source_of(plan, inputs.now)) for _ in followed.keys]
    mine = _taken(foretold, rows)
    return [
        instruction(
            explain(
                i, plan=plan, now=inputs.now, foretold=mine, told=followed.told, emitters=followed.emitters
            )
        )
        for i in range(len(rows))
    ]


def _taken(foretold: Foretold, rows: NDArray[np.intp]) -> Foretold:
    """Return what is expected of some of a plan's loops."""
    f = foretold
    return replace(
        f,
        T_now=f.T_now[rows],
        T_soon=f.T_soon[rows],
        T_end=f.T_end[rows],
        q=f.q[rows],
        curve_T_supply=f.curve_T_supply[rows],
        curve_flow=f.curve_flow[rows],
        curve_q=f.curve_q[rows],
        curve_T_end=f.curve_T_end[rows],
        bounds=tuple(f.bounds[row] for row in rows.tolist()),
    )
