"""What the control cycle remembers from one cycle to the next: outdoor temperature, and what was sent when.

Owner: the control cycle, on the event loop. Bounded: one hour of sent values, one day of change times.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from controller.decisions import LoopKey, Sent
    from controller.guard_caps import CapHeld
    from controller.knowing.known import Known
    from controller.strategies.loop_record import LoopRecord
    from stations.model.reading import Reading

RATE_WINDOW_S = 3600.0
DAY_S = 86_400.0
OUTDOOR_PAST_MIN = (30, 60)


@dataclass(slots=True)
class LinkTally:
    """Answered and asked polls of one station in hourly buckets of the last day."""

    buckets: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=25))
    """(scaled monotonic second, polls, answered polls), totals since start."""

    def note(self, now: float, polls: int, polls_ok: int) -> None:
        """Note the totals, at most once an hour."""
        if not self.buckets or now - self.buckets[-1][0] >= DAY_S / 24:
            self.buckets.append((now, polls, polls_ok))

    def availability(self, polls: int, polls_ok: int, now: float) -> float | None:
        """Share of answered polls over the last day; None before a day of experience."""
        while len(self.buckets) > 1 and now - self.buckets[1][0] >= DAY_S:
            self.buckets.popleft()
        if not self.buckets or now - self.buckets[0][0] < DAY_S:
            return None
        asked = polls - self.buckets[0][1]
        return (polls_ok - self.buckets[0][2]) / asked if asked else None


class ControlMemory:
    """History that rules of the guard are judged on."""

    def __init__(
        self,
        loops: Iterable[LoopKey],
        changes: Mapping[LoopKey, Iterable[float]],
        sent_before: Mapping[LoopKey, tuple[Sent, ...]] | None = None,
    ) -> None:
        """Start empty, but for what an earlier run did.

        ``changes``: scaled monotonic seconds of its writes (register wear). ``sent_before``: what it sent in
        its last hour, oldest first (rates).
        """
        self.sent: dict[LoopKey, tuple[Sent, ...]] = {key: () for key in loops}
        self.sent_before: Mapping[LoopKey, tuple[Sent, ...]] = sent_before or {}
        self._changes = {key: deque(changes.get(key, ())) for key in self.sent}
        self._outdoor: deque[tuple[float, float]] = deque()
        self.links: dict[str, LinkTally] = {key.station: LinkTally() for key in self.sent}
        self.T_outdoor_centre: Reading | None = None
        self.T_outdoor_filtered: Mapping[str, float | None] = {}
        """By emitter type."""
        self.outdoor_at: float | None = None
        """Scaled monotonic second of the last outdoor step."""
        self.caps: dict[str, CapHeld] = {}
        """Caps on primary flow by station, as they were told."""
        self.shortage_at: float | None = None
        """Scaled monotonic second of the last cycle with a declared shortage."""
        self.records: Mapping[LoopKey, LoopRecord] = {}
        """What strategies with a memory know of their loops; after a start they learn anew."""
        self.known: Known | None = None
        """What is believed of the loops after the last cycle; None: nobody asks."""
        self._revisions: list[Callable[[Known], Known]] = []

    def revise(self, revision: Callable[[Known], Known]) -> None:
        """Change what is believed before the next cycle; one that is thinking would overwrite it."""
        self._revisions.append(revision)

    def revised(self) -> Known | None:
        """Return what is believed, all revisions made."""
        revisions, self._revisions = self._revisions, []
        if self.known is not None:
            for revision in revisions:
                self.known = revision(self.known)
        return self.known

    def note_sent(self, key: LoopKey, sent: Sent, *, takes_over: bool) -> None:
        """Remember a dispatched pair; a take-over begins the history of its loop anew."""
        earlier = () if takes_over else self.sent[key]
        old = [s for s in earlier if sent.at - s.at > RATE_WINDOW_S]
        recent = [s for s in earlier if sent.at - s.at <= RATE_WINDOW_S]
        self.sent[key] = (*old[-1:], *recent, sent)
        self._changes[key].append(sent.at)

    def note_written(self, key: LoopKey, at: float) -> None:
        """Correct the time of the last sent pair: a write that took long counts from its answer."""
        if self.sent[key] and self.sent[key][-1].at < at:
            self.sent[key] = (*self.sent[key][:-1], replace(self.sent[key][-1], at=at))

    def forget(self, key: LoopKey) -> None:
        """The loop is on its own curve: its next setpoint is a take-over."""
        self.sent[key] = ()

    def changes_24h(self, now: float) -> dict[LoopKey, int]:
        """Return how often each loop's setpoint changed in the last day."""
        for times in self._changes.values():
            while times and now - times[0] > DAY_S:
                times.popleft()
        return {key: len(times) for key, times in self._changes.items()}

    def last_change(self, key: LoopKey) -> float:
        """Return when the loop's setpoint last changed, also before a restart; minus infinity if never."""
        return self._changes[key][-1] if self._changes[key] else float("-inf")

    def note_outdoor(self, now: float, T_outdoor_centre: float) -> None:
        """Remember the outdoor temperature of this cycle for an hour and a bit."""
        self._outdoor.append((now, T_outdoor_centre))
        while now - self._outdoor[0][0] > RATE_WINDOW_S + 300.0:
            self._outdoor.popleft()

    def outdoor_past(self, now: float) -> dict[int, float]:
        """Return T_outdoor_centre by minutes ago; absent where the memory does not reach so far."""
        past = {}
        for minutes in OUTDOOR_PAST_MIN:
            then = [T for at, T in self._outdoor if now - at >= minutes * 60.0]
            if then:
                past[minutes] = then[-1]
        return past
