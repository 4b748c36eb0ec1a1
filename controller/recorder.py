"""Carries write transitions to the command log without ever making the field loop wait."""

import asyncio
from collections.abc import Sequence

import structlog

from controller.historian.command_log import CommandLog
from controller.historian.records import CommandLogError, Intent, RegisterWrite, State, Transition
from controller.state import ControllerState
from controller.words.phrase import Phrase, said, stored
from stations.model.clock import Clock

log = structlog.get_logger("recorder")

QUEUE_LIMIT = 10_000
"""Transitions kept while storage fails; past it the oldest intents are left open and the alarm says so."""
RETRY_S = 1.0
"""Wall seconds until storage that failed is tried again."""
STORAGE_ALARM = said("service.transitions")


class TransitionRecorder:
    """Owner of the queue between dispatchers and command log."""

    def __init__(self, command_log: CommandLog, clock: Clock, state: ControllerState) -> None:
        self._command_log = command_log
        self._clock = clock
        self._state = state
        self._queue: list[Transition] = []
        self._writes: list[RegisterWrite] = []
        self._doubtful: list[Intent] = []
        self._left_open: set[int] = set()
        """Intents of which a step was given up; one more step of them would be refused."""
        self._filled = asyncio.Event()

    def note(self, intent: Intent, state: State, why: Phrase | None = None) -> None:
        """Queue one transition; never blocks. What went to the wire is counted for register wear."""
        if state is State.SENT:
            for channel in (intent.heat_channel, intent.circulation_channel):
                if channel is not None:
                    self._writes.append(
                        RegisterWrite(
                            station=intent.station,
                            loop=intent.loop,
                            point=channel.value,
                            at=self._clock.now(),
                        )
                    )
        if intent.id not in self._left_open:
            detail = "" if why is None else stored(why)
            step = Transition(intent_id=intent.id, state=state, at=self._clock.now(), detail=detail)
            self._queue.append(step)
            if len(self._queue) > QUEUE_LIMIT:
                self._leave_open(self._queue[0].intent_id)
        elif state.final:
            self._left_open.discard(intent.id)
        self._filled.set()

    def doubt(self, intents: Sequence[Intent]) -> None:
        """Take intents whose commit came too late or failed: those that are in the log after all expire."""
        self._doubtful += intents
        self._filled.set()

    async def run(self) -> None:
        """Write batches for ever; cancel to stop, then ``drain``."""
        while True:
            await self._filled.wait()
            if not await self.drain():
                await asyncio.sleep(RETRY_S)

    async def drain(self) -> bool:
        """Write what is queued now; what can not be stored waits for the next call, and False says so.

        A step must not be left out: those that follow it would be refused, for ever.
        """
        self._filled.clear()
        batch: list[Transition] = []
        writes: list[RegisterWrite] = []
        try:
            while self._doubtful:
                intent = self._doubtful[0]
                if await self._command_log.committed([intent.id]):
                    self.note(intent, State.EXPIRED, said("write.commit_late"))
                del self._doubtful[0]
            batch, self._queue = self._queue, []
            writes, self._writes = self._writes, []
            if not batch:
                return True
            await self._command_log.record(batch, writes)
        except CommandLogError as error:
            if STORAGE_ALARM not in self._state.alarms:
                log.error("transitions_not_stored", count=len(batch), why=error.why)
            self._queue[:0], self._writes[:0] = batch, writes
            self._filled.set()
            self._alarm()
            return False
        if STORAGE_ALARM in self._state.alarms:
            log.info("transitions_stored_again", count=len(batch))
            self._state.alarms.remove(STORAGE_ALARM)
        return True

    def _leave_open(self, intent: int) -> None:
        self._left_open.add(intent)
        self._queue = [step for step in self._queue if step.intent_id != intent]
        self._alarm()

    def _alarm(self) -> None:
        if STORAGE_ALARM not in self._state.alarms:
            self._state.alarms.append(STORAGE_ALARM)
