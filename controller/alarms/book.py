"""The book of all alarms that are not normal: delays, explanations, people's moves, and what is told of it.

Rules only say what is wrong now (``Finding``). The book makes alarms of it: it waits for the delays, hides
what another alarm explains, and keeps what people did. Every step goes to a sink, which makes it durable.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Protocol

from controller.alarms import lifecycle
from controller.alarms.definitions import Definition, Scope, definitions
from controller.alarms.model import Alarm, AlarmKey, Finding, LifeState, Transition, Why


class Sink(Protocol):
    """Takes every change of the book; never blocks."""

    def take(
        self, alarms: Mapping[AlarmKey, Alarm | None], transitions: Sequence[Transition]
    ) -> Future[bool]:
        """Keep alarms (None: normal again, forget it) and steps; the future tells True when they are safe."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the book must know of places to judge explanations and silence. Names are station ids."""

    blind: frozenset[str] = frozenset()
    """Stations of which nothing can be told now."""
    district_of: Mapping[str, str] = field(default_factory=dict)
    gateway_of: Mapping[str, str] = field(default_factory=dict)
    out_of_season: frozenset[str] = frozenset()
    """Stations whose season accepts no setpoints."""
    in_maintenance: frozenset[str] = frozenset()
    site_in_season: bool = True


class AlarmBook:
    """All alarms by key. Owner of them: the event loop (the watch and the API)."""

    def __init__(self, sink: Sink | None = None, alarms: Mapping[AlarmKey, Alarm] | None = None) -> None:
        """``alarms`` are those of an earlier run; without a sink nothing is kept."""
        self.alarms: dict[AlarmKey, Alarm] = dict(alarms or {})
        self.version = 0
        """Grows with every change."""
        self._sink = sink
        self._rules = definitions()
        self._turned: dict[AlarmKey, float] = {}
        """Scaled monotonic second since when the condition differs from what the alarm says."""
        self._since: dict[AlarmKey, float] = {}

    def standing(self, key: AlarmKey) -> bool:
        """Tell whether an alarm holds now, whatever its state: dead-bands and memories ask."""
        alarm = self.alarms.get(key)
        return alarm is not None and alarm.active

    def by_id(self, text: str) -> Alarm | None:
        """Return the alarm with this id, None where there is none."""
        return next((alarm for key, alarm in self.alarms.items() if str(key) == text), None)

    # --- the process moves ------------------------------------------------------------------------------

    def update(self, findings: Iterable[Finding], sight: Sight, now: float, monotonic: float) -> None:
        """Take one look's findings at UTC second ``now``; delays run on scaled ``monotonic`` seconds."""
        found = {finding.key: finding for finding in findings}
        holding = {key for key, finding in found.items() if not finding.unknown}
        flips = {
            key
            for key in {*holding, *self.alarms, *self._turned}
            if self._due(key, self._wrong(key, found, sight), now, monotonic)
        }
        causes = self._causes(holding, flips)
        steps: list[tuple[AlarmKey, Alarm, Why, str]] = []
        for key in sorted(flips, key=str):
            before = self.alarms.get(key, Alarm(key=key))
            if before.active:
                steps.append((key, lifecycle.cleared(before, now), Why.CONDITION, ""))
            else:
                why = self._explanation(key, causes, sight)
                steps.append((key, self._raised(before, found.get(key), why, now), Why.CONDITION, why))
        for key, alarm in self.alarms.items():
            if key not in flips:
                steps += self._resettled(alarm, causes, sight, now)
        self._keep(steps, now)
        for key in flips:
            del self._turned[key], self._since[key]
        for key, finding in found.items():
            if finding.params and key in self.alarms:
                self.alarms[key] = replace(self.alarms[key], params=finding.params)

    def _wrong(self, key: AlarmKey, found: Mapping[AlarmKey, Finding], sight: Sight) -> bool:
        finding = found.get(key)
        if finding is not None and not finding.unknown:
            return True
        blind = key.name in sight.blind and self._rules[key.rule].needs_link
        return (finding is not None or blind) and self.standing(key)

    def _due(self, key: AlarmKey, wrong: bool, now: float, monotonic: float) -> bool:
        """Tell whether the condition has differed from the alarm for as long as its delay asks."""
        if wrong == self.standing(key):
            self._turned.pop(key, None)
            self._since.pop(key, None)
            return False
        definition = self._rules[key.rule]
        began = self._turned.setdefault(key, monotonic)
        self._since.setdefault(key, now)
        return monotonic - began >= (definition.on_delay_s if wrong else definition.off_delay_s)

    def _raised(self, before: Alarm, finding: Finding | None, why: str, now: float) -> Alarm:
        assert finding is not None
        since = self._since[finding.key] if finding.since is None else finding.since
        needs_ack = self._rules[finding.key.rule].needs_ack
        explained = lifecycle.explained(before, why)
        return lifecycle.raised(explained, now, since, finding.params, needs_ack=needs_ack)

    def _causes(self, holding: set[AlarmKey], flips: set[AlarmKey]) -> dict[str, list[tuple[AlarmKey, bool]]]:
        """Return what may explain other alarms, by rule: (key, it stands or is raised just now).

        What only begins to hold explains alarms that would be raised now, so that a parent with its own
        delay is not overtaken by its children; it does not yet take from the list what stands there.
        """
        causes: dict[str, list[tuple[AlarmKey, bool]]] = {}
        for key in holding | {key for key, alarm in self.alarms.items() if alarm.active}:
            stands = self.standing(key) != (key in flips)
            if stands or key in holding:
                causes.setdefault(key.rule, []).append((key, stands))
        return causes

    def _explanation(
        self,
        key: AlarmKey,
        causes: Mapping[str, list[tuple[AlarmKey, bool]]],
        sight: Sight,
        *,
        standing_only: bool = False,
    ) -> str:
        definition = self._rules[key.rule]
        for rule in definition.suppressed_by:
            for cause, stands in causes.get(rule, ()):
                if (stands or not standing_only) and self._covers(cause, key, sight):
                    return str(cause)
        return _quiet(key, definition, sight)

    def _covers(self, cause: AlarmKey, key: AlarmKey, sight: Sight) -> bool:
        """Tell whether an alarm at ``cause`` can explain one at ``key``: the same place, or one above it."""
        match self._rules[cause.rule].scope:
            case Scope.SITE | Scope.SOURCE:
                return True
            case Scope.GATEWAY:
                return sight.gateway_of.get(key.name) == cause.name
            case Scope.DISTRICT:
                return sight.district_of.get(key.name) == cause.name
            case _:
                same_loop = cause.loop == key.loop or not cause.loop or not key.loop
                return cause.name == key.name and same_loop

    def _resettled(
        self, alarm: Alarm, causes: Mapping[str, list[tuple[AlarmKey, bool]]], sight: Sight, now: float
    ) -> list[tuple[AlarmKey, Alarm, Why, str]]:
        """Return the steps of an alarm whose own condition did not move: explanations, ends of shelves."""
        steps = []
        if alarm.active:
            why = self._explanation(alarm.key, causes, sight, standing_only=not alarm.suppressed_by)
            if why and not alarm.suppressed_by:
                alarm = lifecycle.explained(alarm, why)
                steps.append((alarm.key, alarm, Why.EXPLAINED, why))
            elif alarm.suppressed_by and not why:
                by = alarm.suppressed_by
                alarm = lifecycle.unexplained(alarm, now)
                steps.append((alarm.key, alarm, Why.UNEXPLAINED, by))
        if alarm.shelf is not None and alarm.shelf.until is not None and now >= alarm.shelf.until:
            steps.append((alarm.key, lifecycle.unshelved(alarm, now), Why.SHELF_OVER, ""))
        return steps

    # --- people move ------------------------------------------------------------------------------------

    def acknowledge(self, key: AlarmKey, by: str, note: str, now: float) -> Future[bool]:
        """Note that somebody knows; raises MoveRefused, KeyError. The future tells when that is safe."""
        moved = lifecycle.acknowledged(self.alarms[key], by, note, now)
        return self._keep([(key, moved, Why.ACKNOWLEDGED, by)], now, note)

    def shelve(self, key: AlarmKey, by: str, reason: str, duration_s: float, now: float) -> Future[bool]:
        """Take an alarm off the list for a while; raises MoveRefused, KeyError."""
        moved = lifecycle.shelved(self.alarms[key], by, reason, now, duration_s)
        return self._keep([(key, moved, Why.SHELVED, by)], now, reason)

    def unshelve(self, key: AlarmKey, by: str, now: float) -> Future[bool]:
        """Put a shelved alarm back; raises MoveRefused, KeyError."""
        return self._keep([(key, lifecycle.unshelved(self.alarms[key], now), Why.UNSHELVED, by)], now)

    def remove(self, key: AlarmKey, by: str, reason: str, now: float) -> Future[bool]:
        """Take an alarm out of service; raises MoveRefused, KeyError."""
        moved = lifecycle.removed(self.alarms[key], by, reason, now)
        return self._keep([(key, moved, Why.REMOVED, by)], now, reason)

    def restore(self, key: AlarmKey, by: str, now: float) -> Future[bool]:
        """Put an alarm back into service; raises MoveRefused, KeyError."""
        return self._keep([(key, lifecycle.restored(self.alarms[key], now), Why.RESTORED, by)], now)

    def _keep(
        self, steps: Sequence[tuple[AlarmKey, Alarm, Why, str]], now: float, note: str = ""
    ) -> Future[bool]:
        transitions: list[Transition] = []
        changed: dict[AlarmKey, Alarm | None] = {}
        for key, alarm, why, by in steps:
            before = self.alarms[key].state if key in self.alarms else LifeState.NORMAL
            if alarm.state is LifeState.NORMAL:
                self.alarms.pop(key, None)
                changed[key] = None
            else:
                self.alarms[key] = changed[key] = alarm
            transitions.append(
                Transition(
                    at=now,
                    key=key,
                    before=before,
                    after=alarm.state,
                    why=why,
                    by=by,
                    note=note,
                    params=alarm.params,
                )
            )
        if changed:
            self.version += 1
            if self._sink is not None:
                return self._sink.take(changed, transitions)
        done: Future[bool] = Future()
        done.set_result(self._sink is not None)
        return done


def _quiet(key: AlarmKey, definition: Definition, sight: Sight) -> str:
    """Return why an alarm means nothing in this season, or nothing."""
    of_station = definition.scope in (Scope.STATION, Scope.LOOP, Scope.POINT)
    if of_station and key.name in sight.in_maintenance:
        return "maintenance"
    if definition.season == "any":
        return ""
    out = key.name in sight.out_of_season if of_station else not sight.site_in_season
    return "season" if out else ""
