"""Which outdoor temperature a station believes: centre, own sensor, the last day's mean, or a fixed value."""

import math
from collections import deque
from enum import StrEnum

CENTRE_VALID_S = 2 * 3600.0
MEMORY_S = 24 * 3600.0
FIXED_degC = -5.0
"""Used when nothing has been known for a day: cold enough to keep houses warm, mild enough to hurt nobody."""

PLAUSIBLE_degC = (-50.0, 50.0)


class OutdoorSource(StrEnum):
    """Where the outdoor temperature in use comes from, best first."""

    CENTRE = "centre"
    OWN = "own"
    MEAN_24H = "mean_24h"
    FIXED = "fixed"


def plausible(T: float | None) -> bool:
    """Tell whether ``T`` can be an outdoor temperature in degC."""
    return T is not None and math.isfinite(T) and PLAUSIBLE_degC[0] <= T <= PLAUSIBLE_degC[1]


class Outdoor:
    """The PLC's choice and its memory of the last 24 h; owned by one station's PLC."""

    def __init__(self) -> None:
        self.T = FIXED_degC
        """degC in use."""
        self.source = OutdoorSource.FIXED
        self.centre: float | None = None
        self._centre_at = -math.inf
        self._hours: deque[list[float]] = deque()
        """One [begin of hour, sum, count] for each hour in which a temperature was known."""
        self._known_once = False

    @property
    def missed(self) -> bool:
        """Whether the temperature is gone that this station has had; who never had a sensor misses none."""
        return self._known_once and self.source in (OutdoorSource.MEAN_24H, OutdoorSource.FIXED)

    def take_centre(self, T: float, now: float) -> bool:
        """Take the centre's value in degC at UTC second ``now``; an implausible one is refused."""
        if not plausible(T):
            return False
        self.centre = T
        self._centre_at = now
        return True

    def choose(self, own: float | None, now: float) -> float:
        """Return the outdoor temperature to use at ``now``, given the own sensor (None where missing)."""
        if self.centre is not None and now - self._centre_at <= CENTRE_VALID_S:
            self.T, self.source = self.centre, OutdoorSource.CENTRE
            self._remember(self.T, now)
        elif own is not None and plausible(own):
            self.T, self.source = own, OutdoorSource.OWN
            self._remember(own, now)
        else:
            self.T, self.source = self._fallback(now)
        return self.T

    def _remember(self, T: float, now: float) -> None:
        self._known_once = True
        hour = now // 3600.0 * 3600.0
        if not self._hours or self._hours[-1][0] != hour:
            self._hours.append([hour, 0.0, 0.0])
        self._hours[-1][1] += T
        self._hours[-1][2] += 1.0
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._hours and now - self._hours[0][0] > MEMORY_S:
            self._hours.popleft()

    def _fallback(self, now: float) -> tuple[float, OutdoorSource]:
        self._forget(now)
        if not self._hours:
            return FIXED_degC, OutdoorSource.FIXED
        hourly = [total / count for _, total, count in self._hours]
        return sum(hourly) / len(hourly), OutdoorSource.MEAN_24H
