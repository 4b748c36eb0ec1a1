"""When a station may be driven again after it was lost: five good minutes, more for one that flaps.

A link that comes and goes would otherwise swing its loops between two curves all night.
"""

from collections import deque

REENTRY_S = 300.0
REENTRY_MAX_S = 3600.0
FLAPS = 3
FLAP_WINDOW_S = 3600.0


class Admission:
    """Re-entry rule of one station. Owner: its supervisor; times are scaled monotonic seconds."""

    def __init__(self) -> None:
        self._drops: deque[float] = deque(maxlen=16)
        self._wait_s = 0.0
        self._good_since: float | None = None

    def answered(self, now: float) -> None:
        """Note an answered poll."""
        if self._good_since is None:
            self._good_since = now

    def dropped(self, now: float) -> None:
        """Note that the link or the lease was lost; the good time starts anew with the next answer."""
        self._good_since = None
        self._drops.append(now)
        recent = sum(1 for at in self._drops if now - at <= FLAP_WINDOW_S)
        self._wait_s = REENTRY_S if recent < FLAPS else min(REENTRY_MAX_S, max(self._wait_s, REENTRY_S) * 2.0)

    def readmitted(self, now: float) -> bool:
        """Tell whether the station may be driven: answered, and long enough after the last drop.

        A station that was never lost in this run is driven from its first answer: a controller that is
        restarted within the watchdog time must take over before the leases run out.
        """
        return self._good_since is not None and now - self._good_since >= self._wait_s

    def remaining_s(self, now: float) -> float:
        """Scaled seconds until readmission if every poll is answered."""
        good_s = 0.0 if self._good_since is None else now - self._good_since
        return 0.0 if self.readmitted(now) else self._wait_s - good_s
