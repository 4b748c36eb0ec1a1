"""The hourly move of a balanced loop: whether it may go now, and where to.

``optimizer.balance`` says what a loop needs. Here stands how it gets there: half a kelvin and a twentieth of
design flow an hour, the most over-supplied first, nobody up while the source gives all it has.
"""

from dataclasses import dataclass

from optimizer.balance import DEAD_BAND_K, FLOW_DEAD_BAND, FLOW_MOVE, MOVE_K, LoopModel, move, need
from optimizer.inversion import smallest_flow, supply_temperature_for

MOVE_EVERY_S = 3600.0
"""Scaled seconds from one move of a loop to its next at the earliest."""
AREA_PER_CYCLE = 0.10
"""Share of the heated area that is moved in one cycle, so that the most over-supplied come first."""
OWN_BAND_K = 12.0
"""Wishes end so far from the station's own curve at filtered outdoor temperature. The guard's band is 8 K
wide and follows the outdoor temperature of the hour, so by day it lies lower than by night; a wish at its
mean edge would be cut by night and leave by day what the guard would give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a loop stands."""

    shift_K: float
    """Supply above the curve at design flow."""
    flow: float
    """Circulation as a fraction of design."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a loop is, and how far it may go; temperatures in degC at the filtered outdoor temperature."""

    T_outdoor: float
    T_curve: float
    """Supply of the strategy's curve at design flow."""
    T_own: float
    """Supply of the station's own curve."""
    T_supply_max: float
    """Up to which flow may be exchanged for temperature."""
    m_flow_per_area: float
    """Design circulation, kg/(s m2)."""
    flow_min: float | None
    """Least fraction of design; None where circulation is not ours to set."""
    wears_out: bool
    """The setpoint lies in a memory that wears out: small moves are left out."""


def may_move(over_supply_K: float, since_move_s: float, *, source_short: bool) -> bool:
    """Tell whether a loop that is so far above the wanted indoor temperature may move now."""
    if source_short and over_supply_K < 0.0:
        return False
    return since_move_s >= MOVE_EVERY_S


def next_place(place: Place, model: LoopModel, T_wanted: float, exponent: float, bounds: Bounds) -> Place:
    """Return where a loop that is known goes in its next move, towards ``T_wanted`` degC indoors."""
    q, excess = need(model, T_wanted, bounds.T_outdoor, exponent)
    per_area, flow = bounds.m_flow_per_area, place.flow
    if bounds.flow_min is not None:
        least = smallest_flow(T_wanted, excess, q, per_area, bounds.flow_min, bounds.T_supply_max)
        flow = move(place.flow, least, FLOW_DEAD_BAND, FLOW_MOVE)
    T_at_flow_held = supply_temperature_for(T_wanted, excess, q, per_area, place.flow)
    reachable = min(max(T_at_flow_held, bounds.T_own - OWN_BAND_K), bounds.T_own + OWN_BAND_K)
    dead_band = MOVE_K if bounds.wears_out else DEAD_BAND_K
    shift = move(place.shift_K, reachable - bounds.T_curve, dead_band, MOVE_K)
    # less flow carries the same heat only with warmer water: that part comes with the flow, at once
    with_flow = supply_temperature_for(T_wanted, excess, q, per_area, flow) - T_at_flow_held
    return Place(shift_K=shift + with_flow, flow=flow)
