"""The second of three clamps: the last look at a command before the wire. Shares nothing with the guard.

It refuses instead of clipping: a value outside these limits has passed the guard by a bug.
"""

import math
from collections.abc import Iterable
from itertools import pairwise

from controller.decisions import LoopTraits
from controller.historian.records import Intent
from stations.model.setpoint import CirculationChannel, HeatChannel, StationClass

T_SUPPLY_FLOOR_MAX_DEGC = 55.0
T_SUPPLY_RADIATOR_MAX_DEGC = 85.0
T_SUPPLY_MIN_DEGC = 25.0
FLOW_MIN_FRACTION = 0.30
T_SOURCE_MAX_DEGC = 150.0
DP_TOLERANCE_KPA = 0.01
ROUNDING = 1e-6


def clamp_fault(traits: LoopTraits, intent: Intent) -> str | None:
    """Return why the intent must not be written, or None."""
    if not traits.proven or not traits.station_class.driven:
        return f"class {traits.station_class} loop without commissioning proof is never driven"
    if traits.emitter == "dhw":
        return "a hot water loop is never driven"
    heat, circulation = intent.heat_value, intent.circulation_value
    if not math.isfinite(heat) or (circulation is not None and not math.isfinite(circulation)):
        return f"not a number: {heat}, {circulation}"
    if traits.emitter == "source":
        return _source_fault(traits, intent, heat, circulation)
    if traits.heat is HeatChannel.T_SUPPLY:
        hard = T_SUPPLY_FLOOR_MAX_DEGC if traits.emitter == "floor" else T_SUPPLY_RADIATOR_MAX_DEGC
        high = min(hard, traits.T_supply_max_degC)
        if not T_SUPPLY_MIN_DEGC - ROUNDING <= heat <= high + ROUNDING:
            return f"T_supply {heat:.2f} degC outside {T_SUPPLY_MIN_DEGC}..{high} degC"
    elif traits.heat is HeatChannel.DT_OFFSET:
        if not traits.offset_lower_K - ROUNDING <= heat <= traits.offset_upper_K + ROUNDING:
            return f"offset {heat:.2f} K outside {traits.offset_lower_K}..{traits.offset_upper_K} K"
    else:
        return f"heat channel {traits.heat} is not driven by this version"
    if circulation is None:
        return None
    if intent.circulation_channel is not traits.circulation:
        return f"circulation channel {intent.circulation_channel} is not the loop's, {traits.circulation}"
    if traits.circulation is CirculationChannel.DP:
        low, high = FLOW_MIN_FRACTION**2 * traits.dp_design, traits.dp_design
        if not low - DP_TOLERANCE_KPA <= circulation <= high + DP_TOLERANCE_KPA:
            return f"head {circulation:.1f} kPa outside {low:.1f}..{high:.1f} kPa"
        return None
    if traits.circulation is CirculationChannel.Y_PUMP:
        return _speed_fault(traits, circulation)
    if traits.circulation is not CirculationChannel.M_FLOW:
        return f"circulation channel {traits.circulation} is not driven by this version"
    return _flow_fault(traits, circulation)


def _flow_fault(traits: LoopTraits, m_flow: float) -> str | None:
    low, high = FLOW_MIN_FRACTION * traits.m_flow_design, traits.m_flow_design
    if not low - ROUNDING <= m_flow <= high + ROUNDING:
        return f"flow {m_flow:.2f} kg/s outside {low:.2f}..{high:.2f} kg/s"
    return None


def _speed_fault(traits: LoopTraits, speed: float) -> str | None:
    """Return why a pump must not be told this speed: the flow there, or that nobody read any."""
    if not traits.pump_points:
        return "no speed of this pump was read: it is never told one"
    for before, after in pairwise(((0.0, 0.0), *traits.pump_points)):
        if speed <= after[0] + ROUNDING:
            share = (speed - before[0]) / (after[0] - before[0])
            return _flow_fault(traits, before[1] + share * (after[1] - before[1]))
    return f"speed {speed:.2f} above {traits.pump_points[-1][0]:.2f}, the fastest that was read"


def _source_fault(traits: LoopTraits, intent: Intent, heat: float, dp: float | None) -> str | None:
    """Return why a heat source must not be written this temperature and head (kPa), or None."""
    channels = (HeatChannel.T_SUPPLY_SOURCE, CirculationChannel.DP_SOURCE)
    if (intent.heat_channel, intent.circulation_channel) != channels or dp is None:
        return f"channels {intent.heat_channel}, {intent.circulation_channel} are not those of a heat source"
    low, high = (
        max(T_SUPPLY_MIN_DEGC, traits.T_supply_min_degC),
        min(T_SOURCE_MAX_DEGC, traits.T_supply_max_degC),
    )
    if not low - ROUNDING <= heat <= high + ROUNDING:
        return f"T_supply {heat:.2f} degC outside {low}..{high} degC"
    if not traits.dp_min - DP_TOLERANCE_KPA <= dp <= traits.dp_design + DP_TOLERANCE_KPA:
        return f"head {dp:.1f} kPa outside {traits.dp_min:g}..{traits.dp_design:g} kPa"
    return None


def cap_fault(loops: Iterable[LoopTraits], m_flow_max: float | None) -> str | None:
    """Return why a cap on primary flow (kg/s; None lifts it) must not be written, or None."""
    for traits in loops:
        if not (traits.caps_flow and traits.proven and traits.station_class is StationClass.A):
            return f"loop {traits.key} of class {traits.station_class} takes no cap"
    if m_flow_max is not None and not (math.isfinite(m_flow_max) and m_flow_max > 0.0):
        return f"a cap of {m_flow_max} kg/s is none"
    return None
