"""When a simulator's process ends: by a signal, with its parent, or by the first failure inside."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any

PARENT_CHECK_S = 0.5


class Told:
    """Hears SIGTERM and SIGINT from its making on, so that a long start can be broken off cleanly too."""

    def __init__(self, *, die_with_parent: bool) -> None:
        """Listen; to be made in the process's running loop. Also for the end of the parent, if wanted."""
        self._parent = os.getppid() if die_with_parent else None
        self._told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._told.set)

    async def wait(self, *watched: Coroutine[Any, Any, None]) -> None:
        """Wait until told to end; raises the error of a ``watched`` that fails before."""
        async with asyncio.TaskGroup() as group:
            watch = [group.create_task(coroutine) for coroutine in watched]
            if self._parent is not None:
                watch.append(group.create_task(self._orphaned(self._parent)))
            await self._told.wait()
            for task in watch:
                task.cancel()

    async def _orphaned(self, parent: int) -> None:
        while os.getppid() == parent:  # noqa: ASYNC110  (the kernel tells nobody)
            await asyncio.sleep(PARENT_CHECK_S)
        self._told.set()
