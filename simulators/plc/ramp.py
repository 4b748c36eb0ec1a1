"""How fast the setpoint in force may move: slowly back to the own curve, briskly after the centre."""

import math

FALLBACK_K_PER_S = 0.2 / 60.0
"""Bumpless return to the own curve: 8 K take 40 minutes, a pace that pipes and people do not notice."""

REMOTE_K_PER_S = 2.0 / 60.0
REMOTE_STEP_K = 1.0
"""The centre's steps up to 1 K act at once; a bigger one, which no healthy centre sends, is stretched."""

FALLBACK_FLOW_SHARE_PER_S = 0.01 / 60.0
"""Of design flow."""


def approach(value: float, target: float, most: float) -> float:
    """Return ``value`` moved towards ``target`` by at most ``most``."""
    return value + math.copysign(min(abs(target - value), most), target - value)


def follow_centre(value: float, target: float, dt: float) -> float:
    """Return the setpoint in degC after ``dt`` s of following the centre's ``target``."""
    if abs(target - value) <= REMOTE_STEP_K:
        return target
    return approach(value, target, REMOTE_K_PER_S * dt)
