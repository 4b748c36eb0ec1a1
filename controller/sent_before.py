"""What controllers before this one sent to each loop, so that rates run on over restarts. Pure."""

from collections.abc import Iterable

from controller.decisions import LoopKey, Sent
from controller.historian.records import Intent, State
from controller.memory import RATE_WINDOW_S


def sent_before(intents: Iterable[Intent], now: float, monotonic: float) -> dict[LoopKey, tuple[Sent, ...]]:
    """Return what was dispatched in the last hour, oldest first, and what was in force when that began.

    ``intents``: oldest first, of an hour at least; ``now`` is UTC, ``monotonic`` the scaled monotonic
    second. A value that was held for longer than the hour stands in none of them but as what the first one
    replaced; left out, the first step of the hour would be free, and the next three begin at its end.
    """
    sent: dict[LoopKey, tuple[Sent, ...]] = {}
    for intent in intents:
        if intent.at < now - RATE_WINDOW_S or intent.T_supply_set is None or intent.m_flow_set is None:
            continue
        key = LoopKey(intent.station, intent.loop)
        if key not in sent:
            T, m = intent.previous_T_supply_set, intent.previous_m_flow_set
            began = monotonic - RATE_WINDOW_S
            sent[key] = () if T is None or m is None else (Sent(at=began, T_supply=T, m_flow=m),)
        if intent.state is State.REJECTED:
            continue
        # the time of its last step, which is not before it was written
        at = monotonic - (now - intent.state_at)
        sent[key] = (*sent[key], Sent(at=at, T_supply=intent.T_supply_set, m_flow=intent.m_flow_set))
    return sent


def changed_before(intents: Iterable[Intent], now: float, monotonic: float) -> dict[LoopKey, list[float]]:
    """Return when each loop's setpoint changed, scaled monotonic seconds, oldest first: registers wear on.

    By the last step of each instruction: it was not written after that, but behind a bad link seconds after
    it was decided.
    """
    changes: dict[LoopKey, list[float]] = {}
    for intent in intents:
        key = LoopKey(intent.station, intent.loop)
        changes.setdefault(key, []).append(monotonic - (now - intent.state_at))
    return {key: sorted(each) for key, each in changes.items()}
