"""What the setpoint contract forbids, written a second time from its text. Shares no code with the guard.

`breaks(verdict, proposals, context)` returns one sentence for each clause that a verdict breaks. All numbers
are literals on purpose: a constant changed in the guard by mistake must not change its judge.
"""

import math
from itertools import pairwise

from controller.decisions import Action
from tests.support.guard_crowd import crowd_breaks
from tests.support.guard_terms import (
    HAIR,
    allowed_temperatures,
    at_present,
    clipped,
    cold_water,
    drive_breaks,
    fallback,
    flow_allowed,
    held_by,
    history_of,
    right,
    sent_since,
    unknown_water,
)


def breaks(verdict, proposals, context):
    found = []
    for key, traits in context.traits.items():
        if key not in verdict.decisions:
            found.append(f"{key}: no decision")
            continue
        found += [f"{key}: {what}" for what in _loop(verdict.decisions[key], traits, proposals, context)]
    found += [f"{key}: decided for nobody" for key in _strangers(verdict, context)]
    return found + crowd_breaks(verdict, proposals, context)


def _strangers(verdict, context):
    return [
        k for k, d in verdict.decisions.items() if k not in context.traits and d.action is not Action.NONE
    ]


def _loop(decision, traits, proposals, context):
    seen = context.observations.get(traits.key)
    history = history_of(traits, context)
    if decision.action is Action.SET:
        return _set(decision, traits, seen, history, proposals, context)
    if decision.action is Action.RENEW:
        return _renew(decision, traits, seen, history, context)
    if decision.action is Action.RELEASE:
        return [] if history else ["gives back what it does not hold"]
    driven = traits.station_class.value in "ATB" and traits.proven and traits.emitter != "dhw"
    driven = driven and traits.heat is not None and 0 < traits.m_flow_design < math.inf
    ours = seen is not None and seen.readmitted and seen.remote is not False
    return ["leaves a held loop alone: neither renewed nor given back"] if history and driven and ours else []


def _renew(decision, traits, seen, history, context):
    if not history:
        return ["renews what it does not hold"]
    found = drive_breaks(traits, seen)
    if seen is None or seen.polled_at is None or context.now - seen.polled_at > 600:
        found.append("renews without an answer for 600 s")
    if context.T_outdoor_centre.value is None or context.now - context.T_outdoor_centre.measured_at > 21600:
        found.append("renews without an outdoor temperature")
        return found
    low, high = allowed_temperatures(traits, context)
    held = held_by(traits, history, context)
    resting = context.monotonic - history[-1].at < 1800 or context.changes_24h.get(traits.key, 0) >= 48
    if not low - HAIR <= held <= high + HAIR and not (resting and _comes_back(traits, history, context)):
        found.append(f"renews {held} outside {low}..{high}")
    if traits.circulation and not flow_allowed(traits, history[-1].m_flow):
        found.append("renews a flow outside 30..100 %")
    if decision.T_supply is None or abs(decision.T_supply - held) > HAIR:
        found.append(f"shows {decision.T_supply} for the held {held}")
    return found


def _comes_back(traits, history, context):
    """Whether a class B loop holds an offset that it may have had only while that was safe."""
    if traits.station_class.value != "B" or not history:
        return False
    own = traits.own_curve(context.T_outdoor_centre.value)
    low, _ = allowed_temperatures(traits, context)
    lowest = own + max(traits.offset_lower_K, -3.0)
    return lowest - 1e-6 <= held_by(traits, history, context) < low <= own - 1.0 + HAIR


def _set(decision, traits, seen, history, proposals, context):
    found = drive_breaks(traits, seen)
    T, m = decision.T_supply, decision.m_flow
    if T is None or m is None or not math.isfinite(T) or not math.isfinite(m):
        return [*found, f"sets {T}, {m}"]
    if seen is None:
        return found
    if seen.pump_running is not True:
        found.append("sets without a running pump")
    poll_s = context.poll_s_by_station.get(seen.key.station, context.poll_s)
    if seen.polled_at is None or not -5 <= context.now - seen.polled_at <= max(3 * poll_s, 120):
        found.append("sets on an old poll")
    if seen.T_supply.value is None:
        found.append("sets without a supply temperature")
    outdoor = context.T_outdoor_centre
    if outdoor.value is None or not -5 <= context.now - outdoor.measured_at <= 1800:
        return [*found, "sets on an old outdoor temperature"]
    wishes = [p for p in proposals if p.key == traits.key]
    if seen.mode.value == "manual":
        wishes = [p for p in wishes if p.author.startswith("operator:")]
    if not history and not any(math.isfinite(p.T_supply) and math.isfinite(p.m_flow) for p in wishes):
        found.append("takes over though nobody asks")
    low, high = allowed_temperatures(traits, context)
    if _fallback_far_warmer(traits, seen, context):
        found.append(f"sets {T} though the fallback is out of reach")
    if _comes_back(traits, history, context):
        held = held_by(traits, history, context)
        most = max(held + 1.0, 25.0, traits.T_supply_min_degC)
        if not held < T <= most + HAIR and not cold_water(seen, context):
            found.append(f"comes back from {held} to {T}")
    elif not low - HAIR <= T <= high + HAIR:
        found.append(f"sets {T} outside {low}..{high}")
    if traits.circulation and not flow_allowed(traits, m):
        found.append(f"sets flow {m} outside 30..100 % of {traits.m_flow_design}")
    needed = min(35.0, high)
    if history and held_by(traits, history, context) > high + HAIR:
        needed -= 1.0  # forced down it goes inside as far as is worth a write
    if unknown_water(seen, context) and history:  # warmed at the usual rates, but never let down
        needed = min(needed, held_by(traits, history, context))
        if seen.T_supply_primary.value is not None:
            needed = min(needed, max(low, seen.T_supply_primary.value - 3.0))  # no more can be had
    if (cold_water(seen, context) or (unknown_water(seen, context) and history)) and needed - HAIR > T:
        found.append(f"sets {T} with cold water in the loop")
    if not history:
        return found + _take_over(traits, seen, T, m, low, high, context)
    if seen.remote is False:
        return found  # it may or may not hold ours: judged by the cases with a history only
    return found + _pace(traits, seen, history, wishes, T, m, low, high, context)


def _take_over(traits, seen, T, m, low, high, context):
    found = []
    start = traits.own_curve(context.T_outdoor_centre.value)
    effective = seen.T_supply_effective
    if seen.remote is True and seen.T_supply_readback is not None:
        effective = seen.T_supply_readback  # it follows a controller; a limiter may hold it elsewhere
    tells = right(effective) and -5 <= context.now - effective.received_at <= 600
    if tells:
        start = effective.value
    elif seen.remote is True and traits.station_class.value != "B":
        found.append("takes over what follows a setpoint that nobody knows")
    if cold_water(seen, context):
        low = max(low, min(35.0, high))
    if traits.station_class.value == "B":
        start = clipped(start, low, high)
    if abs(T - start) > 1.0 + HAIR:
        found.append(f"takes over at {T} what holds {start}")
    flow = seen.m_flow_effective
    if seen.remote is True and seen.m_flow_readback is not None:
        flow = seen.m_flow_readback
    start = flow.value if flow.value is not None and -5 <= context.now - flow.received_at <= 600 else None
    design = traits.m_flow_design
    if traits.circulation and start is None and seen.remote is True and traits.station_class.value != "B":
        found.append("takes over what circulates by a setpoint that nobody knows")
    if (
        traits.circulation
        and start is not None
        and abs(m - clipped(start, 0.3 * design, design)) > 0.05 * design + HAIR
    ):
        found.append(f"takes over at flow {m} what holds {start}")
    if traits.wears_out and context.changes_24h.get(traits.key, 0) >= 48:
        found.append("takes over a worn register")
    if traits.wears_out and traits.station_class.value != "B":
        own = traits.own_curve(context.T_outdoor_centre.value)
        most = clipped(own + 6.0, low, high)
        if most + HAIR < T:
            found.append(f"takes over a wearing register at {T}, above the creeping {most}")
    return found


def _pace(traits, seen, history, wishes, T, m, low, high, context):
    found = []
    design = traits.m_flow_design
    held, held_m = held_by(traits, history, context), history[-1].m_flow
    if cold_water(seen, context):
        low = max(low, min(35.0, high))
    forced = not low - HAIR <= held <= high + HAIR
    forced_m = bool(traits.circulation) and not flow_allowed(traits, held_m)
    dT, dm = T - held, m - held_m
    if not forced:
        found += _temperature_rates(traits, seen, history, wishes, T, held, low, context)
    elif abs(T - clipped(held, low, high)) > 1.0 + HAIR:
        found.append(f"forced from {held} to {T} though {low}..{high} needs less")
    if traits.circulation and not forced_m:
        found += _flow_rates(traits, seen, history, m, held_m, context)
    if forced or forced_m:
        return found
    asked = any(math.isfinite(w.T_supply) and math.isfinite(w.m_flow) for w in wishes)
    warmed = unknown_water(seen, context) and held < T <= 35.0 + HAIR
    if not asked and not warmed:
        found.append("moves though nobody asks")
    if not traits.circulation:
        dm = 0.0
    if abs(dT) < 0.3 - HAIR and abs(dm) < 0.02 * design - HAIR:
        found.append(f"writes for {dT} K and {dm} kg/s")
    since = context.monotonic - history[-1].at
    if since < 50:
        found.append(f"writes again after {since} s")
    if traits.wears_out:
        if since < 900:
            found.append(f"writes to a wearing register after {since} s")
        if abs(dT) < 0.5 - HAIR and abs(dm) < 0.05 * design - HAIR:
            found.append(f"wears a register for {dT} K and {dm} kg/s")
        if context.changes_24h.get(traits.key, 0) >= 48:
            found.append("wears a register more than 48 times a day")
    return found


def _temperature_rates(traits, seen, history, wishes, T, held, low, context):
    found = []
    if abs(T - held) > 1.0 + HAIR:
        found.append(f"moves {T - held} K in one write")
    past = [at_present(traits, s, context) for s in sent_since(history, context, 900)]
    if T - held > HAIR and T - min(past) > 3.0 + HAIR:
        found.append(f"rises {T - min(past)} K in 15 min")
    if held - T > HAIR and max(past) - T > (6.0 if context.shortage_declared else 3.0) + HAIR:
        found.append(f"falls {max(past) - T} K in 15 min")
    primary = seen.T_supply_primary
    least, most = _fallback_band(traits, seen, context)
    if primary.value is not None and -5 <= context.now - primary.received_at <= 600:
        if max(held, primary.value - 3.0, low) + HAIR < T:
            found.append(f"rises to {T} with {primary.value} from the source")
    elif _unseen_source(context, held, traits.own_curve(context.T_outdoor_centre.value), low) + HAIR < T:
        found.append("rises above the own curve with an unknown source")
    elif held - HAIR > T and all(w.T_supply > held for w in wishes) and most - 2.0 - HAIR > T:
        found.append("falls though all wish it warmer")
    if unknown_water(seen, context):
        least = max(least, 35.0 - 2.0)  # such a loop is warmed whatever anybody wishes
    if held + HAIR < T and all(w.T_supply < held for w in wishes) and least + 2.0 + HAIR < T:
        found.append("rises though nobody wishes it warmer")
    least = _fallback_band(traits, seen, context)[0]
    if held - HAIR > T and least - HAIR > T and (primary.value is None or primary.value - 3.0 > least):
        found.append(f"falls to {T} away from a fallback that needs {least}")
    ours = traits.own_curve(context.T_outdoor_centre.value) - 8.0  # nobody is kept cooler than that
    if held + HAIR < T and max(most, low, ours) + HAIR < T:
        found.append(f"rises to {T} away from a fallback that needs {most}")
    return found


def _unseen_source(context, *otherwise):
    """What a station may be told that does not show what arrives from the source: 7 K below the others'."""
    others = context.T_primary_elsewhere
    return max(*otherwise) if others is None else max(*otherwise, others - 7.0)


def _fallback_far_warmer(traits, seen, context):
    """Whether no value is within 8 K of both our curve and the warmer one that the station falls back to."""
    there = fallback(traits, seen, context)
    return there is not None and there > traits.own_curve(context.T_outdoor_centre.value) + 16.0 + HAIR


def _fallback_band(traits, seen, context):
    """Supply temperatures from which a station that is not told our weather falls back by 8 K or less."""
    there = fallback(traits, seen, context)
    if there is None:
        return -math.inf, math.inf
    low, high = allowed_temperatures(traits, context)
    ours = clipped(traits.own_curve(context.T_outdoor_centre.value) - 8.0, low, high)
    return min(there - 8.0, high - 2.0), max(there + 8.0, ours + 2.0)


def _flow_rates(traits, seen, history, m, held, context):
    found = []
    design = traits.m_flow_design
    for seconds, share in ((300, 0.05), (900, 0.10)):
        past = [s.m_flow for s in sent_since(history, context, seconds)]
        far = max(m - min(past) if m > held + HAIR else 0.0, max(past) - m if m < held - HAIR else 0.0)
        if far > share * design + HAIR:
            found.append(f"changes flow by {far} in {seconds} s")
    changes = [
        b.m_flow - a.m_flow
        for a, b in pairwise(history)
        if context.monotonic - b.at < 1800 and abs(b.m_flow - a.m_flow) > HAIR
    ]
    if changes and abs(m - held) > HAIR and (changes[-1] > 0) != (m > held):
        found.append("turns the flow within 30 min")
    p = seen.p_return
    if p.value is not None and p.value < 30 and -5 <= context.now - p.received_at <= 600 and m > held + HAIR:
        found.append(f"circulates more at {p.value} kPa")
    return found
