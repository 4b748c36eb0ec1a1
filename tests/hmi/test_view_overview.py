"""What the overview draws: sums that say what they miss, deviations from alike loops, the map's marks."""

from dataclasses import replace

import pytest

from controller.api.city_schema import CityLines, MapMessage
from hmi.language import Words
from hmi.view_models import overview
from hmi.view_models.city_picture import city_picture
from stations.model.quality import Quality, Reason
from tests.support.api_bench import NOW
from tests.support.hmi_city import alarm, small_city, with_alarms, with_loop, with_reading, with_station

EN, ZH = Words("en"), Words("zh")


def indicator(city, wanted, words=EN, lines=None):
    return next(row for row in overview.city_indicators(words, city, lines, 50).rows if row.id == wanted)


def place(city, station):
    return next(one for one in city_picture(EN, city, None).places if one.id == station)


def test_a_sum_over_all_meters_is_good_and_says_of_how_many():
    heat = indicator(small_city(), "Q_flow_primary")
    assert (heat.text, heat.unit, heat.quality) == ("6.0", "MW", "good")
    assert heat.note == "sum of 4 meters"


@pytest.mark.parametrize(
    ("value", "quality", "reason", "age_s"),
    [
        (None, Quality.BAD, Reason.SENTINEL, 0.0),
        (1500.0, Quality.UNCERTAIN, Reason.SPIKE, 0.0),
        (1500.0, Quality.GOOD, Reason.OK, 500.0),
    ],
    ids=["missing", "doubted", "old"],
)
def test_a_sum_that_misses_a_meter_says_so_and_is_no_measurement(value, quality, reason, age_s):
    city = with_reading(small_city(), "S002", "0/Q_flow_primary", value, quality, reason, age_s)
    heat = indicator(city, "Q_flow_primary")
    assert (heat.text, heat.quality) == ("4.5", "estimated")
    assert heat.reason == "1 of 4 missing"


def test_an_indicator_without_any_value_says_why_and_never_shows_zero():
    city = replace(small_city(), stations={}, traits={})
    for row in overview.city_indicators(EN, city, None, 50).rows:
        assert row.text == "", row.id
        assert row.reason, row.id


def test_online_counts_stations_and_not_polls():
    city = with_station(small_city(), "S003", link="lost")
    row = indicator(city, "online")
    assert (row.text, row.unit, row.note) == ("75.0", "%", "3 of 4 stations")


def test_a_loop_deviates_from_the_median_of_its_own_kind_only():
    city = small_city(6)
    for station, back in (("S001", 45.0), ("S002", 45.0), ("S003", 45.0), ("S004", 41.0)):
        city = with_reading(city, station, "1/T_return_secondary", back)
    found = overview.deviations(city)
    assert found[("S004", 1)] == -2.0
    assert found[("S001", 1)] == 0.0
    assert ("S001", 2) not in found
    assert ("S005", 1) not in found, "a doubted return takes part in no mean"


def test_far_deviations_stand_in_the_end_bar_with_the_station_s_name():
    city = small_city(5)
    for number in range(1, 6):
        city = with_reading(city, f"S{number:03}", "1/T_return_secondary", 45.0 if number < 5 else 20.0)
    city = with_alarms(city, alarm(station="S005"))
    bins = overview.deviation_picture(EN, city, 200).bins
    assert bins[0].count == 1
    assert (bins[0].label, bins[0].id, bins[0].priority) == ("S005", "S005", 2)
    assert sum(one.count for one in bins) == 5


def test_a_bar_leads_to_the_stations_that_stand_in_it():
    city = small_city(5)
    for number in range(1, 6):
        city = with_reading(city, f"S{number:03}", "1/T_return_secondary", 45.0 if number < 4 else 20.0)
    bins = overview.deviation_picture(EN, city, 200).bins
    far = overview.stations_of_bar(city, bins[0].id)
    assert far == ["S004", "S005"]
    assert [one.id for one in bins if not one.count] == [""] * sum(not one.count for one in bins)
    counted = [overview.stations_of_bar(city, one.id) for one in bins if one.count]
    assert sorted(station for found in counted for station in found) == [f"S00{n}" for n in range(1, 6)]


def test_a_sum_says_how_old_the_oldest_value_in_it_is():
    city = with_reading(small_city(), "S002", "0/Q_flow_primary", 3000.0, age_s=25.0)
    city = with_reading(city, "S003", "0/Q_flow_primary", 3000.0, age_s=900.0)
    heat = next(
        row for row in overview.city_indicators(EN, city, None, 60).rows if row.id == "Q_flow_primary"
    )
    assert heat.age == "oldest value 25 s old", "one that is too old is not in the sum"


def test_few_loops_have_no_median_and_that_is_said():
    picture = overview.deviation_picture(EN, small_city(2), 200)
    assert picture.bins == ()
    assert picture.empty


def test_the_load_stands_at_the_middle_of_its_quarter_hours_and_gaps_stay_gaps():
    start = NOW - 3 * 900.0
    lines = CityLines(
        start=start,
        step_s=900.0,
        lines={
            "Q_flow_kW": [1000.0, None, 3000.0],
            "Q_flow_source_kW": [1100.0, 2200.0, 3300.0],
            "T_outdoor_degC": [-5.0, -6.0, None],
        },
    )
    picture = overview.load_picture(EN, small_city(), lines, 200)
    source, heat, outdoor = picture.lines
    assert source.values == pytest.approx((1.1, 2.2, 3.3)), (
        "the source's meter goes on where stations are silent"
    )
    assert heat.times == (start + 450.0, start + 2250.0)
    assert heat.values == (1.0, 3.0)
    assert heat.gap_s < 2 * 1800.0
    assert outdoor.values == (-5.0, -6.0)


def test_only_the_abnormal_has_a_mark_and_diagnostics_have_none():
    city = with_alarms(
        small_city(),
        alarm(station="S002", priority=3, rule="a", state="ack"),
        alarm(station="S002", priority=1, rule="b"),
        alarm(station="S003", priority=4),
        alarm(station="S004", priority=1, state="shelved"),
    )
    assert place(city, "S001").priority is None
    assert (place(city, "S002").priority, place(city, "S002").look) == (1, "unack")
    assert place(city, "S003").priority is None
    assert place(city, "S004").priority is None


def test_a_station_on_its_own_curve_and_a_silent_one_look_different():
    city = with_loop(small_city(), "S002", mode="local", held=False)
    city = with_loop(city, "S003", held=False)
    city = with_station(city, "S004", link="lost")
    assert [place(city, f"S00{n}").state for n in (1, 2, 3, 4)] == ["normal", "local", "local", "no_data"]


def test_stations_lost_together_belong_to_the_one_alarm_that_explains_them():
    parent = alarm(
        rule="district_lost",
        station=None,
        id="district_lost:north",
        children=["station_lost:S001", "station_lost:S002"],
        text_en="2 of 4 stations do not answer; first S001: no connection",
        text_zh="4 个站中有 2 个无应答；首先中断：S001（无法连接）",
    )
    picture = city_picture(EN, with_alarms(small_city(), parent), None)
    assert [group.id for group in picture.groups] == ["district_lost:north"]
    assert picture.groups[0].detail == "2 of 4 stations do not answer", "the rest is too long for a map"
    (zh,) = city_picture(ZH, with_alarms(small_city(), parent), None).groups
    assert zh.detail == "4 个站中有 2 个无应答"
    assert [one.id for one in picture.places if one.group] == ["S001", "S002"]


def test_pipes_are_drawn_as_the_site_has_them():
    pipes = MapMessage.model_validate(
        {"pipes": [{"positions": [[37.4, 112.9], [37.5, 112.9]], "diameter_m": 0.3}]}
    )
    assert city_picture(ZH, small_city(), pipes).pipes[0].points == ((37.4, 112.9), (37.5, 112.9))


def test_a_city_that_is_not_known_yet_is_an_empty_map_with_words():
    city = replace(small_city(), stations={}, traits={}, alarms=None)
    assert city_picture(ZH, city, None).places == ()
    assert overview.headline(EN, city).startswith("0 stations")


def test_the_legend_counts_the_mark_of_a_group_as_well():
    parent = alarm(
        "district_lost", None, id="district_lost:north", children=["station_lost:S001", "station_lost:S002"]
    )
    picture = city_picture(EN, with_alarms(small_city(), parent, alarm(station="S003")), None)
    assert [key.text for key in picture.legend if key.symbol == "p2"] == ["high 2"]
