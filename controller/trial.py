"""What a commissioning tries at a loop, and how it judges what the station made of it. Pure.

The trial is as small as it can be and still be seen: 1 K and 5 % of circulation, inside every limit that the
running controller keeps, too.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.circulation import flow_told, told_of
from controller.decisions import LoopTraits
from controller.guard_limits import (
    M_FLOW_MAX,
    M_FLOW_MIN,
    SOURCE_APPROACH_K,
    T_SUPPLY_MAX_DEGC,
    T_SUPPLY_MIN_DEGC,
    own_band,
)
from controller.head import least_share
from controller.loop_points import points_of
from controller.wiring import DRIVEN_CIRCULATION, DRIVEN_HEAT
from stations.model.identity import Point
from stations.model.quality import Quality
from stations.model.reading import Reading
from stations.model.setpoint import CirculationChannel, HeatChannel, Instruction, StationClass

TRIAL_STEP_K = 1.0
"""The most that one write may move a supply setpoint."""
TRIAL_STEP_FLOW = 0.05
"""Fraction of design circulation: the most that five minutes may move it."""
CURVE_WARN_K = 1.0
CURVE_FAIL_K = 3.0
"""Difference of the station's own curve from the one in the site file; past this the guard's band of 8 K
around the wrong curve would no longer bound the step of a fallback."""
BACK_K = 0.3
"""So near its own curve a loop counts as back on it."""
RAMP_K_PER_S = 0.2 / 60.0
RAMP_WINDOW_S = 60.0
"""A ramp is judged over this time at least: a register shows steps, not a slope."""
RAMP_SLACK_K = 0.15
PUMP_SPEED_RUNNING = 0.05
FLOW_RUNNING_SHARE = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """How a loop ran on its own curve before anything was written."""

    T_effective: float
    """Setpoint in force, degC; where the device shows none, the site file's curve."""
    m_flow_effective: float
    """Circulation in force, kg/s; design where the device shows none."""
    T_outdoor: float
    """degC, as the station sees it."""
    curve_difference_K: float
    """Setpoint in force less the site file's curve at that outdoor temperature."""

    def own_curve(self, traits: LoopTraits, T_outdoor: float | None) -> float:
        """Return where the station's own curve lies at another outdoor temperature, degC."""
        return traits.own_curve(self.T_outdoor if T_outdoor is None else T_outdoor) + self.curve_difference_K


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is tried: canonical values, and the instruction in the units of the loop's channels."""

    T_supply: float
    m_flow: float
    instruction: Instruction


def refusal(traits: LoopTraits, readings: Mapping[Point, Reading]) -> str | None:
    """Return why nothing may be written to this loop now, or None."""
    loop = traits.key.loop
    if traits.emitter == "dhw":
        return "a hot water loop is read only"
    if traits.heat is None or traits.heat not in DRIVEN_HEAT:
        return f"heat channel {traits.heat} is not driven by this version"
    if traits.circulation not in DRIVEN_CIRCULATION:
        return f"circulation channel {traits.circulation} is not driven by this version"
    if traits.circulation is CirculationChannel.Y_PUMP and not traits.pump_points:
        return "pump_points of the station list is blank: read its flow at three steady speeds first"
    at = points_of(traits)
    needed = [at.T_supply, Point(loop, f"{traits.heat.value}_readback")]
    if traits.is_source:
        needed += [at.T_supply_effective, at.circulation_effective]
    for point in needed:
        if value_of(readings, *point) is None:
            return f"{point.loop}/{point.name} can not be read: without it nothing can be proven"
    if value_of(readings, 0, "T_outdoor") is None:
        return "the station shows no outdoor temperature: its own curve can not be followed"
    level = value_of(readings, loop, "remote_level")
    if level is not None and level >= 1.0:
        return "the loop follows a centre already: stop that controller, and wait until it fell back"
    offset = value_of(readings, loop, f"{HeatChannel.DT_OFFSET.value}_readback")
    if traits.heat is HeatChannel.DT_OFFSET and offset is not None and abs(offset) > traits.heat_resolution_K:
        return f"an offset of {offset:+.1f} K is set already: write the neutral one at the station first"
    if _pump_runs(traits, readings) is False:
        return "the loop pump stands still: start it first"
    return None


def _pump_runs(traits: LoopTraits, readings: Mapping[Point, Reading]) -> bool | None:
    at = points_of(traits)
    speed = value_of(readings, *at.y_pump)
    if speed is not None:
        return speed > PUMP_SPEED_RUNNING
    flow = value_of(readings, *at.m_flow)
    return None if flow is None else flow > FLOW_RUNNING_SHARE * traits.m_flow_design


def before(traits: LoopTraits, readings: Mapping[Point, Reading]) -> Before:
    """Return how the loop runs; ``refusal`` has passed it."""
    T_outdoor = value_of(readings, 0, "T_outdoor")
    assert T_outdoor is not None
    listed = traits.own_curve(T_outdoor)
    at = points_of(traits)
    T_effective, m_flow = (
        value_of(readings, *point) for point in (at.T_supply_effective, at.circulation_effective)
    )
    return Before(
        T_effective=listed if T_effective is None else T_effective,
        m_flow_effective=traits.m_flow_design if m_flow is None else flow_told(m_flow, traits),
        T_outdoor=T_outdoor,
        curve_difference_K=0.0 if T_effective is None else T_effective - listed,
    )


def choose(traits: LoopTraits, start: Before, T_supply_primary: float | None) -> Trial | None:
    """Return the trial: 1 K warmer if all limits allow it, else 1 K colder; None where neither is allowed."""
    high = min(traits.T_supply_max_degC, T_SUPPLY_MAX_DEGC[traits.emitter], start.T_effective + TRIAL_STEP_K)
    low = max(traits.T_supply_min_degC, T_SUPPLY_MIN_DEGC, start.T_effective - TRIAL_STEP_K)
    listed = traits.own_curve(start.T_outdoor)
    high, low = min(high, listed + own_band(traits)), max(low, listed - own_band(traits))
    if T_supply_primary is not None:
        high = min(high, T_supply_primary - SOURCE_APPROACH_K)
    step = traits.heat_resolution_K or 0.01
    for sign in (1.0, -1.0):
        wanted = round((start.T_effective + sign * TRIAL_STEP_K) / step) * step
        T = wanted if low <= wanted <= high else wanted - sign * step
        if low <= T <= high and abs(T - start.T_effective) > BACK_K:
            return _trial(traits, start, T)
    return None


def _trial(traits: LoopTraits, start: Before, T: float) -> Trial:
    design = traits.m_flow_design
    share = start.m_flow_effective / design
    least = max(M_FLOW_MIN, least_share(traits))
    down = share - TRIAL_STEP_FLOW >= least
    share += -TRIAL_STEP_FLOW if down else TRIAL_STEP_FLOW
    m_flow = min(max(share, least), M_FLOW_MAX) * design
    heat = T
    if traits.station_class is StationClass.B:
        step = traits.heat_resolution_K or 0.1
        heat = round((T - start.T_effective) / step) * step
        heat = min(max(heat, traits.offset_lower_K), traits.offset_upper_K)
        T = start.T_effective + heat
    circulation = told_of(m_flow, traits) if traits.circulation is not None else None
    return Trial(T_supply=T, m_flow=m_flow, instruction=Instruction(heat=heat, circulation=circulation))


def steepest_ramp(samples: Sequence[tuple[float, float]]) -> float:
    """Return the steepest slope, K/min, of (second, degC) samples over ``RAMP_WINDOW_S``; 0 for too few."""
    steepest = 0.0
    for i, (at, T) in enumerate(samples):
        for later, T_later in samples[i + 1 :]:
            if later - at >= RAMP_WINDOW_S:
                steepest = max(steepest, abs(T_later - T) / (later - at) * 60.0)
                break
    return steepest


def ramp_fault(samples: Sequence[tuple[float, float]], resolution_K: float) -> str | None:
    """Return where the setpoint in force left the agreed ramp of 0.2 K/min, or None.

    Every pair of samples is judged: neighbours show a jump, distant ones a ramp that is too steep.
    """
    for (at, T), (later, T_later) in itertools.combinations(samples, 2):
        allowed = RAMP_K_PER_S * (later - at) + RAMP_SLACK_K + resolution_K
        if abs(T_later - T) > allowed:
            return f"the setpoint in force moved {T_later - T:+.2f} K in {later - at:.0f} s"
    return None


def value_of(readings: Mapping[Point, Reading], loop: int, name: str) -> float | None:
    """Return a point's value unless it is bad or the device has no such point."""
    reading = readings.get(Point(loop, name))
    return None if reading is None or reading.quality is Quality.BAD else reading.value
