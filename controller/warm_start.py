"""What a restarted controller can know at once: the outdoor temperature as felt by buildings, and as told.

The filter of the heating curve has a memory of half a day. Begun anew at the present temperature it would
move the whole city's targets by some kelvin at every restart; the journal knows the last day and a half.
"""

from collections.abc import Iterable, Mapping
from statistics import median

from controller.historian.journal import Journal
from controller.outdoor import filtered_outdoor
from stations.model.identity import Point
from stations.model.quality import Quality
from stations.model.reading import good

SPAN_S = 36 * 3600.0
"""Three time constants of 12 h: what is older weighs less than 5 %."""
STEP_S = 3600.0
SENSORS = 3
"""Stations asked; the median of three survives one sensor in the sun."""
T_OUTDOOR = Point(0, "T_outdoor")
T_OUTDOOR_TOLD = Point(0, "T_outdoor_centre_readback")
TOLD_VALID_S = 2 * 3600.0
"""After so long a station has forgotten what it was told."""


def outdoor_told_before(journal: Journal, stations: Iterable[str], now: float) -> tuple[float, float] | None:
    """Return (age in seconds, degC) of the newest outdoor temperature that a station showed as told.

    ``stations`` are asked in order until ``SENSORS`` of them have one; None where none was told lately.
    """
    told: list[tuple[float, float]] = []
    for station in stations:
        series = journal.history(station, T_OUTDOOR_TOLD, now - TOLD_VALID_S, now)
        shown = [(now - s.measured_at, s.value) for s in series.samples if s.value is not None]
        told += shown[-1:]
        if len(told) == SENSORS:
            break
    return min(told, default=None)


def filtered_from_history(
    journal: Journal, stations: Iterable[str], filters_s: Mapping[str, float], now: float
) -> dict[str, float | None]:
    """Return the filtered outdoor temperature (degC) by emitter type; None where the journal knows nothing.

    ``stations`` are asked in order until ``SENSORS`` of them have a history; ``filters_s`` are time constants
    in seconds. Blocks for some tenths of a second: for the start.
    """
    hours: dict[int, list[float]] = {}
    found = 0
    for station in stations:
        series = journal.history(station, T_OUTDOOR, now - SPAN_S, now)
        values = [(s.measured_at, s.value) for s in series.samples if s.quality is Quality.GOOD]
        for at, value in values:
            if value is not None:
                hours.setdefault(int(at // STEP_S), []).append(value)
        found += bool(values)
        if found == SENSORS:
            break
    filtered: dict[str, float | None] = dict.fromkeys(filters_s)
    before: int | None = None
    for hour in sorted(hours):
        dt = 0.0 if before is None else (hour - before) * STEP_S
        T_outdoor = good(median(hours[hour]), hour * STEP_S)
        for emitter, constant_s in filters_s.items():
            filtered[emitter] = filtered_outdoor(filtered[emitter], T_outdoor, dt, constant_s)
        before = hour
    return filtered
