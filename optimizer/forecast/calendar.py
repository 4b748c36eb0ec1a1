"""When people are where: local time, and the opening hours of schools and offices.

Time zones are tables of a state, not numbers: whoever calls knows by how much local time is ahead of UTC.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
DAY_S = 86_400.0
Hours = tuple[float, float]
"""Opening and closing, hours of the local day."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalTime:
    """Steps by the clock on the wall; shapes (k,)."""

    hour: Floats
    """0 up to 24, with fractions."""
    day: NDArray[np.int64]
    """Days since 1 January 1970, local."""
    weekday: NDArray[np.int64]
    """0 is Monday."""

    def part(self, which: slice) -> "LocalTime":
        """Return some of the steps."""
        return LocalTime(hour=self.hour[which], day=self.day[which], weekday=self.weekday[which])


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a building is open. Dwellings never are in this sense: see ``DWELLINGS``."""

    open: tuple[Hours | None, ...]
    """Opening hours from Monday to Sunday; None on days off."""
    workdays: tuple[bool, ...]
    """Monday to Sunday: which days are alike among each other, and unlike the others."""
    holidays: frozenset[int] = frozenset()
    """Local days since 1 January 1970 that are like days off."""

    def __post_init__(self) -> None:
        """Refuse what is no week."""
        if len(self.open) != 7 or len(self.workdays) != 7:
            raise ValueError("a week has seven days")
        if any(hours is not None and not 0.0 <= hours[0] < hours[1] <= 24.0 for hours in self.open):
            raise ValueError("opening hours lie within 0..24, the first below the second")


DWELLINGS = Calendar(open=(None,) * 7, workdays=(True,) * 5 + (False,) * 2)
"""People at home: workdays and weekends differ, nothing closes."""


def opening(hours: tuple[Hours | None, ...], holidays: Collection[int] = ()) -> Calendar:
    """Return the calendar of a school or an office: days with opening hours are its workdays."""
    return Calendar(
        open=hours, workdays=tuple(day is not None for day in hours), holidays=frozenset(holidays)
    )


def local_time(times: Floats, utc_offset_s: Floats | float) -> LocalTime:
    """Return local time at UTC seconds (k,), ``utc_offset_s`` seconds ahead of UTC (a number or (k,))."""
    local = times + utc_offset_s
    day = np.floor(local / DAY_S).astype(np.int64)
    return LocalTime(hour=(local - day * DAY_S) / 3600.0, day=day, weekday=(day + 3) % 7)


def is_workday(calendar: Calendar, local: LocalTime) -> NDArray[np.bool_]:
    """Tell for each step (k,) whether it lies in a workday of this calendar."""
    return np.array(calendar.workdays)[local.weekday] & ~_on_holiday(calendar, local)


def share_open(calendar: Calendar, local: LocalTime, step_h: float = 1.0) -> Floats:
    """Return how much of each step of ``step_h`` hours, beginning at ``local``, it is open, 0..1."""
    begin = np.array([0.0 if hours is None else hours[0] for hours in calendar.open])[local.weekday]
    end = np.array([0.0 if hours is None else hours[1] for hours in calendar.open])[local.weekday]
    inside = np.minimum(end, local.hour + step_h) - np.maximum(begin, local.hour)
    return np.where(_on_holiday(calendar, local), 0.0, np.clip(inside / step_h, 0.0, 1.0))


def _on_holiday(calendar: Calendar, local: LocalTime) -> NDArray[np.bool_]:
    if not calendar.holidays:
        return np.zeros(len(local.day), dtype=bool)
    return np.isin(local.day, np.array(sorted(calendar.holidays), dtype=np.int64))
