"""What an area consists of."""

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.report import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One piece of an area, run in a process of its own."""

    title: str
    names: tuple[str, ...]
    """Official figures that it brings, or explains why not."""
    run: Callable[[], Figures]
    """A function of a module, so that another process can import it."""
