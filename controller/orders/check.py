"""May this loop be ordered to these values now? The guard's own limits answer, before any write. Pure.

The guard narrows a wish silently to what is allowed, which is right for a strategy. A person is told
instead, in words, what stands against it, and may ask again.
"""

import math
from dataclasses import dataclass, replace

from controller.decisions import Action, GuardContext, LoopKey, LoopTraits, Mode, Proposal, Rule
from controller.guard import LIMITS
from controller.guard_case import Room, case_of
from controller.words.phrase import Phrase, said, verbatim, word

TOLERANCE_K, TOLERANCE_FLOW = 0.05, 0.005
"""Differences in degC and as a fraction of the wish that are only rounding on a screen."""
_BOUNDS = frozenset(
    {
        *(Rule.HARD_TEMPERATURE, Rule.HARD_FLOW, Rule.OWN_CURVE, Rule.OFFSET),
        *(Rule.FROST, Rule.PRESSURE, Rule.SOURCE),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What the limits leave of a wish."""

    T_supply: float
    m_flow: float
    T_low: float
    T_high: float
    m_low: float
    m_high: float
    T_held: float
    """What the loop holds now, degC: where every move begins."""
    m_held: float
    refusals: tuple[Phrase, ...]


def check(
    context: GuardContext, key: LoopKey, T_supply: float | None, m_flow: float | None, author: str
) -> Checked:
    """Judge a wish for one loop by the guard's limits; None keeps what the loop holds."""
    traits, seen = context.traits[key], context.observations[key]
    case = replace(case_of(context, traits, None), seen=replace(seen, mode=Mode.MANUAL))
    T_wish = case.T_start if T_supply is None else T_supply
    m_wish = min(case.m_start, traits.m_flow_design) if m_flow is None else m_flow
    wish = Proposal(key=key, T_supply=T_wish, m_flow=m_wish, author=f"operator:{author}", reason=verbatim(""))
    room = Room(Action.SET, T_wish, m_wish)
    for _, rule in LIMITS:
        room = rule(replace(case, wish=wish), room)
    refusals = _never(traits, m_flow) or _not_now(key, room, context) or _beyond(key, room, T_supply, m_flow)
    return Checked(
        T_supply=room.supply,
        m_flow=room.flow,
        T_low=room.T_low,
        T_high=room.T_high,
        m_low=room.m_low,
        m_high=room.m_high,
        T_held=case.T_start,
        m_held=case.m_start,
        refusals=tuple(refusals),
    )


def _never(traits: LoopTraits, m_flow: float | None) -> list[Phrase]:
    if traits.emitter == "dhw":
        return [said("hot_water", loop=str(traits.key))]
    if not traits.station_class.driven or traits.heat is None:
        return [said("class_c", loop=str(traits.key))]
    if not traits.proven:
        return [said("not_proven", loop=str(traits.key))]
    if m_flow is not None and traits.circulation is None:
        return [said("no_flow_channel", loop=str(traits.key))]
    return []


def _not_now(key: LoopKey, room: Room, context: GuardContext) -> list[Phrase]:
    """What a gate says: only the first, the others often follow from it."""
    if room.action is Action.SET:
        return []
    cut = next(cut for cut in room.cuts if cut.channel == "loop")
    match cut.rule:
        case Rule.SEASON:
            return [
                said("wrong_season", loop=str(key), season=word("season", context.observations[key].season))
            ]
        case Rule.PUMP:
            return [said("pump", loop=str(key), why=cut.detail)]
        case Rule.NOT_DRIVEN if not context.observations[key].readmitted:
            return [said("link_returning", loop=str(key))]
        case _:
            return [said("stale_data", loop=str(key), why=cut.detail)]


def _beyond(key: LoopKey, room: Room, T_supply: float | None, m_flow: float | None) -> list[Phrase]:
    refusals = []
    why = {cut.channel: cut.detail for cut in room.cuts if cut.rule in _BOUNDS}
    if T_supply is not None and abs(room.supply - T_supply) > TOLERANCE_K:
        # The source limit replaces the wish and leaves the bounds: a dip of it must not act at once.
        by_source = any(cut.rule is Rule.SOURCE for cut in room.cuts)
        low, high = _down(room.T_low), _up(min(room.T_high, room.supply) if by_source else room.T_high)
        text = why.get("T_supply", "")
        refusals.append(said("beyond_supply", loop=str(key), wanted=T_supply, low=low, high=high, why=text))
    if m_flow is not None and abs(room.flow - m_flow) > TOLERANCE_FLOW * max(abs(m_flow), 1e-9):
        refusals.append(
            said(
                "beyond_flow",
                loop=str(key),
                wanted=m_flow,
                low=room.m_low,
                high=room.m_high,
                why=why.get("m_flow", ""),
            )
        )
    return refusals


def _down(low: float) -> float:
    """Round a lower limit to what a screen shows and is still allowed."""
    return math.ceil(low * 10.0 - 1e-6) / 10.0


def _up(high: float) -> float:
    return math.floor(high * 10.0 + 1e-6) / 10.0
