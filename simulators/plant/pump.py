"""Secondary circulation pump on a closed network: affinity laws and electric power.

On a closed loop (dp = R m^2) the working point keeps its place on the characteristic while the speed
changes, so flow ~ n, pressure ~ n^2 and shaft power ~ n^3 hold exactly (Karassik, Pump Handbook, 2.3).
"""

import numpy as np

from simulators.plant.arrays import Floats

EFFICIENCY_DRIVE = 0.95 * 0.93
"""Frequency converter times motor."""

SPEED_UP_PER_S = 0.02
"""Converters ramp: at most 2 % of full speed a second."""

STANDBY_kW = 0.05
"""Converter and controls while the pump stands or turns slowly."""


def speed(before: Floats, command: Floats, dt: float) -> Floats:
    """Return the speed 0..1 after ``dt`` s of converters that were at ``before`` and are told ``command``."""
    most = SPEED_UP_PER_S * dt
    wanted = np.minimum(np.maximum(command, 0.0), 1.0)
    return before + np.minimum(np.maximum(wanted - before, -most), most)


def mass_flow(speed: Floats, m_flow_max: Floats) -> Floats:
    """Return the flow in kg/s at ``speed`` 0..1 of full speed."""
    return speed * m_flow_max


def pressure_rise(m_flow: Floats, m_flow_max: Floats, dp_max: Floats) -> Floats:
    """Return the pressure in kPa that the network takes at ``m_flow``, ``dp_max`` at ``m_flow_max``."""
    return dp_max * (m_flow / m_flow_max) ** 2


def electric_power(m_flow: Floats, dp: Floats, density: Floats, efficiency: Floats) -> Floats:
    """Return electric power in kW: hydraulic power m dp / rho over hydraulic and drive efficiency."""
    return m_flow * dp / density / (efficiency * EFFICIENCY_DRIVE) + STANDBY_kW
