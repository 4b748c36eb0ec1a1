"""The order of the hour as a proposal to the guard, for the heat sources that take setpoints. Pure.

There is no own way to the wire: what is proposed here passes the same guard, the same command log and the
same dispatcher as every loop's setpoint. Without an order that is in force there is no proposal, and the
guard gives the source back to its own curve.
"""

from collections.abc import Mapping

from controller.decisions import LoopKey, LoopObservation, LoopTraits, Mode, Proposal, Sent
from controller.head import flow_of, head_of
from controller.historian.records import State
from controller.planning.source_book import HOUR_S, OrdersNow, Standing
from controller.state import LoopStatus
from controller.words.phrase import Phrase

ADVICE_AGE_S = 3.0 * HOUR_S
"""Oldest advice whose orders are written: a planner that is down for longer gives the sources back. Orders of
later hours stand in the book to the end of the next day, but nobody has looked at them since."""
AUTHOR = "plan:source"
DP_WORST_KPA, DP_EASED_KPA = 65.0, 90.0
"""Below the first at any station the head is raised past the order, by what lacks to the second; above that
it may sink to the order again. An order is of an hour, and valves open within minutes."""
SAME_K, SAME_DP_SHARE = 0.5, 0.04
"""So near the order a register counts as holding it: dead-bands of 0.3 K and 2 % of design flow, which are
4 % of the design head, stop a setpoint before it."""


def source_proposals(
    orders: OrdersNow,
    traits: Mapping[LoopKey, LoopTraits],
    observations: Mapping[LoopKey, LoopObservation],
    sent: Mapping[LoopKey, tuple[Sent, ...]],
    now: float,
) -> list[Proposal]:
    """Return what is wanted of the heat sources in auto at UTC second ``now``."""
    found = []
    for key, one in traits.items():
        if not one.is_source or observations[key].mode is not Mode.AUTO:
            continue
        standing = in_force(orders, key.station, now)
        T_supply = None if standing is None else standing.order.T_supply
        if standing is None or T_supply is None:
            continue
        order = standing.order
        held = sent.get(key, ())
        m_flow = held[-1].m_flow if held else observations[key].m_flow_effective.value
        if order.dp is not None:
            ordered = flow_of(order.dp, one)
            m_flow = max(ordered, _for_the_worst(m_flow, observations[key].dp_worst, one))
        if m_flow is None:
            continue
        dp = head_of(m_flow, one)
        reason = Phrase("dispatch.written", {"T_supply": T_supply, "dp": dp})
        if order.dp is not None and m_flow > ordered:
            reason = Phrase("dispatch.written_raised", {"T_supply": T_supply, "dp": dp})
        found.append(Proposal(key=key, T_supply=T_supply, m_flow=m_flow, author=AUTHOR, reason=reason))
    return found


def _for_the_worst(m_flow: float | None, worst: float | None, traits: LoopTraits) -> float:
    """Return the flow that stands for the head which the worst station asks for now; 0 where for none.

    ``m_flow`` stands for the head that is held, ``worst`` is kPa at that station.
    """
    if m_flow is None or worst is None or worst >= DP_EASED_KPA:
        return 0.0
    lacks = DP_EASED_KPA - worst if worst < DP_WORST_KPA else 0.0
    return min(flow_of(head_of(m_flow, traits) + lacks, traits), max(traits.m_flow_design, m_flow))


def in_force(orders: OrdersNow, source: str, now: float) -> Standing | None:
    """Return a source's order at UTC second ``now``, unless it is off, of another hour or of old advice."""
    standing = orders.standing.get(source)
    if standing is None or standing.order.phase != "on":
        return None
    fresh = orders.advised_at is not None and now - orders.advised_at <= ADVICE_AGE_S
    return standing if fresh and standing.order.hour <= now < standing.order.hour + HOUR_S else None


def read_back(standing: Standing, status: LoopStatus, traits: LoopTraits) -> bool:
    """Tell whether the source's registers hold the order, by the read-back of what was written last."""
    order = standing.order
    confirmed = status.write_state in (State.CONFIRMED, State.CONFIRMED_LIMITED)
    if not status.held or not confirmed or status.T_supply_set is None or order.T_supply is None:
        return False
    if abs(status.T_supply_set - order.T_supply) > SAME_K:
        return False
    if order.dp is None or status.circulation_value is None:
        return True
    return abs(status.circulation_value - order.dp) <= SAME_DP_SHARE * traits.dp_design
