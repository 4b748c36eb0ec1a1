"""When people are where: heat and airing in homes, schools, offices and hospitals by the hour.

Profiles follow the schedules of GB 55015 (appendix C) in shape, rounded; local time, seven-day week, and the
winter holiday of schools from mid-January to mid-February.
"""

from datetime import UTC, datetime

import numpy as np

from simulators.plant.arrays import Floats

KINDS = ("residential", "school", "office", "hospital")

UTC_OFFSET_H = 8.0
"""China Standard Time."""

_HOME = (0.9,) * 6 + (
    1.3,
    1.4,
    1.0,
    0.7,
    0.7,
    0.9,
    1.0,
    0.8,
    0.6,
    0.6,
    0.8,
    1.1,
    1.4,
    1.5,
    1.5,
    1.4,
    1.2,
    1.0,
)
_SCHOOL = (0.1,) * 7 + (0.8, 2.6, 3.0, 3.0, 2.8, 1.6, 2.2, 3.0, 3.0, 2.4, 1.2, 0.4) + (0.1,) * 5
_OFFICE = (0.2,) * 7 + (0.6, 2.0, 2.6, 2.6, 2.4, 1.8, 2.2, 2.6, 2.6, 2.4, 1.6, 0.8, 0.5) + (0.2,) * 4
_HOSPITAL = (0.7,) * 6 + (0.9, 1.1, 1.4, 1.5, 1.5, 1.4, 1.2, 1.3, 1.4, 1.3, 1.2, 1.0, 0.9, 0.9) + (0.8,) * 4
_EMPTY = 0.15
_AIRING_PER_SHARE = (0.10, 0.25, 0.15, 0.25)
"""Air changes per hour at the mean of people's heat, by kind."""


def _normal(profile: tuple[float, ...]) -> Floats:
    values = np.array(profile)
    assert len(values) == 24, len(values)
    return values


_WEEKDAY = np.stack([_normal(p) for p in (_HOME, _SCHOOL, _OFFICE, _HOSPITAL)])
_WEEKEND = np.stack([_WEEKDAY[0] * 1.1, np.full(24, _EMPTY), np.full(24, 2 * _EMPTY), _WEEKDAY[3] * 0.9])


def present(time: float) -> Floats:
    """Return people's heat over its nominal value at UTC second ``time`` by kind, shape (4,)."""
    local = datetime.fromtimestamp(time + UTC_OFFSET_H * 3600.0, UTC)
    share = (_WEEKEND if local.weekday() >= 5 else _WEEKDAY)[:, local.hour].copy()
    if (local.month, local.day) >= (1, 15) and (local.month, local.day) <= (2, 15):
        share[1] = _EMPTY
    return share


def airing(share: Floats) -> Floats:
    """Return air changes per hour by habit and fans while ``share`` of the people is there, shape (4,)."""
    return np.array(_AIRING_PER_SHARE) * share
