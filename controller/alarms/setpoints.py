"""Rules of writing: what the centre asks and the station does not do."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from controller.alarms.model import Finding, Param, because
from controller.alarms.scene import LoopCase
from controller.circulation import told_of
from controller.decisions import Action, LoopKey
from controller.historian.records import State
from controller.words.phrase import word

_LIMITED_POINTS = (
    *("T_supply_secondary_set", "m_flow_secondary_set", "dp_secondary_set"),
    "y_pump_secondary_set",
    *("T_supply_source_set", "dp_source_set"),
)
FLOW_SHARE_PER_K = 0.05
"""A flow (head, speed) that acts at 5 % less than asked counts like a supply 1 K below what was asked."""


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
    """What the loops' instructions are judged on over time. Owner: the watch."""

    unwanted_at: dict[LoopKey, float] = field(default_factory=dict)
    """UTC second at which a loop was last not to be driven: earlier refusals are history."""
    unconfirmed: dict[LoopKey, Unconfirmed] = field(default_factory=dict)

    def forget(self, station: str) -> None:
        """A silent station confirms nothing: the time begins anew when it answers."""
        for key in [key for key in self.unconfirmed if key.station == station]:
            del self.unconfirmed[key]


def setpoint_findings(loop: LoopCase, memory: SetpointMemory) -> Iterator[Finding]:
    """Judge one loop's instructions: refused, not read back, held back by the station, not given at all."""
    if not loop.wanted:
        memory.unwanted_at[loop.key] = loop.station.scene.now
        memory.unconfirmed.pop(loop.key, None)
        return
    yield from _rejected(loop, memory)
    yield from _unconfirmed(loop, memory)
    yield from _limited(loop)
    decision = loop.status.decision
    if loop.status.held or decision is None:
        return
    if not loop.traits.is_source:
        yield Finding(key=loop.alarm("not_driven"), params=because(*decision.why))
    elif decision.author:  # without an order nobody means to drive a source
        yield Finding(key=loop.alarm("order_not_written"), params=because(*decision.why))


def _rejected(loop: LoopCase, memory: SetpointMemory) -> Iterator[Finding]:
    """Judge by what came last: a refusal, a confirmation, or the wish to drive the loop at all."""
    if loop.status.rejected is None:
        return
    at, why = loop.status.rejected
    if at > max(loop.status.confirmed_at or -math.inf, memory.unwanted_at.get(loop.key, -math.inf)):
        yield Finding(key=loop.alarm("setpoint_rejected"), since=at, params=because(why))


def _unconfirmed(loop: LoopCase, memory: SetpointMemory) -> Iterator[Finding]:
    """Judge how long instructions have gone out and none was read back."""
    state, decision, image = loop.status.write_state, loop.status.decision, loop.station.image
    trying = decision is not None and decision.action in (Action.SET, Action.RENEW)
    began = memory.unconfirmed.get(loop.key)
    confirmed = began is not None and (loop.status.confirmed_at or -math.inf) >= began.since
    if confirmed or not trying or state in (None, State.CONFIRMED, State.CONFIRMED_LIMITED):
        memory.unconfirmed.pop(loop.key, None)
        return
    if began is None:
        began = memory.unconfirmed[loop.key] = Unconfirmed(loop.station.scene.now, image.polls_ok)
    yield Finding(
        key=loop.alarm("setpoint_unconfirmed"),
        since=began.since,
        params=because(word("write_state", str(state))),
        unknown=image.polls_ok - began.polls_ok < POLLS_ANSWERED,
    )


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
            design = told_of(loop.traits.m_flow_design, loop.traits)
            short /= FLOW_SHARE_PER_K * max(design, 1e-6)
        if loop.station.scene.beyond(key, short):
            params: dict[str, Param] = {
                "wanted": wanted,
                "value": effective,
                "channel": name.removesuffix("_set"),
                "channel_zh": word("point", name).zh,
            }
            yield Finding(key=key, params=params)
            return
