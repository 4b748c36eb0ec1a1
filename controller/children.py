"""Child processes of the demo: started with a name, watched, stopped in order, never left behind."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

STOP_S = 12.0
"""A child gets this long after SIGTERM (the controller's own limit is 10 s), then SIGKILL."""


class ChildDied(Exception):
    """A child process ended although it should run; carries its name, exit code and last words."""

    def __init__(self, name: str, returncode: int | None, last_words: str) -> None:
        super().__init__(
            f"{name} ended with exit code {returncode}" + (f":\n{last_words}" if last_words else "")
        )
        self.name = name
        self.returncode = returncode


@dataclass(slots=True)
class Child:
    """One running process and the file that takes its log."""

    name: str
    process: asyncio.subprocess.Process
    log_path: Path
    stopping: bool = field(default=False)

    def last_words(self, lines: int = 12) -> str:
        """Return the end of its log, for an error message."""
        text = self.log_path.read_text(encoding="utf-8", errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    async def watch(self) -> None:
        """Return when the child was stopped on purpose; raise ChildDied when it ended by itself."""
        returncode = await self.process.wait()
        if not self.stopping:
            raise ChildDied(self.name, returncode, self.last_words())

    async def stop(self) -> int:
        """End the child: SIGTERM, a bounded wait, then SIGKILL. Returns its exit code."""
        self.stopping = True
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_S):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
        return await self.process.wait()


async def start_child(
    name: str, arguments: Sequence[str], log_path: Path, environment: Mapping[str, str] | None = None
) -> Child:
    """Start ``python -m ARGUMENTS`` with stdout readable line by line and stderr in ``log_path``."""
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log_file:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=log_file,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C reaches the parent only, which stops the children in order
        )
    return Child(name, process, log_path)


async def first_line(child: Child, limit_s: float) -> str:
    """Return the first line that a child prints on stdout; raises ChildDied or TimeoutError."""
    assert child.process.stdout is not None
    async with asyncio.timeout(limit_s):
        line = await child.process.stdout.readline()
    if not line:
        raise ChildDied(child.name, await child.process.wait(), child.last_words())
    return line.decode().strip()
