"""Trends: picks of a link, lines on two axes, a day over the day before, and what is exported."""

import pytest

from hmi.export import csv_bytes
from hmi.language import Words
from hmi.view_models import trends as model
from hmi.view_models.trends import Pick
from stations.model.quality import Quality, Reason
from tests.support.operations_city import EVIL, NOW, city, history, traits

EN = Words("en", "Asia/Shanghai")
SUPPLY = Pick(station="S001", loop=1, point="T_supply_secondary")
RETURN = Pick(station="S001", loop=1, point="T_return_secondary")
FLOW = Pick(station="S001", loop=1, point="m_flow_secondary")
PRESSURE = Pick(station="S001", loop=1, point="p_supply_secondary")


def test_a_link_says_which_lines_and_comes_back_the_same():
    text = model.picks_text([SUPPLY, FLOW])
    assert text == "S001~1~T_supply_secondary S001~1~m_flow_secondary"
    assert model.parse_picks(text, city()) == ([SUPPLY, FLOW], [])


@pytest.mark.parametrize(
    "entry",
    ["S999~1~T_supply_secondary", "S001~1~nonsense", "S001~9~T_supply_secondary", "<script>", "S001"],
    ids=["no such station", "no such point", "no such loop", "markup", "half"],
)
def test_what_a_link_names_in_vain_is_told_and_the_rest_is_shown(entry):
    assert model.parse_picks(f"{entry} {SUPPLY}", city()) == ([SUPPLY], [entry])


def test_a_huge_link_is_cut():
    picks, wrong = model.parse_picks(" ".join(f"x{i}" for i in range(5000)), city())
    assert (picks, len(wrong)) == ([], model.MAX_PICKS)
    assert len(model.parse_picks(" ".join([str(SUPPLY)] * 50), city())[0]) == 1


def test_a_station_offers_what_it_reports():
    points = [point for _, point in model.choices(city(), "S001")]
    assert points[:2] == ["T_supply_primary", "Q_flow_primary"]
    assert model.choices(city(), "S999") == []
    assert model.default_picks(city(), "S001") == [SUPPLY, RETURN, FLOW]


def test_a_loop_is_named_where_a_station_has_several():
    one, two = city().traits, {"S001": traits("S001", loops=2)}
    assert model.label(EN, one, SUPPLY, with_station=False) == "Secondary supply temperature"
    assert model.label(EN, two, SUPPLY, with_station=False) == "loop 1 · Secondary supply temperature"


def test_two_units_get_an_axis_each_and_the_third_is_named():
    read = [(SUPPLY, history()), (FLOW, history()), (RETURN, history()), (PRESSURE, history())]
    drawn = model.drawn(EN, city(), read)
    assert [panel.title for panel in drawn.panels] == ["°C", "t/h"]
    assert [line.panel for line in drawn.lines] == [0, 1, 0]
    assert drawn.left_out == ("MPa",)


def test_values_are_in_screen_units_and_gaps_stay_gaps():
    (line,) = model.drawn(EN, city(), [(FLOW, history(values=(10.0, None, 20.0)))]).lines
    assert line.values == (36.0, None, 72.0)
    assert line.bad == ((NOW - 50, NOW - 40),)


def test_the_day_before_lies_over_this_one_in_the_same_colour():
    drawn = model.drawn(EN, city(), [(SUPPLY, history())], [(SUPPLY, history())])
    today, before = drawn.lines
    assert before.times[0] - today.times[0] == model.DAY_S
    assert (before.colour, before.kind) == (today.colour, "baseline")
    assert before.id != today.id
    assert before.label.endswith("day before")
    week = model.drawn(EN, city(), [(SUPPLY, history())], [(SUPPLY, history())], days=7).lines[1]
    assert week.times[0] - today.times[0] == 7 * model.DAY_S
    assert week.label.endswith("a week before")


def test_a_trend_moves_on_by_its_tail():
    known = history(values=(1.0, 2.0, 3.0))  # at -60, -50, -40
    tail = history(values=(2.0, 3.0, 4.0)).model_copy(
        update={"measured_at": [NOW - 50, NOW - 40, NOW - 30], "damaged": [(NOW - 30, NOW)]}
    )
    moved = model.extended(known, tail, NOW - 55, NOW)
    assert moved.measured_at == [NOW - 50, NOW - 40, NOW - 30]
    assert moved.value == [2.0, 3.0, 4.0]
    assert len(moved.quality) == len(moved.reason) == 3
    assert moved.damaged == [(NOW - 30, NOW)]
    assert model.extended(history(values=()), tail, 0.0, NOW).value == [2.0, 3.0, 4.0]


def test_lines_of_one_axis_have_colours_of_their_own():
    drawn = model.drawn(EN, city(), [(SUPPLY, history()), (RETURN, history()), (FLOW, history())])
    upper = [line.colour for line in drawn.lines if line.panel == 0]
    assert len(set(upper)) == len(upper)


def test_doubt_lasts_until_the_next_good_sample_and_damage_is_doubt():
    read = history(values=(1.0, 2.0, 3.0, 4.0)).model_copy(
        update={"quality": [Quality.GOOD, Quality.UNCERTAIN, Quality.UNCERTAIN, Quality.GOOD]}
    )
    assert model.doubted(read) == [(NOW - 50, NOW - 30)]
    assert model.doubted(read.model_copy(update={"quality": [Quality.BAD] * 4})) == [(NOW - 60, NOW - 30)]
    assert model.doubted(history(values=()).model_copy(update={"damaged": [(1.0, 2.0)]})) == [(1.0, 2.0)]


def test_an_export_has_both_times_units_and_quality_and_no_formula():
    known = city(names={"S001": EVIL})
    sheet = model.export_sheet(EN, known, [(FLOW, history(values=(10.0, None)))], "Trends")
    first, second = sheet.rows
    assert (first[0].hour, first[1].hour) == (7, 23), "local time, and UTC"
    assert first[7:9] == [36.0, "t/h"]
    assert second[7] is None
    assert second[9:] == ["bad", "device says: no value"]
    assert f"'{EVIL[:4]}" in csv_bytes(sheet).decode("utf-8-sig")
    assert Reason.SENTINEL.value == "sentinel"


def test_an_export_says_what_it_leaves_out():
    thinned = history(bucket_s=120.0).model_copy(update={"damaged": [(1.0, 2.0)]})
    about = dict(model.export_about(EN, city(), [(SUPPLY, thinned)], NOW, "anna"))
    said = about["S001 S001 Homes · Secondary supply temperature"]
    assert said == "3 samples stored; lowest and highest of each 2 min given; 1 damaged stretches"
    assert about["Simulation"]
