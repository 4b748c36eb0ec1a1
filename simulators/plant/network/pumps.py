"""Centrifugal pumps on the primary network: head curve, affinity laws, electric power.

At speed n (share of full speed) the curve dp0 - a m^2 becomes n^2 dp0 - a m^2: with m ~ n and dp ~ n^2
each working point moves along its parabola (Karassik, Pump Handbook, 2.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.network.errors import InvalidValue

EFFICIENCY_CONVERTER = 0.95
"""Frequency converter; the motor's is in the pump's own efficiency."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PumpCurve:
    """One pump, or equal ones side by side taken as one."""

    dp0: float
    """kPa at no flow and full speed."""
    a: float
    """kPa/(kg/s)^2 by which the head falls."""
    m_flow_best: float
    """kg/s of best efficiency at full speed."""
    efficiency_best: float = 0.78
    """Pump with motor, there."""

    @classmethod
    def through(cls, m_flow: float, dp: float, rise: float = 1.25, efficiency: float = 0.78) -> "PumpCurve":
        """Return the curve through a design point with ``rise`` > 1 times its head at no flow."""
        if not (m_flow > 0.0 and dp > 0.0 and rise > 1.0):
            raise InvalidValue(f"a pump curve needs m_flow, dp > 0 and rise > 1, not {m_flow}, {dp}, {rise}")
        a = dp * (rise - 1.0) / m_flow**2
        return cls(dp0=dp * rise, a=a, m_flow_best=m_flow, efficiency_best=efficiency)


def pressure_rise(dp0: Floats, a: Floats, speed: Floats, m_flow: Floats) -> Floats:
    """Return the rise in kPa at ``speed`` and ``m_flow`` kg/s; 0 for a pump that stands (bypassed)."""
    return np.where(speed > 0.0, speed**2 * dp0 - a * m_flow * np.abs(m_flow), 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pumps:
    """The curves of several pumps (``PumpCurve``), each field of shape (n_pumps,)."""

    dp0: Floats
    a: Floats
    m_flow_best: Floats
    efficiency_best: Floats


def together(curves: Sequence[PumpCurve]) -> Pumps:
    """Return the curves as arrays."""
    return Pumps(
        dp0=np.array([curve.dp0 for curve in curves]),
        a=np.array([curve.a for curve in curves]),
        m_flow_best=np.array([curve.m_flow_best for curve in curves]),
        efficiency_best=np.array([curve.efficiency_best for curve in curves]),
    )


def electric_power(pumps: Pumps, speed: Floats, m_flow: Floats, density: Floats) -> Floats:
    """Return the electric power in kW: m dp / rho over pump, motor and converter; 0 of pumps that stand.

    The efficiency falls with the square of the distance from its best point m/n = ``m_flow_best``, the usual
    parabola of manufacturers' data, and is taken as no less than 0.1 near no flow, where the pump churns.
    """
    rise = pressure_rise(pumps.dp0, pumps.a, speed, m_flow)
    away = m_flow / (np.where(speed > 0.0, speed, 1.0) * pumps.m_flow_best) - 1.0
    efficiency = pumps.efficiency_best * np.maximum(1.0 - away**2, 0.1)
    return np.asarray(np.maximum(m_flow * rise, 0.0) / density / (efficiency * EFFICIENCY_CONVERTER))
