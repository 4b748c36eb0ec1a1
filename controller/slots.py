"""Gathers answered polls into 10 s slots for the journal; the control path never waits for it."""

from collections.abc import Mapping

from controller.historian.journal import Journal
from controller.historian.slot import Answer, Slot
from controller.state import Counters
from stations.model.clock import Clock
from stations.model.identity import Point
from stations.model.reading import Reading

SLOT_S = 10.0


class SlotCollector:
    """Owner of the open slot. Late readings fall into the slot of their arrival with their own time."""

    def __init__(self, journal: Journal, clock: Clock, counters: Counters) -> None:
        self._counters = counters
        self._journal = journal
        self._clock = clock
        self._answers: list[Answer] = []
        self._start = self._slot_of(clock.now())

    @staticmethod
    def _slot_of(moment: float) -> float:
        return moment // SLOT_S * SLOT_S

    def add(self, station: str, received_at: float, readings: Mapping[Point, Reading]) -> None:
        """Note the readings of one poll; closes the slot when its time is over."""
        if self._slot_of(received_at) != self._start:
            self.flush()
        self._answers.append(Answer(station, readings))

    def flush(self) -> None:
        """Hand the open slot to the journal (never blocks) and open the current one."""
        if self._answers:
            self._journal.append(Slot(start=self._start, answers=tuple(self._answers)))
        self._answers = []
        self._counters.readings_stored = self._journal.stats.readings_stored
        self._start = self._slot_of(self._clock.now())

    async def run(self) -> None:
        """Close slots on time even when no station answers; cancel to stop."""
        while True:
            # a clock that was set back must not keep a slot open until it has caught up
            await self._clock.sleep(min(SLOT_S, self._start + SLOT_S - self._clock.now()))
            if self._slot_of(self._clock.now()) != self._start:
                self.flush()
