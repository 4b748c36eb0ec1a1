"""The trace of a world: every event with its virtual time, and one number that stands for all of them."""

import hashlib
import struct
from collections import deque
from typing import IO

_HEAD = struct.Struct("<dI")
KEPT = 400
"""Events kept for a look after a failure."""


class EventTrace:
    """Takes events in their order. Two worlds with the same digest did the same, byte for byte."""

    def __init__(self, file: IO[str] | None = None) -> None:
        """Write each event as a line to ``file``, if there is one."""
        self._hash = hashlib.sha256()
        self._file = file
        self.events = 0
        self.last: deque[tuple[float, str, bytes]] = deque(maxlen=KEPT)
        """(virtual second, what, bytes) of the latest events."""

    def note(self, at: float, what: str, data: bytes = b"") -> None:
        """Take one event: ``what`` names kind, station and connection, ``data`` is what went over it."""
        self.events += 1
        name = what.encode()
        self._hash.update(_HEAD.pack(at, len(name)) + name + data)
        self.last.append((at, what, data))
        if self._file is not None:
            self._file.write(f"{at:.6f} {what} {data.hex()}\n")

    @property
    def digest(self) -> str:
        """SHA-256 of all events so far, in hex."""
        return self._hash.hexdigest()
