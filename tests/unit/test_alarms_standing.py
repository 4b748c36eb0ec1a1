"""How long an alarm stands: while its fault lasts and can be judged, and behind its dead band."""

import copy
from dataclasses import replace

import pytest

from controller.alarms import watch
from controller.alarms.definitions import definitions, rendered
from controller.alarms.model import AlarmKey, LifeState
from controller.decisions import Mode
from controller.historian.records import State
from controller.image import Link
from optimizer.reason import because
from tests.support.alarm_bench import AlarmBench, five_stations
from tests.support.alarm_faults_controller import disk_full
from tests.support.alarm_faults_links import drive, setpoint_refused, silent
from tests.support.alarm_faults_plant import getting_cold, learn_exchanger, pump_trips
from tests.support.alarm_faults_sensors import spoil


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A city that has run for an hour."""
    bench = AlarmBench(tmp_path_factory.mktemp("city"), five_stations()).run(60)
    assert bench.book.alarms == {}
    return bench


def test_what_ends_clears_by_itself_and_waits_for_an_acknowledgement(healthy):
    bench = copy.deepcopy(healthy)
    pump_trips(bench)
    bench.run(5)
    (alarm,) = bench.book.alarms.values()
    assert alarm.state is LifeState.UNACK
    bench.faults.clear()
    bench.run(5)
    (alarm,) = bench.book.alarms.values()
    assert alarm.state is LifeState.RETURNED_UNACK
    bench.book.acknowledge(alarm.key, "li", "seen", bench.clock.now())
    assert bench.book.alarms == {}


def test_a_station_that_falls_silent_during_a_write_is_silent_and_nothing_else(healthy):
    bench = copy.deepcopy(healthy)
    drive(bench)
    bench.run(2)
    bench.status().write_state = State.SENT
    unanswered = replace(bench.state.image["S01"])
    bench.before_look = lambda: bench.state.image.put(replace(unanswered, link=bench.state.image["S01"].link))
    bench.run(15)
    assert bench.shown() == set()
    bench.silent["S01"] = (Link.LOST, "no answer within 3 s")
    bench.run(5)
    assert bench.shown() == {"station_lost:S01"}


def test_setpoints_that_follow_each_other_closely_are_confirmed_in_between(healthy):
    bench = copy.deepcopy(healthy)
    drive(bench)

    def confirmed_and_sent_anew():
        bench.status().write_state, bench.status().confirmed_at = State.ACKNOWLEDGED, bench.clock.now() - 20.0

    bench.before_look = confirmed_and_sent_anew
    assert bench.run(30).shown() == set()


def test_a_refusal_from_before_the_loop_was_local_is_history(healthy):
    bench = copy.deepcopy(healthy)
    setpoint_refused(bench)
    assert bench.run(5).shown() == {"setpoint_rejected:S01:1"}
    bench.status().mode = Mode.LOCAL
    bench.run(5)
    bench.status().mode = Mode.AUTO
    bench.run(5)
    assert {alarm.state for alarm in bench.book.alarms.values()} == {LifeState.RETURNED_UNACK}


def test_a_silent_station_keeps_its_alarms_and_raises_none_but_its_silence(healthy):
    bench = copy.deepcopy(healthy)
    pump_trips(bench)
    bench.run(5)
    silent(bench)
    bench.run(30)
    assert bench.shown() == {"pump_stopped:S01:1", "station_lost:S01"}


def test_the_frost_alarm_lets_go_behind_its_dead_band_only(healthy):
    bench = copy.deepcopy(healthy)
    getting_cold(bench)
    bench.run(10)
    shown = []
    for T in (9.5, 10.5, 11.5, 12.5, 13.0):
        spoil(bench, T_return_secondary=T, T_supply_secondary=lambda v: v - 20.0)
        bench.run(10)
        shown.append(bench.book.standing(AlarmKey("frost_risk", "S01", 1)))
    assert shown == [True, True, True, False, False]


def test_a_bug_of_ours_at_one_station_sets_only_its_alarms_aside(healthy, monkeypatch):
    bench = copy.deepcopy(healthy)
    pump_trips(bench)
    bench.run(5)
    real = watch.sensor_findings

    def broken(case, memory):
        if case.config.id == "S01":
            raise KeyError("x")
        yield from real(case, memory)

    monkeypatch.setattr(watch, "sensor_findings", broken)
    spoil(bench, "S02", T_supply_secondary=None)
    bench.run(10)
    expected = {"station_unjudged:S01", "pump_stopped:S01:1", "sensor_bad:S02:1:T_supply_secondary"}
    assert bench.shown() == expected
    monkeypatch.undo()
    bench.run(5)
    assert bench.book.alarms[AlarmKey("station_unjudged", "S01")].state is LifeState.RETURNED_UNACK


def test_what_the_store_says_is_told_in_both_languages(healthy):
    bench = copy.deepcopy(healthy)
    disk_full(bench)
    bench.run(2)
    params = bench.book.alarms[AlarmKey("disk_full")].params
    assert (params["why"], params["why_zh"]) == ("database or disk is full", "数据库或磁盘已满")


def test_a_fouled_exchanger_stands_until_it_was_cleaned_and_not_by_a_better_night(healthy):
    bench = copy.deepcopy(healthy)
    learn_exchanger(bench, UA=86.0)
    assert bench.run(15).shown() == set(), "14 % may be doubt"
    learn_exchanger(bench, UA=80.0)
    assert bench.run(15).shown() == {"exchanger_fouled:S01:1"}
    learn_exchanger(bench, UA=88.0)
    assert bench.run(15).shown() == {"exchanger_fouled:S01:1"}, "12 %: within the dead-band"
    learn_exchanger(bench, found=because("identify.exchanger_idle", approach_K=1.0))
    assert bench.run(15).shown() == {"exchanger_fouled:S01:1"}, "nothing was found: it can not tell"
    learn_exchanger(bench, UA=97.0)
    bench.run(15)
    (alarm,) = bench.book.alarms.values()
    assert alarm.state is LifeState.RETURNED_UNACK
    text = definitions()["exchanger_fouled"]
    assert rendered(text.text_en, alarm.params).startswith("the exchanger carries 12 % less heat")


def test_what_was_learned_days_ago_of_an_exchanger_raises_nothing(healthy):
    bench = copy.deepcopy(healthy)
    learn_exchanger(bench, UA=70.0)
    (key, belief) = next(iter(bench.state.beliefs.items()))
    bench.state.beliefs = {key: replace(belief, at=belief.at - 4 * 86_400.0)}
    assert bench.run(15).shown() == set()
