"""Stations that are silent or do not do as they are told, each with the alarms that must tell of it."""

from dataclasses import replace

from controller.decisions import Action, Decision, LoopKey, Mode
from controller.historian.records import State
from controller.image import Link
from controller.words.phrase import verbatim
from stations.model.identity import Point
from tests.support.alarm_bench import SOURCE
from tests.support.alarm_faults_sensors import spoil

# -------------------------------------------------------------------------------------------------- links


def silent(bench):
    bench.silent["S01"] = (Link.LOST, "no answer within 3 s")


def refused(bench):
    bench.silent["S01"] = (Link.REFUSED, "certificate is not the pinned one")


def quarantined(bench):
    bench.silent["S01"] = (Link.QUARANTINED, "KeyError: 'x'")


def never_there(bench):
    bench.silent["S01"] = (Link.NEVER, "")


def source_silent(bench):
    bench.silent[SOURCE] = (Link.LOST, "no answer within 3 s")


# ---------------------------------------------------------------------------------------------- setpoints


def drive(bench, **status):
    """The loop is in auto and holds our setpoint, unless said otherwise."""
    loop = bench.status()
    loop.mode, loop.held, loop.write_state = Mode.AUTO, True, State.CONFIRMED
    loop.T_supply_set, loop.m_flow_set = 55.0, 6.0
    loop.decision = Decision(
        key=LoopKey("S01", 1),
        action=Action.SET,
        T_supply=55.0,
        m_flow=6.0,
        author="strategy:curve",
        why=(verbatim("as cold as it is"),),
        cuts=(),
    )
    for name, value in status.items():
        setattr(loop, name, value)
    spoil(
        bench,
        remote_level=1.0,
        T_supply_secondary_set_effective=55.0,
    )


def setpoint_refused(bench):
    refusal = (bench.clock.now() + 1.0, verbatim("the station holds a newer token"))
    drive(bench, write_state=State.REJECTED, held=False, rejected=refusal)


def register_differs_again_and_again(bench):
    drive(bench)

    def alternate():
        turn = round(bench.clock.elapsed / 60.0) % 3
        loop = bench.status()
        loop.write_state = (State.REJECTED, State.REQUESTED, State.SENT)[turn]
        loop.held = turn == 2
        if turn == 0:
            loop.rejected = (bench.clock.now(), verbatim("wrote 55.00, register holds 40.00"))

    bench.before_look = alternate


def answers_lost(bench):
    drive(bench, confirmed_at=bench.clock.now())

    def alternate():
        turn = round(bench.clock.elapsed / 60.0) % 2
        bench.status().write_state = (State.SENT, State.EXPIRED)[turn]
        bench.status().held = turn == 0

    bench.before_look = alternate


def station_limits(bench):
    drive(bench, write_state=State.CONFIRMED_LIMITED)
    bench.faults["S01"] = lambda values, _: values.update({
        Point(1, "remote_level"): 1.0,
        Point(1, "T_supply_secondary_set_readback"): 55.0,
        Point(1, "T_supply_secondary_set_effective"): 51.0,
    })  # fmt: skip


def never_driven(bench):
    drive(bench, held=False, write_state=None, T_supply_set=None)
    bench.status().decision = replace(
        bench.status().decision, action=Action.NONE, why=(verbatim("no re-entry yet"),)
    )


FAULTS = [
    # (fault, minutes until it must be found, expected alarms)
    (silent, 5, {"station_lost:S01"}),
    (refused, 5, {"station_refused:S01"}),
    (quarantined, 5, {"station_quarantined:S01"}),
    (source_silent, 5, {f"source_lost:{SOURCE}"}),
    (setpoint_refused, 5, {"setpoint_rejected:S01:1"}),
    (register_differs_again_and_again, 10, {"setpoint_rejected:S01:1"}),
    (answers_lost, 10, {"setpoint_unconfirmed:S01:1"}),
    (station_limits, 40, {"setpoint_limited:S01:1"}),
    (never_driven, 40, {"not_driven:S01:1"}),
]
