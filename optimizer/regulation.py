"""Regulation laws: how warm the supply must be, and how much water circulates, at an outdoor temperature.

The classic laws of central regulation. With the load fraction q = (t_n - t_w) / (t_n - t_w'), the emitter
exponent b (Q ~ dT^(1+b)) and the flow fraction g = G / G':

- quality regulation (g = 1): t_g = t_n + dT_m' q^(1/(1+b)) + (t_g' - t_h') q / 2, and t_h with minus, where
  dT_m' = (t_g' + t_h') / 2 - t_n. Check values: 75/50, t_n = 20, t_w' = -10.1, b = 0.3 gives 59.3/42.7 at 0.
- staged flow (g < 1): the emitter must give the same heat, so it keeps the logarithmic mean difference L of
  the quality law. With a = (t_g' - t_h') q / g: t_g = t_n + a / (1 - e^(-a/L)), t_h = t_g - a. The arithmetic
  mean in place of L gives 5 % too little heat at g = 0.6. At g = 1 both forms are the same by construction.

Stages are joined by ramps 2 K wide. A step would change flow and supply of every loop of a city at once, by
up to 7 K, and would do it again and again while the outdoor temperature lingers at the edge.
"""

import math
from dataclasses import dataclass

FLOW_RAMP_K = 2.0
"""Width of the ramp between two stages of flow, centred on their edge, K of outdoor temperature."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowBand:
    """One stage of staged flow: above this outdoor temperature the flow is this fraction of design."""

    above_degC: float
    fraction: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RegulationLaw:
    """Design point of one emitter type and how its circulation is staged."""

    T_indoor: float
    """Wanted indoor temperature t_n, degC."""
    T_outdoor_design: float
    """Outdoor design temperature t_w', degC."""
    T_supply_design: float
    T_return_design: float
    exponent: float
    """b in Q ~ dT^(1+b): 0.3 for radiators, 0.05 to 0.1 for floor heating."""
    offset_K: float = 0.0
    """Shift of the supply temperature by the operator, K."""
    flow_bands: tuple[FlowBand, ...] = ()
    """Warmest band first; below all of them the flow is design flow. Empty: constant flow."""

    def __post_init__(self) -> None:
        """Refuse a design point that is no heating system."""
        if not self.T_supply_design > self.T_return_design > self.T_indoor > self.T_outdoor_design:
            raise ValueError("needs T_supply_design > T_return_design > T_indoor > T_outdoor_design")
        if not 0.0 <= self.exponent <= 1.0:
            raise ValueError(f"exponent {self.exponent} must be within 0..1")
        if not all(0.0 < band.fraction <= 1.0 for band in self.flow_bands):
            raise ValueError("flow fractions must be above 0 and at most 1")
        limits = [band.above_degC for band in self.flow_bands]
        if limits != sorted(set(limits), reverse=True):
            raise ValueError("flow bands must fall in above_degC, warmest first")


def load_fraction(law: RegulationLaw, T_outdoor: float) -> float:
    """Return heat load as a fraction of design; 0 when it is as warm outdoors as wanted indoors."""
    return max(0.0, (law.T_indoor - T_outdoor) / (law.T_indoor - law.T_outdoor_design))


def flow_fraction(law: RegulationLaw, T_outdoor: float) -> float:
    """Return circulation as a fraction of design flow at ``T_outdoor`` (degC)."""
    fraction = colder = 1.0
    for band in reversed(law.flow_bands):
        passed = (T_outdoor - band.above_degC) / FLOW_RAMP_K + 0.5
        fraction += (band.fraction - colder) * min(max(passed, 0.0), 1.0)
        colder = band.fraction
    return fraction


def supply_temperature(law: RegulationLaw, T_outdoor: float, flow: float = 1.0) -> float:
    """Return the secondary supply temperature in degC at ``T_outdoor`` and flow fraction ``flow`` > 0."""
    return law.T_indoor + _rise_and_spread(law, T_outdoor, flow)[0] + law.offset_K


def return_temperature(law: RegulationLaw, T_outdoor: float, flow: float = 1.0) -> float:
    """Return the secondary return temperature in degC that belongs to ``supply_temperature``."""
    rise, spread = _rise_and_spread(law, T_outdoor, flow)
    return law.T_indoor + rise - spread + law.offset_K


def _rise_and_spread(law: RegulationLaw, T_outdoor: float, flow: float) -> tuple[float, float]:
    """Supply above indoor temperature and supply above return, K, without the operator's offset."""
    load = load_fraction(law, T_outdoor)
    if load == 0.0:
        return 0.0, 0.0
    mean = ((law.T_supply_design + law.T_return_design) / 2 - law.T_indoor) * load ** (1 / (1 + law.exponent))
    spread = (law.T_supply_design - law.T_return_design) * load
    # mean <= spread / 2 would put the return below the room: so cold an emitter does not follow the law.
    if flow == 1.0 or mean <= spread / 2:
        return mean + spread / 2, spread
    log_mean = spread / math.log((mean + spread / 2) / (mean - spread / 2))
    return spread / flow / -math.expm1(-spread / flow / log_mean), spread / flow
