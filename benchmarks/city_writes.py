"""How long a setpoint takes to the acknowledge of its station while all stations are polled."""

import asyncio
import itertools
import random
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from benchmarks.city_fleet import TOKEN
from benchmarks.fleet import Fleet
from benchmarks.report import Result
from controller.decisions import LoopKey, LoopTraits
from controller.historian.records import Intent, State
from stations.model.identity import PRIMARY, Point
from stations.model.setpoint import HeatChannel

LAST_ANSWERS_S = 15.0
FLOW_FRACTION = 0.8
OFFSET_K = 0.5
T_OUTDOOR_degC = -5.0
"""Where a station shows none."""


class NotAcknowledged(Exception):
    """Too many writes were lost to speak of their latency; the text says how many and why."""


@dataclass(slots=True)
class Writes:
    """Posts setpoints one by one at a steady pace and notes when each was acknowledged."""

    posted: dict[int, float] = field(default_factory=dict)
    """Wall seconds (monotonic) by intent."""
    taken_s: dict[int, float] = field(default_factory=dict)
    lost: dict[int, str] = field(default_factory=dict)
    """What became of intents that were not acknowledged."""
    profile_of: dict[int, str] = field(default_factory=dict)

    def record(self, intent: Intent, state: State, detail: str) -> None:
        """Take note of one step of a write; the dispatchers call it."""
        if state is State.ACKNOWLEDGED:
            self.taken_s[intent.id] = time.monotonic() - self.posted[intent.id]
        elif state in (State.REJECTED, State.EXPIRED) and intent.id not in self.taken_s:
            self.lost[intent.id] = f"{intent.station} {state}: {detail}"

    async def send(self, fleet: Fleet, count: int, per_s: float) -> None:
        """Post ``count`` setpoints to driven loops in random order, and wait for the last answers."""
        profiles = {member.station: member.profile.name for member in fleet.members}
        began = time.monotonic()
        for number, (key, traits) in enumerate(itertools.islice(_driven(fleet), count)):
            await asyncio.sleep(max(0.0, began + number / per_s - time.monotonic()))
            intent = _intent(fleet, number + 1, key, traits)
            fleet.state.loops[key].intent_id = intent.id
            self.profile_of[intent.id] = profiles[key.station]
            self.posted[intent.id] = time.monotonic()
            fleet.outbox.post(intent, fleet.clock.monotonic() + 120.0)
        end = time.monotonic() + LAST_ANSWERS_S
        while len(self.taken_s) + len(self.lost) < len(self.posted) and time.monotonic() < end:  # noqa: ASYNC110
            await asyncio.sleep(0.1)  # dispatchers tell of each write, nobody tells of the last one

    def result(self, name: str, setting: str) -> Result:
        """Return the 99 % quantile; a write without an acknowledge counts as endless.

        Raises NotAcknowledged where there are so many of those that the quantile is endless.
        """
        lost = len(self.posted) - len(self.taken_s)
        all_ms = sorted(taken * 1000.0 for taken in self.taken_s.values()) + [float("inf")] * lost
        p99_ms = all_ms[int(0.99 * (len(all_ms) - 1))]
        if not np.isfinite(p99_ms):
            first = next(iter(self.lost.values()), "no answer")
            raise NotAcknowledged(f"{lost} of {len(all_ms)} writes were not acknowledged, the first: {first}")
        note = (
            f"{setting}; {len(all_ms)} setpoints posted one by one over a minute, {lost} not acknowledged; "
            f"from the outbox to the acknowledge, waiting for a poll under way included; median "
            f"{np.median(all_ms):.0f} ms; p99 by device: {self._by_profile()}"
        )
        finite = [value for value in all_ms if np.isfinite(value)]
        spread = (finite[0], finite[-1])
        return Result(name=name, value=p99_ms, unit="ms", runs=len(all_ms), spread=spread, note=note)

    def _by_profile(self) -> str:
        groups: defaultdict[str, list[float]] = defaultdict(list)
        for intent, taken in self.taken_s.items():
            groups[self.profile_of[intent]].append(taken * 1000.0)
        return ", ".join(f"{name} {np.quantile(ms, 0.99):.0f} ms" for name, ms in sorted(groups.items()))


def _driven(fleet: Fleet) -> Iterator[tuple[LoopKey, LoopTraits]]:
    """Return driven loops in random order, again and again."""
    loops = [
        (LoopKey(member.station, loop), traits)
        for member in fleet.members
        for loop, traits in member.traits.items()
        if traits.proven and traits.station_class.driven
    ]
    random.Random(1).shuffle(loops)
    return itertools.cycle(loops)


def _intent(fleet: Fleet, number: int, key: LoopKey, traits: LoopTraits) -> Intent:
    """Return a setpoint that the station takes: its own curve's temperature, four fifths of design flow."""
    assert traits.heat is not None  # a driven loop
    outdoor = fleet.state.image[key.station].readings.get(Point(PRIMARY, "T_outdoor"))
    T_outdoor = T_OUTDOOR_degC if outdoor is None or outdoor.value is None else outdoor.value
    T_supply = round(traits.own_curve(T_outdoor), 1)
    m_flow = FLOW_FRACTION * traits.m_flow_design
    now = fleet.clock.now()
    return Intent(
        id=number,
        at=now,
        station=key.station,
        loop=key.loop,
        token=TOKEN,
        sequence=number,
        T_supply_set=T_supply,
        m_flow_set=m_flow,
        heat_channel=traits.heat,
        heat_value=OFFSET_K if traits.heat is HeatChannel.DT_OFFSET else T_supply,
        circulation_channel=traits.circulation,
        circulation_value=None if traits.circulation is None else m_flow,
        author="benchmark",
        reason=(),
        previous_T_supply_set=None,
        previous_m_flow_set=None,
        valid_until=now + 120.0,
        state=State.REQUESTED,
        state_at=now,
    )
