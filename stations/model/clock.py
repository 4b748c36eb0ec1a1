"""The one source of time. Scaled time for plant and control, wall time for sockets and people.

All processes of a demo share (start, anchor, factor): the anchor is a reading of CLOCK_MONOTONIC, which
is one clock for all processes of a Linux machine since its boot.
"""

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Time as the control system sees it; the implementation decides how fast it runs."""

    @property
    def factor(self) -> float:
        """Scaled seconds per wall second; 1 in service."""
        ...

    def now(self) -> float:
        """UTC seconds since the epoch, scaled."""
        ...

    def monotonic(self) -> float:
        """Scaled seconds since an arbitrary moment; never jumps. Leases, rates and paces use this."""
        ...

    def wall_monotonic(self) -> float:
        """Wall seconds since an arbitrary moment; never jumps. Deadlines and back-off use this."""
        ...

    async def sleep(self, scaled_s: float) -> None:
        """Sleep for scaled seconds (at least yields once)."""
        ...


class SystemClock:
    """Real time at factor 1: UTC from the system, durations from CLOCK_MONOTONIC."""

    factor = 1.0

    def now(self) -> float:
        """UTC seconds of the system clock."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    def wall_monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    async def sleep(self, scaled_s: float) -> None:
        """Sleep ``scaled_s`` wall seconds."""
        await asyncio.sleep(max(0.0, scaled_s))


@dataclass(frozen=True, slots=True)
class ScaledClock:
    """Demo time: ``start_utc`` when CLOCK_MONOTONIC read ``anchor``, and then ``factor`` times faster."""

    start_utc: float
    anchor: float
    factor: float

    def now(self) -> float:
        """UTC seconds of the demo world."""
        return self.start_utc + self.monotonic()

    def monotonic(self) -> float:
        """Scaled seconds since the demo began; the same in all its processes."""
        return (time.monotonic() - self.anchor) * self.factor

    def wall_monotonic(self) -> float:
        """Seconds of CLOCK_MONOTONIC."""
        return time.monotonic()

    async def sleep(self, scaled_s: float) -> None:
        """Sleep ``scaled_s / factor`` wall seconds."""
        await asyncio.sleep(max(0.0, scaled_s) / self.factor)

    def to_text(self) -> str:
        """Render as ``START_UTC:ANCHOR:FACTOR`` for the command line of another process."""
        return f"{self.start_utc!r}:{self.anchor!r}:{self.factor!r}"

    @classmethod
    def from_text(cls, text: str) -> "ScaledClock":
        """Parse ``START_UTC:ANCHOR:FACTOR``; raises ValueError with what was expected."""
        try:
            start_utc, anchor, factor = (float(part) for part in text.split(":"))
        except ValueError:
            raise ValueError(
                f"clock {text!r} is not START_UTC:ANCHOR:FACTOR, e.g. 1736899200:1234.5:10"
            ) from None
        if not factor > 0:
            raise ValueError(f"clock factor {factor} must be > 0")
        return cls(start_utc=start_utc, anchor=anchor, factor=factor)
