"""The measures of ISA-18.2 on journals written by hand."""

import pytest

from controller.alarms.kpis import alarm_kpis
from controller.alarms.model import Alarm, AlarmKey, LifeState, SetAside, Transition, Why

HOUR_S = 3600.0
START = 1_700_000_000.0


def raised(at, name="S01", rule="station_lost"):
    return Transition(
        at=START + at,
        key=AlarmKey(rule, name),
        before=LifeState.NORMAL,
        after=LifeState.UNACK,
        why=Why.CONDITION,
    )


def kpis(steps, alarms=(), hours=24.0):
    return alarm_kpis(steps, {alarm.key: alarm for alarm in alarms}, START, START + hours * HOUR_S)


def test_nothing_is_nothing():
    found = kpis([])
    assert (found.annunciated, found.per_10_min, found.peak_10_min, found.top_share) == (0, 0.0, 0, 0.0)
    assert (found.top, found.chattering, found.stale) == ([], [], [])


def test_rates_peaks_and_floods_are_counted():
    flood = [raised(7200.0 + i, f"S{i:02}") for i in range(12)]
    found = kpis([raised(0.0), raised(3600.0, "S02"), *flood])
    assert found.annunciated == 14
    assert found.per_10_min == pytest.approx(14 / 144)
    assert found.peak_10_min == 12
    assert found.flood_share == pytest.approx(1 / 144)
    assert found.by_priority == {1: 0, 2: 0, 3: 14, 4: 0}


def test_only_steps_onto_the_list_count():
    acknowledged = Transition(
        at=START + 5, key=AlarmKey("frost", "S01", 1), before=LifeState.UNACK, after=LifeState.ACK,
        why=Why.ACKNOWLEDGED,
    )  # fmt: skip
    assert kpis([raised(0.0), acknowledged]).annunciated == 1


def test_the_worst_offenders_and_chattering_ones_are_named():
    noisy = [raised(i * 25.0, "S09") for i in range(6)]
    quiet = [raised(i * 1000.0, f"S{i:02}") for i in range(1, 5)]
    found = kpis(sorted([*noisy, *quiet], key=lambda step: step.at))
    assert found.top[0] == ("station_lost:S09", 6)
    assert found.chattering == ["station_lost:S09"]


@pytest.mark.parametrize(("apart_s", "chatters"), [(29.0, True), (30.0, False)])
def test_three_times_within_a_minute_is_chattering(apart_s, chatters):
    steps = [raised(i * apart_s) for i in range(3)]
    assert bool(kpis(steps).chattering) == chatters


def test_the_present_is_counted_by_state_and_age():
    aside = SetAside(by="li", reason="x", at=START, until=None)
    alarms = [
        Alarm(key=AlarmKey("frost", "S01", 1), active=True, acknowledged=False, raised_at=START),
        Alarm(key=AlarmKey("station_lost", "S02"), active=True, raised_at=START - HOUR_S),
        Alarm(key=AlarmKey("station_lost", "S03"), active=True, raised_at=START - 1.0, shelf=aside),
        Alarm(key=AlarmKey("station_lost", "S04"), active=True, suppressed_by="district_lost:north"),
        Alarm(key=AlarmKey("station_lost", "S05"), active=True, out_of_service=aside),
    ]
    found = kpis([], alarms)
    assert found.shown == {1: 1, 2: 0, 3: 1, 4: 0}
    assert (found.unacknowledged, found.shelved, found.suppressed, found.out_of_service) == (1, 1, 1, 1)
    assert found.stale == ["station_lost:S02"]
