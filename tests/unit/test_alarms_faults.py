"""Faults injected one by one into a healthy city: each is found, named rightly, and by one alarm only."""

import copy
from dataclasses import replace

import pytest

from controller.alarms import watch
from controller.alarms.definitions import definitions, rendered
from controller.alarms.model import AlarmKey, LifeState
from controller.alarms.scene import Storage
from controller.alarms.water import HourMean
from controller.cycle import COMMIT_ALARM
from controller.decisions import Action, Decision, LoopKey, MassChange, Mode
from controller.historian.forwarder_faults import Fault, FaultKind
from controller.historian.forwarder_stats import ForwarderStats
from controller.historian.records import CommandLogStats, State
from controller.historian.slot import JournalStats
from controller.image import Link
from controller.words.phrase import verbatim
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good, uncertain
from tests.support.alarm_bench import SOURCE, AlarmBench, station
from tests.support.sites import station_config
from tests.support.station_week import START

LOOP_POINTS = {"m_flow_makeup", "remote_level", "limit_word", "y_valve_loop"}


def spoil(bench, name="S01", **changes):
    """Let points of a station show something else: ``T_supply_secondary=value``, or a function of it."""

    def fault(values, _elapsed):
        for point_name, change in changes.items():
            point = Point(1 if "secondary" in point_name or point_name in LOOP_POINTS else 0, point_name)
            values[point] = change(values[point]) if callable(change) else change

    bench.faults[name] = fault


def at(point_name, reading):
    """Replace one reading before validation."""

    def fault(readings, _elapsed):
        point = Point(1 if "secondary" in point_name else 0, point_name)
        readings[point] = reading(readings[point])

    return fault


# ------------------------------------------------------------------------------------------------- sensors


def no_value(bench):
    spoil(bench, T_supply_secondary=None)


def not_a_number(bench):
    bench.raw_faults["S01"] = at("T_return_primary", lambda r: bad(Reason.NOT_A_NUMBER, r.received_at))


def out_of_range(bench):
    bench.raw_faults["S01"] = at("T_supply_primary", lambda r: bad(Reason.OUT_OF_RANGE, r.received_at))


def doubted_by_its_server(bench):
    bench.raw_faults["S01"] = at(
        "m_flow_secondary", lambda r: uncertain(r.value, Reason.STATUS_UNCERTAIN, r.received_at)
    )


def frozen(bench):
    spoil(bench, T_return_secondary=40.0)


def frozen_primary(bench):
    spoil(bench, T_supply_primary=92.0)


def exchange(bench, supply, return_):
    def fault(values, _elapsed):
        values[supply], values[return_] = values[return_], values[supply]

    bench.faults["S01"] = fault


def exchanged_secondary(bench):
    exchange(bench, Point(1, "T_supply_secondary"), Point(1, "T_return_secondary"))


def exchanged_primary(bench):
    exchange(bench, Point(0, "T_supply_primary"), Point(0, "T_return_primary"))


def tonnes_for_kilograms(bench):
    spoil(bench, m_flow_primary=lambda v: 3.6 * v)


def tenth_of_a_degree(bench):
    spoil(bench, T_supply_primary=lambda v: 0.1 * v)


def megawatts(bench):
    spoil(bench, Q_flow_primary=lambda v: 1e-3 * v)


def loose_contact(bench):
    def fault(values, elapsed):
        if elapsed % 240.0 == 0.0:
            values[Point(1, "T_supply_secondary")] += 30.0

    bench.faults["S01"] = fault


def counter_stands(bench):
    spoil(bench, E_heat_primary=41_500.0)


def power_too_high(bench):
    spoil(bench, Q_flow_primary=lambda v: 1.4 * v)


def whole_module_dead(bench):
    def fault(values, _elapsed):
        for point in values:
            if point.name not in ("A_heated", "alarm_word"):
                values[point] = None

    bench.faults["S01"] = fault


def clock_ahead(bench, name="S01"):
    def fault(readings, _elapsed):
        for point, reading in readings.items():
            if reading.value is not None:
                readings[point] = good(reading.value, reading.received_at + 20.0, reading.received_at)

    bench.raw_faults[name] = fault


def clocks_of_most_ahead(bench):
    for name in ("S01", "S02", "S03"):
        clock_ahead(bench, name)


def values_from_an_hour_ago(bench):
    def fault(readings, _elapsed):
        for point, reading in readings.items():
            if reading.value is not None:
                readings[point] = good(reading.value, reading.received_at - 3600.0, reading.received_at)

    bench.raw_faults["S01"] = fault


def another_area(bench):
    spoil(bench, A_heated=45_000.0)


# ------------------------------------------------------------------------------------------------- process


def getting_cold(bench):
    def fault(values, elapsed):
        values[Point(1, "T_return_secondary")] = 8.0 + 0.3 * (elapsed / 60.0 % 2)
        values[Point(1, "T_supply_secondary")] -= 20.0

    bench.faults["S01"] = fault


def freezing(bench):
    def fault(values, elapsed):
        values[Point(1, "T_return_secondary")] = 3.0 + 0.3 * (elapsed / 60.0 % 2)
        values[Point(1, "T_supply_secondary")] -= 20.0

    bench.faults["S01"] = fault


def too_hot(bench):
    # slowly, as water does: at once it would be a jump
    hot = {"rise": 0.0}

    def fault(values, _elapsed):
        hot["rise"] = min(hot["rise"] + 1.0, 34.0)
        for name in ("T_supply_secondary", "T_return_secondary"):
            values[Point(1, name)] += hot["rise"]

    bench.faults["S01"] = fault


def pump_trips(bench):
    spoil(bench, y_pump_secondary=0.0, P_pump_secondary=0.0, m_flow_secondary=0.0, m_flow_makeup=0.0)


def valve_wide_open(bench, name="S01"):
    spoil(bench, name, y_valve_primary=1.0)


def most_valves_wide_open(bench):
    for name in ("S01", "S02", "S03"):
        valve_wide_open(bench, name)


def source_at_capacity(bench):
    spoil(bench, SOURCE, Q_flow_source_max=lambda v: 70_000.0, alarm_word=1.0)


def curve_moved(bench):
    spoil(bench, T_supply_secondary_set_effective=lambda v: v + 3.0)


def own_alarm(bench):
    spoil(bench, alarm_word=4.0)


# --------------------------------------------------------------------------------------------------- water


def great_leak_before_anything_is_usual(bench):
    spoil(bench, m_flow_makeup=lambda v: 20.0 * v)


def burst(bench):
    began = bench.clock.elapsed

    def fault(values, elapsed):
        values[Point(1, "m_flow_makeup")] *= 60.0
        for name in ("p_return_secondary", "p_supply_secondary"):
            values[Point(1, name)] -= min(20.0 * (elapsed - began) / 60.0, 90.0)

    bench.faults["S01"] = fault


def exchanger_lets_water_in(bench):
    began = bench.clock.elapsed

    def fault(values, elapsed):
        rise = min((elapsed - began) / 60.0, 60.0)
        values[Point(1, "m_flow_makeup")] = 0.0
        values[Point(1, "p_return_secondary")] += rise
        values[Point(1, "p_supply_secondary")] += rise
        values[Point(0, "p_return_primary")] -= 0.5 * rise

    bench.faults["S01"] = fault


# --------------------------------------------------------------------------------------------------- links


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


# ------------------------------------------------------------------------------------------------ setpoints


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


# ----------------------------------------------------------------------------------------------- controller


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


def no_outdoor(bench):
    stale = bench.clock.now()

    def outdoor():
        bench.state.T_outdoor_centre = uncertain(-5.0, Reason.STALE, stale)

    bench.before_look = outdoor


def clock_jumps(bench):
    bench.clock.jump = 3600.0


FAULTS = [
    # (fault, minutes until it must be found, expected alarms)
    (no_value, 10, {"sensor_bad:S01:1:T_supply_secondary"}),
    (not_a_number, 10, {"sensor_bad:S01:0:T_return_primary"}),
    (out_of_range, 10, {"sensor_bad:S01:0:T_supply_primary"}),
    (doubted_by_its_server, 10, {"sensor_bad:S01:1:m_flow_secondary"}),
    (frozen, 90, {"sensor_frozen:S01:1:T_return_secondary"}),
    (frozen_primary, 90, {"sensor_frozen:S01:0:T_supply_primary"}),
    (exchanged_secondary, 15, {"sensor_swapped:S01:1:T_supply_secondary"}),
    (exchanged_primary, 15, {"sensor_swapped:S01:0:T_supply_primary"}),
    (tonnes_for_kilograms, 15, {"sensor_unit:S01:0:m_flow_primary"}),
    (tenth_of_a_degree, 15, {"sensor_unit:S01:0:T_supply_primary"}),
    (megawatts, 15, {"sensor_unit:S01:0:Q_flow_primary"}),
    (loose_contact, 60, {"sensor_erratic:S01:1:T_supply_secondary"}),
    (counter_stands, 90, {"counter_stuck:S01:0:E_heat_primary"}),
    (power_too_high, 30, {"meter_balance:S01:0:Q_flow_primary"}),
    (whole_module_dead, 10, {"station_data_bad:S01"}),
    (clock_ahead, 15, {"station_clock:S01"}),
    (values_from_an_hour_ago, 15, {"station_clock:S01"}),
    (clocks_of_most_ahead, 15, {"controller_clock"}),
    (another_area, 20, {"area_mismatch:S01"}),
    (getting_cold, 15, {"frost_risk:S01:1"}),
    (freezing, 15, {"frost:S01:1"}),
    (too_hot, 60, {"supply_over_limit:S01:1"}),
    (pump_trips, 10, {"pump_stopped:S01:1"}),
    (valve_wide_open, 30, {"heat_short:S01:1"}),
    (most_valves_wide_open, 30, {f"plant_shortage:{SOURCE}"}),
    (source_at_capacity, 30, {f"plant_shortage:{SOURCE}"}),
    (curve_moved, 60, {"curve_drift:S01:1"}),
    (own_alarm, 20, {"station_alarm:S01"}),
    (great_leak_before_anything_is_usual, 90, {"makeup_high:S01:1"}),
    (burst, 10, {"pipe_burst:S01:1"}),
    (exchanger_lets_water_in, 75, {"exchanger_leak:S01:1"}),
    (silent, 5, {"station_lost:S01"}),
    (refused, 5, {"station_refused:S01"}),
    (quarantined, 5, {"station_quarantined:S01"}),
    (source_silent, 5, {f"source_lost:{SOURCE}"}),
    (setpoint_refused, 5, {"setpoint_rejected:S01:1"}),
    (register_differs_again_and_again, 10, {"setpoint_rejected:S01:1"}),
    (answers_lost, 10, {"setpoint_unconfirmed:S01:1"}),
    (station_limits, 40, {"setpoint_limited:S01:1"}),
    (never_driven, 40, {"not_driven:S01:1"}),
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
    (no_outdoor, 45, {"outdoor_lost"}),
    (clock_jumps, 2, {"controller_clock"}),
]


def five_stations():
    stations = [station(f"S{i:02}", host=f"10.0.0.{i}") for i in range(1, 6)]
    return [*stations, station_config(SOURCE, profile="source-opcua", port=20_900)]


@pytest.fixture(scope="module")
def healthy(tmp_path_factory):
    """A city that has run for seven hours: units are judged by a past of six."""
    bench = AlarmBench(tmp_path_factory.mktemp("city"), five_stations()).run(7 * 60)
    assert bench.book.alarms == {}
    return bench


@pytest.mark.parametrize(("fault", "minutes", "expected"), FAULTS, ids=[f[0].__name__ for f in FAULTS])
def test_a_fault_is_found_named_rightly_and_by_one_alarm(healthy, fault, minutes, expected):
    bench = copy.deepcopy(healthy)
    fault(bench)
    bench.run(minutes)
    assert bench.shown() == expected
    for key, alarm in bench.book.alarms.items():
        definition = definitions()[key.rule]
        for text in (definition.text_en, definition.text_zh):
            if "usual_pct" not in text or "usual_pct" in alarm.params:
                assert "–" not in rendered(text, alarm.params), (key, text)


def test_every_kind_of_alarm_has_its_fault():
    elsewhere = {
        *("centre_link_lost", "gateway_lost", "district_lost"),  # test_alarms_links
        *("certificate_expired", "certificate_expiring"),  # test_alarms_certificates
        "station_unjudged",  # below
    }
    found = {key.partition(":")[0] for _, _, expected in FAULTS for key in expected}
    assert found == set(definitions()) - elsewhere


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


def test_a_leak_is_judged_by_what_is_usual_for_this_loop_and_never_becomes_usual(healthy):
    usual = [HourMean(LoopKey("S01", 1), START - 3600.0 * hour, 0.0008) for hour in range(48, 0, -1)]
    bench = AlarmBench(healthy.site.folder, five_stations(), hours=usual)
    spoil(bench, m_flow_makeup=lambda v: 5.0 * v)
    bench.run(90)
    assert bench.shown() == {"makeup_high:S01:1"}
    assert bench.book.alarms[AlarmKey("makeup_high", "S01", 1)].params["usual_pct"] == pytest.approx(0.08)
    bench.run(240)
    assert bench.shown() == {"makeup_high:S01:1"}
    assert [mean.share for mean in bench.kept_hours if mean.key.station == "S01"] == []
    assert len([mean for mean in bench.kept_hours if mean.key.station == "S02"]) >= 4


@pytest.mark.parametrize("factor", [1.5, 3.0])
def test_make_up_that_is_small_or_usual_is_no_alarm(tmp_path, factor):
    usual = [HourMean(LoopKey("S01", 1), START - 3600.0 * hour, 0.0018) for hour in range(48, 0, -1)]
    bench = AlarmBench(tmp_path, five_stations(), hours=usual)
    spoil(bench, m_flow_makeup=lambda v: factor * v)
    assert bench.run(120).shown() == set()


def test_sensors_that_never_were_there_are_no_alarm_and_those_control_needs_are(tmp_path):
    bench = AlarmBench(tmp_path, five_stations())
    spoil(bench, T_outdoor=None, y_valve_primary=None, T_supply_secondary=None)
    assert bench.run(30).shown() == {"sensor_bad:S01:1:T_supply_secondary"}


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


@pytest.mark.parametrize(
    ("season", "shown", "suppressed"),
    [
        ("heating", {"pump_stopped:S01:1"}, set()),
        ("trial", {"pump_stopped:S01:1"}, set()),
        ("off", set(), {"season"}),
        ("filling", set(), {"season"}),
        ("maintenance", set(), {"maintenance"}),
    ],
)
def test_alarms_that_mean_nothing_in_a_season_are_suppressed_by_design(tmp_path, season, shown, suppressed):
    bench = AlarmBench(tmp_path, five_stations(), season=season)
    pump_trips(bench)
    bench.run(5)
    assert bench.shown() == shown
    assert {alarm.suppressed_by for alarm in bench.book.alarms.values()} - {""} == suppressed


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
