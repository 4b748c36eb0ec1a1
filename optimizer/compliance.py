"""Plan beside actual: did loops get what they were told, give the heat that was planned, end as warm as said?

Pure arithmetic on steps that have passed. A step counts where both sides are known; nothing is filled in, and
how much was known is told with each figure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
SUPPLY_K = 1.5
"""A measured supply so near its instruction obeys it: sensors are 0.3 K off, valves hold within 1 K."""
FLOW = 0.07
"""The same of circulation, of design: meters are 2 % off, pumps are set in steps of some percent."""
KNOWN_MIN = 0.5
"""With less than this part of the steps known, a figure is not told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """What k steps were to be, or what they were, of n loops; (k, n), NaN where not known."""

    q: Floats
    """W/m2."""
    T_indoor: Floats
    """degC at the end of each step."""
    T_supply: Floats
    """degC: the instruction in force, or what was measured."""
    flow: Floats
    """Fraction of design, in the same way; NaN where circulation is not told or not measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compliance:
    """n loops over some steps, (n,) each; NaN where too little was known."""

    known: Floats
    """Part of the steps in which planned and actual heat are known."""
    obeyed: Floats
    """Of the steps with a measured supply, the part in which supply and flow obeyed their instruction."""
    heat: Floats
    """Actual heat less planned, as a part of the planned."""
    heat_off: Floats
    """Mean absolute difference of a step, as a part of the planned mean."""
    room_K: Floats
    """Root mean square difference of the rooms from the planned ones."""
    room_bias_K: Floats
    """Mean of actual less planned."""


def compared(planned: Steps, actual: Steps) -> Compliance:
    """Return how loops kept to their plan; both sides have the same shape."""
    heat, heat_known = _both(planned.q, actual.q)
    rooms, _ = _both(planned.T_indoor, actual.T_indoor)
    meant = _mean(np.where(np.isfinite(heat), planned.q, np.nan))
    with np.errstate(all="ignore"):
        share = np.where(meant > 0.1, meant, np.nan)
        return Compliance(
            known=heat_known,
            obeyed=_obeyed(planned, actual),
            heat=_mean(heat) / share,
            heat_off=_mean(np.abs(heat)) / share,
            room_K=np.sqrt(_mean(rooms**2)),
            room_bias_K=_mean(rooms),
        )


def _both(planned: Floats, actual: Floats) -> tuple[Floats, Floats]:
    """Return actual less planned, NaN where either is not known, and the part of steps that is known."""
    off = actual - planned
    return off, np.asarray(np.isfinite(off).mean(axis=0))


def _mean(values: Floats) -> Floats:
    """Return the mean over the steps (n,); NaN where fewer than ``KNOWN_MIN`` of them are known."""
    there = np.isfinite(values)
    total = np.where(there, values, 0.0).sum(axis=0)
    with np.errstate(all="ignore"):
        return np.where(there.mean(axis=0) >= KNOWN_MIN, total / there.sum(axis=0), np.nan)


def _obeyed(planned: Steps, actual: Steps) -> Floats:
    supply = np.abs(actual.T_supply - planned.T_supply)
    flow = np.abs(actual.flow - planned.flow)
    kept = (supply <= SUPPLY_K) & ~(flow > FLOW)  # a flow that nobody tells disobeys nothing
    return _mean(np.where(np.isfinite(supply), kept.astype(np.float64), np.nan))
