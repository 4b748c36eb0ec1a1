"""Processes of their own: each measurement starts in a fresh interpreter, and servers run beside it.

A measurement shares its CPU time and its heap with nothing, so figures do not depend on their order.
"""

import multiprocessing
import resource
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.connection import Connection
from traceback import format_exc
from typing import Any, TypeVar

from benchmarks.report import usable_cores

_T = TypeVar("_T")
_SPAWN = multiprocessing.get_context("spawn")
START_S = 120.0
"""Seconds that a server may take until it listens."""


class Crashed(Exception):
    """A function raised in its own process; ``traceback`` is the text of where."""

    def __init__(self, error: str, traceback: str) -> None:
        super().__init__(error, traceback)
        self.error = error
        self.traceback = traceback

    def __str__(self) -> str:
        """Render the error without its traceback."""
        return self.error


def in_own_process(function: Callable[[], _T]) -> _T:
    """Call a module's function in a fresh interpreter; raises Crashed where it raises or its process dies."""
    return in_own_processes([function])[0]


def in_own_processes(functions: Sequence[Callable[[], _T]]) -> list[_T]:
    """Call each function in a fresh interpreter, as many at a time as there are cores.

    Raises Crashed where one raises, once the others are done, and at once where a process dies.
    """
    try:
        workers = min(len(functions), usable_cores())
        with ProcessPoolExecutor(workers, mp_context=_SPAWN, max_tasks_per_child=1) as pool:
            return list(pool.map(_telling, functions))
    except BrokenProcessPool as died:
        raise Crashed("its process died", "") from died


def _telling(function: Callable[[], _T]) -> _T:
    """Call ``function``; not every exception survives the way between processes, Crashed does."""
    try:
        return function()
    except Exception as error:  # whatever it is, told in words that survive the way
        raise Crashed(f"{type(error).__name__}: {error}", format_exc()) from None


@contextmanager
def server(serve: Callable[..., None], *arguments: object) -> Iterator[Any]:
    """Run ``serve(connection, *arguments)`` in a process of its own; yields the first thing it sends.

    The connection closes at the end of the block, or when this process dies; then the server has to end.
    """
    here, there = _SPAWN.Pipe()
    process = _SPAWN.Process(target=serve, args=(there, *arguments), daemon=True)
    process.start()
    there.close()
    try:
        if not here.poll(START_S):
            raise TimeoutError(f"{serve.__name__} did not listen within {START_S} s")
        yield here.recv()
    finally:
        here.close()
        process.join(10.0)
        if process.is_alive():
            process.kill()
            process.join()


def wait_for_end(connection: Connection) -> None:
    """Block until the other side has closed the connection; for the thread of a server process."""
    while True:
        try:
            connection.recv()
        except (EOFError, OSError):
            return


def allow_open_files(wanted: int) -> bool:
    """Raise this process' limit of open files to ``wanted`` if the system allows; tell whether it holds."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted <= hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return soft >= wanted
