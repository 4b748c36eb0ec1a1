"""How warm is a house without a sensor? Ask its emitters.

At a steady supply nobody can tell a warm house with big radiators from a cold one with small ones: heat and
water temperatures look the same. But when the water gets a little warmer for an hour or two, the room has no
time to follow, and with q = K (T_mean - T_indoor)^(1+b)

    d ln q / d T_mean = (1 + b) / (T_mean - T_indoor)

holds whatever K is: the nearer the room is to the water, the more a kelvin counts. So the supply of a loop
without sensors goes up and down by 1 K in steps of half a kelvin an hour, which residents cannot feel (about
0.1 K indoors), and the slope of ln q over T_mean tells the excess. Hourly means of the second half hour are
used, after pipes and emitters have settled; sun, habits and weather, which move in a day, are taken off with
the mean of the eight hours of one wave. The phases of the loops are spread, so the heat source sees nothing.
"""

import math
from dataclasses import dataclass, replace

WAVE_K = (0.0, 0.5, 1.0, 0.5, 0.0, -0.5, -1.0, -0.5)
"""Shift of the supply hour by hour, K. Larger is felt, smaller drowns in what the sun does to the room."""
HOURS = 48
"""Six waves: half of them leave 1.4 times the error, more gain little against the exponent's doubt."""
EXPONENT_SD = 0.03
"""Spread of b among emitters of one type: 0.28..0.37 for radiators."""
_MIDDLE = len(WAVE_K) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Questioning:
    """What has been asked and answered so far; sums of deviations from the mean of their eight hours."""

    recent: tuple[tuple[float, float], ...] = ()
    """(T_mean degC, ln q) of the last hours, at most one wave."""
    count: int = 0
    uu: float = 0.0
    uy: float = 0.0
    yy: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its doubt (standard deviation), both in the number's unit."""

    value: float
    sd: float


def wave(hour: int, phase: int) -> float:
    """Return the shift of the supply in K in hour ``hour`` of the questioning; ``phase`` spreads loops."""
    return WAVE_K[(hour + phase) % len(WAVE_K)]


def note(asked: Questioning, T_mean: float, q: float) -> Questioning:
    """Take in one hour: mean water temperature in degC and heat in W/m2 (> 0)."""
    recent = (*asked.recent, (T_mean, math.log(q)))[-len(WAVE_K) :]
    if len(recent) < len(WAVE_K):
        return replace(asked, recent=recent)
    u = recent[_MIDDLE][0] - sum(T for T, _ in recent) / len(recent)
    y = recent[_MIDDLE][1] - sum(ln_q for _, ln_q in recent) / len(recent)
    return Questioning(
        recent=recent,
        count=asked.count + 1,
        uu=asked.uu + u * u,
        uy=asked.uy + u * y,
        yy=asked.yy + y * y,
    )


def interrupt(asked: Questioning) -> Questioning:
    """Forget the hours of the wave under way: an hour is missing, and neighbours must be neighbours."""
    return replace(asked, recent=())


def answer(asked: Questioning, exponent: float) -> Estimate | None:
    """Return the excess of the mean water temperature over the room, K, as the loop answered.

    None while that is nothing: too few hours, or the supply did not move.
    """
    if asked.count < 2 * len(WAVE_K) or asked.uu < 0.05 * asked.count or asked.uy <= 0.0:
        return None
    slope = asked.uy / asked.uu
    unexplained = max(0.0, asked.yy - slope * asked.uy) / (asked.count - 1)
    excess = (1.0 + exponent) / slope
    by_noise = math.sqrt(unexplained / asked.uu) / slope
    by_exponent = EXPONENT_SD / (1.0 + exponent)
    return Estimate(value=excess, sd=excess * math.hypot(by_noise, by_exponent))
