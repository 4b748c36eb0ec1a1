"""Gates of the guard: may this loop be written to at all, may it be renewed, or must it be given back?

A gate never looks at the wished numbers. It lowers the action: SET, RENEW, RELEASE, NONE.
"""

import math

from controller.decisions import Action, Mode, Rule
from controller.guard_case import CLOCK_TOLERANCE_S, RELEASE_AGE_S, Case, Room
from controller.words.phrase import Phrase, word

INPUT_AGE_S = 120.0
"""Oldest poll for a new setpoint, or three polls where that is longer."""
OUTDOOR_AGE_S = 30 * 60.0
"""Oldest outdoor temperature for a new setpoint."""
OUTDOOR_LOST_S = 6 * 3600.0
"""After so long without an outdoor temperature stations go to their own curve."""


def not_driven(case: Case, room: Room) -> Room:
    """Write only to proven loops of a driven class that are ours by mode and stably back on the link."""
    traits, seen = case.traits, case.seen
    rule = Rule.NOT_DRIVEN
    if not traits.station_class.driven or traits.heat is None:
        why = Phrase("guard.class", {"station_class": traits.station_class})
        return room.gate(Action.NONE, rule, why)
    if traits.emitter == "dhw":
        return room.gate(Action.NONE, rule, Phrase("guard.hot_water"))
    if not traits.proven:
        return room.gate(Action.NONE, rule, Phrase("guard.not_proven"))
    if case.flow_driven and not 0.0 < traits.m_flow_design < math.inf:
        why = Phrase("guard.no_design_flow", {"m_flow": traits.m_flow_design})
        return room.gate(Action.NONE, rule, why)
    if seen is None:
        return room.gate(Action.RELEASE, rule, Phrase("guard.not_seen"))
    if seen.mode is Mode.LOCAL:
        return room.gate(Action.RELEASE, rule, Phrase("guard.local"))
    if traits.is_source and case.wish is None:
        return room.gate(Action.RELEASE, rule, Phrase("guard.no_order"))
    if traits.is_source and not case.held and None in _in_force(case):
        return room.gate(Action.NONE, rule, Phrase("guard.source_not_told"))
    if not seen.readmitted:
        return room.gate(Action.NONE, rule, Phrase("guard.returning"))
    return room


def _in_force(case: Case) -> tuple[float | None, float | None]:
    """Return the setpoints that a heat source says it acts on: a take-over begins with them or not at all."""
    seen = case.seen
    return (None, None) if seen is None else (seen.T_supply_effective.value, seen.m_flow_effective.value)


def season(case: Case, room: Room) -> Room:
    """Drive only in trial and heating season."""
    if case.seen is None or case.seen.season.accepts_setpoints:
        return room
    why = Phrase("guard.season", {"season": word("season", case.seen.season)})
    return room.gate(Action.RELEASE, Rule.SEASON, why)


def pump(case: Case, room: Room) -> Room:
    """Give no new setpoint to a loop whose pump is not known to run.

    The held one is renewed: a change from duty to standby pump takes minutes, and with a stopped pump the
    station's own interlock closes the valve. A held value that leaves the hard limits meanwhile is released.
    """
    if case.seen is not None and case.seen.pump_running:
        return room
    stopped = case.seen is not None and case.seen.pump_running is False
    why = Phrase("guard.pump_stopped") if stopped else Phrase("guard.pump_unknown")
    return room.gate(Action.RENEW, Rule.PUMP, why)


def not_a_number(case: Case, room: Room) -> Room:
    """A wish that is no number holds what is held, and takes no loop over."""
    if math.isfinite(room.T_wish) and math.isfinite(room.m_wish):
        return room
    why = Phrase("guard.not_a_number", {"T_supply": room.T_wish, "m_flow": room.m_wish})
    sound = room._replace(T_wish=case.T_start, m_wish=case.m_start)
    return sound.gate(Action.SET if case.held else Action.NONE, Rule.NOT_A_NUMBER, why)


def freshness(case: Case, room: Room) -> Room:
    """Old inputs allow no new setpoint, lost inputs no renewal."""
    outdoor, poll = _outdoor_age(case), _poll_age(case)
    if outdoor is not None:
        room = room.gate(outdoor[0], Rule.FRESHNESS, outdoor[1])
    if poll is not None:
        room = room.gate(poll[0], Rule.FRESHNESS, poll[1])
    return room


def _outdoor_age(case: Case) -> tuple[Action, Phrase] | None:
    age = case.context.T_outdoor_centre.age_s(case.context.now)
    if case.own is None or age > OUTDOOR_LOST_S:
        return Action.RELEASE, Phrase("guard.no_outdoor")
    if not -CLOCK_TOLERANCE_S <= age <= OUTDOOR_AGE_S:
        return Action.RENEW, Phrase("guard.outdoor_old", {"age_s": age})
    return None


def _poll_age(case: Case) -> tuple[Action, Phrase] | None:
    seen = case.seen
    if seen is None or seen.polled_at is None:
        return Action.RELEASE, Phrase("guard.never_answered")
    age = case.context.now - seen.polled_at
    if age > RELEASE_AGE_S:
        return Action.RELEASE, Phrase("guard.silent", {"age_s": age})
    if not -CLOCK_TOLERANCE_S <= age <= max(3 * case.context.poll_s_of(seen.key.station), INPUT_AGE_S):
        return Action.RENEW, Phrase("guard.answer_old", {"age_s": age})
    if seen.T_supply.value is None:
        return Action.RENEW, Phrase("guard.no_supply", {"quality": word("quality", seen.T_supply.reason)})
    return None
