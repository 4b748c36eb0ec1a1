"""Silence of many stations is one alarm: of the centre, a gateway or a district; the rest is its children."""

import pytest

from controller.alarms.definitions import definitions, rendered
from controller.alarms.model import AlarmKey, LifeState
from controller.config.model import DistrictConfig
from controller.image import Link
from tests.support.alarm_bench import AlarmBench, station

LOST = (Link.LOST, "no answer within 3 s")


@pytest.fixture
def city(tmp_path):
    """24 stations in three districts; S01..S04 stand behind one gateway of their own."""
    hosts = {number: "10.9.0.1" if number <= 4 else f"10.0.0.{number}" for number in range(1, 25)}
    stations = [
        station(f"S{n:02}", district=("north", "south", "east")[n % 3], host=hosts[n]) for n in range(1, 25)
    ]
    districts = {s.district: district(s.district) for s in stations}
    bench = AlarmBench(tmp_path, stations, districts=districts)
    return bench.run(2)


def district(name):
    return DistrictConfig(id=name, title_en=name, title_zh=name, strategy="curve")


def of_district(bench, name):
    return [config.id for config in bench.site.stations if config.district == name]


def silence(bench, names, apart_min=0):
    for name in names:
        bench.silent[name] = LOST
        bench.run(apart_min)


def test_stations_of_one_district_that_fall_silent_together_are_one_alarm(city):
    lost = of_district(city, "south")
    silence(city, lost, apart_min=1)
    city.run(10)
    assert city.shown() == {"district_lost:south"}
    parent = city.book.alarms[AlarmKey("district_lost", "south")]
    assert (parent.params["count"], parent.params["first"]) == (8, lost[0])
    children = {
        alarm.key.name for alarm in city.book.alarms.values() if alarm.suppressed_by == str(parent.key)
    }
    assert children == set(lost)


def test_ten_of_many_stations_are_one_alarm_when_they_fall_silent_within_minutes(tmp_path):
    stations = [station(f"S{n:02}", host=f"10.0.0.{n}") for n in range(1, 26)]
    far = [station(f"S{n:02}", district="far", host=f"10.0.1.{n}") for n in range(26, 41)]
    bench = AlarmBench(tmp_path, [*stations, *far]).run(2)
    silence(bench, [f"S{n:02}" for n in range(1, 11)])
    assert bench.run(10).shown() == {"district_lost:north"}


def test_few_silent_stations_of_a_district_are_alarms_of_their_own(city):
    silence(city, of_district(city, "south")[:3])
    city.run(10)
    assert city.shown() == {f"station_lost:{name}" for name in of_district(city, "south")[:3]}


def test_stations_behind_one_gateway_are_one_alarm(city):
    silence(city, ["S01", "S02", "S03", "S04"])
    city.run(10)
    assert city.shown() == {"gateway_lost:10.9.0.1"}
    assert "behind 10.9.0.1" in text_of(city, AlarmKey("gateway_lost", "10.9.0.1"))


def text_of(bench, key):
    return rendered(definitions()[key.rule].text_en, bench.book.alarms[key].params)


def test_half_of_the_city_silent_is_one_alarm_of_the_centre(city):
    silence(city, [f"S{n:02}" for n in range(1, 14)])
    city.run(10)
    assert city.shown() == {"centre_link_lost"}


def test_a_restart_waits_for_stations_before_it_believes_that_the_district_is_back(city):
    lost = of_district(city, "south")
    silence(city, lost)
    city.run(10)
    before = dict(city.book.alarms)
    again = AlarmBench(
        city.site.folder, list(city.site.stations), alarms=before, districts=dict(city.site.districts)
    )
    again.silent = dict.fromkeys(lost, (Link.NEVER, ""))
    again.run(4)
    assert {key: alarm.state for key, alarm in again.book.alarms.items()} == {
        key: alarm.state for key, alarm in before.items()
    }
    again.silent = dict.fromkeys(lost, LOST)
    assert again.run(10).shown() == {"district_lost:south"}
    assert again.book.alarms[AlarmKey("district_lost", "south")].count == 1


def test_when_the_district_is_back_the_one_that_stays_silent_asks_for_itself(city):
    lost = of_district(city, "south")
    silence(city, lost)
    city.run(10)
    for name in lost[1:]:
        del city.silent[name]
    city.run(15)
    assert city.book.alarms[AlarmKey("district_lost", "south")].state is LifeState.RETURNED_UNACK
    assert city.shown() == {"district_lost:south", f"station_lost:{lost[0]}"}
    assert {key.name for key in city.book.alarms if key.rule == "station_lost"} == {lost[0]}


def test_a_station_that_was_known_to_be_silent_is_not_asked_about_again_after_its_district(city):
    first, *others = of_district(city, "south")
    silence(city, [first])
    city.run(5)
    city.book.acknowledge(AlarmKey("station_lost", first), "li", "", city.clock.now())
    silence(city, others)
    city.run(5)
    assert city.book.alarms[AlarmKey("station_lost", first)].state is LifeState.SUPPRESSED
    for name in others:
        del city.silent[name]
    city.run(15)
    assert city.book.alarms[AlarmKey("station_lost", first)].state is LifeState.ACK


def test_a_short_silence_is_no_alarm(city):
    silence(city, ["S01"])
    city.run(2)
    city.silent.clear()
    city.run(2)
    assert city.book.alarms == {}


def test_a_link_that_flaps_stays_one_alarm(city):
    for _ in range(10):
        silence(city, ["S05"])
        city.run(4)
        city.silent.clear()
        city.run(1)
    assert city.shown() == {"station_lost:S05"}
    assert city.book.alarms[AlarmKey("station_lost", "S05")].count == 1


def test_a_text_of_one_language_fills_both_and_what_is_missing_is_a_dash():
    assert rendered("{why_zh}", {"why": "disk full", "why_zh": "磁盘已满"}) == "磁盘已满"
    assert rendered("{why_zh}", {"why": "disk full"}) == "disk full"
    assert rendered("{why_zh}", {}) == "–"


def test_the_chinese_of_a_lost_station_tells_why_in_chinese(city):
    city.silent = {"S01": (Link.LOST, "")}
    city.run(10)
    alarm = city.book.alarms[AlarmKey("station_lost", "S01")]
    assert rendered(definitions()["station_lost"].text_zh, alarm.params) == "启动以来从未应答"
