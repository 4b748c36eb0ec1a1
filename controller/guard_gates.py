"""Gates of the guard: may this loop be written to at all, may it be renewed, or must it be given back?

A gate never looks at the wished numbers. It lowers the action: SET, RENEW, RELEASE, NONE.
"""

import math

from controller.decisions import Action, Mode, Rule
from controller.guard_case import CLOCK_TOLERANCE_S, RELEASE_AGE_S, Case, Room

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
        return room.gate(Action.NONE, rule, f"class {traits.station_class} takes no setpoints: advice only")
    if traits.emitter == "dhw":
        return room.gate(Action.NONE, rule, "domestic hot water is read only")
    if not traits.proven:
        return room.gate(Action.NONE, rule, "no commissioning proof is recorded: advice only")
    if case.flow_driven and not 0.0 < traits.m_flow_design < math.inf:
        return room.gate(Action.NONE, rule, f"design flow {traits.m_flow_design} kg/s is no flow")
    if seen is None:
        return room.gate(Action.RELEASE, rule, "nothing is known of the loop in this cycle")
    if seen.mode is Mode.LOCAL:
        return room.gate(Action.RELEASE, rule, "the loop is in local mode")
    if not seen.readmitted:
        return room.gate(Action.NONE, rule, "the link is back, its re-entry time is still running")
    return room


def season(case: Case, room: Room) -> Room:
    """Drive only in trial and heating season."""
    if case.seen is None or case.seen.season.accepts_setpoints:
        return room
    return room.gate(Action.RELEASE, Rule.SEASON, f"no setpoints in season state {case.seen.season}")


def pump(case: Case, room: Room) -> Room:
    """Give no new setpoint to a loop whose pump is not known to run.

    The held one is renewed: a change from duty to standby pump takes minutes, and with a stopped pump the
    station's own interlock closes the valve. A held value that leaves the hard limits meanwhile is released.
    """
    if case.seen is not None and case.seen.pump_running:
        return room
    stopped = case.seen is not None and case.seen.pump_running is False
    why = "the loop pump stands still" if stopped else "it is not known whether the loop pump runs"
    return room.gate(Action.RENEW, Rule.PUMP, f"{why}: no new setpoint")


def not_a_number(case: Case, room: Room) -> Room:
    """A wish that is no number holds what is held, and takes no loop over."""
    if math.isfinite(room.T_wish) and math.isfinite(room.m_wish):
        return room
    why = f"the wish {room.T_wish} degC, {room.m_wish} kg/s is no number"
    sound = room._replace(T_wish=case.T_start, m_wish=case.m_start)
    return sound.gate(Action.SET if case.held else Action.NONE, Rule.NOT_A_NUMBER, why)


def freshness(case: Case, room: Room) -> Room:
    """Old inputs allow no new setpoint, lost inputs no renewal."""
    for action, why in (_outdoor_age(case), _poll_age(case)):
        if action is not Action.SET:
            room = room.gate(action, Rule.FRESHNESS, why)
    return room


def _outdoor_age(case: Case) -> tuple[Action, str]:
    age = case.context.T_outdoor_centre.age_s(case.context.now)
    if case.own is None or age > OUTDOOR_LOST_S:
        return Action.RELEASE, "there is no outdoor temperature"
    if not -CLOCK_TOLERANCE_S <= age <= OUTDOOR_AGE_S:
        return Action.RENEW, f"the outdoor temperature is {age:.0f} s old: no new setpoint"
    return Action.SET, ""


def _poll_age(case: Case) -> tuple[Action, str]:
    seen = case.seen
    if seen is None or seen.polled_at is None:
        return Action.RELEASE, "the station never answered"
    age = case.context.now - seen.polled_at
    if age > RELEASE_AGE_S:
        return Action.RELEASE, f"the station has been silent for {age:.0f} s"
    if not -CLOCK_TOLERANCE_S <= age <= max(3 * case.context.poll_s, INPUT_AGE_S):
        return Action.RENEW, f"the last answer is {age:.0f} s old: no new setpoint"
    if seen.T_supply.value is None:
        return Action.RENEW, f"no supply temperature ({seen.T_supply.reason}): no new setpoint"
    return Action.SET, ""
