"""Structured logs: one line per event, key-value fields, for machines as JSON and for people as text.

Log transitions, not states: once when a link is lost, once when it is back, with the duration. Fields that
recur: ``station``, ``loop``, ``point``, ``cycle``, ``why``. Rates and durations belong to the metrics.
What a station says can stand in a log line; it is escaped so that it can not forge another line.
"""

import contextlib
import io
import logging
import math
import sys
import time
from collections.abc import Callable, MutableMapping
from typing import Any, Literal, TextIO, cast

import structlog

REPEAT_S = 60.0
"""The same event of the same station (and loop) is written at most once in so many wall seconds."""
MAX_KEYS = 20_000
"""Bound on remembered events; beyond it the oldest are forgotten."""
MAX_TEXT = 2000
SECRET_WORDS = ("password", "passwd", "passphrase", "secret", "api_token", "authorization", "private_key")
# The fields that tell two repeated events apart.
_IDENTITY = ("station", "loop", "logger")
# Where a library's line comes from: its texts carry addresses and numbers, so no two of them are equal.
_ORIGIN = "_origin"

Event = MutableMapping[str, Any]


class RateLimit:
    """A structlog processor that drops repeats and says with the next line how many were dropped.

    Owner: the logging set-up. Called from any thread; a race costs a line too many, never an error.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._last: dict[tuple[object, ...], tuple[float, int]] = {}

    def __call__(self, _logger: object, _method: str, event: Event) -> Event:
        """Pass the first of an event, drop its repeats for ``REPEAT_S``."""
        key = (event.pop(_ORIGIN, None) or event.get("event"), *(event.get(name) for name in _IDENTITY))
        now = self._monotonic()
        since, dropped = self._last.get(key, (-math.inf, 0))
        if now - since < REPEAT_S:
            self._last[key] = (since, dropped + 1)
            raise structlog.DropEvent
        if len(self._last) >= MAX_KEYS:
            self._forget(now)
        self._last[key] = (now, 0)
        if dropped:
            event["repeated"] = dropped
        return event

    def _forget(self, now: float) -> None:
        fresh = {key: entry for key, entry in self._last.items() if now - entry[0] < REPEAT_S}
        self._last = fresh if len(fresh) < MAX_KEYS else {}


def escape(text: str) -> str:
    """Return the text, bounded, with all that is not printable escaped: line breaks, ESC, bidi marks."""
    if len(text) > MAX_TEXT:
        text = text[:MAX_TEXT] + "…"
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def harmless(_logger: object, _method: str, event: Event) -> Event:
    """Escape texts, blank secrets, and keep NaN out of JSON (a structlog processor)."""
    for key, value in event.items():
        if any(word in key.lower() for word in SECRET_WORDS):
            event[key] = "***"
        elif key == "exception":
            # The traceback is ours and has lines; what it quotes can not begin one of them.
            event[key] = "\n".join(escape(line) for line in str(value).splitlines())
        else:
            event[key] = _plain(value)
    return event


def _plain(value: object) -> object:
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    if value is None or isinstance(value, bool | int):
        return value
    return escape(str(value))


class StdlibHandler(logging.Handler):
    """Passes what libraries log through the standard module into the same lines."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record of a library as an event."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            text = str(record.msg)  # the library formatted its message wrongly; that is no fault of ours
        level = min(max(record.levelno, logging.DEBUG), logging.CRITICAL)
        fields = {_ORIGIN: f"{record.pathname}:{record.lineno}", "exc_info": record.exc_info}
        structlog.get_logger().log(level, text, logger=record.name, **fields)


class _Unbreakable(io.TextIOBase):
    """A stream whose reader may go away: a lost log must not stop a control cycle."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def configure_logs(
    form: Literal["json", "console"],
    stream: TextIO | None = None,
    level: int = logging.INFO,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Set up logging of the whole process; ``stream`` is stderr when not given.

    Our own events pass from ``level`` on, those of libraries (asyncua, pymodbus, uvicorn) from WARNING on.
    """
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if form == "json"
        else structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            RateLimit(monotonic),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            harmless,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Unbreakable(stream or sys.stderr))),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [StdlibHandler()]
    root.setLevel(logging.WARNING)
    # every lost link is a warning with a traceback to them; our drivers report it as a fault with its reason
    for library in ("asyncua", "pymodbus"):
        logging.getLogger(library).setLevel(logging.CRITICAL)
    logging.captureWarnings(True)
