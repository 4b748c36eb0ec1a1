"""The solver's process with a solver that does what the start of the question tells it to."""

import ctypes
import os
import sys
import time

import numpy as np

from controller.planning import worker
from optimizer.plan.solving import solve

HANG, CRASH, SEGFAULT, MEMORY, GARBAGE, PRINT = (-1.0, -2.0, -3.0, -4.0, -5.0, -6.0)


def misbehave(problem, previous):
    if problem.start == HANG:
        while True:
            time.sleep(1.0)  # hangs, as a solver may, until it is killed
    if problem.start == CRASH:
        raise RuntimeError("a bug")
    if problem.start == SEGFAULT:
        ctypes.string_at(0)
    if problem.start == MEMORY:
        hoard = []
        while True:
            hoard.append(np.empty(1 << 24))
    if problem.start == GARBAGE:
        os.write(_wire, b"\xff" * 64)
    if problem.start == PRINT:
        print("a library that talks")
    return solve(problem, previous)


if __name__ == "__main__":
    _wire = os.dup(1)
    sys.exit(worker.main(misbehave))
