"""Rules of the process at one station: frost, heat, pumps, the station's own curve and its own alarms.

Only undoubted, fresh values are judged. Where the deciding value is missing a rule says that it can not
tell; then a standing alarm goes on and none is raised.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.alarms.model import AlarmKey, Finding
from controller.alarms.scene import LoopCase, StationCase
from controller.decisions import LoopKey
from stations.model.setpoint import StationClass

VALVE_OPEN = 0.95
"""From here on a valve has nothing left to give."""
PRIMARY_MARGIN_K = 2.0
"""Water can not be heated to closer than this below the primary supply."""
OWN_CURVE_SETTLED_S = 3600.0
"""A station that returns to its own curve ramps 0.2 K/min over at most 8 K: 40 min, and some more."""
T_SUPPLY_MIN_degC = 25.0
"""Stations hold their curves above this, whatever was entered."""


def frost_findings(loop: LoopCase) -> Iterator[Finding]:
    """Judge the secondary return against freezing, in two steps."""
    value = loop.good("T_return_secondary")
    for rule in ("frost", "frost_risk"):
        key = loop.alarm(rule)
        if value is None:
            yield Finding(key=key, unknown=True)
        elif loop.station.scene.beyond(key, value, rising=False):
            yield Finding(key=key, params={"value": value})


def supply_findings(loop: LoopCase) -> Iterator[Finding]:
    """Judge the secondary supply against the loop's hard limit."""
    key, value = loop.alarm("supply_over_limit"), loop.good("T_supply_secondary")
    limit = loop.traits.T_supply_max_degC
    if value is None:
        yield Finding(key=key, unknown=True)
    elif loop.station.scene.beyond(key, value, above=limit):
        yield Finding(key=key, params={"value": value, "limit": limit})


def pump_findings(loop: LoopCase) -> Iterator[Finding]:
    """Judge whether water circulates; stations that show neither speed nor flow can not tell."""
    key, running = loop.alarm("pump_stopped"), loop.seen.pump_running
    if running is None:
        yield Finding(key=key, unknown=True)
    elif not running:
        yield Finding(key=key)


def heat_findings(loop: LoopCase) -> Iterator[Finding]:
    """Judge whether a loop gets what it asks for; its valve must be open or its primary supply too cold."""
    key, value, wanted = loop.alarm("heat_short"), loop.good("T_supply_secondary"), _wanted_supply(loop)
    if value is None or wanted is None:
        yield Finding(key=key, unknown=True)
        return
    valve = loop.station.good(0, "y_valve_primary")
    own_valve = loop.good("y_valve_loop")
    valve = own_valve if own_valve is not None else valve
    T_primary = loop.station.good(0, "T_supply_primary")
    nothing_left = (valve is not None and valve >= VALVE_OPEN) or (
        T_primary is not None and T_primary < wanted + PRIMARY_MARGIN_K
    )
    if nothing_left and loop.station.scene.beyond(key, wanted - value):
        yield Finding(key=key, params={"value": value, "wanted": wanted})


def _wanted_supply(loop: LoopCase) -> float | None:
    """Return what the loop shall have, degC: our setpoint while it is held, else its own curve."""
    if loop.status.held and loop.status.T_supply_set is not None:
        return loop.status.T_supply_set
    T_outdoor = loop.station.scene.state.T_outdoor_centre
    if T_outdoor is None or T_outdoor.value is None:
        return None
    return min(loop.traits.own_curve(T_outdoor.value), loop.traits.T_supply_max_degC)


@dataclass(slots=True)
class CurveMemory:
    """Since when each loop has been on its own curve, scaled monotonic seconds. Owner: the watch."""

    since: dict[LoopKey, float] = field(default_factory=dict)


def curve_findings(loop: LoopCase, memory: CurveMemory) -> Iterator[Finding]:
    """Compare the curve that a station follows with the one that was commissioned.

    Class B shows its curve at all times (what acts less the offset), the others only while they are on it.
    """
    key = loop.alarm("curve_drift")
    shown, T_outdoor = _own_curve_shown(loop, memory), _outdoor_of_station(loop.station)
    if shown is None or T_outdoor is None or loop.good("limit_word"):
        yield Finding(key=key, unknown=True)
        return
    wanted = max(min(loop.traits.own_curve(T_outdoor), loop.traits.T_supply_max_degC), T_SUPPLY_MIN_degC)
    if loop.station.scene.beyond(key, abs(shown - wanted)):
        yield Finding(key=key, params={"value": shown, "wanted": wanted, "T_outdoor": T_outdoor})


def _own_curve_shown(loop: LoopCase, memory: CurveMemory) -> float | None:
    """Return what the station's own curve asks for now, degC; None while the station does not show it."""
    effective = loop.good("T_supply_secondary_set_effective")
    if effective is None:
        return None
    if loop.traits.station_class is StationClass.B:
        offset = loop.good("dT_supply_secondary_offset_readback")
        return None if offset is None else effective - offset
    monotonic = loop.station.scene.monotonic
    followed = loop.seen.remote or loop.status.held
    if followed and loop.traits.station_class is not StationClass.C:
        memory.since.pop(loop.key, None)
        return None
    since = memory.since.setdefault(loop.key, monotonic)
    return effective if monotonic - since >= OWN_CURVE_SETTLED_S else None


def _outdoor_of_station(case: StationCase) -> float | None:
    """Return the outdoor temperature that the station believes, degC: the centre's, else its own sensor's."""
    if case.config.profile.takes_outdoor:
        told = case.good(0, "T_outdoor_centre_readback")
        if told is not None:
            return told
    return case.good(0, "T_outdoor")


def station_findings(case: StationCase) -> Iterator[Finding]:
    """Pass on what the station's controller reports of itself, and compare its area with the list."""
    word = case.good(0, "alarm_word")
    if word:
        yield Finding(key=_of_station(case, "station_alarm"), params={"word_hex": f"{int(word):04X}"})
    area, listed = case.good(0, "A_heated"), sum(loop.A_heated_m2 for loop in case.config.loops)
    key = _of_station(case, "area_mismatch")
    if area is not None and listed and case.scene.beyond(key, abs(area - listed) / listed):
        yield Finding(key=key, params={"value": area, "listed": listed})


def _of_station(case: StationCase, rule: str) -> AlarmKey:
    return AlarmKey(rule, case.config.id)
