"""The one guard: whatever anybody wants of a loop, only what it allows reaches a station.

``guard(proposals, context)`` is a pure function of one cycle. Operator, plan, curve and script are treated
alike. For each loop it starts with the wish and takes room away, rule by rule, in the order of two tables:

- LIMITS look at one loop: may it be written to, and between which values? They bind at once.
- then all loops are judged together: would the network be moved too far (``guard_network``)?
- PACE says how fast a loop may follow, and which changes are not worth a write.

What remains of the wish is the decision, and every rule that took something from it is named in a cut.
"""

import math
from collections.abc import Iterable

from controller.decisions import Action, Cut, Decision, GuardContext, LoopKey, Mode, Proposal, Rule, Verdict
from controller.guard_case import ROUNDING, Case, Room, RuleFunction, case_of
from controller.guard_gates import freshness, not_a_number, not_driven, pump, season
from controller.guard_limits import frost, hard_flow, hard_temperature, offset, own_curve, pressure, source
from controller.guard_network import judge, mass_change
from controller.guard_pace import (
    T_STEP_K,
    dead_band,
    inside_supply,
    rate_flow,
    rate_temperature,
    reversal,
    wear,
    worth_flow,
)
from controller.words.phrase import Phrase

LIMITS: tuple[tuple[Rule, RuleFunction], ...] = (
    (Rule.NOT_DRIVEN, not_driven),
    (Rule.SEASON, season),
    (Rule.PUMP, pump),
    (Rule.NOT_A_NUMBER, not_a_number),
    (Rule.HARD_TEMPERATURE, hard_temperature),
    (Rule.HARD_FLOW, hard_flow),
    (Rule.OWN_CURVE, own_curve),
    (Rule.OFFSET, offset),
    (Rule.FROST, frost),
    (Rule.PRESSURE, pressure),
    (Rule.SOURCE, source),
    (Rule.FRESHNESS, freshness),
)
PACE: tuple[tuple[Rule, RuleFunction], ...] = (
    (Rule.MASS_CHANGE, mass_change),
    (Rule.RATE_TEMPERATURE, rate_temperature),
    (Rule.RATE_FLOW, rate_flow),
    (Rule.REVERSAL, reversal),
    (Rule.DEAD_BAND, dead_band),
    (Rule.WEAR, wear),
)
AUTHORS = ("operator", "plan", "strategy")
"""Who is heard first when several want something of one loop; anybody else comes last."""


NOBODY_ASKS = Phrase("guard.nobody_asks")


def guard(proposals: Iterable[Proposal], context: GuardContext) -> Verdict:
    """Return what is allowed for every loop of ``context.traits``; loops that nobody knows get NONE."""
    wishes = _wish_per_loop(proposals, context)
    cases = [case_of(context, traits, wishes.get(key)) for key, traits in context.traits.items()]
    rooms = [_narrow(LIMITS, case, _whole_room(case)) for case in cases]
    change, crowd = judge(cases, rooms, context)
    decisions = {key: _unknown_loop(wish) for key, wish in wishes.items() if key not in context.traits}
    for i, (case, room) in enumerate(zip(cases, rooms, strict=True)):
        asked = room._replace(held_back=change.detail) if change is not None and i in crowd else room
        paced = _narrow(PACE, case, asked) if room.action is Action.SET else room
        decisions[case.traits.key] = _decide(case, room, paced)
    return Verdict(decisions=decisions, mass_change=change)


def _wish_per_loop(proposals: Iterable[Proposal], context: GuardContext) -> dict[LoopKey, Proposal]:
    """The proposal that counts for each loop; in manual mode only an operator's does."""
    chosen: dict[LoopKey, tuple[int, Proposal]] = {}
    for proposal in proposals:
        who = proposal.author.partition(":")[0]
        rank = AUTHORS.index(who) if who in AUTHORS else len(AUTHORS)
        seen = context.observations.get(proposal.key)
        if seen is not None and seen.mode is Mode.MANUAL and who != "operator":
            continue
        if proposal.key not in chosen or rank < chosen[proposal.key][0]:
            chosen[proposal.key] = (rank, proposal)
    return {key: proposal for key, (_, proposal) in chosen.items()}


def _whole_room(case: Case) -> Room:
    """Everything, before the first rule; without a wish the loop wants to stay where it is."""
    if case.wish is None:
        return Room(Action.SET, case.T_start, case.m_start)
    return Room(Action.SET, case.wish.T_supply, case.wish.m_flow)


def _narrow(rules: tuple[tuple[Rule, RuleFunction], ...], case: Case, room: Room) -> Room:
    for _, rule in rules:
        room = rule(case, room)
    return room


def _decide(case: Case, limits: Room, room: Room) -> Decision:
    """Turn what is left into a decision; ``limits`` is the room before the pace rules."""
    action = _possible(case, limits, room)
    T_supply, m_flow = _settle(case, limits, room)
    if action is Action.SET and case.held and _same(case, T_supply, m_flow):
        action = Action.RENEW
    if action is Action.RENEW:
        T_supply, m_flow = case.T_start, case.m_start if case.flow_driven else m_flow
    elif action is Action.NONE:
        T_supply, m_flow = limits.supply, limits.flow  # advice needs no pace
    usable = case.wish is not None or case.held
    return Decision(
        key=case.traits.key,
        action=action,
        T_supply=T_supply if usable else None,
        # The design flow of a loop that is not driven may be no number.
        m_flow=m_flow if usable and math.isfinite(m_flow) else None,
        author="" if case.wish is None else case.wish.author,
        why=_why(case, action, room.cuts),
        cuts=room.cuts,
        takes_over=action is Action.SET and not case.held,
        T_own_curve=case.own,
    )


def _possible(case: Case, limits: Room, room: Room) -> Action:
    """What the gates leave, given what the station holds."""
    if room.action is Action.SET:
        return Action.SET if case.held or case.wish is not None else Action.NONE
    if room.action is Action.NONE or not case.held:
        return Action.NONE
    if room.action is Action.RENEW and _outside(case, limits):
        return Action.RELEASE  # what it holds has left the limits and may not be corrected
    return room.action


def _outside(case: Case, limits: Room) -> bool:
    flow = case.flow_driven and not limits.m_low - ROUNDING <= case.m_start <= limits.m_high + ROUNDING
    return flow or not limits.T_low - ROUNDING <= case.T_start <= limits.T_high + ROUNDING


def _settle(case: Case, limits: Room, room: Room) -> tuple[float, float]:
    """The values of the decision.

    A limit that creeps with the weather would cut a hair's breadth in every cycle and wear out a register.
    So a cut smaller than what is worth a write goes as far inside as is worth one.
    """
    if not case.held:
        return _away_from_limits(case, limits, room.supply), room.flow
    T_supply = _inside(case.T_start, room.supply, limits.T_low, limits.T_high, inside_supply(case))
    if not case.flow_driven:
        return T_supply, room.flow
    return T_supply, _inside(case.m_start, room.flow, limits.m_low, limits.m_high, worth_flow(case))


def _away_from_limits(case: Case, limits: Room, T_supply: float) -> float:
    """Begin a take-over a little inside where the register wears out: the first creep would cost a write."""
    margin = inside_supply(case)
    if not case.traits.wears_out or limits.T_high - limits.T_low < 2.0 * margin:
        return T_supply
    inside = min(max(T_supply, limits.T_low + margin), limits.T_high - margin)
    if abs(T_supply - case.T_start) > T_STEP_K:
        return inside  # class B: its offset is not bound to what it holds
    return min(max(inside, case.T_start - T_STEP_K), case.T_start + T_STEP_K)


def _inside(held: float, value: float, low: float, high: float, worth: float) -> float:
    if held > high + ROUNDING and held - value < worth:
        return max(held - worth, low)
    if held < low - ROUNDING and value - held < worth:
        return min(held + worth, high)
    return value


def _same(case: Case, T_supply: float, m_flow: float) -> bool:
    return abs(T_supply - case.T_start) <= ROUNDING and (
        not case.flow_driven or abs(m_flow - case.m_start) <= ROUNDING
    )


def _why(case: Case, action: Action, cuts: tuple[Cut, ...]) -> tuple[Phrase, ...]:
    """Say to the operator what was wanted, and what stands against it."""
    wanted = NOBODY_ASKS if case.wish is None else case.wish.reason
    if not cuts and action is not Action.RELEASE:
        return (wanted,)
    gates = tuple(cut.detail for cut in cuts if cut.channel == "loop")
    bounds = tuple(cut.detail for cut in cuts if cut.channel != "loop")
    match action:
        case Action.SET | Action.RENEW:
            return (wanted, *gates, *bounds[-1:])
        case Action.RELEASE:
            return (Phrase("guard.given_back", {"why": gates or bounds}),)
        case Action.NONE:
            return (*gates, wanted)


def _unknown_loop(wish: Proposal) -> Decision:
    why = Phrase("guard.no_such_loop")
    cut = Cut(rule=Rule.NOT_DRIVEN, channel="loop", wanted=None, allowed=None, detail=why)
    return Decision(
        key=wish.key,
        action=Action.NONE,
        T_supply=None,
        m_flow=None,
        author=wish.author,
        why=(why,),
        cuts=(cut,),
    )
