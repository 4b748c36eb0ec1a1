"""What the guard made of caps on primary flow as instructions of the command log. Pure.

They stand there as of loop 0, the station as a whole: no temperature, and as flow that of the primary side.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from controller.decisions import LoopKey, LoopTraits
from controller.guard_caps import CapHeld
from controller.historian.records import Intent, State
from controller.strategies.optimizer import AUTHOR
from controller.words.phrase import Phrase, noted, said
from stations.model.identity import PRIMARY
from stations.model.setpoint import StationChannel

T_PER_H = 3.6
"""t/h in a kg/s."""
CAP_LIFE_S = 120.0
"""Scaled seconds after which a cap that was not sent is void: two cycles. Its lifting is not."""
LIFT_LIFE_S = 86_400.0


class CapChange(NamedTuple):
    """A station whose cap changes."""

    station: str
    cap: CapHeld | None
    before: CapHeld | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """What names an instruction."""

    id: int
    at: float
    """UTC second."""
    token: int
    sequence: int


def cap_changes(caps: Mapping[str, CapHeld | None], held: Mapping[str, CapHeld]) -> Iterator[CapChange]:
    """Yield where what shall be is not the very cap that is held."""
    for station, cap in caps.items():
        before = held.get(station)
        if cap is not before:
            yield CapChange(station, cap, before)


def cap_intent(
    change: CapChange, numbered: Numbered, traits: Iterable[LoopTraits], *, shortage: bool
) -> Intent:
    """Return a change of a cap as an instruction; ``traits`` are of the station's loops."""
    cap, before, at = change.cap, change.before, numbered.at
    most = min((one.m_flow_cap_open for one in traits), default=0.0)
    return Intent(
        id=numbered.id,
        at=at,
        station=change.station,
        loop=PRIMARY,
        token=numbered.token,
        sequence=numbered.sequence,
        T_supply_set=None,
        m_flow_set=None if cap is None else cap.m_flow_max,
        heat_channel=StationChannel.M_FLOW_PRIMARY_MAX,
        heat_value=most if cap is None else min(cap.m_flow_max, most),
        circulation_channel=None,
        circulation_value=None,
        author=AUTHOR,
        reason=(),
        why=tuple(noted(phrase) for phrase in _why(cap, shortage=shortage)),
        previous_T_supply_set=None,
        previous_m_flow_set=None if before is None else before.m_flow_max,
        valid_until=at + (LIFT_LIFE_S if cap is None else CAP_LIFE_S),
        state=State.REQUESTED,
        state_at=at,
    )


def cap_key(station: str) -> LoopKey:
    """Return under what a station's caps are counted."""
    return LoopKey(station, PRIMARY)


def _why(cap: CapHeld | None, *, shortage: bool) -> Iterator[Phrase]:
    if cap is None:
        yield said("cap.lifted") if shortage else said("cap.over")
        return
    share, drawn = T_PER_H * cap.wish, T_PER_H * cap.uncapped
    yield said("cap.share", share=share, drawn=drawn)
    if cap.m_flow_max > cap.wish:
        yield said("cap.guarded", allowed=T_PER_H * cap.m_flow_max)
