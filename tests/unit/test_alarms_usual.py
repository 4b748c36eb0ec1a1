"""What is usual for a loop, was never there or belongs to the season is no alarm."""

import pytest

from controller.alarms.model import AlarmKey
from controller.alarms.water import HourMean
from controller.decisions import LoopKey
from tests.support.alarm_bench import AlarmBench, five_stations
from tests.support.alarm_faults_plant import pump_trips
from tests.support.alarm_faults_sensors import spoil
from tests.support.station_week import START


def test_a_leak_is_judged_by_what_is_usual_for_this_loop_and_never_becomes_usual(tmp_path):
    usual = [HourMean(LoopKey("S01", 1), START - 3600.0 * hour, 0.0008) for hour in range(48, 0, -1)]
    bench = AlarmBench(tmp_path, five_stations(), hours=usual)
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
