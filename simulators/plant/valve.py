"""Primary control valve: equal-percentage characteristic, motor with a stroke time and a dead zone."""

import numpy as np

from simulators.plant.arrays import Floats, either

RANGEABILITY = 40.0
"""Kvs over the smallest controllable Kv of the equal-percentage part (IEC 60534; usually 30..50)."""

LINEAR_BELOW = 0.05
LEAK = 0.001
"""Below 5 % of stroke the characteristic is linear down to a leak of 0.1 % of Kvs."""

DEAD_ZONE = 0.004
"""A three-point motor does not move for less than this fraction of stroke."""


def move(position: Floats, command: Floats, stroke_s: Floats, dt: float) -> Floats:
    """Return the new position 0..1 after ``dt`` s of a motor that needs ``stroke_s`` for full stroke."""
    most = dt / stroke_s
    difference = np.minimum(np.maximum(command, 0.0), 1.0) - position
    travel = np.minimum(np.maximum(difference, -most), most)
    return either(np.abs(difference) < DEAD_ZONE, position, position + travel)


def flow_coefficient(position: Floats, Kvs: Floats) -> Floats:
    """Return Kv in m3/h at 1 bar: Kvs R^(h-1), linear to the leak below 5 % of stroke (IEC 60534-2-4)."""
    knee = RANGEABILITY ** (LINEAR_BELOW - 1.0)
    linear = LEAK + (knee - LEAK) * position / LINEAR_BELOW
    return Kvs * either(position < LINEAR_BELOW, linear, RANGEABILITY ** (position - 1.0))


def series(Kv: Floats, K_fixed: Floats) -> Floats:
    """Return the flow coefficient of a valve and of all else on its path (m3/h at 1 bar)."""
    return Kv * K_fixed / np.sqrt(Kv**2 + K_fixed**2)


def authority(Kvs: Floats, K_fixed: Floats) -> Floats:
    """Return the wide-open valve's share 0..1 of the pressure across valve and ``K_fixed``.

    Below 0.3 an equal-percentage valve controls like an ill-chosen one: half of its stroke changes little.
    """
    return np.asarray(K_fixed**2 / (Kvs**2 + K_fixed**2))


def mass_flow(position: Floats, Kvs: Floats, K_fixed: Floats, dp: Floats, density: Floats) -> Floats:
    """Return the primary flow in kg/s through the valve in series with pipes and exchanger.

    ``K_fixed`` is the flow coefficient of everything but the valve (m3/h at 1 bar), ``dp`` the station's
    differential pressure in kPa. V = Kv sqrt(dp[bar] 1000/rho), conductances in series by their squares.
    """
    Kv = flow_coefficient(position, Kvs)
    volume_m3_per_h = series(Kv, K_fixed) * np.sqrt(np.maximum(dp, 0.0) / 100.0 * 1000.0 / density)
    return np.asarray(volume_m3_per_h * density / 3600.0)


def move_stem(
    motor: Floats, stem: Floats, command: Floats, stroke_s: Floats, play: Floats, dt: float
) -> tuple[Floats, Floats]:
    """Return motor and stem 0..1 after ``dt`` s; the stem follows the motor with ``play`` (hysteresis).

    Gear and stem have 1..2 % of stroke between them: after a turn of direction the motor runs so far before
    anything moves.
    """
    motor = move(motor, command, stroke_s, dt)
    return motor, follow(motor, stem, play)


def follow(motor: Floats, stem: Floats, play: Floats) -> Floats:
    """Return where a stem is that was at ``stem`` and follows its ``motor`` with ``play``, all 0..1."""
    half = 0.5 * play
    followed = np.minimum(np.maximum(stem, motor - half), motor + half)
    # at its end switches the motor runs on until the stem is there too
    at_end = (motor <= 0.0) | (motor >= 1.0)
    return either(at_end, motor, followed)
