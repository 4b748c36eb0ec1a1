"""The solver's process: reads questions from stdin, writes plans to stdout, and dies with its parent.

Started as ``python -m controller.planning.worker PARENT_PID MEMORY_BYTES``. A process of its own, so that
whatever becomes of a solver, polling and control do not notice: its memory is limited here, its time by the
parent, which kills it.
"""

import ctypes
import os
import resource
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO

from controller.planning.wire import LENGTH, apology, asked, lengths, reply
from optimizer.plan.problem import PlanProblem
from optimizer.plan.solving import solve
from optimizer.plan.status import Plan
from optimizer.reason import because

NICENESS = 5
"""Polling and control come first where cores are few."""
OUT_OF_MEMORY = 3
"""Exit code."""
_PR_SET_PDEATHSIG = 1
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES, ONE_PIECE_BYTES = 256 * 2**20, 32 * 2**20
"""Freed memory that is kept for the next array, and the largest array that is taken from it."""

Solve = Callable[[PlanProblem, Plan | None], Plan]


def main(solving: Solve = solve) -> int:
    """Serve until stdin ends; returns the exit code."""
    parent, memory_bytes = int(sys.argv[1]), int(sys.argv[2])
    _confine(parent, memory_bytes)
    # stdout is the wire; what anybody prints goes to stderr
    with os.fdopen(os.dup(1), "wb") as out:
        os.dup2(2, 1)
        return _serve(sys.stdin.buffer, out, solving)


def _confine(parent: int, memory_bytes: int) -> None:
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before it could be tied to
        sys.exit(0)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(NICENESS)
    keep_memory()


def keep_memory() -> None:
    """Keep what arrays leave behind, where the C library can (glibc; see mallopt(3)).

    Each iteration makes hundreds of arrays of a few hundred kilobytes. By default they are given back to the
    system and taken anew, and it clears every page of them: a fifth of the time of a plan of 200 loops.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, ONE_PIECE_BYTES)


def _serve(questions: BinaryIO, answers: BinaryIO, solving: Solve) -> int:
    while prefix := questions.read(LENGTH.size):
        total, head = lengths(prefix)
        try:
            problem, previous = asked(questions.read(total), head)
            answer = reply(solving(problem, previous))
        except MemoryError:
            # what is left of the heap is not to be trusted: say it, and let a new process begin
            answers.write(apology(because("plan.solver_memory")))
            answers.flush()
            return OUT_OF_MEMORY
        answers.write(answer)
        answers.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
