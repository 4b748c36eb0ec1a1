"""Rules of water: make-up against what is usual, bursts, and an exchanger that lets the primary side in.

What is usual is known after a day; before that the norm of 1 % an hour stands in. Hourly means outlive a
restart, so that an update of the software does not blind the rule for a day.
"""

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from statistics import median
from typing import NamedTuple

from controller.alarms.model import Finding, Param
from controller.alarms.scene import LoopCase
from controller.decisions import LoopKey

MINUTE_S = 60.0
HOUR_S = 3600.0
WEEK_H = 168
MINUTES_KEPT = 61
MINUTES_LEAST = 30
"""Of the last hour, for a mean that may be judged."""
BASE_LEAST_H = 24
NORM_SHARE = 0.01
"""Make-up of secondary networks, share of circulation (CJJ 34); judged by where nothing is known yet."""
USUAL_TIMES = 2.0
DEAD_SHARE = 0.8
"""The alarm ends when the hourly mean is below this share of what raises it."""
BURST_MIN = 2
BURST_dp_kPa = 20.0
"""Fall of the return pressure against ten to twenty minutes ago that goes with a burst."""
EXCHANGER_PRIMARY_kPa = 10.0
EXCHANGER_MAKEUP_SHARE = 0.0005


class HourMean(NamedTuple):
    """Make-up of one loop in one hour, as a share of circulation."""

    key: LoopKey
    hour: float
    """Begin of the hour, UTC seconds."""
    share: float


@dataclass(slots=True)
class _Minute:
    start: float
    n: int = 0
    makeup: float = 0.0
    flow: float = 0.0
    p_secondary: float = 0.0
    p_primary: float = 0.0


@dataclass(slots=True)
class _Loop:
    minutes: deque[_Minute] = field(default_factory=lambda: deque(maxlen=MINUTES_KEPT))
    hours: deque[float] = field(default_factory=lambda: deque(maxlen=WEEK_H))
    hour: float = -math.inf
    seen_at: float = -math.inf
    p_before_rise: float = math.nan
    """Return pressure before a rise that an exchanger leak may have made, kPa."""
    judged: float = -math.inf
    """Begin of the minute in which ``findings`` were found: windows of an hour need no judgement a second."""
    findings: tuple[Finding, ...] = ()


class WaterMemory:
    """Make-up and pressures of every loop over the last hour, and hourly means of the last week."""

    def __init__(self, hours: Iterable[HourMean] = ()) -> None:
        """``hours`` are those of earlier runs, oldest first."""
        self._loops: dict[LoopKey, _Loop] = {}
        for mean in hours:
            self._loops.setdefault(mean.key, _Loop()).hours.append(mean.share)
        self._fresh: list[HourMean] = []

    def taken_hours(self) -> list[HourMean]:
        """Return the hourly means that ended since the last call, to be kept."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def note(self, loop: LoopCase, *, leaking: bool) -> _Loop | None:
        """Take the values of one look; None where the loop does not show its make-up or circulation now."""
        makeup, flow = loop.good("m_flow_makeup"), loop.good("m_flow_secondary")
        if makeup is None or flow is None:
            return None
        past = self._loops.setdefault(loop.key, _Loop())
        at = loop.station.image.polled_at or 0.0
        if at <= past.seen_at:
            return past
        past.seen_at = at
        self._end_hour(loop.key, past, at, leaking=leaking)
        start = at // MINUTE_S * MINUTE_S
        if not past.minutes or past.minutes[-1].start != start:
            past.minutes.append(_Minute(start))
        minute = past.minutes[-1]
        minute.n += 1
        minute.makeup += makeup
        minute.flow += flow
        minute.p_secondary += _number(loop.good("p_return_secondary"))
        minute.p_primary += _number(loop.station.good(0, "p_return_primary"))
        return past

    def _end_hour(self, key: LoopKey, past: _Loop, at: float, *, leaking: bool) -> None:
        hour = at // HOUR_S * HOUR_S
        if hour == past.hour:
            return
        share = hour_mean(past.minutes, at)
        if math.isfinite(past.hour) and share is not None and not leaking:
            # a leak must not become what is usual
            past.hours.append(share)
            self._fresh.append(HourMean(key, past.hour, share))
        past.hour = hour


def hour_mean(minutes: Iterable[_Minute], now: float) -> float | None:
    """Return make-up over circulation of the last hour; None where too few minutes are known."""
    recent = [minute for minute in minutes if 0.0 <= now - minute.start <= HOUR_S]
    flow = sum(minute.flow for minute in recent)
    if len(recent) < MINUTES_LEAST or flow <= 0.0:
        return None
    return sum(minute.makeup for minute in recent) / flow


def water_findings(loop: LoopCase, memory: WaterMemory) -> Iterator[Finding]:
    """Judge one loop's make-up and pressures."""
    scene, high = loop.station.scene, loop.alarm("makeup_high")
    past = memory.note(loop, leaking=scene.standing(high) or scene.standing(loop.alarm("pipe_burst")))
    if past is None:
        for rule in ("makeup_high", "pipe_burst", "exchanger_leak"):
            yield Finding(key=loop.alarm(rule), unknown=True)
        return
    minute = past.minutes[-1].start
    if minute != past.judged:
        past.judged = minute
        past.findings = (*_makeup(loop, past), *_burst(loop, past), *_exchanger(loop, past))
    yield from past.findings


def _makeup(loop: LoopCase, past: _Loop) -> Iterator[Finding]:
    key = loop.alarm("makeup_high")
    share, usual = hour_mean(past.minutes, loop.station.scene.now), _usual(past)
    if share is None:
        yield Finding(key=key, unknown=True)
        return
    least = loop.station.scene.rule(key).limit or 0.0
    limit = NORM_SHARE if usual is None else max(least, USUAL_TIMES * usual)
    if share > limit * (DEAD_SHARE if loop.station.scene.standing(key) else 1.0):
        params: dict[str, Param] = {"share_pct": 100.0 * share}
        if usual is not None:
            params["usual_pct"] = 100.0 * usual
        yield Finding(key=key, params=params)


def _usual(past: _Loop) -> float | None:
    return median(past.hours) if len(past.hours) >= BASE_LEAST_H else None


def _burst(loop: LoopCase, past: _Loop) -> Iterator[Finding]:
    now, key = loop.station.scene.now, loop.alarm("pipe_burst")
    recent = [minute for minute in past.minutes if now - minute.start <= (BURST_MIN + 1) * MINUTE_S]
    flow = sum(minute.flow for minute in recent)
    before, after = _pressure(past, now, 10, 20), _pressure(past, now, 0, BURST_MIN + 1)
    share = sum(minute.makeup for minute in recent) / flow if flow > 0.0 else 0.0
    if not loop.station.scene.beyond(key, share):
        return
    if loop.station.scene.standing(key) or before - after >= BURST_dp_kPa:
        yield Finding(key=key, params={"share_pct": 100.0 * share, "dp": max(before - after, 0.0)})


def _exchanger(loop: LoopCase, past: _Loop) -> Iterator[Finding]:
    now, key = loop.station.scene.now, loop.alarm("exchanger_leak")
    after = _pressure(past, now, 0, 5)
    if loop.station.scene.standing(key):
        rise = after - past.p_before_rise
        if loop.station.scene.beyond(key, rise):
            yield Finding(key=key, params={"dp": rise})
        return
    before = _pressure(past, now, 50, 60)
    fall = _pressure(past, now, 50, 60, primary=True) - _pressure(past, now, 0, 5, primary=True)
    dry = (hour_mean(past.minutes, now) or 0.0) < EXCHANGER_MAKEUP_SHARE
    if loop.station.scene.beyond(key, after - before) and fall > EXCHANGER_PRIMARY_kPa and dry:
        past.p_before_rise = before
        yield Finding(key=key, params={"dp": after - before})


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _pressure(past: _Loop, now: float, newest_min: int, oldest_min: int, *, primary: bool = False) -> float:
    """Return the mean return pressure between two ages in minutes, kPa; NaN where it is not known."""
    window = [
        minute
        for minute in past.minutes
        if newest_min * MINUTE_S <= now - minute.start < oldest_min * MINUTE_S
    ]
    n = sum(minute.n for minute in window)
    total = sum(minute.p_primary if primary else minute.p_secondary for minute in window)
    return total / n if n else math.nan
