"""The generated city on real sockets in a process of its own, and what any process takes of the machine."""

import asyncio
import json
import os
import random
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.report import ROOT
from simulators.city import write_city

READY_S = 240.0
FIRST_PORT, LAST_PORT = 10_000, 32_000
"""Below the range from which the system takes ports for outgoing connections."""


@dataclass(frozen=True, slots=True, kw_only=True)
class City:
    """Simulated stations that answer."""

    folder: Path
    control_port: int


@asynccontextmanager
async def simulated_city(folder: Path, stations: int, link: str) -> AsyncIterator[City]:
    """Write a city into ``folder`` and serve it for the length of a block."""
    write_city(folder, stations=stations, seed=1, base_port=free_ports(stations + 1))
    async with child("simulators", "serve", str(folder), "--link", link, "--die-with-parent") as process:
        ready = json.loads(await first_line(process, READY_S))
        yield City(folder=folder, control_port=ready["control_port"])


@asynccontextmanager
async def child(module: str, *arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run ``python -m module`` for the length of a block; asked to end, killed after ten seconds."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *arguments),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 10.0)
        except TimeoutError:
            process.kill()
            await process.wait()


async def first_line(process: asyncio.subprocess.Process, within_s: float) -> str:
    """Return what a child says when it is ready; raises RuntimeError where it ended instead."""
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), within_s)
    if not line:
        raise RuntimeError(f"a child process ended with status {await process.wait()} before it was ready")
    return line.decode()


def free_ports(count: int) -> int:
    """Return the first of ``count`` free ports in a row on the loopback."""
    for first in random.sample(range(FIRST_PORT, LAST_PORT - count), 100):
        with ExitStack() as held:
            try:
                for port in range(first, first + count):
                    held.enter_context(socket.create_server(("127.0.0.1", port)))
            except OSError:
                continue
            return first
    raise RuntimeError(f"no {count} free ports in a row between {FIRST_PORT} and {LAST_PORT}")


def cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process so far, all its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
