"""The operator's list: what stands first, what came first, and what lies beneath a parent. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from controller.alarms.definitions import definitions
from controller.alarms.model import SHOWN, Alarm, AlarmKey, LifeState

TOGETHER_S = 600.0
"""Alarms of one place that began within so short a time are one event; the first of them may be its cause."""


def listed(alarms: Iterable[Alarm]) -> list[Alarm]:
    """Return alarms in the order in which they ask: unacknowledged, urgent and new ones first."""
    rules = definitions()

    def asks(alarm: Alarm) -> tuple[bool, bool, int, float, str]:
        waiting = alarm.state in (LifeState.UNACK, LifeState.RETURNED_UNACK)
        newest = -(alarm.raised_at or alarm.since)
        return (not waiting, not alarm.active, rules[alarm.key.rule].priority, newest, str(alarm.key))

    return sorted(alarms, key=asks)


def first_out(alarms: Iterable[Alarm]) -> set[AlarmKey]:
    """Return, of alarms of one place that began together, the one that began first (ISA-18.2 first-out)."""
    by_place: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        if alarm.state in SHOWN and alarm.active:
            by_place.setdefault(alarm.key.name, []).append(alarm)
    first: set[AlarmKey] = set()
    for place in by_place.values():
        first |= {event[0].key for event in _events(sorted(place, key=lambda a: a.since)) if len(event) > 1}
    return first


def _events(alarms: Sequence[Alarm]) -> list[list[Alarm]]:
    events: list[list[Alarm]] = []
    for alarm in alarms:
        if events and alarm.since - events[-1][-1].since <= TOGETHER_S:
            events[-1].append(alarm)
        else:
            events.append([alarm])
    return events


def children(alarms: Iterable[Alarm]) -> Mapping[str, list[str]]:
    """Return the ids of alarms that each alarm explains, by its id."""
    found: dict[str, list[str]] = {}
    for alarm in alarms:
        if alarm.suppressed_by:
            found.setdefault(alarm.suppressed_by, []).append(str(alarm.key))
    return found
