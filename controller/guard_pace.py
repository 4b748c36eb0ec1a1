"""Pace of the guard: how fast a loop may follow, and which changes are not worth a write.

Judged on the history of what was dispatched. All of it gives way to the limits: they bind at once.
"""

import math
from functools import cache

from controller.decisions import Action, Rule
from controller.guard_case import ROUNDING, Case, Room, flow_in_force, recent, supply_in_force
from controller.words.phrase import Phrase
from stations.model.setpoint import StationClass

MINUTE_S = 60.0
T_STEP_K = 1.0
"""Largest change in one write."""
T_WINDOW_S = 15 * MINUTE_S
T_WINDOW_K = 3.0
T_TAKEN_K = 0.9
"""What the window is narrower by while a take-over lies in it: the loop may have moved by 1.2 K since the
poll that it was taken over by, of which others bear 0.3 K. So it is after a restart, as nobody knows how the
controller before began. Class B has an offset in its register, which is known."""
T_SHORTAGE_K = 6.0
"""Downward within the window while a shortage of heat is declared."""
M_WINDOWS = ((5 * MINUTE_S, 0.05), (15 * MINUTE_S, 0.10))
"""(seconds, fraction of design) by which the flow may change within that time."""
M_DWELL_S = 30 * MINUTE_S
"""Flow turns from rising to falling, or back, only after this: pumps and valves must not hunt."""
T_DEAD_BAND_K, M_DEAD_BAND = 0.3, 0.02
WEAR_T_K, WEAR_M = 0.5, 0.05
"""Smallest change that is worth a write to a memory that wears out."""
WEAR_INSIDE_K = 1.0
"""A register that wears out is moved so far inside a limit that has passed it: no write moves further."""
WEAR_EVERY_S, WEAR_PER_DAY = 15 * MINUTE_S, 48
WEAR_EVERY_UNCOUNTED_S = 30 * MINUTE_S
"""Pace that keeps 48 a day by itself, where the day's count is not known."""
VOLATILE_EVERY_S = 55.0
"""At most one change a minute in volatile memory; a cycle may come a few seconds early."""
_TAKE_OVER, _DEAD_BAND = Phrase("guard.take_over"), Phrase("guard.dead_band")
_TAKE_OVER_UNKNOWN = Phrase("guard.take_over_unknown")
_RATE_TEMPERATURE, _TOO_SMALL = Phrase("guard.rate_temperature"), Phrase("guard.too_small")


def rate_temperature(case: Case, room: Room) -> Room:
    """At most 1 K a write and 3 K in any 15 min; a loop is taken over with what it holds, or not at all.

    A limiter may hold a loop far below its own curve. The contract's limits would then make the take-over a
    jump. So would a take-over at the own curve of a loop that still follows the controller before this one.
    """
    held = case.T_start
    if not case.held:
        room = room.bound_supply(held, held, Rule.RATE_TEMPERATURE, _TAKE_OVER)
        if case.traits.station_class is StationClass.B:
            return room  # it holds an offset, which no limiter moves
        if _follows_unknown(case):
            return room.gate(Action.NONE, Rule.RATE_TEMPERATURE, _TAKE_OVER_UNKNOWN)
        if abs(room.supply - held) <= T_STEP_K + ROUNDING:
            return room
        why = Phrase("guard.take_over_far", {"T_held": held, "T_least_step": room.supply})
        return room.gate(Action.NONE, Rule.RATE_TEMPERATURE, why)
    lately = case.sent_within(T_WINDOW_S)
    # From what was sent, and from what the register took: tenths of 52.15 and 51.15 may be 1.1 K apart.
    # Class B has an offset in its register: what counts there is how far ``held`` is from its curve.
    zero = case.own if case.traits.station_class is StationClass.B and case.own is not None else 0.0
    written = zero + _as_written(held - zero, case.traits.heat_resolution_K)
    low, high = max(held, written) - T_STEP_K, min(held, written) + T_STEP_K
    if len(lately) > 1 or lately[0].T_supply != held:
        past = [sent.T_supply for sent in lately]
        most = min(T_WINDOW_K, case.traits.change_K_per_h * T_WINDOW_S / 3600.0)
        taken_lately = case.history[0].at > case.context.monotonic - T_WINDOW_S
        if taken_lately and case.traits.station_class is not StationClass.B:
            most = min(most, T_WINDOW_K - T_TAKEN_K)
        down = T_SHORTAGE_K if case.context.shortage_declared and not case.traits.is_source else most
        # After a cut at once the window may be wider than its limit: then no further, and not back either.
        low = min(max(low, max(past) - down), held)
        high = max(min(high, min(past) + most), held)
    return room.bound_supply(low, high, Rule.RATE_TEMPERATURE, _RATE_TEMPERATURE)


def _follows_unknown(case: Case) -> bool:
    """Tell whether a loop follows a setpoint that it does not tell, or that is doubted.

    Nobody renews it: within its lease the loop is on its own curve, or tells. Some devices are asked who
    decides every few minutes only; until then it is known where register and loop agree.
    """
    seen, now = case.seen, case.context.now
    if seen is None or seen.remote is False:
        return False
    register, reached = seen.T_supply_readback, seen.T_supply_effective
    if seen.remote is True:
        told = supply_in_force(seen)
        if not (told.sound and recent(told, now)):
            return True
        # A flow may be estimated from the heat: nearer to the truth than design, which else stands in.
        return case.flow_driven and not recent(flow_in_force(seen), now)
    if register is None:
        return False
    both = register.sound and reached.sound and recent(register, now) and recent(reached, now)
    return not both or abs((register.value or 0.0) - (reached.value or 0.0)) > T_STEP_K


def _as_written(T: float, resolution_K: float) -> float:
    """Return what becomes of ``T`` degC in a register of this resolution; 0 tells all."""
    return round(T / resolution_K) * resolution_K if resolution_K > 0.0 else T


def rate_flow(case: Case, room: Room) -> Room:
    """At most 5 % of design in 5 min and 10 % in 15 min."""
    if not case.flow_driven:
        return room
    held, design = case.m_start, case.traits.m_flow_design
    if not case.held:
        return room.bound_flow(held, held, Rule.RATE_FLOW, _TAKE_OVER)
    for seconds, fraction in M_WINDOWS:
        lately, step = case.sent_within(seconds), fraction * design
        why = _too_fast(fraction, seconds)
        if len(lately) == 1 and lately[0].m_flow == held:
            room = room.bound_flow(held - step, held + step, Rule.RATE_FLOW, why)
            continue
        past = [sent.m_flow for sent in lately]
        low, high = max(past) - step, min(past) + step
        room = room.bound_flow(min(low, held), max(high, held), Rule.RATE_FLOW, why)
    return room


@cache
def _too_fast(fraction: float, seconds: float) -> Phrase:
    return Phrase("guard.rate_flow", {"share": 100 * fraction, "minutes": seconds / MINUTE_S})


def reversal(case: Case, room: Room) -> Room:
    """Keep the direction of flow changes for 30 min."""
    if not case.flow_driven or not case.held:
        return room
    held = case.m_start
    history = case.history
    for i in range(len(history) - 1, 0, -1):
        if case.context.monotonic - history[i].at >= M_DWELL_S:
            break
        change = history[i].m_flow - history[i - 1].m_flow
        if change > ROUNDING:
            why = Phrase("guard.rose")
            return room.bound_flow(held, math.inf, Rule.REVERSAL, why)
        if change < -ROUNDING:
            why = Phrase("guard.fell")
            return room.bound_flow(-math.inf, held, Rule.REVERSAL, why)
    return room


def dead_band(case: Case, room: Room) -> Room:
    """Leave a channel alone for less than 0.3 K or 2 % of design flow."""
    if not case.held:
        return room
    return _unless_worth(case, room, T_DEAD_BAND_K, M_DEAD_BAND, Rule.DEAD_BAND, _DEAD_BAND)


def wear(case: Case, room: Room) -> Room:
    """Write seldom to a memory that wears out; some controllers take 100,000 writes in their life."""
    changes = case.context.changes_24h.get(case.traits.key)
    if case.traits.wears_out and changes is not None and changes >= WEAR_PER_DAY:
        why = Phrase("guard.worn", {"changes": changes})
        if case.held:
            return room.hold(case, Rule.WEAR, why)
        return room.gate(Action.NONE, Rule.WEAR, why)
    if not case.held:
        return room
    every = rest_s(case)
    if case.context.monotonic - case.history[-1].at < every:
        return room.hold(case, Rule.WEAR, Phrase("guard.too_soon", {"minutes": every / MINUTE_S}))
    if not case.traits.wears_out:
        return room
    return _unless_worth(case, room, WEAR_T_K, WEAR_M, Rule.WEAR, _TOO_SMALL)


def rest_s(case: Case) -> float:
    """How long a loop's register must rest after a change, s."""
    if not case.traits.wears_out:
        return VOLATILE_EVERY_S
    changes = case.context.changes_24h.get(case.traits.key)
    return WEAR_EVERY_UNCOUNTED_S if changes is None else WEAR_EVERY_S


def must_rest(case: Case) -> bool:
    """Tell whether a held loop was changed so lately, or so often today, that its register must rest."""
    changes = case.context.changes_24h.get(case.traits.key, 0)
    worn = case.traits.wears_out and changes >= WEAR_PER_DAY
    return worn or case.context.monotonic - case.history[-1].at < rest_s(case)


def worth_supply(case: Case) -> float:
    """Smallest temperature change that is worth a write to this loop, K."""
    return max(WEAR_T_K if case.traits.wears_out else T_DEAD_BAND_K, case.traits.heat_resolution_K)


def inside_supply(case: Case) -> float:
    """How far inside a limit that creeps a value is put, K."""
    # the register's own rounding comes on top
    worn = WEAR_INSIDE_K - case.traits.heat_resolution_K
    return max(worn if case.traits.wears_out else T_DEAD_BAND_K, worth_supply(case))


def worth_flow(case: Case) -> float:
    """Smallest flow change that is worth a write to this loop, kg/s."""
    return (WEAR_M if case.traits.wears_out else M_DEAD_BAND) * case.traits.m_flow_design


def _unless_worth(case: Case, room: Room, dT: float, fraction: float, rule: Rule, why: Phrase) -> Room:
    T_held, m_held, traits = case.T_start, case.m_start, case.traits
    if abs(room.supply - T_held) < max(dT, traits.heat_resolution_K) - ROUNDING:
        room = room.bound_supply(T_held, T_held, rule, why)
    if case.flow_driven and abs(room.flow - m_held) < fraction * traits.m_flow_design - ROUNDING:
        room = room.bound_flow(m_held, m_held, rule, why)
    return room
