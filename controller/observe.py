"""What is known of each loop at one cycle: from the frozen image to the guard's observations. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.decisions import LoopKey, LoopObservation, LoopTraits, Mode, Season
from controller.image import StationImage
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import Reading, bad

PUMP_SPEED_RUNNING = 0.05
PUMP_POWER_RUNNING_KW = 0.05
LEVEL_AGE_S = 10.0
"""Scaled seconds by which "own curve" may be older than the last poll; before that it can precede a write."""
FLOW_RUNNING_SHARE = 0.05
"""Of design flow: below that a flow meter's noise would look like circulation."""
HEAT_MOVED_W_PER_M2 = 2.0
"""Heat drawn from the primary side that only circulating secondary water can carry away: behind a standing
pump the exchanger warms up to the primary temperature within minutes and the meter falls to nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopSituation:
    """The controller's own knowledge of a loop at the freeze, beside what the station says."""

    mode: Mode
    season: Season
    readmitted: bool


def observe(
    images: Mapping[str, StationImage],
    traits: Mapping[LoopKey, LoopTraits],
    situations: Mapping[LoopKey, LoopSituation],
    now: float,
) -> dict[LoopKey, LoopObservation]:
    """Return the observation of every loop at UTC second ``now``."""
    return {key: _observe(images[key.station], traits[key], situations[key], now) for key in traits}


def _observe(
    image: StationImage, traits: LoopTraits, situation: LoopSituation, now: float
) -> LoopObservation:
    key = traits.key
    never = bad(Reason.NEVER_READ, now)

    def point(name: str, loop: int = key.loop) -> Reading:
        return image.readings.get(Point(loop, name), never)

    T_supply, m_flow = point("T_supply_secondary"), point("m_flow_secondary")
    level = point("remote_level")
    return LoopObservation(
        key=key,
        mode=situation.mode,
        season=situation.season,
        polled_at=image.polled_at,
        remote=_remote(level, image),
        readmitted=situation.readmitted,
        T_supply=T_supply,
        T_return=point("T_return_secondary"),
        m_flow=m_flow,
        pump_running=_pump_running(image, traits),
        T_supply_effective=_first_readable(point("T_supply_secondary_set_effective"), T_supply),
        m_flow_effective=_first_readable(point("m_flow_secondary_set_effective"), m_flow),
        p_return=point("p_return_secondary"),
        T_supply_primary=point("T_supply_primary", 0),
        T_outdoor=point("T_outdoor", 0),
        dT_held=point("dT_supply_secondary_offset_readback").value,
    )


def _remote(level: Reading, image: StationImage) -> bool | None:
    """Tell who decides, by the last poll: some devices are asked for their level every few minutes only."""
    if level.value is None or image.polled_at is None or level.received_at < image.polled_at - LEVEL_AGE_S:
        return None
    return level.value >= 1.0


def _first_readable(preferred: Reading, otherwise: Reading) -> Reading:
    return otherwise if preferred.value is None else preferred


def _pump_running(image: StationImage, traits: LoopTraits) -> bool | None:
    """Tell whether water circulates: by pump speed, pump power, flow, or else by the heat drawn."""
    for name, threshold in (
        ("y_pump_secondary", PUMP_SPEED_RUNNING),
        ("P_pump_secondary", PUMP_POWER_RUNNING_KW),
        ("m_flow_secondary", FLOW_RUNNING_SHARE * traits.m_flow_design),
    ):
        reading = image.readings.get(Point(traits.key.loop, name))
        if reading is not None and reading.value is not None:
            return reading.value > threshold
    heat = image.readings.get(Point(0, "Q_flow_primary"))
    if heat is None or heat.value is None:
        return None
    return True if heat.value * 1000.0 > HEAT_MOVED_W_PER_M2 * traits.A_heated_m2 else None
