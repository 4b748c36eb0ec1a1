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
