"""What identification has learned of a loop, in sentences: its houses, exchanger, delay and pump."""

from controller.knowing.belief import Belief
from controller.words.phrase import Phrase, said
from controller.words.plan import reasoned
from optimizer.identify.delay import Delay
from optimizer.identify.exchanger import ExchangerTrend
from optimizer.identify.pump import PumpCurve
from optimizer.reason import Reason

T_PER_H = 3.6
"""t/h in a kg/s."""


def learned(belief: Belief) -> tuple[Phrase, ...]:
    """Return what is believed of a loop and why, the houses first; what was never looked at is left out."""
    parts = (
        _exchanger(belief.exchanger),
        _delay(belief.delay),
        _to_rooms(belief.to_rooms),
        _pump(belief.pump),
    )
    return (
        _house(belief),
        *(reasoned(why) for why in belief.identified.reasons),
        *(part for part in parts if part is not None),
    )


def _house(belief: Belief) -> Phrase:
    house = belief.identified.building
    UA, q_n = float(house.UA[0]), float(house.q_n[0])
    match belief.source:
        case "prior":
            return said("learned.prior", UA=UA, q_n=q_n)
        case "asked":
            return said("learned.asked", UA=UA, q_n=q_n)
        case "night":
            return said("learned.night", UA=UA, q_n=q_n)


def _exchanger(found: ExchangerTrend | Reason | None) -> Phrase | None:
    if found is None:
        return None
    if isinstance(found, Reason):
        return said("learned.no_exchanger", why=reasoned(found))
    UA, change = found.UA_kW_per_K, 100.0 * found.change_30_days
    low, high = 100.0 * found.change_low, 100.0 * found.change_high
    if found.loops > 1:
        loops = found.loops
        if found.fouls:
            return said("learned.foul_together", loops=loops, UA=UA, change=change, low=low, high=high)
        return said("learned.exchangers", loops=loops, UA=UA, change=change, low=low, high=high)
    if found.fouls:
        return said("learned.fouls", UA=UA, change=change, low=low, high=high)
    return said("learned.exchanger", UA=UA, change=change, low=low, high=high)


def _delay(found: Delay | Reason | None) -> Phrase | None:
    if found is None:
        return None
    if isinstance(found, Reason):
        return said("learned.no_delay", why=reasoned(found))
    return said("learned.delay", minutes=found.seconds / 60.0)


def _to_rooms(found: Delay | Reason | None) -> Phrase | None:
    if found is None:
        return None
    if isinstance(found, Reason):
        return said("learned.no_to_rooms", why=reasoned(found))
    return said("learned.to_rooms", minutes=found.seconds / 60.0)


def _pump(found: PumpCurve | Reason | None) -> Phrase | None:
    if found is None:
        return None
    if isinstance(found, Reason):
        return said("learned.no_pump", why=reasoned(found))
    return said(
        "learned.pump",
        low=T_PER_H * found.flow(found.speed_min),
        slow=100.0 * found.speed_min,
        high=T_PER_H * found.flow(found.speed_max),
        fast=100.0 * found.speed_max,
        points=found.points,
    )
