"""How the plant's inner loops become machine code: numba, with a cache that knows all sources of the plant.

A law stands in plain Python beside the physical thing that it belongs to and takes arrays; a kernel, which
goes through loops, pipes or zones, has it compiled for numbers.

numba keeps what it compiled, but asks of the file of a function only whether that one changed, not the laws
that it calls. So what is kept has the hash of all files of the plant in its name: a changed law is compiled
anew, and processes that start together may share what is kept. No "fast" arithmetic anywhere: what comes out
does not hang on how a loop was cut, and no NaN is lost.
"""

import fcntl
import hashlib
import os
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba
from numba.extending import overload

from simulators.plant.arrays import either

P = ParamSpec("P")
R = TypeVar("R")


def compiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function as machine code, compiled when it is first called with such arguments.

    Divisions by 0 give what IEEE 754 says, as numpy's do. What was compiled before is loaded where it could
    be kept: beside the sources, else in the user's cache; else it is compiled anew in each process.
    """
    folder = _folder()
    kept, numba.config.CACHE_DIR = numba.config.CACHE_DIR, folder or ""
    try:
        made: Callable[P, R] = numba.njit(error_model="numpy", cache=folder is not None)(function)
    finally:
        numba.config.CACHE_DIR = kept
    if folder is not None:
        _one_at_a_time(made, Path(folder) / "lock")
    return made


def _one_at_a_time(kernel: Any, lock: Path) -> None:  # noqa: ANN401  numba has no types
    """Let one process at a time compile it: those that waited find what it kept, and load that."""
    compile_now = kernel.compile

    def compile_alone(*arguments: Any) -> Any:  # noqa: ANN401
        with _held(lock):
            return compile_now(*arguments)

    kernel.compile = compile_alone


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    """Hold a lock among processes; one that has it may ask again, as a kernel in a kernel does."""
    with _in_process:
        if _holds:
            yield
            return
        with lock.open("w", encoding="ascii") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # until the file is closed, also where the process is killed
            _holds.append(lock)
            try:
                yield
            finally:
                _holds.clear()


_in_process = threading.RLock()
_holds: list[Path] = []


def callable_from_kernels(*laws: Callable[..., Any]) -> None:
    """Let kernels call these plain functions with numbers; outside of kernels nothing changes for them."""
    for law in laws:
        overload(law, strict=False)(lambda *_, law=law: law)


def _either(which: bool, yes: float, no: float) -> Callable[[bool, float, float], float]:
    """Tell numba what a law's choice is for numbers, where numpy's would make an array of one."""
    del which, yes, no

    def chosen(which: bool, yes: float, no: float) -> float:
        return yes if which else no

    return chosen


overload(either)(_either)


@cache
def _folder() -> str | None:
    """Return where this plant's machine code is kept, None where nothing can be written."""
    sources = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted(sources.rglob("*.py")):
        digest.update(file.read_bytes())
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    for base in (sources / "__pycache__", Path(home) / "district-heating-control"):
        folder = base / f"compiled-{digest.hexdigest()[:16]}"
        with suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                return str(folder)
    return None
