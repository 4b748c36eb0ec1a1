"""Rules of the controller itself: its cycle, its stores, its clock, and what waits for an operator."""

from collections.abc import Iterator
from dataclasses import dataclass

from controller.alarms.model import AlarmKey, Finding, Param, because
from controller.alarms.scene import Scene
from controller.cycle import COMMIT_ALARM
from controller.planning.published import missing
from controller.recorder import STORAGE_ALARM
from controller.strategies.optimizer import AUTHOR as PLANS
from controller.words.phrase import Phrase, verbatim
from controller.words.plan import reasoned
from stations.model.quality import Quality, Reason

START_S = 300.0
"""Scaled seconds after the start within which the first cycle should have completed."""
JUMP_SHOWN_S = 900.0
_COMMAND_LOG_ALARMS = (COMMIT_ALARM, STORAGE_ALARM)
_SQLITE_SAYS = {
    phrase.text("en"): phrase
    for phrase in (
        Phrase("storage.full"),
        Phrase("storage.io"),
        Phrase("storage.locked"),
        Phrase("storage.read_only"),
        Phrase("storage.damaged"),
        Phrase("storage.no_file"),
    )
}
_NO_LOOPS = ("plan.no_loops", "plan.no_loop_left")
_NO_SOURCE = (Reason.STALE, Reason.SUBSTITUTED)


def cycle_findings(scene: Scene) -> Iterator[Finding]:
    """Judge the age of the last completed cycle, and show a change of the network that is held back."""
    state, key = scene.state, AlarmKey("cycle_stopped")
    limit = scene.rule(key).limit or 0.0
    completed = state.last_cycle_monotonic
    if completed is None:
        age_s, limit = scene.now - state.started_at, START_S
    else:
        age_s = scene.monotonic - completed
    if age_s > limit and not state.stopping:
        yield Finding(key=key, params={"age_s": round(age_s)})
    if state.mass_change is not None:
        yield Finding(key=AlarmKey("mass_change_held"), params=because(state.mass_change.detail))


def plan_findings(scene: Scene) -> Iterator[Finding]:
    """Judge whether loops that follow plans have one. That none can be planned for is told by each loop."""
    why = missing(scene.state.published, scene.now)
    if why is None or why.id in _NO_LOOPS:
        return
    loops = scene.state.loops.values()
    if any(one.decision is not None and one.decision.author == PLANS for one in loops):
        yield Finding(key=AlarmKey("plan_lost"), params=because(reasoned(why)))


def outdoor_findings(scene: Scene) -> Iterator[Finding]:
    """Judge whether the outdoor temperature of the city still has a source."""
    outdoor, key = scene.state.T_outdoor_centre, AlarmKey("outdoor_lost")
    if outdoor is None:
        yield Finding(key=key, unknown=True)
    elif outdoor.quality is Quality.BAD or outdoor.reason in _NO_SOURCE:
        yield Finding(key=key, params={"since_min": max(0.0, outdoor.age_s(scene.now) / 60.0)})


def storage_findings(scene: Scene) -> Iterator[Finding]:
    """Judge command log, journal and alarm journal; other standing faults of the controller are passed on."""
    alarms, storage = scene.state.alarms, scene.storage
    journal, log = storage.journal, storage.command_log
    why = next((alarm for alarm in alarms if alarm in _COMMAND_LOG_ALARMS), None)
    if why is None and log is not None:
        why = None if log.last_error is None else _said(log.last_error)
    if why is not None:
        yield Finding(key=AlarmKey("command_log_failed"), params=because(why))
    others = [alarm for alarm in alarms if alarm not in _COMMAND_LOG_ALARMS]
    if others:
        yield Finding(key=AlarmKey("controller_fault"), params=because(*others))
    if journal is not None:
        rule = "disk_full" if journal.disk_full else "journal_failed"
        yield from _told(rule, journal.last_error)
    yield from _told("alarm_store_failed", storage.alarm_store)
    aside = [stats.set_aside for stats in (journal, log) if stats is not None and stats.set_aside]
    aside += [storage.set_aside] if storage.set_aside else []
    yield from _told("store_damaged", ", ".join(aside) or None)


def forwarder_findings(scene: Scene) -> Iterator[Finding]:
    """Judge whether the server historian takes what it is sent."""
    stats = scene.storage.forwarder
    if stats is None:
        return
    if stats.failure is not None:
        told: dict[str, Param] = {"why": f"a fault of the forwarder: {stats.failure}"}
        told["why_zh"] = f"转发程序自身故障：{stats.failure}"
        yield Finding(key=AlarmKey("influxdb_lost"), params=told)
    elif stats.fault is not None:
        params: dict[str, Param] = {"why": stats.fault.text_en, "why_zh": stats.fault.text_zh}
        yield Finding(key=AlarmKey("influxdb_lost"), params=params)
    if stats.refused and stats.last_refused is not None:
        yield Finding(
            key=AlarmKey("influxdb_refused"), params={"count": stats.refused, "why": stats.last_refused}
        )


def _told(rule: str, why: str | None) -> Iterator[Finding]:
    if why is not None:
        yield Finding(key=AlarmKey(rule), params=because(_said(why)))


def _said(why: str) -> Phrase:
    """Return what a store said, in both languages where it is one of SQLite's usual complaints."""
    return _SQLITE_SAYS.get(why, verbatim(why))


@dataclass(slots=True)
class ClockWatch:
    """Compares the clock that shows the time with the one that counts it. Owner: the watch."""

    now: float | None = None
    monotonic: float = 0.0
    jumped_at: float | None = None
    """Scaled monotonic second of the last jump."""
    jump_s: float = 0.0

    def findings(self, scene: Scene) -> Iterator[Finding]:
        """Judge whether the time jumped since the last look; a jump is shown for a quarter of an hour."""
        key = AlarmKey("controller_clock")
        if self.now is not None:
            jump_s = (scene.now - self.now) - (scene.monotonic - self.monotonic)
            if abs(jump_s) > (scene.rule(key).limit or 0.0):
                self.jumped_at, self.jump_s = scene.monotonic, jump_s
        self.now, self.monotonic = scene.now, scene.monotonic
        if self.jumped_at is not None and scene.monotonic - self.jumped_at < JUMP_SHOWN_S:
            params: dict[str, Param] = {
                "why": f"the clock jumped by {self.jump_s:+.0f} s",
                "why_zh": f"时钟跳变 {self.jump_s:+.0f} 秒",
            }
            yield Finding(key=key, params=params)
