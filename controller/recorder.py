"""Carries write transitions to the command log without ever making the field loop wait."""

import asyncio

import structlog

from controller.historian.command_log import CommandLog
from controller.historian.records import CommandLogError, Intent, RegisterWrite, State, Transition
from controller.state import ControllerState
from controller.words.phrase import Phrase, said, stored
from stations.model.clock import Clock

log = structlog.get_logger("recorder")

QUEUE_LIMIT = 10_000
"""Transitions kept while storage is slow; past it the oldest are dropped and the alarm says so."""
STORAGE_ALARM = said("service.transitions")


class TransitionRecorder:
    """Owner of the queue between dispatchers and command log."""

    def __init__(self, command_log: CommandLog, clock: Clock, state: ControllerState) -> None:
        self._command_log = command_log
        self._clock = clock
        self._state = state
        self._queue: list[Transition] = []
        self._writes: list[RegisterWrite] = []
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
        detail = "" if why is None else stored(why)
        self._queue.append(Transition(intent_id=intent.id, state=state, at=self._clock.now(), detail=detail))
        if len(self._queue) > QUEUE_LIMIT:
            del self._queue[0]
            self._alarm()
        self._filled.set()

    async def run(self) -> None:
        """Write batches for ever; cancel to stop, then ``drain``."""
        while True:
            await self._filled.wait()
            await self.drain()

    async def drain(self) -> None:
        """Write what is queued now."""
        self._filled.clear()
        batch, self._queue = self._queue, []
        writes, self._writes = self._writes, []
        if not batch:
            return
        try:
            await self._command_log.record(batch, writes)
        except CommandLogError as error:
            log.error("transitions_not_stored", count=len(batch), why=error.why)
            self._alarm()
        else:
            if STORAGE_ALARM in self._state.alarms:
                self._state.alarms.remove(STORAGE_ALARM)

    def _alarm(self) -> None:
        if STORAGE_ALARM not in self._state.alarms:
            self._state.alarms.append(STORAGE_ALARM)
