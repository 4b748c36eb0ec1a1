"""What loops hold, and for how long yet: a loop is moved when a move is worth it. Pure.

Houses answer within hours, valves and registers wear with every move. What a wrong supply costs rooms is its
error times the time that it lasts, so that is what decides: a loop far off moves soon, one that is hardly off
only when that has lasted.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from controller.decisions import LoopTraits, Sent
from controller.strategies.inputs import StrategyInputs
from optimizer.building import Floats
from optimizer.instructions import OWN_BAND_K, Emitters, Held, Instructions
from stations.model.setpoint import StationClass

MOVE_K, MOVE_FLOW = 0.5, 0.02
"""Smaller moves are left out."""
MOVE_EVERY_S = 900.0
"""So are sooner ones."""
UNDONE_K_H = 1.0
"""Supply off what the plan wants, times the hours since the last move, before a loop moves. A kelvin of
supply is 2 to 4 % of the heat, an hour of it some 1 Wh/m2: 0.05 K of rooms that store 25 Wh/(m2 K)."""
FLOW_AS_K = 10.0
"""What all of design flow counts like, K of supply: water drops by some 20 K at half of the flow, and the
mean water is off by half of what the drop is."""

INSIDE_K = 0.8
"""How far inside the band around the own curve a loop goes which that band has passed. The guard would
move it by a hair whenever weather moves the curve; one write takes a kelvin at most."""


def held_by(loops: Sequence[LoopTraits], inputs: StrategyInputs, T_own: Floats) -> Held:
    """Return what loops hold: what was sent last, or what the station acts on before that."""
    told = [_of_one(traits, inputs, float(own)) for traits, own in zip(loops, T_own, strict=True)]
    columns = np.array([row[:4] for row in told], dtype=np.float64).reshape(-1, 4)
    return Held(
        T_supply=columns[:, 0],
        flow=columns[:, 1],
        since_move_s=columns[:, 2],
        since_flow_s=columns[:, 3],
        flow_rose=np.array([row[4] for row in told], dtype=np.bool_),
    )


def _of_one(
    traits: LoopTraits, inputs: StrategyInputs, T_own: float
) -> tuple[float, float, float, float, bool]:
    history, seen = inputs.sent.get(traits.key, ()), inputs.observations[traits.key]
    if not history:
        T, m = seen.T_supply_effective.value, seen.m_flow_effective.value
        flow = np.nan if m is None else m / traits.m_flow_design
        return np.nan if T is None else T, flow, np.inf, np.inf, False
    last = history[-1]
    since_flow, rose = np.inf, False
    for later, then in pairwise(reversed(history)):
        if abs(later.m_flow - then.m_flow) > 1e-9:
            since_flow, rose = inputs.monotonic - later.at, later.m_flow > then.m_flow
            break
    return (
        at_present_curve(traits, last, T_own),
        last.m_flow / traits.m_flow_design,
        inputs.monotonic - last.at,
        since_flow,
        rose,
    )


def at_present_curve(traits: LoopTraits, sent: Sent, T_own: float) -> float:
    """A class B station holds the difference to its curve, which has moved since."""
    if traits.station_class is not StationClass.B or sent.T_own_curve is None:
        return sent.T_supply
    return sent.T_supply - sent.T_own_curve + T_own


def may_stay(T_supply: Floats, flow: Floats, wanted: Instructions, held: Held) -> NDArray[np.bool_]:
    """Tell which loops keep what they hold, where they could move to ``T_supply`` and ``flow`` now.

    A move would be small, the last one was just now, or what is off ``wanted`` has not cost enough yet.
    """
    with np.errstate(invalid="ignore"):
        small = (np.abs(T_supply - held.T_supply) < MOVE_K) & (np.abs(flow - held.flow) < MOVE_FLOW)
        off_K = np.maximum(
            np.abs(wanted.T_supply - held.T_supply), FLOW_AS_K * np.abs(wanted.flow - held.flow)
        )
        cheap = off_K * held.since_move_s < 3600.0 * UNDONE_K_H
    known = np.isfinite(held.T_supply) & (held.flow > 0.05) & (held.flow <= 1.5)
    return np.asarray(known & (small | cheap | (held.since_move_s < MOVE_EVERY_S)))


def past_band(held: Held, emitters: Emitters) -> NDArray[np.bool_]:
    """Tell which loops hold what lies outside of the band around their own curve, as weather has moved it."""
    follows = np.isfinite(emitters.offset_max)  # class B: its offset moves with the curve
    with np.errstate(invalid="ignore"):
        return np.asarray(~follows & (np.abs(held.T_supply - emitters.T_own) > OWN_BAND_K))


def inside_band(emitters: Emitters) -> tuple[Floats, Floats]:
    """Return between which temperatures such loops go, degC."""
    reach = OWN_BAND_K - INSIDE_K
    return emitters.T_own - reach, emitters.T_own + reach
