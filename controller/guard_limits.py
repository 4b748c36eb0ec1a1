"""Limits of the guard: how warm, how cold and how much water, whoever asks.

These bind at once: a value that the loop holds and that comes to lie outside is moved inside in one step.
Only the source limit is different, see there.
"""

import math
from functools import lru_cache

from controller.decisions import Action, GuardContext, LoopTraits, Rule
from controller.guard_case import ROUNDING, Case, Room, recent
from controller.guard_pace import T_STEP_K, must_rest
from controller.head import head_of, least_share
from controller.words.phrase import Phrase, word
from stations.model.setpoint import StationClass

T_SUPPLY_MIN_DEGC = 25.0
T_SUPPLY_MAX_DEGC = {"radiator": 85.0, "floor": 55.0, "dhw": 85.0, "source": 150.0}
OWN_CURVE_BAND_K = 8.0
"""Bounds the step of every fallback: at 0.2 K/min a station is back on its own curve within 40 min."""
SOURCE_BAND_MAX_K = 20.0
"""The widest that a site may lay down for a heat source, whose own curve is steeper and hotter."""
CREEP_K = 2.0
"""How far inside the moving band a register that wears out is kept. Outdoor temperature moves at most 3 K/h
and own curves up to twice as steeply, so this lasts 20 min: longer than such a register must rest. On the
very edge, every creep of the curve would force a write."""
M_FLOW_MIN, M_FLOW_MAX = 0.3, 1.0
"""Fractions of design flow. Never less in season: this is also the circulation that frost protection asks."""
OFFSET_LOWER_K, OFFSET_UPPER_K = -3.0, 5.0
OFFSET_LOWER_UNPROVEN_K = -1.0
"""A class B device keeps its last offset for ever: -3 K for ever means 18.7 degC indoors instead of 20."""
LINK_AVAILABILITY = 0.99
T_OUTDOOR_FORECAST_MIN_DEGC = -5.0
FROST_T_RETURN_DEGC = 10.0
FROST_T_OUTDOOR_DEGC = 3.0
FROST_T_SUPPLY_DEGC = 35.0
P_RETURN_MIN_KPA = 30.0
"""Static pressure below which the highest radiator draws air, however low the building."""
DP_WORST_MIN_KPA = 50.0
"""What a station needs of the network to regulate: valve and exchanger."""
SOURCE_APPROACH_K = 3.0
"""What the exchanger needs between primary and secondary supply."""
ELSEWHERE_K = 4.0
"""By which the water may be cooler at a station that does not show it than at nine in ten of those that do:
what the longest branches of a network lose more than the usual ones. In generated cities of 40 to 5,000
stations, weeks on their own curves, the coldest branch that is not shut was 0.3 to 1.5 K cooler (median of a
week), more than 3 K in no more than one step of twenty, and 5.2 K at most."""
_HARD_FLOW = Phrase("guard.hard_flow")
_EMITTERS = {emitter: word("emitter", emitter) for emitter in T_SUPPLY_MAX_DEGC}


def hard_temperature(case: Case, room: Room) -> Room:
    """Keep the supply within what the emitter and the site allow; too warm is worse than too cold."""
    traits = case.traits
    high = min(traits.T_supply_max_degC, T_SUPPLY_MAX_DEGC[traits.emitter])
    low = max(traits.T_supply_min_degC, T_SUPPLY_MIN_DEGC)
    at_least, at_most = _told(low, high, traits.emitter)
    why = at_least if room.supply < low and room.supply <= high else at_most
    return room.bound_supply(min(low, high), high, Rule.HARD_TEMPERATURE, why)


@lru_cache(maxsize=256)
def _told(low: float, high: float, emitter: str) -> tuple[Phrase, Phrase]:
    """Return how these hard limits are told, degC; a city has a handful of them."""
    at_most = Phrase("guard.at_most", {"T_supply": high, "emitter": _EMITTERS[emitter]})
    return Phrase("guard.at_least", {"T_supply": low}), at_most


def hard_flow(case: Case, room: Room) -> Room:
    """Keep circulation within 30 to 100 % of design; a heat source's head within what its site allows."""
    traits, low, why = case.traits, M_FLOW_MIN, _HARD_FLOW
    design = traits.m_flow_design
    if traits.is_source:
        low = max(low, least_share(traits))
        why = Phrase("guard.hard_head", {"low": head_of(low * design, traits), "high": traits.dp_design})
    return room.bound_flow(low * design, M_FLOW_MAX * design, Rule.HARD_FLOW, why)


def own_curve(case: Case, room: Room) -> Room:
    """Stay near the station's own curve, so that its fallback is a small step.

    Where the station itself counts with other weather its fallback leads elsewhere, and the loop is asked to
    stay near that, too. Asked and not forced: a sensor that fails would move a house by 10 K at once.

    Where its fallback is so much warmer that no value is near both, as in mild weather at a station without
    a sensor, nothing is written: it keeps what it holds while that is near our curve, and else goes to its
    own. Where the fallback is as much colder, as with the sun on a sensor, ours counts: homes must stay warm.
    """
    if case.own is None or case.T_there is None:
        return room
    traits = case.traits
    band = own_band(traits)
    low, high = case.own - band, case.own + band
    absolute = not traits.is_source and traits.station_class is not StationClass.B  # holds a temperature
    # what is warmer than its fallback need not jump into our band: it rises at the usual rates
    coolest = min(low, case.T_there) if absolute else low
    # taken over at the top, the limit's first creep would force a write before a worn register has rested;
    # at the bottom it may: homes that nobody leads stay cold
    warmest = high - CREEP_K if absolute and traits.wears_out and not case.held else high
    room = room.bound_supply(coolest, warmest, Rule.OWN_CURVE, _beside(band, case.own))
    if absolute and case.T_there - band > high:
        why = Phrase("guard.fallback_warmer", {"T_there": case.T_there, "T_own": case.own})
        room = room.gate(Action.RENEW, Rule.OWN_CURVE, why)
    moves = traits.wears_out or case.T_there != case.own
    if not moves or not case.asks or traits.station_class is StationClass.B:
        return room  # class B holds an offset to the curve: its limits do not move
    margin, why = 0.0, _beside(band, case.T_there)
    if traits.wears_out:
        margin, why = CREEP_K, Phrase("guard.own_curve_worn", {"T_own": case.T_there})
    least, most = max(low, case.T_there - band), min(high, case.T_there + band)
    asked = min(max(room.T_wish, least + margin), most - margin)
    return room.ask_supply(max(asked, low), Rule.OWN_CURVE, why)


def own_band(traits: LoopTraits) -> float:
    """Return how far from its own curve a loop may be led, K; a site file has a say for sources only."""
    return min(traits.own_band_K, SOURCE_BAND_MAX_K) if traits.is_source else OWN_CURVE_BAND_K


def _beside(band_K: float, T_own: float) -> Phrase:
    if band_K == OWN_CURVE_BAND_K:
        return Phrase("guard.own_curve", {"T_own": T_own})
    return Phrase("guard.own_curve_band", {"T_own": T_own, "band": band_K})


def offset(case: Case, room: Room) -> Room:
    """Bound the offset of a class B station; far down only while we can be sure to take it back."""
    if case.own is None or case.traits.station_class is not StationClass.B:
        return room
    low = max(case.traits.offset_lower_K, OFFSET_LOWER_K)
    high = min(case.traits.offset_upper_K, OFFSET_UPPER_K)
    if not may_go_far_down(case.context, case.traits.key.station):
        low = max(low, min(OFFSET_LOWER_UNPROVEN_K, _on_the_way_back(case, case.own, low)))
    return room.bound_supply(
        case.own + low,
        case.own + high,
        Rule.OFFSET,
        Phrase("guard.offset", {"low": low, "high": high, "T_own": case.own}),
    )


def _on_the_way_back(case: Case, own: float, lowest: float) -> float:
    """Return the least offset that a loop must have next, K, which was led far down while that was safe.

    Only this limit comes by steps: forced inside at once, an offset of -3 K would jump by 2 K. What lies
    below the ``lowest`` offset that is ever safe was not led there.
    """
    held_K = case.T_start - own
    if not case.held or held_K < lowest - ROUNDING:
        return math.inf
    return held_K if must_rest(case) else held_K + T_STEP_K - case.traits.heat_resolution_K


def may_go_far_down(context: GuardContext, station: str) -> bool:
    """Tell whether an offset of a class B station may lie below ``OFFSET_LOWER_UNPROVEN_K`` now."""
    availability = context.link_availability_24h.get(station)
    coldest = context.T_outdoor_forecast_min
    return (
        availability is not None
        and coldest is not None
        and availability >= LINK_AVAILABILITY
        and coldest >= T_OUTDOOR_FORECAST_MIN_DEGC
    )


def frost(case: Case, room: Room) -> Room:
    """Keep a loop warm whose water is near freezing, at once; one that nobody can tell of, by rates.

    A loop without a return sensor is asked for more each time it gets cold outdoors: a step of 10 K each
    evening would be a danger of its own.
    """
    known = _water(case)
    if known and min(known) < FROST_T_RETURN_DEGC:
        return room.bound_supply(FROST_T_SUPPLY_DEGC, math.inf, Rule.FROST, Phrase("guard.frost"))
    T_outdoor = case.context.T_outdoor_centre.value
    told = len(known) == 2 or (T_outdoor is not None and T_outdoor >= FROST_T_OUTDOOR_DEGC)
    if told or room.T_wish >= FROST_T_SUPPLY_DEGC:
        return room
    return room.ask_supply(FROST_T_SUPPLY_DEGC, Rule.FROST, Phrase("guard.frost"))


def _water(case: Case) -> list[float]:
    """Return what is known of the loop's water, degC. Both sensors: swapped ones must not hide cold water."""
    if case.seen is None:
        return []
    now, readings = case.context.now, (case.seen.T_return, case.seen.T_supply)
    return [reading.value for reading in readings if reading.value is not None and recent(reading, now)]


def pressure(case: Case, room: Room) -> Room:
    """Circulate no faster while the loop loses its water; a loop without the sensor is not judged.

    A heat source sinks its head no further while any station has too little, or where no station tells.
    """
    if case.seen is None or not case.flow_driven:
        return room
    worst = case.seen.dp_worst
    if case.traits.is_source and (worst is None or worst < DP_WORST_MIN_KPA):
        why = Phrase("guard.worst_unknown")
        if worst is not None:
            why = Phrase("guard.worst", {"dp": worst, "least": DP_WORST_MIN_KPA})
        room = room.bound_flow(case.m_start, math.inf, Rule.PRESSURE, why)
    p_return = case.seen.p_return
    if p_return.value is None or p_return.value >= P_RETURN_MIN_KPA or not recent(p_return, case.context.now):
        return room
    why = Phrase("guard.pressure", {"p": p_return.value})
    return room.bound_flow(-math.inf, case.m_start, Rule.PRESSURE, why)


def source(case: Case, room: Room) -> Room:
    """Ask for no more than the primary supply can give; no alarm, it is the source that is short.

    A higher setpoint would only open the valve and take the water from stations further out. That is waste,
    not danger, so the setpoint comes down at the usual rates instead of at once: a dip of the primary supply
    must not cost an hour of recovery. What is held without a wish stays. Where a station does not show its
    primary supply, that of the others stands in, less what the pipes may lose more; where none shows any, no
    setpoint rises further above the own curve than now held.
    """
    if case.own is None or not case.asks or case.traits.is_source:
        return room
    primary = None if case.seen is None else case.seen.T_supply_primary
    if primary is not None and primary.value is not None and recent(primary, case.context.now):
        highest = primary.value - SOURCE_APPROACH_K
        why = Phrase("guard.source", {"T_primary": primary.value})
    else:
        highest, why = max(case.own, case.T_start), Phrase("guard.source_unknown")
        elsewhere = case.context.T_primary_elsewhere
        if elsewhere is not None and elsewhere - ELSEWHERE_K - SOURCE_APPROACH_K > highest:
            highest = elsewhere - ELSEWHERE_K - SOURCE_APPROACH_K
            why = Phrase("guard.source_elsewhere", {"T_primary": elsewhere})
    return room.ask_supply(highest, Rule.SOURCE, why) if highest < room.supply else room
