"""Which speed gives which circulation: the curve of a pump in its own network, from steady points.

In a closed loop without a static head both follow each other in proportion (affinity laws); valves of
rooms and a least opening of a mixing branch bend it a little. So a straight line is fitted, and it is
refused where it does not hold: a wrong curve would be a wrong instruction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from optimizer.reason import Reason, because

if TYPE_CHECKING:
    from optimizer.building import Floats

POINTS_MIN = 3
"""Steady speeds, apart by ``APART`` at least."""
APART = 0.05
STEADY_ROWS = 3
"""Rows in a row that must agree before and at a steady reading."""
SPEED_STEADY, FLOW_STEADY = 0.005, 0.03
"""Of full speed, and of the flow."""
MISFIT_MAX = 0.05
"""Of the largest flow."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpCurve:
    """G = at_zero + slope n between the slowest and the fastest speed seen; kg/s, speed as a fraction."""

    at_zero: float
    slope: float
    speed_min: float
    speed_max: float
    points: int
    misfit: float
    """Largest error over the largest flow."""

    def flow(self, speed: float) -> float:
        """Return kg/s at ``speed``; beyond what was seen, that of the nearest speed seen."""
        return self.at_zero + self.slope * min(max(speed, self.speed_min), self.speed_max)

    def speed(self, m_flow: float) -> float | None:
        """Return the speed for ``m_flow`` kg/s; None where none that was seen gives it (``MISFIT_MAX``)."""
        y = min(max((m_flow - self.at_zero) / self.slope, self.speed_min), self.speed_max)
        return y if abs(self.flow(y) - m_flow) <= MISFIT_MAX * abs(m_flow) else None


def pump_curve(y_pump: Floats, m_flow: Floats) -> PumpCurve | Reason:
    """Return the curve from rows of speed (0..1) and circulation (kg/s), in order; else why there is none."""
    good = np.isfinite(y_pump) & np.isfinite(m_flow)
    with np.errstate(invalid="ignore"):
        good &= (y_pump > 0.05) & (y_pump <= 1.0) & (m_flow > 0.0)
    steady = good.copy()
    for back in range(1, STEADY_ROWS):
        before = np.roll(good, back) & (np.arange(len(good)) >= back)
        with np.errstate(invalid="ignore"):
            same = np.abs(y_pump - np.roll(y_pump, back)) <= SPEED_STEADY
            same &= np.abs(m_flow - np.roll(m_flow, back)) <= FLOW_STEADY * m_flow
        steady &= before & same
    speeds, flows = _points(y_pump[steady], m_flow[steady])
    if len(speeds) < POINTS_MIN:
        return because("identify.pump_points", points=float(len(speeds)), needed=float(POINTS_MIN))
    slope, at_zero = np.polyfit(speeds, flows, 1)
    misfit = float(np.abs(at_zero + slope * speeds - flows).max() / flows.max())
    if slope <= 0.0 or misfit > MISFIT_MAX:
        return because("identify.pump_misfit", misfit=misfit, allowed=MISFIT_MAX)
    return PumpCurve(
        at_zero=float(at_zero),
        slope=float(slope),
        speed_min=float(speeds[0]),
        speed_max=float(speeds[-1]),
        points=len(speeds),
        misfit=misfit,
    )


def _points(speed: Floats, m_flow: Floats) -> tuple[Floats, Floats]:
    """Return the steady points by rising speed: the medians of rows that lie within ``APART``."""
    order = np.argsort(speed)
    speed, m_flow = speed[order], m_flow[order]
    speeds, flows, first = [], [], 0
    for last in range(1, len(speed) + 1):
        if last == len(speed) or speed[last] - speed[first] >= APART:
            speeds.append(float(np.median(speed[first:last])))
            flows.append(float(np.median(m_flow[first:last])))
            first = last
    return np.array(speeds), np.array(flows)
