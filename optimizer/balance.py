"""Whole-network balance: what each loop needs so that every house is as warm as wanted, and no warmer.

Two numbers describe a loop, both per heated m2 and learned from its own measurements:

- its emitters, K in q = K L^(1+b), with L the logarithmic mean excess of the water over the room;
- its houses, U in q = U (T_indoor - T_outdoor - FREE_HEAT_K) + CAPACITY dT_indoor/dt, from means over days:
  walls remember days, and while a house is brought down they pay a part of its heat.

With both, the heat that the wanted indoor temperature takes at an outdoor temperature is known, so is the
excess that gives it, and ``optimizer.inversion`` turns that into supply temperature and flow. As the means
follow what is measured, the law has no integrator that could wind up while a limit binds.

A house with sensors shows T_indoor. In a house without, the loop was questioned (``optimizer.questioning``);
from then on K is held and T_indoor is what makes q = K L^(1+b) true, an estimate.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from statistics import NormalDist

from optimizer.inversion import log_mean_excess, supply_above_room
from optimizer.questioning import Estimate, Questioning, answer, note

FREE_HEAT_K = 3.0
"""People, appliances and the winter sun warm a house by so much (3 to 5 W/m2 over 1.2 to 1.5 W/(m2 K)). An
error here matters only as far as the house is still from what is wanted."""
CAPACITY_WH_PER_M2K = 50.0
"""What a heavy house stores while its rooms change over days: furniture (12..25) and a part of its walls."""
SMOOTH_H = 12
"""Hours over which indoor temperature is smoothed, so that a day's swing is not taken for a change."""
MEMORY_H = 72
"""Hours over which means reach: houses have time constants of two to four days."""
HOURS_TO_KNOW = 12
"""Hours of measurement before a loop is moved."""
SURE_K = 1.8
"""A questioned loop whose temperature is known better than this need not be asked longer: of its doubt some
1.4 K are the law's, which no further hour takes away; two more days on the curve would leave 0.2 K less."""
PRIOR_SD_K = 2.3
"""Spread of indoor temperature between stations on one common curve, where too few sensors tell it."""
PRIOR_LOOPS = 3
"""Loops with sensors below which they do not tell how warm the others are."""
MOVE_K = 0.5
DEAD_BAND_K = 0.3
FLOW_MOVE = 0.05
FLOW_DEAD_BAND = 0.02
"""Largest and smallest move of an hour: supply in K at unchanged flow, flow as a fraction of design."""
FLOW_MIN_FLOOR, FLOW_MIN_SINGLE, FLOW_MIN_DOUBLE = 0.70, 0.75, 0.60
"""Fractions of design below which risers and branches share the water too unevenly."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComfortRules:
    """How warm it shall be, and what is not known about it."""

    T_indoor_min: float = 18.0
    """degC that dwellings shall have."""
    share: float = 0.97
    """Of dwelling-hours that shall have it."""
    sd_dwellings: float = 1.2
    """Spread between the dwellings of one loop, K."""
    sd_sensors: float = 0.6
    """Doubt of the mean of a loop's sensors, K: 3 to 10 dwellings stand for all, each sensor 0.5 K off."""
    sd_hours: float = 0.6
    """Spread over the hours around the mean: sun, wind, habits, K."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """Means over the settled half of one hour of a loop; temperatures in degC."""

    T_supply: float
    T_return: float
    T_outdoor: float
    q: float
    """W/m2 given to the loop, > 0."""
    T_indoor: float | None
    """Mean of the loop's sensors; None without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopModel:
    """What is known of a loop: means over the last days, and its emitters."""

    hours: int = 0
    T_supply: float = 0.0
    T_return: float = 0.0
    T_outdoor: float = 0.0
    q: float = 0.0
    T_indoor: float | None = None
    """Measured, or estimated from ``K``; None while neither is possible."""
    T_indoor_now: float | None = None
    """The same over the last half day, degC."""
    q_stored: float = 0.0
    """Part of ``q`` that went into the houses themselves, W/m2; negative while they cool."""
    K: float | None = None
    """W/(m2 K^(1+b))."""
    sd: float = PRIOR_SD_K
    """Doubt of ``T_indoor``, K."""
    asked: Questioning = field(default_factory=Questioning)

    @property
    def known(self) -> bool:
        """Tell whether the loop is known well enough to be moved."""
        return self.K is not None and self.T_indoor is not None and self.hours >= HOURS_TO_KNOW


def indoor_wanted(rules: ComfortRules, sd: float) -> float:
    """Return the indoor temperature to aim at in degC, for a loop whose temperature is known within ``sd`` K.

    The mean at which ``rules.share`` of dwelling-hours reach the minimum, all spreads taken as normal and
    independent: a loop that is known badly must be kept warmer. 18 degC, 97 % and sensors give 20.8 degC.
    """
    spread = math.sqrt(rules.sd_dwellings**2 + rules.sd_hours**2 + sd**2)
    return rules.T_indoor_min + NormalDist().inv_cdf(rules.share) * spread


def learn(model: LoopModel, hour: Hour, exponent: float, rules: ComfortRules) -> LoopModel:
    """Take in one hour of measurements."""
    questioned = model.K is None and hour.T_indoor is None  # an answer is about all hours that were asked
    weight = 1.0 / (model.hours + 1 if questioned else min(model.hours + 1, MEMORY_H))

    def mean(old: float, new: float) -> float:
        return old + weight * (new - old)

    means = replace(
        model,
        hours=model.hours + 1,
        T_supply=mean(model.T_supply, hour.T_supply),
        T_return=mean(model.T_return, hour.T_return),
        T_outdoor=mean(model.T_outdoor, hour.T_outdoor),
        q=mean(model.q, hour.q),
    )
    if hour.T_indoor is not None:
        T_indoor = hour.T_indoor if model.T_indoor is None else mean(model.T_indoor, hour.T_indoor)
        felt = _felt(replace(means, sd=rules.sd_sensors), hour.T_indoor, weight)
        return _with_emitters(felt, T_indoor, exponent)
    if model.K is None or model.T_indoor is None:
        return replace(means, asked=note(model.asked, hour.T_supply, hour.q))
    excess = (hour.q / model.K) ** (1 / (1 + exponent))
    estimate = hour.T_supply - supply_above_room(excess, hour.T_supply - hour.T_return)
    return replace(_felt(means, estimate, weight), T_indoor=mean(model.T_indoor, estimate))


def conclude(model: LoopModel, like: Sequence[tuple[float, LoopModel]], exponent: float) -> LoopModel | None:
    """Return the questioned loop with its emitters known; None where neither it nor others tell anything.

    ``like`` are the loops of its emitter type that have sensors, with their heated areas: what their houses
    would be at this loop's water temperatures is the first guess, weighed against the loop's own answer.
    """
    guesses = [(area, indoor_at(other, model, exponent)) for area, other in like]
    guessed = _weighted(guesses) if len(guesses) >= PRIOR_LOOPS else None
    replied = answer(model.asked, exponent, model.T_supply - model.T_return)
    if replied is not None:
        told = Estimate(value=model.T_supply - replied.value, sd=replied.sd)
        guessed = told if guessed is None else _both(guessed, told)
    if guessed is None or guessed.value >= model.T_return:
        return None
    return _with_emitters(replace(model, sd=guessed.sd), guessed.value, exponent)


def indoor_at(model: LoopModel, water: LoopModel, exponent: float) -> float:
    """Return the steady indoor temperature of ``model``'s houses with ``water``'s temperatures, degC.

    Bisection: the warmer the room, the less the emitters give and the more the house loses.
    """
    assert model.K is not None
    loss = _loss(model)
    low, high = water.T_outdoor, water.T_return - 1e-3
    for _ in range(30):
        T = (low + high) / 2
        given = model.K * log_mean_excess(water.T_supply, water.T_return, T) ** (1 + exponent)
        low, high = (T, high) if given > loss * (T - water.T_outdoor - FREE_HEAT_K) else (low, T)
    return (low + high) / 2


def need(model: LoopModel, T_indoor: float, T_outdoor: float, exponent: float) -> tuple[float, float]:
    """Return (heat in W/m2, excess in K) that keep ``T_indoor`` degC at ``T_outdoor`` degC."""
    assert model.K is not None
    q = max(_loss(model) * (T_indoor - T_outdoor - FREE_HEAT_K), 0.1)
    return q, (q / model.K) ** (1 / (1 + exponent))


def move(held: float, wanted: float, dead_band: float, largest: float) -> float:
    """Return where to go from ``held``: nowhere within the dead band, else towards ``wanted`` by one move."""
    gap = wanted - held
    return held if abs(gap) < dead_band else held + min(max(gap, -largest), largest)


def _loss(model: LoopModel) -> float:
    """U of the houses in W/(m2 K). The lift is bounded below: in mild weather little can be told from it."""
    assert model.T_indoor is not None
    lost = max(model.q - model.q_stored, 0.5 * model.q)
    return lost / max(model.T_indoor - model.T_outdoor - FREE_HEAT_K, 5.0)


def _felt(model: LoopModel, T_indoor: float, weight: float) -> LoopModel:
    """Note the last hour's indoor temperature, and what its change took from the heat."""
    before = T_indoor if model.T_indoor_now is None else model.T_indoor_now
    now = before + (T_indoor - before) / SMOOTH_H
    stored = CAPACITY_WH_PER_M2K * (now - before)
    q_stored = model.q_stored + weight * (stored - model.q_stored)
    return replace(model, T_indoor_now=now, q_stored=q_stored)


def _with_emitters(model: LoopModel, T_indoor: float, exponent: float) -> LoopModel:
    """Let K follow from the means; a room warmer than its return water tells nothing about its emitters."""
    if T_indoor >= model.T_return or model.q <= 0.0:
        return replace(model, T_indoor=T_indoor)
    excess = log_mean_excess(model.T_supply, model.T_return, T_indoor)
    return replace(model, T_indoor=T_indoor, K=model.q / excess ** (1 + exponent))


def _weighted(guesses: Sequence[tuple[float, float]]) -> Estimate:
    """Mean by area, and at least the spread that one city's stations have.

    Few loops tell a spread badly, and curves are raised where it is cold: at the water of a cold house all
    others would be warm. Taken for surer, they outvoted what cold houses answered by 2 to 4 K.
    """
    total = sum(area for area, _ in guesses)
    middle = sum(area * T for area, T in guesses) / total
    spread = math.sqrt(sum(area * (T - middle) ** 2 for area, T in guesses) / total)
    return Estimate(value=middle, sd=max(spread, PRIOR_SD_K))


def _both(first: Estimate, second: Estimate) -> Estimate:
    """Weigh two independent opinions by their doubts."""
    a, b = first.sd**-2, second.sd**-2
    return Estimate(value=(a * first.value + b * second.value) / (a + b), sd=(a + b) ** -0.5)
