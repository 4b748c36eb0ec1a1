"""What the product says while a world runs: kept, with the virtual time, and not printed."""

import contextlib
import logging
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from typing import Any

import structlog

KEPT = 200
_LIBRARIES = ("pymodbus", "pymodbus.logging", "asyncua")


class Said:
    """The last lines of the log."""

    def __init__(self) -> None:
        self.clock: Callable[[], float] = lambda: 0.0
        self.lines: deque[str] = deque(maxlen=KEPT)

    def take(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Keep one event (a structlog processor that ends the chain)."""
        text = " ".join(f"{key}={value}" for key, value in event.items() if key != "event")
        self.lines.append(f"{self.clock():.3f} {method} {event.get('event')} {text}")
        raise structlog.DropEvent


@contextlib.contextmanager
def quiet() -> Iterator[Said]:
    """Keep all that is logged inside the block, and restore what was configured before."""
    said = Said()
    before = structlog.get_config()["processors"]
    configured = structlog.is_configured()
    levels = {name: logging.getLogger(name).level for name in _LIBRARIES}
    for name in _LIBRARIES:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    kept = list(before)
    before[:] = [said.take]
    try:
        yield said
    finally:
        before[:] = kept
        if not configured:
            structlog.reset_defaults()
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)
