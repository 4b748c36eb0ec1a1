"""Rules of writing: what the centre asks and the station does not do."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.alarms.model import Finding, Param
from controller.alarms.scene import LoopCase
from controller.decisions import Action, LoopKey
from controller.historian.records import State

_LIMITED_POINTS = ("T_supply_secondary_set", "m_flow_secondary_set")
FLOW_SHARE_PER_K = 0.05
"""A flow that acts at 5 % less than asked counts like a supply temperature 1 K below what was asked."""


@dataclass(slots=True)
class SetpointMemory:
    """What became of each loop's last instruction that had an end. Owner: the watch."""

    last_final: dict[LoopKey, State] = field(default_factory=dict)
    unconfirmed_since: dict[LoopKey, float] = field(default_factory=dict)
    """UTC second of the first instruction since the last confirmed one."""

    def forget(self, station: str) -> None:
        """A silent station confirms nothing: the time begins anew when it answers."""
        for key in [key for key in self.unconfirmed_since if key.station == station]:
            del self.unconfirmed_since[key]


def setpoint_findings(loop: LoopCase, memory: SetpointMemory) -> Iterator[Finding]:
    """Judge one loop's instructions: refused, not read back, held back by the station, not given at all."""
    state = loop.status.write_state
    if state in (State.CONFIRMED, State.CONFIRMED_LIMITED, State.REJECTED):
        memory.last_final[loop.key] = state
    if not loop.wanted or state is None:
        memory.last_final.pop(loop.key, None)
    decision = loop.status.decision
    trying = decision is not None and decision.action in (Action.SET, Action.RENEW)
    if not loop.wanted or not trying or state in (None, State.CONFIRMED, State.CONFIRMED_LIMITED):
        memory.unconfirmed_since.pop(loop.key, None)
    else:
        memory.unconfirmed_since.setdefault(loop.key, loop.station.scene.now)
    detail = loop.status.write_detail
    if memory.last_final.get(loop.key) is State.REJECTED:
        yield Finding(key=loop.alarm("setpoint_rejected"), params={"why": detail})
    since = memory.unconfirmed_since.get(loop.key)
    if since is not None:
        params = {"why": detail or str(state)}
        yield Finding(key=loop.alarm("setpoint_unconfirmed"), since=since, params=params)
    yield from _limited(loop)
    if loop.wanted and not loop.status.held and decision is not None:
        yield Finding(key=loop.alarm("not_driven"), params={"why": decision.reason})


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
