"""Identification in a process of its own, within limits: every night, or when somebody asks for it.

Whatever becomes of it, the controller goes on with what was believed before; what it found until then stays.
"""

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

WORKER = ("-m", "controller.knowing.worker")
_ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one run may cost."""

    wall_s: float = 4 * 3600.0
    memory_bytes: int = 3 << 30


async def identify_apart(
    data: Path,
    now: float,
    limits: Limits,
    station: str | None = None,
    *,
    worker: Sequence[str] = WORKER,
) -> dict[str, int] | str:
    """Identify the loops of the store in ``data`` (of one ``station``) as at UTC second ``now``.

    Returns how many were accepted, kept and refused, or how the process ended that did not say so. It is
    killed when this is cancelled, and dies with this process.
    """
    chosen = () if station is None else (station,)
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *worker,
            str(os.getpid()),
            str(limits.memory_bytes),
            str(data),
            repr(now),
            *chosen,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, **_ONE_THREAD},
            start_new_session=True,  # Ctrl-C reaches the controller, which stops it in order
        )
    except OSError as error:
        return str(error)
    try:
        async with asyncio.timeout(limits.wall_s):
            out, _ = await process.communicate()
    except TimeoutError:
        return f"not done after {limits.wall_s:g} s"
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        return f"exit {process.returncode}"
    try:
        counts: dict[str, int] = json.loads(out)
    except ValueError:
        return f"said {out[:80]!r}"
    return counts
