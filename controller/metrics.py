"""What Prometheus reads: computed from the controller's state when asked, so that counting costs nothing.

No label carries a station: a city of 5,000 stations has as many series as a village. One station's numbers
stand in the API.
"""

import asyncio
import math
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from controller.alarms.definitions import definitions
from controller.alarms.model import Alarm
from controller.decisions import Mode
from controller.historian.forwarder_faults import FaultKind
from controller.historian.forwarder_stats import ForwarderStats
from controller.historian.records import State
from controller.historian.slot import JournalStats
from controller.image import Link, StationImage
from controller.state import ControllerState
from stations.model.clock import Clock

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
QUANTILES = (0.5, 0.95, 1.0)
AGE_BOUNDS_S = (10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 3600.0)
"""Upper bounds of the histogram of poll ages: one, two, three polls, and the limits of the guard."""
_PAGE = os.sysconf("SC_PAGE_SIZE")


class Metrics(Collector):
    """Everything that /metrics shows. Owner: the API."""

    def __init__(
        self,
        state: ControllerState,
        clock: Clock,
        *,
        journal_stats: Callable[[], JournalStats],
        lag_ms: Callable[[], tuple[float, float]],
        alarms: Callable[[], Iterable[Alarm]] = tuple,
        login_failures: Callable[[], int] = int,
        forwarder_stats: Callable[[], ForwarderStats | None] = lambda: None,
    ) -> None:
        """``lag_ms`` returns (99 % quantile, maximum) of the event loop's lag in ms."""
        self._alarms = alarms
        self._login_failures = login_failures
        self._alarm_counts: Counter[tuple[str, str]] = Counter()
        self._state = state
        self._clock = clock
        self.journal_stats = journal_stats
        self.lag_ms = lag_ms
        self.forwarder_stats = forwarder_stats
        self._answers: Counter[int] = Counter()
        self._tasks = 0
        self._lag = (0.0, 0.0)
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def count_answer(self, status: int) -> None:
        """Count one answer of the API by its status."""
        self._answers[status] += 1

    async def render(self) -> bytes:
        """Return the text for Prometheus. Computed in a thread: it takes milliseconds.

        What only the event loop may read (its tasks, its lag samples, its alarms) is read here, before.
        """
        rules = definitions()
        self._alarm_counts = Counter(
            (str(rules[alarm.key.rule].priority), alarm.state.value) for alarm in self._alarms()
        )
        self._tasks = len(asyncio.all_tasks())
        self._lag = self.lag_ms()
        return await asyncio.to_thread(generate_latest, self._registry)

    def describe(self) -> Iterable[Metric]:
        """Return nothing: registering must not compute."""
        return ()

    def collect(self) -> Iterator[Metric]:
        """Compute all metrics now."""
        yield from self._field()
        yield from self._control()
        yield from self._storage()
        yield from self._forwarding()
        yield from self._process()

    def _field(self) -> Iterator[Metric]:
        images = list(self._state.image.freeze().values())
        now = self._clock.now()
        links = Counter(image.link for image in images)
        yield _gauge(
            "dhc_stations", "Stations by state of their link", "link", {k.value: links[k] for k in Link}
        )
        ages = sorted(now - image.polled_at for image in images if image.polled_at is not None)
        yield _gauge(
            "dhc_poll_age_seconds",
            "Scaled seconds since a station answered, over all stations that ever did",
            "quantile",
            {str(q): _quantile(ages, q) for q in QUANTILES},
        )
        histogram = GaugeHistogramMetricFamily(
            "dhc_station_age_seconds", "Stations by scaled seconds since they answered; never is +Inf"
        )
        counts = [(str(bound), float(sum(age <= bound for age in ages))) for bound in AGE_BOUNDS_S]
        histogram.add_metric([], [*counts, ("+Inf", float(len(images)))], sum(ages))
        yield histogram
        rtts = sorted(image.rtt_s for image in images if image.rtt_s is not None)
        yield _gauge(
            "dhc_poll_round_trip_seconds",
            "Wall seconds of the newest poll of each station",
            "quantile",
            {str(q): _quantile(rtts, q) for q in QUANTILES},
        )
        yield _counter("dhc_polls", "Polls that were due and tried", _sum(images, "polls"))
        yield _counter("dhc_polls_answered", "Polls that were answered", _sum(images, "polls_ok"))
        faults = CounterMetricFamily(
            "dhc_poll_faults", "Polls that failed, by the kind of fault", labels=["kind"]
        )
        for kind, number in sorted(self._state.image.faults.items()):
            faults.add_metric([kind], number)
        yield faults
        yield _counter(
            "dhc_missed_ticks", "Polls skipped because one was running", _sum(images, "missed_ticks")
        )

    def _control(self) -> Iterator[Metric]:
        state, counters = self._state, self._state.counters
        loops = list(state.loops.values())
        modes = Counter(loop.mode for loop in loops)
        yield _gauge("dhc_loops", "Loops by mode", "mode", {mode.value: modes[mode] for mode in Mode})
        writes = Counter(loop.write_state for loop in loops)
        yield _gauge(
            "dhc_loops_by_write_state",
            "Loops by state of their newest setpoint",
            "state",
            {write.value: writes[write] for write in State},
        )
        yield from self._outbox()
        yield _gauge(
            "dhc_stations_by_authority", "Stations by who decides there", "authority", self._authority()
        )
        yield GaugeMetricFamily(
            "dhc_loops_held", "Loops that hold our setpoints", value=sum(loop.held for loop in loops)
        )
        setpoints = CounterMetricFamily("dhc_setpoints", "Setpoints by what became of them", labels=["state"])
        for name in ("sent", "confirmed", "limited", "rejected", "expired"):
            setpoints.add_metric([name], getattr(counters, f"setpoints_{name}"))
        yield setpoints
        cuts = CounterMetricFamily("dhc_guard_cuts", "Wishes bound by a rule of the guard", labels=["rule"])
        for rule, number in sorted(counters.guard_cuts.items()):
            cuts.add_metric([rule], number)
        yield cuts
        yield _counter("dhc_heartbeats", "Lease renewals sent", counters.heartbeats_sent)
        yield _counter("dhc_cycles", "Control cycles completed", counters.cycles)
        yield _counter("dhc_cycles_failed", "Control cycles that failed", counters.cycles_failed)
        yield _counter(
            "dhc_cycles_skipped", "Control cycles skipped because one was running", counters.cycles_skipped
        )
        yield _single("dhc_cycle_seconds", "Wall seconds of the last control cycle", state.last_cycle_s)
        age = None if state.last_cycle_at is None else self._clock.now() - state.last_cycle_at
        yield _single("dhc_cycle_age_seconds", "Scaled seconds since the last cycle completed", age)
        yield _single("dhc_token", "Fencing token of this controller run", state.token)
        yield _single(
            "dhc_token_age_seconds",
            "Scaled seconds since this controller run began",
            self._clock.now() - state.started_at,
        )
        yield _single("dhc_own_faults", "Standing faults of the controller itself", len(state.alarms))
        alarms = GaugeMetricFamily(
            "dhc_alarms", "Alarms that are not normal, by priority and state", labels=["priority", "state"]
        )
        for labels, number in sorted(self._alarm_counts.items()):
            alarms.add_metric(labels, number)
        yield alarms

    def _outbox(self) -> Iterator[Metric]:
        """Yield how many setpoints are committed and not yet on the wire, and since when the oldest waits."""
        waiting = [
            loop.write_state_at for loop in self._state.loops.values() if loop.write_state is State.REQUESTED
        ]
        yield _single("dhc_outbox_setpoints", "Setpoints that wait for their station", len(waiting))
        since = min((at for at in waiting if at is not None), default=None)
        age = 0.0 if since is None else self._clock.now() - since
        yield _single("dhc_outbox_age_seconds", "Scaled seconds that the oldest of them has waited", age)

    def _authority(self) -> dict[str, float | None]:
        """Count stations: stale (not online), else remote (a loop holds our setpoint), else local."""
        held = {key.station for key, loop in self._state.loops.items() if loop.held}
        found = Counter(
            "stale" if image.link is not Link.ONLINE else "remote" if station in held else "local"
            for station, image in self._state.image.freeze().items()
        )
        return {name: found[name] for name in ("remote", "local", "stale")}

    def _storage(self) -> Iterator[Metric]:
        stats = self.journal_stats()
        yield _counter("dhc_journal_readings", "Readings stored for good", stats.readings_stored)
        yield _counter("dhc_journal_readings_dropped", "Readings given up, oldest first", stats.dropped)
        yield _counter("dhc_journal_errors", "Commits that failed", stats.errors)
        yield _single("dhc_journal_pending_slots", "Slots taken and not yet stored", stats.pending)
        yield _single(
            "dhc_journal_commit_seconds", "Wall seconds of the last commit", stats.last_commit_ms / 1e3
        )
        yield _single("dhc_journal_bytes", "Size of the journal's files", stats.bytes)
        yield _single("dhc_journal_disk_full", "1 while the disk is full", int(stats.disk_full))

    def _forwarding(self) -> Iterator[Metric]:
        """Yield how the server historian is served; nothing where a site has none."""
        stats = self.forwarder_stats()
        if stats is None:
            return
        well = stats.fault is None and stats.failure is None
        yield _single("dhc_influxdb_up", "1 while the server takes what it is sent", int(well))
        kinds = {
            kind.value: float(stats.fault is not None and stats.fault.kind is kind) for kind in FaultKind
        }
        yield _gauge("dhc_influxdb_fault", "1 at the fault that stands", "kind", kinds)
        yield _single(
            "dhc_influxdb_lag_seconds",
            "Scaled seconds since the oldest point that the server does not have",
            stats.lag_s(self._clock.now()),
        )
        yield _counter("dhc_influxdb_lines", "Lines taken, those sent again included", stats.lines_sent)
        yield _counter("dhc_influxdb_requests", "Requests made", stats.requests)
        yield _counter("dhc_influxdb_faults", "Requests that failed as a whole", stats.faults)
        yield _counter("dhc_influxdb_rewinds", "Times the last two minutes were sent again", stats.rewinds)
        yield _counter("dhc_influxdb_refused_points", "Points set aside as refused", stats.refused)
        yield _counter(
            "dhc_influxdb_outdated_lines",
            "Lines of which the server keeps none that old",
            stats.outdated_lines,
        )
        yield _counter("dhc_influxdb_missed_slots", "Slots deleted before they were sent", stats.slots_missed)
        yield _counter("dhc_influxdb_damaged_slots", "Slots not wholly readable", stats.slots_damaged)

    def _process(self) -> Iterator[Metric]:
        p99_ms, worst_ms = self._lag
        yield _gauge(
            "dhc_loop_lag_seconds",
            "How late the event loop runs a timer",
            "quantile",
            {"0.99": p99_ms / 1e3, "1.0": worst_ms / 1e3},
        )
        yield _single("dhc_tasks", "Tasks of the event loop", self._tasks)
        yield _single("dhc_threads", "Threads of the process", threading.active_count())
        yield _single("dhc_open_files", "Open file descriptors", len(os.listdir("/proc/self/fd")))
        resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
        yield _single("dhc_resident_bytes", "Memory of the process", resident)
        yield _counter("dhc_login_failures", "Logins that were refused", self._login_failures())
        answers = CounterMetricFamily("dhc_api_answers", "Answers of the API by status", labels=["status"])
        for status, number in sorted(self._answers.copy().items()):
            answers.add_metric([str(status)], number)
        yield answers


def _single(name: str, text: str, value: float | None) -> Metric:
    family = GaugeMetricFamily(name, text)
    if value is not None:
        family.add_metric([], value)
    return family


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(name, text, value=value)


def _gauge(name: str, text: str, label: str, values: Mapping[str, float | None]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        if value is not None:
            family.add_metric([key], value)
    return family


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    """Return the nearest-rank quantile of sorted values; None for none."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else None


def _sum(images: Iterable[StationImage], field: str) -> int:
    return sum(getattr(image, field) for image in images)
