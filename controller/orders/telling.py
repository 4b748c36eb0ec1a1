"""How the order desk speaks of what stands, and of who was quicker."""

from controller.decisions import Mode
from controller.modes import (
    LoopOrder,
    MassChangeOrder,
    PlanOrder,
    SeasonOrder,
    Standing,
    StrategyOrder,
    Subject,
)
from controller.state import LoopStatus
from controller.words.phrase import Phrase, said, verbatim, word


def changed_by(subject: Subject, standing: Standing, now: Phrase, seen: Phrase) -> Phrase:
    """Say that another order stands than the one that was seen."""
    who = verbatim(standing.author) if standing.author else word("author", "site_file")
    order = standing.order
    return said("changed_by", subject=_subject(subject), who=who, order=order, now=now, seen=seen)


def moved_by(subject: Subject, status: LoopStatus, now: Phrase, seen: Phrase) -> Phrase:
    """Say that a loop was moved although no other order stands."""
    return said("moved_by", subject=_subject(subject), who=_mover(status), now=now, seen=seen)


def standing_told(standing: Standing) -> Phrase:
    """Say what an order lays down."""
    match standing:
        case LoopOrder(mode=Mode.MANUAL):
            return values_told(standing.mode, standing.T_supply, standing.m_flow)
        case LoopOrder():
            return word("mode", standing.mode)
        case SeasonOrder():
            return word("season", standing.season)
        case StrategyOrder():
            return word("strategy", standing.strategy)
        case PlanOrder():
            return word("plan_choice", standing.choice)
        case MassChangeOrder():
            return word("subject", "mass_change")


def values_told(mode: Mode, T_supply: float | None, m_flow: float | None) -> Phrase:
    """Say the mode of a loop and what it is set to."""
    told = word("mode", mode)
    if T_supply is not None and m_flow is not None:
        return said("loop_set.both", mode=told, T_supply=T_supply, m_flow=m_flow)
    if T_supply is not None:
        return said("loop_set.supply", mode=told, T_supply=T_supply)
    return told if m_flow is None else said("loop_set.flow", mode=told, m_flow=m_flow)


def supply_told(T_supply: float | None) -> Phrase:
    """Say what supply temperature a loop is set to; none is set where it is local."""
    return word("mode", Mode.LOCAL) if T_supply is None else said("loop_set.alone", T_supply=T_supply)


def _subject(subject: Subject) -> Phrase:
    return verbatim(subject.name) if subject.name else word("subject", subject.kind)


def _mover(status: LoopStatus) -> Phrase:
    if status.decision is None:
        return word("author", "controller")
    kind, _, name = status.decision.author.partition(":")
    return said("author.strategy", name=word("strategy", name)) if kind == "strategy" else verbatim(name)
