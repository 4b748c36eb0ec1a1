"""What strategy ``balance`` takes from the process image: readings become samples, or the reason why not."""

from dataclasses import replace
from functools import cache, lru_cache

from controller.decisions import LoopTraits
from controller.strategies.inputs import StrategyInputs
from controller.strategies.loop_record import Sample
from controller.words.phrase import Phrase
from optimizer.inversion import CP_KJ_PER_KG_K
from optimizer.regulation import RegulationLaw
from stations.model.identity import PRIMARY, Point
from stations.model.reading import Reading
from stations.thermal import T_MAX_DEGC, T_MIN_DEGC, heat_flow

AGE_S = 300.0
"""Oldest reading of water and heat that counts."""
INDOOR_AGE_S = 7200.0
INDOOR_RANGE_DEGC = (8.0, 35.0)
"""Outside of it the sensors do not hang in lived-in rooms."""
DROP_MIN_K = 0.5
Q_MIN_W_PER_M2 = 3.0
"""Below these a loop is not heating, or its sensors are swapped: nothing is learned from it."""
BELOW_OWN_BAND_K = 6.0
"""The guard lets the supply rise 8 K above the own curve; the curve's daily swing needs the rest."""
BELOW_MAX_K, BELOW_PRIMARY_K = 1.0, 5.0
SOURCE_FULL = 0.98
"""Of what the source can give: above that it has nothing left for loops that want more."""
_Q_PRIMARY, _Q_SOURCE, _Q_SOURCE_MAX = (
    Point(PRIMARY, name) for name in ("Q_flow_primary", "Q_flow_source", "Q_flow_source_max")
)


def plain_laws(inputs: StrategyInputs) -> dict[str, RegulationLaw]:
    """Return the laws by emitter without offset and stages: a loop has a shift and a flow of its own."""
    return {emitter: _plain(law) for emitter, law in inputs.laws.items()}


@lru_cache(maxsize=64)
def _plain(law: RegulationLaw) -> RegulationLaw:
    """Return it without offset and stages; a city has a handful of laws."""
    return replace(law, offset_K=0.0, flow_bands=())


@cache
def _indoor_point(loop: int) -> Point:
    return Point(loop, "T_indoor_mean")


def measure(traits: LoopTraits, inputs: StrategyInputs, *, alone: bool) -> Sample | Phrase:
    """Return what this cycle measured of a loop, or why that is nothing.

    Heat is that of the circulation where its flow is measured; else that of the station's heat meter, if this
    is its only loop (``alone``). A return that is not measured follows from heat and design circulation.
    """
    seen, readings = inputs.observations[traits.key], inputs.readings[traits.key.station]
    T_supply = _water(seen.T_supply, inputs.now)
    T_return = _water(seen.T_return, inputs.now)
    m_flow = _number(seen.m_flow, inputs.now)
    metered = _number(readings.get(_Q_PRIMARY), inputs.now) if alone else None
    if seen.pump_running is False:
        return Phrase("balance.pump_stopped")
    if inputs.T_outdoor is None or T_supply is None:
        return Phrase("balance.no_supply") if T_supply is None else Phrase("balance.no_outdoor")
    if T_return is not None and m_flow is not None:
        Q_flow = heat_flow(m_flow, T_supply, T_return)
    elif metered is not None:
        Q_flow = metered
    else:
        return Phrase("balance.no_return") if T_return is None else Phrase("balance.no_heat")
    if T_return is None:
        T_return = T_supply - Q_flow / (CP_KJ_PER_KG_K * traits.m_flow_design)
    q = 1000.0 * Q_flow / traits.A_heated_m2
    if T_supply - T_return < DROP_MIN_K or q < Q_MIN_W_PER_M2:
        return Phrase("balance.idle")
    return Sample(
        T_supply=T_supply,
        T_return=T_return,
        T_outdoor=inputs.T_outdoor,
        q=q,
        T_indoor=_indoor(readings.get(_indoor_point(traits.key.loop)), inputs.now),
    )


def supply_limit(traits: LoopTraits, T_outdoor: float, inputs: StrategyInputs) -> float:
    """Return the supply temperature in degC up to which flow may be exchanged for temperature."""
    limit = min(traits.own_curve(T_outdoor) + BELOW_OWN_BAND_K, traits.T_supply_max_degC - BELOW_MAX_K)
    primary = _number(inputs.observations[traits.key].T_supply_primary, inputs.now)
    return limit if primary is None else min(limit, primary - BELOW_PRIMARY_K)


def source_short(inputs: StrategyInputs) -> bool:
    """Tell whether a heat source gives all it has; unknown counts as not: stations cannot tell."""
    for readings in inputs.readings.values():
        if _Q_SOURCE not in readings:
            continue
        Q_flow = _number(readings[_Q_SOURCE], inputs.now)
        most = _number(readings.get(_Q_SOURCE_MAX), inputs.now)
        if Q_flow is not None and most is not None and Q_flow >= SOURCE_FULL * most:
            return True
    return False


def _number(reading: Reading | None, now: float) -> float | None:
    """A value to decide on: good and recent."""
    return reading.value if reading is not None and reading.usable(now, AGE_S) else None


def _water(reading: Reading | None, now: float) -> float | None:
    """A temperature to decide on: a sensor may well read -1 degC, water that circulates is not it."""
    T = _number(reading, now)
    return T if T is not None and T_MIN_DEGC <= T <= T_MAX_DEGC else None


def _indoor(reading: Reading | None, now: float) -> float | None:
    if reading is None or reading.value is None or not reading.usable(now, INDOOR_AGE_S):
        return None
    low, high = INDOOR_RANGE_DEGC
    return reading.value if low <= reading.value <= high else None
