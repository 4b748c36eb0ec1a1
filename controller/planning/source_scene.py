"""What is seen of the heat sources, and how stations hang on them, as the advice to sources needs it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from controller.config.model import SiteConfig
from controller.config.sources import SourceRules
from controller.decisions import LoopKey
from controller.image import StationImage
from controller.knowing.belief import Belief
from controller.knowing.known import Known
from optimizer.building import Floats
from optimizer.identify.delay import Delay
from optimizer.reach import Access
from stations.model.identity import PRIMARY, Point

AGE_S = 600.0
RUNS_SHARE = 0.02
"""Of what it can give, from which on a source counts as running."""
DELAY_USUAL_S = 1800.0
LOSS_USUAL, LOSS_MOST = 0.02, 0.2
"""Of the water's excess over the ground, on the way to a station."""
T_GROUND_DEGC = 5.0
FLOW_RESERVE = 1.3
"""By how much more than now a station can draw where its valve does not tell."""
RESERVE_LEAST, RESERVE_MOST = 1.1, 2.0
"""Bounds of the same where it does: valves are worn, and pipes take their part of the pressure."""
VALVE_RATIO = 30.0
"""Of the flows of an equal-percentage valve, open over all but shut."""
DP_MIN_KPA = 50.0
APPROACH_MIN_K = 1.0
"""A smaller difference at an end of an exchanger is taken for this one: thermometers can not tell it, and of
a station with two loops only their mixed return is measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceNow:
    """One heat source as last measured; None where it does not tell."""

    id: str
    rules: SourceRules
    T_supply: float | None
    m_flow: float | None
    dp: float | None
    """kPa, supply over return."""
    Q_flow: float | None
    Q_flow_max: float | None
    """kW."""
    P_pump: float | None = None
    """kW electric."""
    T_outdoor: float | None = None
    """degC, as it tells it: one with a curve of its own tells what that goes by."""

    @property
    def tells(self) -> bool:
        """Whether enough is known to advise it."""
        return self.Q_flow is not None and self.Q_flow_max is not None and self.Q_flow_max > 0.0

    @property
    def runs(self) -> bool:
        """Whether it gives heat now."""
        return (self.Q_flow or 0.0) > RUNS_SHARE * (self.Q_flow_max or np.inf)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hydraulics:
    """How the loops of a plan hang on the source; arrays (n,)."""

    access: Access
    rooms: Floats
    """degC that the emitters are seen to heat."""
    dp: Floats
    """kPa at the station, NaN where it does not tell; so are the two below."""
    T_arrives: Floats
    """degC of the source's water at the station."""
    drawn: Floats
    """kg/s that the whole station draws."""
    flow_primary: Floats
    """kg/(s m2) of it that is the loop's."""
    y_valve: Floats
    """0..1, of the loop's valve, or of the station's where it has only one."""


def sources_now(site: SiteConfig, images: Mapping[str, StationImage], now: float) -> tuple[SourceNow, ...]:
    """Return the site's heat sources as seen at UTC second ``now``."""
    return tuple(
        source_now(station.id, site.planning.sources.get(station.id, SourceRules()), images[station.id], now)
        for station in site.stations
        if station.kind == "source"
    )


def source_now(name: str, rules: SourceRules, image: StationImage, now: float) -> SourceNow:
    """Return one heat source as seen at UTC second ``now``."""
    p_supply, p_return = (_seen(image, point, now) for point in ("p_supply_source", "p_return_source"))
    return SourceNow(
        id=name,
        rules=rules,
        T_supply=_seen(image, "T_supply_source", now),
        m_flow=_seen(image, "m_flow_source", now),
        dp=None if p_supply is None or p_return is None else p_supply - p_return,
        Q_flow=_seen(image, "Q_flow_source", now),
        Q_flow_max=_seen(image, "Q_flow_source_max", now),
        P_pump=_seen(image, "P_pump_source", now),
        T_outdoor=_seen(image, "T_outdoor", now),
    )


def hydraulics(
    known: Known,
    law_error: Floats,
    beliefs: Mapping[LoopKey, Belief],
    images: Mapping[str, StationImage],
    T_source: float | None,
    now: float,
) -> Hydraulics:
    """Return how the loops hang on the source, by what was identified and what is measured now.

    A station's flow is split among its loops as their heat. What nobody tells is NaN, but for the way of
    the water: its delay and loss have usual values.
    """
    b, q = known.buildings, np.maximum(known.state.q, 0.0)
    heat = b.area * q / 1000.0
    total: dict[str, float] = {}
    for key, kW in zip(known.keys, heat, strict=True):
        total[key.station] = total.get(key.station, 0.0) + float(kW)

    def of(name: str, loop: bool = False) -> Floats:
        return np.array(
            [
                np.nan
                if (value := _seen(images[k.station], name, now, k.loop if loop else PRIMARY)) is None
                else value
                for k in known.keys
            ],
            dtype=np.float64,
        )

    arrives, back, drawn = of("T_supply_primary"), of("T_return_primary"), of("m_flow_primary")
    sent, cool, circulates = (
        of(name, loop=True) for name in ("T_supply_secondary", "T_return_secondary", "m_flow_secondary")
    )
    share = heat / np.maximum([total[key.station] for key in known.keys], 1e-9)
    with np.errstate(all="ignore"):
        hot, cold = arrives - sent, np.maximum(back - cool, APPROACH_MIN_K)
        ratio = np.log(hot / cold)
        # where the return is not known the ratio is none either, and so is the mean
        mean = np.where(np.abs(ratio) <= 1e-6, hot, (hot - cold) / ratio)
        UA = np.where(hot >= APPROACH_MIN_K, q / mean, np.nan)
        lost = np.nan if T_source is None else (T_source - arrives) / (T_source - T_GROUND_DEGC)
        flow = drawn * share / b.area
        dp = of("p_supply_primary") - of("p_return_primary")
        y_station, y_loop = of("y_valve_primary"), of("y_valve_loop", loop=True)
        reserve = _reserve(y_station, dp)
    delays = [None if key not in beliefs else beliefs[key].delay for key in known.keys]
    access = Access(
        delay_s=np.array([d.seconds if isinstance(d, Delay) else DELAY_USUAL_S for d in delays]),
        loss=np.clip(np.where(np.isfinite(lost), lost, LOSS_USUAL), 0.0, LOSS_MOST),
        UA_exchanger=np.where(UA > 0.0, UA, np.nan),
        flow_primary_max=np.where(flow > 0.0, reserve * flow, np.nan),
        dp_min=np.full(len(known), DP_MIN_KPA),
        flow_secondary=np.where(circulates > 0.0, circulates / b.area, b.flow_design),
        T_supply_max=np.full(len(known), np.inf),
        q_n=b.q_n,
        excess_n=b.excess_n,
        exponent=b.exponent,
    )
    return Hydraulics(
        access=access,
        rooms=known.state.T_indoor + law_error,
        dp=dp,
        T_arrives=arrives,
        drawn=drawn,
        flow_primary=flow,
        y_valve=np.where(np.isfinite(y_loop), y_loop, y_station),
    )


def opened(y_valve: Floats) -> Floats:
    """Return by how much more than now flows through valves (n,) that open fully, at the pressure of now."""
    return np.asarray(VALVE_RATIO ** (1.0 - np.clip(y_valve, 0.0, 1.0)))


def _reserve(y_valve: Floats, dp: Floats) -> Floats:
    """Return by how much more than now stations can draw (n,): valves open, ``DP_MIN_KPA`` left."""
    told = opened(y_valve) * np.sqrt(np.minimum(1.0, DP_MIN_KPA / np.maximum(dp, 1.0)))
    return np.where(np.isfinite(told), np.clip(told, RESERVE_LEAST, RESERVE_MOST), FLOW_RESERVE)


def _seen(image: StationImage, name: str, now: float, loop: int = PRIMARY) -> float | None:
    reading = image.readings.get(Point(loop, name))
    return reading.value if reading is not None and reading.usable(now, AGE_S) else None
