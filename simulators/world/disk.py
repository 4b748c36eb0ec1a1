"""The centre's disk in a world: what was committed survives the process, what was not is lost with it.

Command log, journal and coordinator of the product run threads on SQLite files and have kill tests of their
own; threads and files have no place in virtual time. These doubles stand behind the same calls, in memory.
A commit takes a while, and only at its end is anything kept.
"""

import asyncio
import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from controller.coordinator import Lease, LeaseLost
from controller.historian.command_log import RESTARTED
from controller.historian.records import (
    LEGAL,
    CommandLogError,
    CommandLogStats,
    IllegalTransition,
    Intent,
    RegisterWrite,
    State,
    Transition,
)
from controller.historian.slot import JournalStats, Sample, Series, Slot
from controller.warm_start import T_OUTDOOR, T_OUTDOOR_TOLD
from simulators.world.clock import WorldClock
from simulators.world.host import Host
from stations.model.identity import Point

COMMIT_S = (0.001, 0.03)
"""Range of virtual seconds that a commit takes on a healthy disk."""
_Work = Callable[[], None]
OUTDOOR_EVERY_S = 600.0
"""Of the slots only this is kept: an outdoor temperature of each station now and then, for the next start."""


@dataclass(slots=True, kw_only=True)
class Disk:
    """Everything durable of the centre."""

    rng: random.Random
    slow_s: float = 0.0
    """Added to each commit while a fault makes the disk slow."""
    full: bool = False
    """While True nothing can be committed."""
    intents: dict[int, Intent] = field(default_factory=dict)
    open_ids: dict[int, None] = field(default_factory=dict)
    """Intents that are not final, in order."""
    writes: int = 0
    """Register writes counted for wear."""
    outdoor: dict[str, list[Sample]] = field(default_factory=dict)
    told: dict[str, Sample] = field(default_factory=dict)
    """The newest outdoor temperature that each station showed as told by the centre."""
    token: int = 0

    def commit_s(self) -> float:
        """Draw how long one commit takes."""
        return self.rng.uniform(*COMMIT_S) + self.slow_s

    def take_step(self, step: Transition) -> None:
        """Move one intent on; raises IllegalTransition."""
        intent = self.intents.get(step.intent_id)
        if intent is None or step.state not in LEGAL[intent.state]:
            raise IllegalTransition(step.intent_id, None if intent is None else intent.state, step.state)
        self.intents[intent.id] = replace(intent, state=step.state, state_at=step.at, detail=step.detail)
        if step.state.final:
            self.open_ids.pop(intent.id, None)


class MemoryCommandLog:
    """Stands where ``controller.historian.command_log.CommandLog`` is expected, for one process."""

    def __init__(self, disk: Disk, host: Host, now: float) -> None:
        """Open the log: what an earlier process left open expires, as in the real one."""
        self._disk, self._host = disk, host
        self._next_id = max(disk.intents, default=0) + 1
        self._free_at = 0.0
        self.expired_at_start = tuple(disk.intents[number] for number in disk.open_ids)
        for intent in self.expired_at_start:
            step = Transition(intent_id=intent.id, at=now, state=State.EXPIRED, detail=RESTARTED)
            disk.take_step(step)
        self.stats = CommandLogStats()

    def next_ids(self, count: int) -> range:
        """Return fresh ids."""
        first, self._next_id = self._next_id, self._next_id + count
        return range(first, self._next_id)

    async def commit(self, intents: Sequence[Intent]) -> None:
        """Keep new intents; raises CommandLogError."""
        await self._call(lambda: self._insert(intents))

    async def record(self, transitions: Sequence[Transition], writes: Sequence[RegisterWrite] = ()) -> None:
        """Keep steps of intents; raises IllegalTransition, CommandLogError."""
        await self._call(lambda: self._take(transitions, writes))

    async def committed(self, ids: Collection[int]) -> bool:
        """Tell whether all of these are kept; what is under way comes first."""
        await self._call(lambda: None)
        return all(number in self._disk.intents for number in ids)

    def since(self, at: float) -> tuple[Intent, ...]:
        """Return the intents of UTC second ``at`` and later, oldest first."""
        return tuple(intent for intent in self._disk.intents.values() if intent.at >= at)

    async def _call(self, work: _Work) -> None:
        """Do ``work`` at the end of a commit; who is cancelled meanwhile does not stop it, who dies does."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._free_at = max(self._free_at, loop.time()) + self._disk.commit_s()  # one thread, in order
        loop.call_at(self._free_at, self._finish, work, done)
        await done

    def _finish(self, work: _Work, done: "asyncio.Future[None]") -> None:
        if not self._host.alive:
            return
        try:
            if self._disk.full:
                raise CommandLogError("database or disk is full")
            work()
        except (CommandLogError, IllegalTransition) as error:
            if not done.done():
                done.set_exception(error)
        else:
            if not done.done():
                done.set_result(None)

    def _insert(self, intents: Sequence[Intent]) -> None:
        for intent in intents:
            self._disk.intents[intent.id] = intent
            self._disk.open_ids[intent.id] = None

    def _take(self, steps: Sequence[Transition], writes: Sequence[RegisterWrite]) -> None:
        for step in steps:
            self._disk.take_step(step)
        self._disk.writes += len(writes)


class MemoryJournal:
    """Stands where ``controller.historian.journal.Journal`` is expected, for one process."""

    def __init__(self, disk: Disk, host: Host) -> None:
        self._disk, self._host = disk, host
        self.stats = JournalStats()

    def append(self, slot: Slot) -> None:
        """Take a slot; it is kept at the end of its commit."""
        asyncio.get_running_loop().call_later(self._disk.commit_s(), self._keep, slot)

    def history(self, station: str, point: Point, start: float, end: float) -> Series:
        """Return what is kept of one point."""
        kept: Sequence[Sample] = self._disk.outdoor.get(station, ()) if point == T_OUTDOOR else ()
        if point == T_OUTDOOR_TOLD and station in self._disk.told:
            kept = (self._disk.told[station],)
        samples = tuple(sample for sample in kept if start <= sample.measured_at < end)
        return Series(
            station=station,
            point=point,
            start=start,
            end=end,
            samples=samples,
            bucket_s=None,
            stored=len(samples),
            damaged=(),
        )

    def _keep(self, slot: Slot) -> None:
        if not self._host.alive or self._disk.full:
            return
        readings = 0
        for answer in slot.answers:
            readings += len(answer.readings)
            told = answer.readings.get(T_OUTDOOR_TOLD)
            if told is not None and told.value is not None:
                self._disk.told[answer.station] = Sample(slot.start, told.value, told.quality, told.reason)
            outdoor = answer.readings.get(T_OUTDOOR)
            kept = self._disk.outdoor.setdefault(answer.station, [])
            if outdoor is None or (kept and slot.start - kept[-1].measured_at < OUTDOOR_EVERY_S):
                continue
            kept.append(Sample(slot.start, outdoor.value, outdoor.quality, outdoor.reason))
        self.stats = replace(
            self.stats,
            slots=self.stats.slots + 1,
            readings_stored=self.stats.readings_stored + readings,
        )


class MemoryCoordinator:
    """Implements ``controller.coordinator.Coordinator``: each start gets a greater token."""

    def __init__(self, disk: Disk, clock: WorldClock) -> None:
        self._disk, self._clock = disk, clock

    async def acquire(self, name: str, ttl_s: float) -> Lease:
        """Take the lease; who held it before is overtaken."""
        await asyncio.sleep(self._disk.commit_s())
        self._disk.token = max(self._disk.token + 1, int(self._clock.now()))
        return Lease(name=name, token=self._disk.token, ttl_s=ttl_s, expires_at=self._clock.now() + ttl_s)

    async def renew(self, lease: Lease) -> Lease:
        """Extend the lease; raises LeaseLost where a greater token has been handed out."""
        await asyncio.sleep(self._disk.commit_s())
        if lease.token != self._disk.token:
            raise LeaseLost(f"{lease.name!r} with token {lease.token} was taken over by another controller")
        return replace(lease, expires_at=self._clock.now() + lease.ttl_s)

    async def release(self, lease: Lease) -> None:
        """Give the lease back."""


def kept_state(intents: Mapping[int, Intent]) -> dict[str, int]:
    """Return how many intents ended in each state."""
    counts: dict[str, int] = {}
    for intent in intents.values():
        counts[intent.state.value] = counts.get(intent.state.value, 0) + 1
    return counts
