"""Radiators and floor heating: heat by the logarithmic mean excess temperature, and the water inside.

Q = Q_n (dT_lm / dT_lm,n)^(1+b), EN 442-2 for radiators (b 0.28..0.37), EN 1264-2 for floors (b about 0.1).
"""

import numpy as np

from simulators.plant.arrays import Floats
from simulators.plant.water import C_WATER

_EXCESS_MINIMUM = 0.02
"""K; below this the logarithm is not asked: the emitter gives next to nothing."""


def log_mean(first: Floats, second: Floats) -> Floats:
    """Return the logarithmic mean of two excess temperatures in K; 0 where one is not positive."""
    a = np.maximum(first, _EXCESS_MINIMUM)
    b = np.maximum(second, _EXCESS_MINIMUM)
    ratio = a / b
    near = np.abs(ratio - 1.0) < 1e-4
    mean = np.where(near, 0.5 * (a + b), (a - b) / np.log(np.where(near, 2.0, ratio)))
    return np.where((first > 0.0) & (second > 0.0), mean, 0.0)


def heat_flow(
    T_in: Floats, T_out: Floats, T_room: Floats, Q_nominal: Floats, dT_nominal: Floats, b: Floats
) -> Floats:
    """Return the heat to the room in kW with water at ``T_in`` and ``T_out``; never negative."""
    return Q_nominal * (log_mean(T_in - T_room, T_out - T_room) / dT_nominal) ** (1.0 + b)


def step(
    T_out: Floats,
    T_in: Floats,
    T_room: Floats,
    m_flow: Floats,
    C: Floats,
    Q_nominal: Floats,
    dT_nominal: Floats,
    b: Floats,
    dt: float,
) -> tuple[Floats, Floats]:
    """Advance the emitters' water by ``dt`` seconds; return (T_out, heat to the room in kW).

    One linearised implicit step, stable for any ``dt``: C (T' - T)/dt = m c (T_in - T') - Q(T') with Q
    linear about T. The same Q goes to the room, so energy closes exactly; it never cools water below room.
    """
    probe = 0.05
    both = np.array((T_out, T_out + probe))  # in one go: short arrays cost by the call
    Q_here, Q_probed = heat_flow(T_in, both, T_room, Q_nominal, dT_nominal, b)
    slope = (Q_probed - Q_here) / probe
    carry = m_flow * C_WATER
    store = C / dt
    T_next = (store * T_out + carry * T_in - Q_here + slope * T_out) / (store + carry + slope)
    Q_linear = Q_here + slope * (T_next - T_out)
    Q_available = carry * (T_in - T_room) + store * (T_out - T_room)
    Q = np.clip(Q_linear, 0.0, np.maximum(Q_available, 0.0))
    return (store * T_out + carry * T_in - Q) / (store + carry), Q
