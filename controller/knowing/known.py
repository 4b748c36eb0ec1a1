"""What the centre believes of every loop: its houses, how far they are to be trusted, and how warm they are.

One thing for all who decide: the plan begins with it, the screen shows it, identification moves it. It is
made once from what is known of a loop beforehand (``first_known``) and carried on by each control cycle
(``heard``). Loops that heat water for taps are not in it: nobody lives in them.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from controller.decisions import LoopKey, LoopObservation, LoopTraits
from controller.strategies.inputs import StrategyInputs
from optimizer import emitters
from optimizer.building import Buildings, Floats
from optimizer.building_prior import prior
from optimizer.estimate.cycle import estimate
from optimizer.estimate.state import (
    BIAS,
    DISTURBANCE,
    HEARD_INDOOR_S,
    LAW,
    T_ENVELOPE,
    T_ROOM,
    EstimateState,
    Measurements,
    Trust,
    begin,
    trust_before,
)
from stations.model.identity import PRIMARY, Point
from stations.model.reading import Reading

AGE_S = 300.0
"""Oldest reading of water and heat that counts, as in strategy ``balance``."""
INDOOR_AGE_S = 7200.0
SENSORS_WARM_K = 0.5
"""By which sensors show more than the mean dwelling: they hang in living rooms, away from cold corners, where
fitters were let in, rather not at the ends of risers and below roofs. Taken off all that is learned from; how
far one loop's sensors are off that is its doubt (``SENSOR_BIAS_SD_K``)."""
FIRST_CYCLE_S = 60.0
"""For how long the first cycle's readings are taken to hold; nobody knows since when they do."""
T_OUTDOOR_UNKNOWN_DEGC = 0.0
"""Where a house begins of which not even the weather was heard; the first day of readings forgets it."""
ABSENT = math.nan
UNEXPLAINED: Mapping[str, float] = {"prior": 12.0, "asked": 5.0}
"""Heat that no input explains at least, W/m2 (standard deviation), before a loop is identified: a loss that
is a quarter off leaves as much, day by day. Taken for less, sensors are blamed for what the numbers lack."""
Q_MIN_W_PER_M2, DROP_MIN_K = 3.0, 0.3
"""Below these the water tells of no room."""
ANOTHER_K = 1.5
"""A reading that new numbers move further than that was of another house than thought."""
ANOTHER_LOSS = 0.15
"""Change of the logarithm of UA, by which it was another house as well."""
ROOMS_DEGC = (5.0, 35.0)
DISTURBANCE_MAX = 25.0
"""W/m2. No new numbers move a house out of these."""


class Kind(NamedTuple):
    """What a loop's houses are taken for, in words of ``optimizer.building_prior``; identification follows.

    The defaults are for loops of which nobody says better.
    """

    use: str = "residential"
    insulation: str = "saving"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """n loops, arrays in the order of ``keys``."""

    keys: tuple[LoopKey, ...]
    buildings: Buildings
    trust: Trust
    """The same as ``state.trust``."""
    state: EstimateState
    at: float | None = None
    """Scaled monotonic second of the last cycle; None before the first."""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def places(self) -> dict[LoopKey, int]:
        """Return where each loop stands in the arrays."""
        return {key: place for place, key in enumerate(self.keys)}


def first_known(
    traits: Mapping[LoopKey, LoopTraits],
    T_outdoor: float | None,
    *,
    kinds: Mapping[LoopKey, Kind] | None = None,
) -> Known:
    """Return what is believed of loops before anything was measured, by emitter, use, insulation and area.

    ``T_outdoor`` is the mean of the last days, degC; None where nobody knows it. ``kinds`` names loops that
    are not of the usual kind.
    """
    heated = {key: loop for key, loop in traits.items() if loop.emitter != "dhw"}
    told = [(kinds or {}).get(key, Kind()) for key in heated]
    buildings = replace(
        prior(
            building_type=[kind.use for kind in told],
            emitter=[loop.emitter for loop in heated.values()],
            insulation=[kind.insulation for kind in told],
            area=[loop.A_heated_m2 for loop in heated.values()],
        ),
        flow_design=np.array([loop.m_flow_design / loop.A_heated_m2 for loop in heated.values()]),
    )
    unexplained = np.full(len(heated), UNEXPLAINED["prior"])
    trust = replace(trust_before(len(heated)), disturbance_sd=unexplained)
    outside = T_OUTDOOR_UNKNOWN_DEGC if T_outdoor is None else T_outdoor
    return Known(keys=tuple(heated), buildings=buildings, trust=trust, state=begin(buildings, trust, outside))


def heard(known: Known, inputs: StrategyInputs, sun: float | None, wind: float | None) -> Known:
    """Return what is known after this cycle's readings; pure, and finite whatever was read.

    ``sun`` (W/m2 on the horizontal) and ``wind`` (m/s) are those of now, by the weather sources; None where
    none tells them. A cycle that comes twice changes nothing.
    """
    return listened(known, inputs, measurements(known, inputs, sun, wind))


def listened(known: Known, inputs: StrategyInputs, measured: Measurements) -> Known:
    """Return what is known after this cycle, of which ``measured`` was taken already (see ``heard``)."""
    dt_s = FIRST_CYCLE_S if known.at is None else inputs.monotonic - known.at
    if not known.keys or dt_s <= 0.0:
        return known
    state = estimate(known.state, measured, known.buildings, dt_s)
    return replace(known, state=state, at=inputs.monotonic)


def believing(known: Known, buildings: Buildings, trust: Trust) -> Known:
    """Return the loops with other houses and other trust, in the weather and at the water of now.

    Rooms that sensors tell stay as they were heard; what was blamed on the sensors of quite another house is
    forgotten. Where only the water tells them, they move by as much as
    the new emitters read this water otherwise; emitters of quite another size have no error of their law yet.
    The heat that nothing explained takes up the rest, so that a house that was at rest stays so: otherwise
    the estimate would take days to forget the old numbers.
    """
    state = known.state
    T_supply, T_return, q = state.slow
    works = (q > Q_MIN_W_PER_M2) & (T_supply - T_return > DROP_MIN_K)
    by_water = works & (state.since_water_s <= HEARD_INDOOR_S) & (state.since_indoor_s > HEARD_INDOOR_S)
    given = np.where(works, q, Q_MIN_W_PER_M2)
    reads = [emitters.room(one, T_supply, T_return, given) for one in (buildings, known.buildings)]
    shift = np.where(by_water, reads[0] - reads[1], 0.0)
    mean = state.mean.copy()
    another = np.abs(shift) > ANOTHER_K
    shift += np.where(another, mean[:, LAW], 0.0)
    mean[another, LAW] = 0.0
    shift = np.where(by_water, np.clip(mean[:, T_ROOM] + shift, *ROOMS_DEGC) - mean[:, T_ROOM], 0.0)
    moved = np.abs(np.log(buildings.UA / known.buildings.UA)) > ANOTHER_LOSS
    blamed = moved & (state.since_indoor_s <= HEARD_INDOOR_S)
    shift += np.where(blamed, mean[:, BIAS] - trust.sensor_bias, 0.0)
    mean[:, BIAS] = np.where(blamed, trust.sensor_bias, mean[:, BIAS])
    lift = mean[:, T_ROOM] - state.T_outdoor
    mean[:, T_ROOM] += shift
    part, part_before = (one.h_ie / (one.h_ie + one.K_eo) for one in (buildings, known.buildings))
    mean[:, T_ENVELOPE] += part * (lift + shift) - part_before * lift
    more = buildings.UA * (lift + shift) - known.buildings.UA * lift - (buildings.gain - known.buildings.gain)
    mean[:, DISTURBANCE] = np.clip(mean[:, DISTURBANCE] + more, -DISTURBANCE_MAX, DISTURBANCE_MAX)
    return replace(known, buildings=buildings, trust=trust, state=replace(state, trust=trust, mean=mean))


def measurements(known: Known, inputs: StrategyInputs, sun: float | None, wind: float | None) -> Measurements:
    """Return what this cycle's readings tell of each loop; what is not good or not recent is absent."""
    alone = {station for station, n in Counter(key.station for key in inputs.observations).items() if n == 1}
    rows = np.array(
        [_row(inputs.observations[key], inputs, alone=key.station in alone) for key in known.keys]
    ).reshape(-1, 5)
    n = len(known)
    T_indoor, T_supply, T_return, m_flow, Q_meter = np.ascontiguousarray(rows.T)
    return Measurements(
        T_indoor=T_indoor,
        T_supply=T_supply,
        T_return=T_return,
        m_flow=m_flow,
        Q_meter=Q_meter,
        T_outdoor=_all(n, inputs.T_outdoor),
        sun=_all(n, sun),
        wind=_all(n, wind),
    )


def _row(
    seen: LoopObservation, inputs: StrategyInputs, *, alone: bool
) -> tuple[float, float, float, float, float]:
    """Return room, supply, return, flow and metered heat of one loop.

    The station's heat meter tells of a loop only where it is the station's only one. Behind a standing pump
    no heat passes; only where neither flow nor meter says so, the pump does.
    """
    readings, now = inputs.readings.get(seen.key.station, {}), inputs.now
    m_flow = number(seen.m_flow, now, AGE_S)
    Q_meter = number(readings.get(Point(PRIMARY, "Q_flow_primary")), now, AGE_S) if alone else ABSENT
    if seen.pump_running is False and math.isnan(m_flow) and math.isnan(Q_meter):
        Q_meter = 0.0
    return (
        number(readings.get(Point(seen.key.loop, "T_indoor_mean")), now, INDOOR_AGE_S) - SENSORS_WARM_K,
        number(seen.T_supply, now, AGE_S),
        number(seen.T_return, now, AGE_S),
        m_flow,
        Q_meter,
    )


def number(reading: Reading | None, now: float, age_s: float) -> float:
    """Return a value to learn from, good and at most ``age_s`` old; else NaN."""
    if reading is None or reading.value is None or not reading.usable(now, age_s):
        return ABSENT
    return reading.value


def _all(n: int, value: float | None) -> Floats:
    return np.full(n, ABSENT if value is None else value)
