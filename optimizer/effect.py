"""What a change of supply temperature and flow does indoors, once everything has settled.

The regulation law of the emitter type, read backwards. With the same symbols as
``optimizer/regulation.py``: at indoor temperature t_i the load is q = (t_i - t_w) / (t_n - t_w'), the
emitter gives it at the logarithmic mean difference L(q) of its law, and the supply above the room is a / (1
- e^(-a/L)) with a = (t_g' - t_h') q / g. The indoor temperature that belongs to a supply temperature is the
root of that; both sides rise with t_i.

The true loop has other emitters, neighbours and gains than the design; so this is for differences between two
states and not for their level. A building takes one to three days to get there.
"""

import math

from optimizer.regulation import RegulationLaw

_BISECTIONS = 40


def steady_indoor(law: RegulationLaw, T_outdoor: float, T_supply: float, flow: float) -> float:
    """Return the indoor temperature (degC) at which a loop settles.

    ``T_supply`` in degC without the law's offset, ``flow`` as a fraction of design above 0. A supply below
    the outdoor temperature heats nothing: then it is ``T_outdoor``.
    """
    low, high = T_outdoor, max(T_supply, T_outdoor)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        if middle + _rise(law, T_outdoor, middle, flow) < T_supply:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def load(law: RegulationLaw, T_outdoor: float, T_indoor: float) -> float:
    """Return the heat load at an indoor temperature as a fraction of design."""
    return max(0.0, (T_indoor - T_outdoor) / (law.T_indoor - law.T_outdoor_design))


def _rise(law: RegulationLaw, T_outdoor: float, T_indoor: float, flow: float) -> float:
    """Supply above indoor temperature that keeps this indoor temperature, K."""
    q = load(law, T_outdoor, T_indoor)
    if q == 0.0:
        return 0.0
    mean = ((law.T_supply_design + law.T_return_design) / 2 - law.T_indoor) * math.pow(
        q, 1 / (1 + law.exponent)
    )
    spread = (law.T_supply_design - law.T_return_design) * q
    if mean <= spread / 2:
        return mean + spread / flow / 2
    log_mean = spread / math.log((mean + spread / 2) / (mean - spread / 2))
    return spread / flow / -math.expm1(-spread / flow / log_mean)
