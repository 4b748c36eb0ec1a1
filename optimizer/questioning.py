"""How warm is a house without a sensor? Ask its emitters.

At a steady supply nobody can tell a warm house with big radiators from a cold one with small ones: heat and
water temperatures look the same. But when the water gets a little warmer for an hour or two, the room has no
time to follow. With q = K L^(1+b), S = T_supply - T_indoor = a / (1 - e^(-a/L)) and a = q / (c G) at constant
flow, the slope of ln q over the supply temperature is

    d ln q / d T_supply = n / S     n = (1 + b) / (1 + b (1 - t / (e^t - 1)))     t = a / L = -ln(1 - a/S)

whatever K is: the nearer the room is to the water, the more a kelvin counts. The return temperature is not in
it, which mixes with water that has passed the emitters by. So the supply of a loop without sensors goes up
and down by 3 K in steps of 1.5 K an hour, which residents hardly feel (a quarter of a kelvin indoors), and
the slope tells how far the room is from the water. It is asked at design flow, where pipes settle soonest.
The phases of the loops are spread, so the heat source sees nothing.

Two things would spoil the slope. Pipes and emitters still fill for half an hour after a step, and heat that
fills them heats no room: hourly means of the second half hour are used, and the last step of the supply is a
second regressor that takes up the rest. Sun, habits and weather move the room within a day: each hour is
compared with the mean of the eight hours of one wave around it.
"""

import math
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

WAVE_K = (0.0, 1.5, 3.0, 1.5, 0.0, -1.5, -3.0, -1.5)
"""Shift of the supply hour by hour, K. Larger is felt: rooms that store 18 Wh/(m2 K) and give 8 W/(m2 K) to
their walls swing by 0.25 K. Smaller drowns in what sun and weather do to rooms and to the curve. A step is
half of what the guard lets a fifth of the city go in an hour."""
HOURS_MIN, HOURS_MAX = 48, 96
"""Pairs of days, see ``wave``. The error falls with the root of the hours, and houses wait for their heat."""
EXPONENT_SD = 0.02
"""Spread of b among emitters of one type: 0.28..0.37 for radiators."""
MODEL_SD_K = 0.4
"""What is not in the law: not all water has settled."""
FOLLOWING = 0.03
"""By which part of itself the distance comes out too large because rooms do follow. To a wave of 8 h a room
that stores 18 Wh/(m2 K) and gives 8 W/(m2 K) to its walls answers in step by 8 / (8^2 + (0.785 * 18)^2) K to
each W/m2, 0.03 K, and a kelvin of water brings some 1 W/m2 more (n q / S): 3 %. It is taken off; light rooms
follow more and heavy ones less, so as much stays as doubt. Above a screed they do not."""
SCREED_SD_K, SURFACE_EXPONENT = 1.0, 0.2
"""What is not known of emitters that are surfaces (their exponent is below the second). A floor is 3 to 4 K
above the room at 30 to 40 W/m2 (EN 1264-2). Within the hours of a wave it follows from nearly all of the way
(thin plates) to hardly (65 mm of wet screed); as far as it does not, the answer tells the screed and not the
room. Evenly spread between none and all of 3.5 K that is 1.0 K."""
COUNT_MIN = 16
"""Hours compared, below which a slope is no answer."""
MOVED_K2 = 0.05
"""Mean square in K2 by which water must have moved; the whole wave has 0.4."""
_MIDDLE = len(WAVE_K) // 2


class Heard(NamedTuple):
    """One hour of a questioned loop."""

    T_supply: float
    """degC."""
    ln_q: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Questioning:
    """What has been asked and answered so far.

    Sums over hours of products of deviations from the mean of the eight hours around: of the supply
    temperature (u), of its last step (v) and of ln q (y).
    """

    recent: tuple[Heard, ...] = ()
    """The last hours, at most one wave and the hour before it."""
    count: int = 0
    uu: float = 0.0
    uv: float = 0.0
    vv: float = 0.0
    uy: float = 0.0
    vy: float = 0.0
    yy: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A number with its doubt (standard deviation), both in the number's unit."""

    value: float
    sd: float


def wave(hour: int, phase: int) -> float:
    """Return the shift of the supply in K in hour ``hour`` of the questioning; ``phase`` spreads loops.

    Every other day the wave is turned over. What sun and habits do to the rooms in the same hours of each day
    would otherwise answer in step with the wave, and no number of days would average it out.
    """
    day, place = divmod(hour + phase, 3 * len(WAVE_K))
    return (-1.0) ** day * WAVE_K[place % len(WAVE_K)]


def note(asked: Questioning, T_supply: float, q: float) -> Questioning:
    """Take in one hour: supply temperature in degC and heat in W/m2 (> 0)."""
    heard = Heard(T_supply, math.log(q))
    recent = (*asked.recent, heard)[-len(WAVE_K) - 1 :]
    if len(recent) <= len(WAVE_K):
        return replace(asked, recent=recent)
    u, v, y = (
        values[_MIDDLE] - sum(values) / len(values)
        for values in (
            [hour.T_supply for hour in recent[1:]],
            [hour.T_supply - before.T_supply for before, hour in pairwise(recent)],
            [hour.ln_q for hour in recent[1:]],
        )
    )
    return Questioning(
        recent=recent,
        count=asked.count + 1,
        uu=asked.uu + u * u,
        uv=asked.uv + u * v,
        vv=asked.vv + v * v,
        uy=asked.uy + u * y,
        vy=asked.vy + v * y,
        yy=asked.yy + y * y,
    )


def interrupt(asked: Questioning) -> Questioning:
    """Forget the hours of the wave under way: an hour is missing, and neighbours must be neighbours."""
    return replace(asked, recent=())


def answer(asked: Questioning, exponent: float, drop: float) -> Estimate | None:
    """Return how far the supply is above the room, K, as the loop answered.

    ``drop`` is the mean of supply less return, K. None while it told nothing: too few hours, or the supply
    did not move.
    """
    determinant = asked.uu * asked.vv - asked.uv**2
    moved = asked.uu > MOVED_K2 * asked.count and asked.vv > MOVED_K2 * asked.count
    if asked.count < COUNT_MIN or not moved or determinant < 0.2 * asked.uu * asked.vv:
        return None
    slope = (asked.uy * asked.vv - asked.vy * asked.uv) / determinant
    if slope <= 0.0:
        return None
    by_step = (asked.vy * asked.uu - asked.uy * asked.uv) / determinant
    unexplained = max(0.0, asked.yy - slope * asked.uy - by_step * asked.vy) / (asked.count - 2)
    by_noise = math.sqrt(unexplained * asked.vv / determinant) / slope
    by_exponent = EXPONENT_SD / (1.0 + exponent)
    above = _above_room(slope, exponent, drop)
    surface = exponent < SURFACE_EXPONENT
    follows = 0.0 if surface else FOLLOWING * above
    by_model = math.hypot(SCREED_SD_K if surface else follows, MODEL_SD_K)
    above -= follows
    return Estimate(value=above, sd=math.hypot(above * by_noise, above * by_exponent, by_model))


def _above_room(slope: float, exponent: float, drop: float) -> float:
    """Solve slope = n(S) / S for S by iteration; n varies by a tenth at most, so a few rounds suffice."""
    above = (1.0 + exponent) / slope
    for _ in range(8):
        t = -math.log1p(-min(drop / above, 0.9))
        share = t / math.expm1(t) if t > 1e-6 else 1.0
        above = (1.0 + exponent) / (1.0 + exponent * (1.0 - share)) / slope
    return above
