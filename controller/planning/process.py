"""The controller's end of the solver's process: asks it, kills it when it hangs, and starts the next one."""

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

import structlog

from controller.planning.port import PlannerState
from controller.planning.wire import LENGTH, BrokenFrame, lengths, question, replied
from optimizer.plan.problem import PlanProblem
from optimizer.plan.status import Plan, moved_on, no_plan
from optimizer.reason import Reason, because

log = structlog.get_logger("planning")
CHUNK = 1 << 18
"""Bytes handed to the pipe at a time, so that a large question blocks nobody."""
WORKER = ("-m", "controller.planning.worker")
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}


@dataclass(frozen=True, slots=True, kw_only=True)
class SolverLimits:
    """What one plan may cost."""

    wall_s: float = 20.0
    """Wall seconds from question to answer, the start of a new process included."""
    memory_bytes: int = 3 << 30
    """Address space of the process."""


class ProcessPlanner:
    """A Planner whose solver runs in a process of its own.

    A solver that crashes, hangs or runs out of memory costs the plan that was asked for: the answer is
    ``previous`` moved on in time, or none, with the reason. The next question goes to a new process.
    """

    def __init__(self, limits: SolverLimits | None = None, worker: Sequence[str] = WORKER) -> None:
        """Start nothing yet; ``worker`` are the arguments of Python that run it."""
        self._limits = limits or SolverLimits()
        self._worker = tuple(worker)
        self._process: asyncio.subprocess.Process | None = None
        self._turn = asyncio.Lock()
        self._plans = self._failures = 0
        self._last_failure: Reason | None = None

    @property
    def state(self) -> PlannerState:
        """Return how the solver does."""
        process = self._process
        return PlannerState(
            plans=self._plans,
            failures=self._failures,
            last_failure=self._last_failure,
            busy=self._turn.locked(),
            pid=process.pid if process is not None and process.returncode is None else None,
        )

    async def plan(self, problem: PlanProblem, previous: Plan | None) -> Plan:
        """Return a plan; one question is asked at a time."""
        async with self._turn:
            try:
                answer = await self._ask(problem, previous)
            except asyncio.CancelledError:
                await self._kill()  # its answer would be taken for that of the next question
                raise
            self._plans += 1
            if isinstance(answer, Plan):
                self._last_failure = None
                return answer
            self._failures, self._last_failure = self._failures + 1, answer
            log.warning("solver failed", reason=answer.id, **answer.params)
            await self._kill()
        if previous is not None:
            return moved_on(previous, problem.start, answer)
        return no_plan(len(problem.area), problem.start, problem.dt_h, answer)

    async def close(self) -> None:
        """Kill the solver; a question under way is answered as when it dies."""
        await self._kill()

    async def _ask(self, problem: PlanProblem, previous: Plan | None) -> Plan | Reason:
        try:
            async with asyncio.timeout(self._limits.wall_s):
                frame = await asyncio.to_thread(question, problem, previous)
                process = await self._running()
                return await self._exchange(process, frame)
        except TimeoutError:
            return because("plan.solver_hung", limit_s=self._limits.wall_s)
        except (ConnectionError, asyncio.IncompleteReadError):
            return await self._how_it_died()
        except (BrokenFrame, OSError) as error:
            return because("plan.solver_broken", error=str(error))

    async def _exchange(self, process: asyncio.subprocess.Process, frame: bytes) -> Plan | Reason:
        assert process.stdin is not None
        assert process.stdout is not None
        for at in range(0, len(frame), CHUNK):
            if process.stdin.is_closing():  # it died just now; to write then is a RuntimeError of uvloop
                raise ConnectionResetError
            process.stdin.write(frame[at : at + CHUNK])
            await process.stdin.drain()
        total, head = lengths(await process.stdout.readexactly(LENGTH.size))
        body = await process.stdout.readexactly(total)
        return await asyncio.to_thread(replied, body, head)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            await self._kill()
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                *self._worker,
                str(os.getpid()),
                str(self._limits.memory_bytes),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                env={**os.environ, **ONE_THREAD},
                limit=4 * CHUNK,
                start_new_session=True,  # Ctrl-C reaches the controller, which stops it in order
            )
        return self._process

    async def _how_it_died(self) -> Reason:
        process = self._process
        if process is None:
            return because("plan.solver_died", how="closed")
        if await _stays(process):
            process.kill()
        code = await process.wait()
        if code < 0:
            return because("plan.solver_died", how=signal.Signals(-code).name)
        return because("plan.solver_died", how=f"exit {code}")

    async def _kill(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it died in this moment
                process.kill()
        await process.wait()


async def _stays(process: asyncio.subprocess.Process) -> bool:
    """Tell whether a process that closed its pipe lives on for another second."""
    try:
        async with asyncio.timeout(1.0):
            await process.wait()
    except TimeoutError:
        return True
    return False
