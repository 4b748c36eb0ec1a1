"""Rules of sensors: what validation doubts for long is an alarm, named by what is wrong with the sensor."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from controller.alarms.model import AlarmKey, Finding, Param
from controller.alarms.scene import StationCase
from controller.words.phrase import word
from stations.model.identity import Point
from stations.model.points import MEASUREMENTS
from stations.model.quality import Quality, Reason
from stations.model.reading import Reading

ESSENTIAL = frozenset({"T_supply_secondary", "T_return_secondary", "m_flow_secondary", "T_supply_primary"})
"""What control needs: missing from the start is an alarm too. Other sensors may simply not be there."""
NOT_JUDGED = frozenset({"alarm_word", "A_heated"})
DATA_BAD_LEAST = 5
DATA_BAD_SHARE = 0.5
JUMPS_DECAY_S = 3600.0

_BAD = frozenset({
    Reason.SENTINEL, Reason.NOT_A_NUMBER, Reason.OUT_OF_RANGE, Reason.STATUS_BAD, Reason.STATUS_UNCERTAIN,
    Reason.UNKNOWN_POINT, Reason.DEVICE_EXCEPTION, Reason.MALFORMED_ANSWER,
})  # fmt: skip
_RULES = {
    **dict.fromkeys(_BAD, "sensor_bad"),
    Reason.FROZEN: "sensor_frozen",
    Reason.SWAPPED: "sensor_swapped",
    Reason.UNIT_SWAP: "sensor_unit",
    Reason.COUNTER_RESET: "counter_stuck",
    Reason.ENERGY_BALANCE: "meter_balance",
}
_OF_PAIR = {Reason.SWAPPED: "T_supply", Reason.ENERGY_BALANCE: "Q_flow"}
"""One fault marks two points; the alarm stands at the one whose name begins so."""
_CLOCK = frozenset({Reason.CLOCK_SKEW, Reason.FUTURE_TIMESTAMP, Reason.STALE})
_JUMPS = frozenset({Reason.RATE, Reason.SPIKE})
_CANNOT_TELL = frozenset({Reason.NO_ANSWER, Reason.LINK_DOWN, Reason.NEVER_READ, Reason.QUARANTINED})


@dataclass(slots=True)
class _Jumps:
    """How often a point jumped lately: each jump counts one, and is forgotten within hours."""

    count: float = 0.0
    at: float = -math.inf

    def note(self, at: float, *, jumped: bool) -> None:
        if at > self.at:
            forgotten = math.exp(-(at - self.at) / JUMPS_DECAY_S) if math.isfinite(self.at) else 0.0
            self.count = self.count * forgotten + jumped
            self.at = at


@dataclass(slots=True)
class SensorMemory:
    """Which sensors exist (they were good once), and which jump. Owner: the watch."""

    known: set[tuple[str, Point]] = field(default_factory=set)
    jumps: dict[tuple[str, Point], _Jumps] = field(default_factory=dict)


def sensor_findings(case: StationCase, memory: SensorMemory) -> Iterator[Finding]:
    """Judge every measurement of one station that answers."""
    bad: list[Finding] = []
    judged = 0
    clock: tuple[Point, Reading] | None = None
    for point, reading in case.image.readings.items():
        if point.name not in MEASUREMENTS or point.name in NOT_JUDGED:
            continue
        if reading.quality is Quality.GOOD:
            memory.known.add((case.config.id, point))
        known = _known(case, point, memory)
        judged += known
        if reading.reason in _CLOCK:
            clock = clock or (point, reading)
        finding = _judge(case, point, reading) if known else None
        if finding is not None:
            yield finding
            if finding.key.rule == "sensor_bad" and not finding.unknown:
                bad.append(finding)
        yield from _erratic(case, point, reading, memory)
    if len(bad) >= max(DATA_BAD_LEAST, DATA_BAD_SHARE * judged):
        yield _data_bad(case, bad, judged)
    if clock is not None:
        yield _clock(case, *clock)


def _known(case: StationCase, point: Point, memory: SensorMemory) -> bool:
    name = case.config.id
    return (
        point.name in ESSENTIAL
        or (name, point) in memory.known
        or case.scene.standing(AlarmKey("sensor_bad", name, *point))
    )


def _judge(case: StationCase, point: Point, reading: Reading) -> Finding | None:
    reason = reading.reason
    if reason in _CANNOT_TELL:
        return Finding(key=AlarmKey("sensor_bad", case.config.id, *point), unknown=True)
    rule = _RULES.get(reason)
    if rule is None or not point.name.startswith(_OF_PAIR.get(reason, "")):
        return None
    params: dict[str, Param] = {"point": str(point), **_doubt(reason)}
    if reading.value is not None:
        params["value"] = reading.value
    return Finding(key=AlarmKey(rule, case.config.id, *point), params=params)


def _erratic(case: StationCase, point: Point, reading: Reading, memory: SensorMemory) -> Iterator[Finding]:
    place = (case.config.id, point)
    jumped = reading.reason in _JUMPS
    if not jumped and place not in memory.jumps:
        return
    jumps = memory.jumps.setdefault(place, _Jumps())
    jumps.note(reading.received_at, jumped=jumped)
    if jumps.count < 0.01:
        del memory.jumps[place]
    key = AlarmKey("sensor_erratic", case.config.id, *point)
    if jumps.count >= (case.scene.rule(key).limit or 0.0) * (0.5 if case.scene.standing(key) else 1.0):
        yield Finding(key=key, params={"point": str(point), "count": round(jumps.count)})


def _data_bad(case: StationCase, bad: list[Finding], judged: int) -> Finding:
    return Finding(
        key=AlarmKey("station_data_bad", case.config.id),
        params={
            "count": float(len(bad)),
            "size": float(judged),
            "first": bad[0].params["point"],
            "why": bad[0].params["reason"],
            "why_zh": bad[0].params["reason_zh"],
        },
    )


def _clock(case: StationCase, point: Point, reading: Reading) -> Finding:
    return Finding(
        key=AlarmKey("station_clock", case.config.id),
        params={"point": str(point), **_doubt(reading.reason)},
    )


def _doubt(reason: Reason) -> dict[str, Param]:
    return {"reason": reason.value, "reason_zh": word("quality", reason).zh}
