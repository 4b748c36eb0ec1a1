"""A machine in the world that can die: its tasks, and its ends of connections."""

import asyncio
import contextvars
from dataclasses import dataclass, field
from typing import Any

HOST: contextvars.ContextVar["Host | None"] = contextvars.ContextVar("HOST", default=None)
"""The machine on which the present task runs; None for stations and the world itself."""


@dataclass(slots=True, eq=False)
class Host:
    """One process of the centre. Once it is dead nothing that its tasks still do reaches the world."""

    name: str
    alive: bool = True
    tasks: "_Tasks" = field(default_factory=lambda: _Tasks())

    async def bury(self) -> None:
        """End the tasks of a dead process; their farewells reach nobody."""
        assert not self.alive
        own = asyncio.current_task()
        while left := [task for task in self.tasks if task is not own]:
            for task in left:
                task.cancel()
            await asyncio.sleep(0)


class _Tasks(dict["asyncio.Task[Any]", None]):
    """Tasks in the order of their birth: a set would be walked in the order of addresses."""

    def add(self, task: "asyncio.Task[Any]") -> None:
        self[task] = None

    def discard(self, task: "asyncio.Task[Any]") -> None:
        self.pop(task, None)
