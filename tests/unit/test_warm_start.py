"""A restarted controller remembers the weather of the last day and a half."""

import pytest

from controller.historian.journal import Journal
from controller.historian.slot import Answer, Slot
from controller.warm_start import T_OUTDOOR_TOLD, filtered_from_history, outdoor_told_before
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good

NOW = 1_768_406_400.0
FILTERS = {"radiator": 43_200.0, "floor": 86_400.0}


@pytest.fixture
def journal(tmp_path):
    journal = Journal.open(tmp_path)
    yield journal
    journal.close()


def store(journal, at, **temperatures):
    """One slot; a station that is given None answers without a value."""
    answers = []
    for station, T in temperatures.items():
        reading = bad(Reason.SENTINEL, at) if T is None else good(T, at)
        answers.append(Answer(station, {Point(0, "T_outdoor"): reading}))
    assert journal.append(Slot(start=at // 10 * 10, answers=answers)).result(10)


def tell(journal, at, station, T):
    answer = Answer(station, {T_OUTDOOR_TOLD: good(T, at)})
    assert journal.append(Slot(start=at // 10 * 10, answers=[answer])).result(10)


def test_what_stations_were_told_last_is_known_for_two_hours(journal):
    assert outdoor_told_before(journal, ["S001", "S002"], NOW) is None
    tell(journal, NOW - 7300.0, "S001", -9.0)
    assert outdoor_told_before(journal, ["S001", "S002"], NOW) is None
    tell(journal, NOW - 300.0, "S001", -7.5)
    tell(journal, NOW - 120.0, "S002", -7.2)
    assert outdoor_told_before(journal, ["S001", "S002"], NOW) == pytest.approx((120.0, -7.2))


def test_without_history_nothing_is_known(journal):
    assert filtered_from_history(journal, ["S001"], FILTERS, NOW) == {"radiator": None, "floor": None}


def test_a_warm_day_before_a_cold_morning_is_still_felt(journal):
    for hour in range(30, 0, -1):
        store(journal, NOW - hour * 3600.0, S001=2.0 if hour > 3 else -10.0)
    filtered = filtered_from_history(journal, ["S001"], FILTERS, NOW)
    assert -3.0 < filtered["radiator"] < 0.5
    assert filtered["radiator"] < filtered["floor"] < 2.0


def test_a_sensor_in_the_sun_and_one_without_a_value_do_not_lead(journal):
    for hour in range(30, 0, -1):
        store(journal, NOW - hour * 3600.0, S001=None, S002=-5.0, S003=20.0, S004=-5.4)
    filtered = filtered_from_history(journal, ["S001", "S002", "S003", "S004"], FILTERS, NOW)
    assert filtered["radiator"] == pytest.approx(-5.0, abs=0.1)
