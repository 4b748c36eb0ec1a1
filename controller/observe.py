"""What is known of each loop at one cycle: from the frozen image to the guard's observations. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

from controller.circulation import flow_told
from controller.decisions import LoopKey, LoopObservation, LoopTraits, Mode, Season
from controller.guard_case import recent
from controller.image import StationImage
from controller.loop_points import LoopPoints, points_of
from stations.model.identity import PRIMARY, Point
from stations.model.quality import Reason
from stations.model.reading import Reading, bad
from stations.model.setpoint import CirculationChannel

PUMP_SPEED_RUNNING = 0.05
PUMP_POWER_RUNNING_KW = 0.05
LEVEL_AGE_S = 10.0
"""Scaled seconds by which "own curve" may be older than the last poll; before that it can precede a write."""
FLOW_RUNNING_SHARE = 0.05
"""Of design flow: below that a flow meter's noise would look like circulation."""
HEAT_MOVED_W_PER_M2 = 2.0
"""Heat drawn from the primary side that only circulating secondary water can carry away: behind a standing
pump the exchanger warms up to the primary temperature within minutes and the meter falls to nothing."""
_T_SUPPLY_PRIMARY, _T_OUTDOOR, _Q_FLOW_PRIMARY, _P_SUPPLY_PRIMARY, _P_RETURN_PRIMARY = (
    Point(PRIMARY, name)
    for name in ("T_supply_primary", "T_outdoor", "Q_flow_primary", "p_supply_primary", "p_return_primary")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSituation:
    """The controller's own knowledge of a loop at the freeze, beside what the station says."""

    mode: Mode
    season: Season
    readmitted: bool


@cache
def situation(mode: Mode, season: Season, readmitted: bool) -> LoopSituation:
    """Return the situation of all loops for which the same is known: there are some forty of them."""
    return LoopSituation(mode=mode, season=season, readmitted=readmitted)


def observe(
    images: Mapping[str, StationImage],
    traits: Mapping[LoopKey, LoopTraits],
    situations: Mapping[LoopKey, LoopSituation],
    now: float,
) -> dict[LoopKey, LoopObservation]:
    """Return the observation of every loop at UTC second ``now``."""
    never = bad(Reason.NEVER_READ, now)
    found = {key: _observe(images[key.station], traits[key], situations[key], never) for key in traits}
    if sources := [key for key, one in traits.items() if one.is_source]:
        worst = _worst(images, now)
        found |= {key: replace(found[key], dp_worst=worst) for key in sources}
    return found


def _worst(images: Mapping[str, StationImage], now: float) -> float | None:
    """Return the least pressure difference at any station's entrance, kPa, of readings that are not old."""
    shown = []
    for image in images.values():
        p_supply, p_return = image.readings.get(_P_SUPPLY_PRIMARY), image.readings.get(_P_RETURN_PRIMARY)
        if p_supply is None or p_return is None or p_supply.value is None or p_return.value is None:
            continue
        if recent(p_supply, now) and recent(p_return, now):
            shown.append(p_supply.value - p_return.value)
    return min(shown, default=None)


def primary_elsewhere(images: Mapping[str, StationImage], now: float) -> float | None:
    """Return the primary supply that nine in ten of the stations which show theirs have at least, degC.

    One in ten may stand shut, with water that has gone cold in its branch. None where none shows any.
    """
    shown = sorted(
        reading.value
        for image in images.values()
        if (reading := image.readings.get(_T_SUPPLY_PRIMARY)) is not None
        and reading.value is not None
        and recent(reading, now)
    )
    return shown[len(shown) // 10] if shown else None


def _observe(
    image: StationImage, traits: LoopTraits, situation: LoopSituation, never: Reading
) -> LoopObservation:
    key, read = traits.key, image.readings.get
    at = points_of(traits)
    T_supply, m_flow = read(at.T_supply, never), read(at.m_flow, never)
    register = read(at.circulation_readback)
    return LoopObservation(
        key=key,
        mode=situation.mode,
        season=situation.season,
        polled_at=image.polled_at,
        remote=_remote(read(at.level, never), image),
        readmitted=situation.readmitted,
        T_supply=T_supply,
        T_return=read(at.T_return, never),
        m_flow=m_flow,
        pump_running=_pump_running(image, traits, at),
        T_supply_effective=_in_force(read(at.T_supply_effective, never), T_supply, traits),
        T_supply_readback=read(at.T_supply_readback),
        m_flow_effective=_in_force(_as_flow(read(at.circulation_effective, never), traits), m_flow, traits),
        m_flow_readback=None if register is None else _as_flow(register, traits),
        p_return=read(at.p_return, never),
        T_supply_primary=read(_T_SUPPLY_PRIMARY, never),
        T_outdoor=read(_T_OUTDOOR, never),
        dT_held=read(at.dT_held, never).value,
    )


def _remote(level: Reading, image: StationImage) -> bool | None:
    """Tell who decides, by the last poll: some devices are asked for their level every few minutes only."""
    if level.value is None or image.polled_at is None or level.received_at < image.polled_at - LEVEL_AGE_S:
        return None
    return level.value >= 1.0


def _as_flow(circulation: Reading, traits: LoopTraits) -> Reading:
    """Return what a circulation channel shows as the flow that it stands for."""
    if traits.circulation in (CirculationChannel.M_FLOW, None) or circulation.value is None:
        return circulation
    return replace(circulation, value=flow_told(circulation.value, traits))


def _in_force(effective: Reading, measured: Reading, traits: LoopTraits) -> Reading:
    """Return the setpoint in force, or what comes of it; a heat source's flow is no measure of its head."""
    return measured if effective.value is None and not traits.is_source else effective


def _pump_running(image: StationImage, traits: LoopTraits, at: LoopPoints) -> bool | None:
    """Tell whether water circulates: by pump speed, pump power, flow, or else by the heat drawn."""
    read = image.readings.get
    speed = read(at.y_pump)
    if speed is not None and speed.value is not None:
        return speed.value > PUMP_SPEED_RUNNING
    power = read(at.P_pump)
    if power is not None and power.value is not None:
        return power.value > PUMP_POWER_RUNNING_KW
    flow = read(at.m_flow)
    if flow is not None and flow.value is not None:
        return flow.value > FLOW_RUNNING_SHARE * traits.m_flow_design
    heat = read(_Q_FLOW_PRIMARY)
    if heat is None or heat.value is None:
        return None
    return True if heat.value * 1000.0 > HEAT_MOVED_W_PER_M2 * traits.A_heated_m2 else None
