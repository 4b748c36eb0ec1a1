"""The part of the guard's oracle that looks at the whole network: who may not move with whom."""

import math

from controller.decisions import Action
from tests.support.guard_terms import (
    HAIR,
    allowed_temperatures,
    at_present,
    clipped,
    cold_water,
    drive_breaks,
    flow_allowed,
    held_by,
    history_of,
    sent_since,
    unknown_water,
)


def crowd_breaks(verdict, proposals, context):
    """More than 20 % of the area asked the same way by more than 3 K: none of it may go on that way."""
    if context.mass_change_confirmed or len({key.station for key in context.traits}) < 2:
        return []
    areas = {k: 0.0 if t.emitter == "dhw" else t.A_heated_m2 for k, t in context.traits.items()}
    ranked = sorted(areas.values())
    if not ranked:
        return []
    middle = (ranked[(len(ranked) - 1) // 2] + ranked[len(ranked) // 2]) / 2
    areas = {k: min(a, 10 * middle) for k, a in areas.items()}
    asked = {}
    for key, traits in context.traits.items():
        dT = _asked(traits, [p for p in proposals if p.key == key], context)
        if dT is not None:
            asked[key] = dT
    found = []
    for sign in (1, -1):
        if sign < 0 and context.shortage_declared:
            continue
        crowd = [k for k, dT in asked.items() if sign * dT > 3.0 + HAIR]
        if sum(areas[k] for k in crowd) <= (0.2 + HAIR) * sum(areas.values()):
            continue
        if verdict.mass_change is None:
            found.append("a mass change passes unseen")
        for key in crowd:
            decision, traits = verdict.decisions[key], context.traits[key]
            held = held_by(traits, history_of(traits, context), context)
            if decision.action is Action.SET and sign * (decision.T_supply - held) > HAIR:
                found.append(f"{key}: moves with the crowd")
    return found + _heat_crowd(verdict, proposals, context)


def _heat_crowd(verdict, proposals, context):
    """More than 10 % of the heat asked for or given up against 30 min ago: none of it may go on that way.

    Judged where it is plain: every loop is driven and held, and asked for the flow that it has had all along.
    """
    moves, heats = {}, {}
    for key, traits in context.traits.items():
        wishes = [p for p in proposals if p.key == key]
        dT, history = _asked(traits, wishes, context, minutes=30), history_of(traits, context)
        flows = {sent.m_flow for sent in sent_since(history, context, 1800)}
        if dT is None or (traits.circulation and flows != {wishes[0].m_flow}):
            return []
        seen = context.observations[key]
        supply, return_, share = seen.T_supply, seen.T_return, 0.4
        recent = all(
            r.value is not None and -5 <= context.now - r.received_at <= 600 for r in (supply, return_)
        )
        if recent and supply.value >= 21.0:
            share = clipped((supply.value - return_.value) / (supply.value - 20.0), 0.1, 0.9)
        before = sent_since(history, context, 1800)[0]
        rise = at_present(traits, before, context) - 20.0
        heats[key] = before.m_flow * share * max(0.0, rise)
        moves[key] = before.m_flow * share * max(0.0, rise + dT) - heats[key]
    load = sum(heats.values())
    sign = math.copysign(1, sum(moves.values()))
    if load <= 0 or sign * sum(moves.values()) <= (0.1 + HAIR) * load:
        return []
    if sign < 0 and context.shortage_declared:
        return []
    found = [] if verdict.mass_change else ["a tenth of the heat passes unseen"]
    for key, move in moves.items():
        decision, traits = verdict.decisions[key], context.traits[key]
        held = held_by(traits, history_of(traits, context), context)
        if sign * move > 0 and decision.action is Action.SET and sign * (decision.T_supply - held) > HAIR:
            found.append(f"{key}: moves with a tenth of the heat")
    return found


def _asked(traits, wishes, context, minutes=60):
    """Net move that the only wish for a plainly driven, plainly held loop asks against an hour ago, K."""
    seen, history = context.observations.get(traits.key), history_of(traits, context)
    if len(wishes) != 1 or not math.isfinite(wishes[0].T_supply) or not math.isfinite(wishes[0].m_flow):
        return None
    outdoor = context.T_outdoor_centre
    if traits.wears_out and traits.station_class.value != "B":
        return None  # such a register is kept further inside its band than it is asked to go
    if (
        seen is None
        or seen.remote is False
        or not history
        or drive_breaks(traits, seen)
        or cold_water(seen, context)
        or unknown_water(seen, context)
    ):
        return None
    if outdoor.value is None or not -5 <= context.now - outdoor.measured_at <= 1800:
        return None
    if (
        seen.polled_at is None
        or not -5 <= context.now - seen.polled_at <= 120
        or seen.pump_running is not True
    ):
        return None
    if seen.mode.value == "manual" or seen.T_supply.value is None or not 0 < traits.m_flow_design < math.inf:
        return None
    primary = seen.T_supply_primary
    if primary.value is None or not -5 <= context.now - primary.received_at <= 600:
        return None
    low, high = allowed_temperatures(traits, context)
    held = held_by(traits, history, context)
    if not low <= held <= high or (traits.circulation and not flow_allowed(traits, history[-1].m_flow)):
        return None
    wanted = clipped(min(wishes[0].T_supply, primary.value - 3.0), low, high)
    before = sent_since(history, context, 60 * minutes)[0]
    dT = wanted - at_present(traits, before, context)
    past = context.T_outdoor_past.get(minutes)
    if past is None or traits.station_class.value == "B":
        return dT
    curve = traits.own_curve(outdoor.value) - traits.own_curve(past)
    curve *= min(1.0, max(0.0, context.monotonic - before.at) / (60 * minutes))
    if dT * curve <= 0:
        return dT
    return math.copysign(max(0.0, abs(dT) - abs(curve)), dT)
