"""Rules of writing: what the centre asks and the station does not do."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from controller.alarms.model import Finding, Param
from controller.alarms.scene import LoopCase
from controller.decisions import Action, LoopKey
from controller.historian.records import State

_TAKEN = (State.CONFIRMED, State.CONFIRMED_LIMITED)
_LIMITED_POINTS = ("T_supply_secondary_set", "m_flow_secondary_set")
FLOW_SHARE_PER_K = 0.05
"""A flow that acts at 5 % less than asked counts like a supply temperature 1 K below what was asked."""


POLLS_ANSWERED = 4
"""A station must have answered so many polls without showing our values: a silent one is another alarm."""


class Unconfirmed(NamedTuple):
    """Since when a loop's instructions stay without read-back."""

    since: float
    """UTC second."""
    polls_ok: int
    """Polls that its station had answered then."""


@dataclass(slots=True)
class SetpointMemory:
    """What became of each loop's last instruction that had an end. Owner: the watch."""

    rejected: dict[LoopKey, str] = field(default_factory=dict)
    """Why, for loops whose last instruction with an end was refused."""
    unconfirmed: dict[LoopKey, Unconfirmed] = field(default_factory=dict)

    def forget(self, station: str) -> None:
        """A silent station confirms nothing: the time begins anew when it answers."""
        for key in [key for key in self.unconfirmed if key.station == station]:
            del self.unconfirmed[key]


def setpoint_findings(loop: LoopCase, memory: SetpointMemory) -> Iterator[Finding]:
    """Judge one loop's instructions: refused, not read back, held back by the station, not given at all."""
    _remember(loop, memory)
    if loop.key in memory.rejected:
        yield Finding(key=loop.alarm("setpoint_rejected"), params={"why": memory.rejected[loop.key]})
    waiting = memory.unconfirmed.get(loop.key)
    if waiting is not None:
        key, answered = loop.alarm("setpoint_unconfirmed"), loop.station.image.polls_ok - waiting.polls_ok
        why = loop.status.write_detail or str(loop.status.write_state)
        yield Finding(key=key, since=waiting.since, params={"why": why}, unknown=answered < POLLS_ANSWERED)
    yield from _limited(loop)
    decision = loop.status.decision
    if loop.wanted and not loop.status.held and decision is not None:
        yield Finding(key=loop.alarm("not_driven"), params={"why": decision.reason})


def _remember(loop: LoopCase, memory: SetpointMemory) -> None:
    """Take down what has become of the loop's instruction since the last look."""
    key, state, decision = loop.key, loop.status.write_state, loop.status.decision
    if state is State.REJECTED:
        memory.rejected[key] = loop.status.write_detail
    if state in _TAKEN or state is None or not loop.wanted:
        memory.rejected.pop(key, None)
    trying = decision is not None and decision.action in (Action.SET, Action.RENEW)
    if state in _TAKEN or state is None or not loop.wanted or not trying:
        memory.unconfirmed.pop(key, None)
    elif key not in memory.unconfirmed:
        memory.unconfirmed[key] = Unconfirmed(loop.station.scene.now, loop.station.image.polls_ok)


def _limited(loop: LoopCase) -> Iterator[Finding]:
    """Compare what the register holds with what acts, while the station follows us."""
    key = loop.alarm("setpoint_limited")
    if not loop.status.held:
        return
    for name in _LIMITED_POINTS:
        wanted, effective = loop.good(f"{name}_readback"), loop.good(f"{name}_effective")
        if wanted is None or effective is None:
            continue
        short = abs(wanted - effective)
        if not name.startswith("T_"):
            short /= FLOW_SHARE_PER_K * max(loop.traits.m_flow_design, 1e-6)
        if loop.station.scene.beyond(key, short):
            params: dict[str, Param] = {
                "wanted": wanted,
                "value": effective,
                "channel": name.removesuffix("_set"),
            }
            yield Finding(key=key, params=params)
            return
