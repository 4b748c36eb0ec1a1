"""The station table: rows that never move, and filters of any length."""

import time

import pytest

from controller.api.city_schema import Sparklines
from hmi.language import Words
from hmi.view_models import stations as model
from stations.model.quality import Quality, Reason
from tests.support.api_bench import NOW
from tests.support.hmi_city import alarm, small_city, with_alarms, with_loop, with_reading, with_station

EN, ZH = Words("en"), Words("zh")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ("S001", "S002", "S003", "S004")),
        ("s002", ("S002",)),
        ("第3站", ("S003",)),
        ("station", ("S001", "S002", "S003", "S004")),
        ("S003, S001", ("S001", "S003")),
        ("S003\nS001\r\nS003", ("S001", "S003")),
        ("S001；S004", ("S001", "S004")),
        ("station 2", ("S002",)),
        ("  \n ,, ", ("S001", "S002", "S003", "S004")),
        ("<b>", ()),
    ],
)
def test_what_is_typed_finds_stations_in_the_order_of_their_ids(text, expected):
    assert model.found(small_city(), text).stations == expected


def test_a_pasted_column_of_five_thousand_rows_is_taken_at_once_and_strangers_are_told():
    city = small_city(40)
    text = "\n".join(f"S{number:03}" for number in range(1, 5001))
    begun = time.perf_counter()
    found = model.found(city, text)
    assert time.perf_counter() - begun < 1.0
    assert len(found.stations) == 40
    assert len(found.unknown) == 4960
    said = model.unknown_text(EN, found.unknown)
    assert said.startswith("4960 entries match no station: s041")
    assert len(said) < 120


def test_district_and_state_narrow_what_the_text_lets_through():
    city = with_alarms(with_station(small_city(), "S003", link="lost"), alarm(station="S002"))
    assert model.found(city, "", states=["alarm"]).stations == ("S002",)
    assert model.found(city, "", states=["no_data", "alarm"]).stations == ("S002", "S003")
    assert model.found(city, "S002", states=["no_data"]).stations == ()
    assert model.found(city, "", districts=["nowhere"]).stations == ()


def test_every_loop_has_its_row_and_the_order_does_not_depend_on_values():
    city = with_alarms(small_city(), alarm(station="S004", priority=1))
    lines = model.table(EN, city, tuple(city.traits), None)
    assert [(line.station, line.loop) for line in lines] == [
        ("S001", 1), ("S001", 2), ("S002", 1), ("S003", 1), ("S004", 1),
    ]  # fmt: skip


def test_a_row_shows_good_values_only():
    city = with_reading(small_city(), "S002", "1/T_supply_secondary", 61.0, age_s=999.0)
    old, fresh = model.table(EN, city, ("S002", "S003"), None)
    assert old.T_supply is None
    assert fresh.T_supply == 60.0
    assert fresh.T_return is None, "doubted"
    assert fresh.instruction == 60.0
    assert fresh.W_per_m2 == 30.0


def test_health_is_shape_and_words():
    city = with_alarms(small_city(), alarm(station="S002", priority=1), alarm(station="S003", state="ack"))
    city = with_loop(with_station(city, "S001", link="lost"), "S004", mode="local", held=False)
    said = [line.state for line in model.table(EN, city, ("S001", "S002", "S003", "S004"), None)]
    assert said[0] == said[1] == "◌ link lost"
    assert [one.partition(" · ")[0] for one in said[2:]] == [
        "■1 ! High temperature",
        "▲2 High temperature",
        "▣ own curve",
    ]
    assert model.table(ZH, city, ("S002",), None)[0].state.startswith("■1 ! 温度过高")


def test_a_value_that_a_row_can_not_show_has_its_reason_beside_the_state():
    city = with_reading(small_city(), "S002", "1/T_supply_secondary", 61.0, Quality.UNCERTAIN, Reason.FROZEN)
    (line,) = model.table(EN, city, ("S002",), None)
    assert line.T_supply is None
    assert "Supply: value stands still" in line.state
    lost = with_station(city, "S002", link="lost")
    assert "Supply" not in model.table(EN, lost, ("S002",), None)[0].state, "the lost link says it all"


def test_the_small_line_belongs_to_its_own_loop():
    past = Sparklines(point="T_supply_secondary", start=NOW, step_s=900.0, lines={"S001/2": [1.0, None]})
    first, second = model.table(EN, small_city(), ("S001",), past)
    assert first.spark == ()
    assert second.spark == (1.0, None)
