"""A shortage in a city of two sources is one alarm, named by what showed it first."""

import pytest

from controller.alarms.definitions import definitions, rendered
from controller.alarms.model import AlarmKey, LifeState
from stations.model.identity import Point
from tests.support.alarm_bench import AlarmBench, station
from tests.support.sites import station_config

STATIONS = [f"S{i:02}" for i in range(1, 6)]
MOST = Point(0, "Q_flow_source_max")
VALVE = Point(0, "y_valve_primary")


def two_sources():
    sources = [station_config(name, profile="source-opcua", port=20_900 + n) for n, name in enumerate("QR")]
    return [*(station(name, host=f"10.0.0.{i}") for i, name in enumerate(STATIONS, 1)), *sources]


@pytest.fixture
def city(tmp_path):
    return AlarmBench(tmp_path, two_sources()).run(2)


def at_capacity(city, source):
    city.faults[source] = lambda values, _elapsed: values.update({MOST: 70_000.0})


def cold(city, *stations):
    for name in stations:
        city.faults[name] = lambda values, _elapsed: values.update({VALVE: 1.0})


def parents(city):
    return {name for name in city.shown() if name.startswith("plant_shortage")}


def text(city, key, language="en"):
    definition = definitions()["plant_shortage"]
    template = definition.text_en if language == "en" else definition.text_zh
    return rendered(template, city.book.alarms[key].params)


@pytest.mark.parametrize(("first", "second"), ["QR", "RQ"])
def test_two_sources_at_capacity_are_one_shortage_named_by_the_first(city, first, second):
    at_capacity(city, first)
    city.run(3)
    at_capacity(city, second)
    city.run(20)
    assert city.shown() == {f"plant_shortage:{first}"}
    told = text(city, AlarmKey("plant_shortage", first))
    assert f"{first}: source at" in told
    assert f"{second}: source at" in told
    assert told.endswith(f"first {first}")
    assert text(city, AlarmKey("plant_shortage", first), "zh").endswith(f"首先：{first}")


def test_cold_loops_and_a_source_at_capacity_are_one_shortage(city):
    at_capacity(city, "R")
    city.run(3)
    cold(city, *STATIONS[:3])
    city.run(40)
    assert city.shown() == {"plant_shortage:R"}
    told = text(city, AlarmKey("plant_shortage", "R"))
    assert "3 of 5 loops do not get warm enough" in told
    assert told.endswith("first R")


def test_loops_that_got_cold_before_any_source_said_so_keep_the_name(city):
    for name in ("S03", "S01", "S02"):
        cold(city, name)
        city.run(2)
    at_capacity(city, "Q")
    city.run(40)
    assert city.shown() == {"plant_shortage"}
    told = text(city, AlarmKey("plant_shortage"))
    assert "Q: source at" in told
    assert told.endswith("first S03/1")
    assert "first S03/1" in text(city, AlarmKey("plant_shortage"), "zh").replace("首先：", "first ")


def test_the_alarm_stays_one_while_its_sources_take_turns_and_ends_with_the_last(city):
    at_capacity(city, "Q")
    city.run(15)
    at_capacity(city, "R")
    city.run(2)
    del city.faults["Q"]
    city.run(30)
    assert parents(city) == {"plant_shortage:Q"}
    assert text(city, AlarmKey("plant_shortage", "Q")).startswith("source at")
    del city.faults["R"]
    city.run(20)
    alarm = city.book.alarms[AlarmKey("plant_shortage", "Q")]
    assert (alarm.state, alarm.count) == (LifeState.RETURNED_UNACK, 1)
    assert parents(city) == {"plant_shortage:Q"}


def test_a_restarted_controller_goes_on_with_the_alarm_that_stands(tmp_path, city):
    at_capacity(city, "R")
    city.run(15)
    at_capacity(city, "Q")
    city.run(2)
    again = AlarmBench(tmp_path, two_sources(), alarms=dict(city.book.alarms))
    again.faults = dict(city.faults)
    again.run(30)
    assert parents(again) == {"plant_shortage:R"}
    assert again.book.alarms[AlarmKey("plant_shortage", "R")].count == 1


def test_a_shortage_that_is_over_lets_the_next_one_have_its_own_name(city):
    at_capacity(city, "Q")
    city.run(15)
    city.book.acknowledge(AlarmKey("plant_shortage", "Q"), "li", "", city.clock.now())
    del city.faults["Q"]
    city.run(20)
    assert parents(city) == set()
    at_capacity(city, "R")
    city.run(15)
    assert parents(city) == {"plant_shortage:R"}
