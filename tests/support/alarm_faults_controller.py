"""Faults of the controller itself and its stores, each with the alarms that must tell of it."""

from dataclasses import replace

from controller.alarms.scene import Storage
from controller.cycle import COMMIT_ALARM
from controller.decisions import MassChange
from controller.historian.forwarder_faults import Fault, FaultKind
from controller.historian.forwarder_stats import ForwarderStats
from controller.historian.records import CommandLogStats
from controller.historian.slot import JournalStats
from controller.words.phrase import verbatim
from stations.model.quality import Reason
from stations.model.reading import uncertain
from tests.support.alarm_faults_links import drive
from tests.support.published import published


def journal_broken(bench):
    bench.storage = Storage(journal=JournalStats(last_error="disk I/O error"))


def disk_full(bench):
    bench.storage = Storage(journal=JournalStats(last_error="database or disk is full", disk_full=True))


def server_historian_down(bench):
    fault = Fault(kind=FaultKind.DISK_FULL, where="http://10.0.0.5:8086", said="no space left")
    bench.storage = Storage(forwarder=ForwarderStats(fault=fault, fault_since=1.0))


def server_historian_refuses(bench):
    bench.storage = Storage(forwarder=ForwarderStats(refused=2, last_refused="field type conflict"))


def commit_fails(bench):
    bench.state.alarms.append(COMMIT_ALARM)
    bench.storage = Storage(
        journal=JournalStats(last_error="database or disk is full", disk_full=True),
        command_log=CommandLogStats(last_error="database or disk is full"),
        alarm_store="database or disk is full",
    )


def alarm_journal_broken(bench):
    bench.storage = Storage(alarm_store="disk I/O error")


def store_put_aside(bench):
    bench.storage = Storage(journal=JournalStats(set_aside="store.db.damaged-1"))


def other_fault(bench):
    bench.state.alarms.append(verbatim("coordinator: lease not renewed"))


def cycle_hangs(bench):
    bench.cycle_runs = False


def mass_change(bench):
    bench.state.mass_change = MassChange(
        share_of_area=0.4, Q_flow_change_share=0.2, detail=verbatim("40 % of the area")
    )


def plan_grows_old(bench):
    drive(bench)
    bench.status().decision = replace(bench.status().decision, author="strategy:optimizer")
    bench.state.published = published(bench.site, bench.clock.now())


def plan_never_made(bench):
    drive(bench)
    bench.status().decision = replace(bench.status().decision, author="strategy:optimizer")


def plan_nobody_follows_grows_old(bench):
    drive(bench)
    bench.state.published = published(bench.site, bench.clock.now())


def no_outdoor(bench):
    stale = bench.clock.now()

    def outdoor():
        bench.state.T_outdoor_centre = uncertain(-5.0, Reason.STALE, stale)

    bench.before_look = outdoor


def clock_jumps(bench):
    bench.clock.jump = 3600.0


FAULTS = [
    # (fault, minutes until it must be found, expected alarms)
    (journal_broken, 2, {"journal_failed"}),
    (disk_full, 2, {"disk_full"}),
    (server_historian_down, 7, {"influxdb_lost"}),
    (server_historian_refuses, 2, {"influxdb_refused"}),
    (commit_fails, 2, {"command_log_failed"}),
    (alarm_journal_broken, 2, {"alarm_store_failed"}),
    (store_put_aside, 2, {"store_damaged"}),
    (other_fault, 2, {"controller_fault"}),
    (cycle_hangs, 5, {"cycle_stopped"}),
    (mass_change, 2, {"mass_change_held"}),
    (plan_grows_old, 62, {"plan_lost"}),
    (plan_never_made, 17, {"plan_lost"}),
    (plan_nobody_follows_grows_old, 62, set()),
    (no_outdoor, 45, {"outdoor_lost"}),
    (clock_jumps, 2, {"controller_clock"}),
]
