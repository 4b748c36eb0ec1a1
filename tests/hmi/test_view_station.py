"""One station: tags with quality and reason, faceplate, reasons, trend, writes."""

from dataclasses import replace

import pytest

from controller.api.city_schema import Sparklines, WriteMessage
from controller.api.schema import History, Sentence, StationDetail
from hmi.language import Words
from hmi.view_models import station as model
from hmi.view_models import station_past as past
from hmi.view_models.shown import shown
from hmi.view_models.station_diagram import diagram
from stations.model.quality import Quality, Reason
from tests.support.api_bench import NOW
from tests.support.hmi_city import alarm, small_city, with_alarms, with_loop, with_reading, with_station

EN, ZH = Words("en"), Words("zh")


def loop_tags(city, station="S001", number=0):
    return diagram(EN, city, station).loops[number].tags


@pytest.mark.parametrize(
    ("value", "trust", "reason", "age_s", "quality", "said"),
    [
        (60.0, Quality.GOOD, Reason.OK, 0.0, "good", ""),
        (60.0, Quality.GOOD, Reason.OK, 25.0, "good", ""),
        (60.0, Quality.GOOD, Reason.OK, 95.0, "aged", "95 s old"),
        (60.0, Quality.UNCERTAIN, Reason.SPIKE, 0.0, "bad", "spike"),
        (60.0, Quality.UNCERTAIN, Reason.ESTIMATED, 0.0, "estimated", "estimated"),
        (None, Quality.BAD, Reason.SENTINEL, 0.0, "none", "device says: no value"),
    ],
)
def test_a_reading_shows_how_far_it_can_be_trusted(value, trust, reason, age_s, quality, said):
    city = with_reading(small_city(), "S001", "1/T_supply_secondary", value, trust, reason, age_s)
    found = shown(EN, city, city.reading("S001", "1/T_supply_secondary"), "degC")
    assert (found.quality, found.reason) == (quality, said)
    assert found.text == ("" if value is None else "60.0")
    assert found.age


def test_a_point_that_a_station_does_not_have_is_not_drawn_and_a_bad_one_says_why():
    tags = loop_tags(small_city())
    assert "p_supply" not in tags
    assert tags["m_flow"].text == ""
    assert tags["m_flow"].reason == "device says: no value"
    assert tags["T_supply"].setpoint == 60.0


def test_the_heat_of_a_loop_is_worked_out_of_good_values_only():
    city = small_city()
    assert "Q_flow" not in loop_tags(city), "return is doubted, flow is missing"
    city = with_reading(city, "S001", "1/T_return_secondary", 45.0)
    city = with_reading(city, "S001", "1/m_flow_secondary", 30.0)
    heat = loop_tags(city)["Q_flow"]
    assert (heat.text, heat.unit, heat.quality) == ("1.88", "MW", "estimated")


def test_a_tag_carries_the_mark_of_its_own_alarm_and_no_other():
    hot = alarm(station="S001", loop=1, point="T_supply_secondary", priority=1)
    tags = loop_tags(with_alarms(small_city(), hot))
    assert tags["T_supply"].priority == 1
    assert tags["T_return"].priority is None


def test_a_silent_station_is_drawn_as_not_known():
    assert diagram(EN, with_station(small_city(), "S001", link="lost"), "S001").stale
    assert not diagram(EN, small_city(), "S001").stale


def test_a_pump_runs_stands_or_is_not_known():
    city = small_city()
    states = {}
    for value in (0.8, 0.0, None):
        found = diagram(EN, with_reading(city, "S001", "1/y_pump_secondary", value), "S001").loops[0].pumps
        states[value] = (found[0].state, found[0].text)
    assert (
        states
        == {
            0.8: ("running", "80 %"),
            0.0: ("stopped", "0 %"),
            None: ("unknown", "device says: no value"),
        }
        or states[None][0] == "unknown"
    )
    assert diagram(EN, city, "S001").loops[0].pumps == ()


def test_neighbours_follow_ids_and_the_ends_meet():
    assert model.neighbours(small_city(), "S001") == ("S004", "S002")
    assert model.neighbours(small_city(), "S004") == ("S003", "S001")


def test_who_sets_a_loop_and_until_when_is_one_line():
    city = small_city()
    control = model.control_of(city.stations["S001"], 1)
    assert model.mode_text(EN, city, control) == "auto · Heating curve"
    city = with_loop(
        city, "S001", mode="manual", ordered_by="olga", manual_until=NOW + 7200.0, T_supply_ordered=61.0
    )
    text = model.mode_text(EN, city, model.control_of(city.stations["S001"], 1))
    assert text.startswith("manual by olga until ")
    assert "2.0 h left" in text


def test_a_faceplate_in_manual_also_shows_what_was_ordered():
    city = small_city()
    loop = city.traits["S001"].loops[0]
    assert [row.id for row in model.faceplate_table(EN, city, "S001", loop).rows] == [
        "instruction", "read back", "effective",
    ]  # fmt: skip
    city = with_loop(city, "S001", mode="manual", T_supply_ordered=61.0)
    rows = model.faceplate_table(EN, city, "S001", loop).rows
    assert rows[0].cells[1].text == "61.0"
    assert rows[0].cells[2].text == "none"


def detail_of_loop(city, **changes):
    """What the controller tells of S001 with one loop."""
    loop = {
        **city.stations["S001"].loops[0].model_dump(),
        "reason": "as cold as it is",
        "why": [{"id": "a", "params": {}, "en": "The curve asks 60 °C", "zh": "曲线要求 60 °C"}],
        "T_supply_allowed": 60.0,
        "m_flow_allowed": 30.0,
        "cuts": [
            {
                "rule": "own_curve", "channel": "T_supply", "wanted": 62.0, "allowed": 60.0, "detail": "x",
                "sentence": {"id": "b", "params": {}, "en": "at most 60 °C", "zh": "最多 60 °C"},
            }
        ],
    } | changes  # fmt: skip
    return StationDetail(
        now=NOW, traits=city.traits["S001"], link="online", link_since=NOW, link_why="", polled_at=NOW,
        age_s=0.0, polls=1000, polls_ok=998, token=7, readings=[], loops=[loop],
    )  # fmt: skip


def test_of_a_loop_that_is_only_read_the_faceplate_tells_advice_and_no_instruction():
    city = small_city()
    loop = city.traits["S001"].loops[0].model_copy(update={"proven": False})
    advised = detail_of_loop(city, T_supply_allowed=52.3, m_flow_allowed=30.0)
    row = model.faceplate_table(EN, city, "S001", loop, advised).rows[0]
    assert [cell.text for cell in row.cells] == ["advice only", "52.3", "108.0"]
    assert model.faceplate_table(EN, city, "S001", loop).rows[0].cells[1].text == "none"


@pytest.mark.parametrize(
    ("state", "signs"),
    [
        ("requested", "▮▯▯▯"),
        ("sent", "▮▮▯▯"),
        ("acknowledged", "▮▮▮▯"),
        ("confirmed", "▮▮▮▮"),
        ("confirmed_limited", "▔▮▮▮▮"),
        ("rejected", "▮▮▮✕"),
        ("expired", "▮▮▮○"),
    ],
)
def test_a_write_is_four_pips(state, signs):
    assert model.pips(state) == signs


def test_the_reason_is_told_in_the_person_s_language_with_the_limits_that_bind():
    city = small_city()
    detail = detail_of_loop(city)
    assert model.why(EN, detail, 1) == "The curve asks 60 °C. At most 60 °C."
    assert model.why(ZH, detail, 1) == "曲线要求 60 °C。最多 60 °C。"
    assert model.why(EN, None, 1) == "The reason is not known yet."
    assert "99.8 % of 1\u2009000 polls answered" in model.link_text(EN, city, city.traits["S001"], detail)


def write(number, at, after, before=None, **changes):
    fields = {
        "id": number, "at": at, "loop": 1, "author": "strategy:curve", "T_supply_set": after,
        "m_flow_set": 30.0, "previous_T_supply_set": before, "previous_m_flow_set": 30.0,
        "state": "confirmed", "state_at": at, "detail": "", "detail_sentence": None, "cuts": [],
        "cut_sentences": [],
        "why": [],
    }  # fmt: skip
    return WriteMessage.model_validate(fields | changes)


def test_a_write_tells_on_its_author_why_it_was_wanted():
    wanted = Sentence(id="plan.loop_model", params={}, en="its model is no house", zh="建筑模型不成立")
    cut = Sentence(id="guard.at_most", params={}, en="at most 61 °C", zh="最高 61 °C")
    told = write(3, NOW - 600, 61.0, why=[wanted, cut], cut_sentences=[cut])
    (row,) = past.write_rows(ZH, small_city(), [told]).rows
    assert row.cells[5].hint == "建筑模型不成立\n最高 61 °C"


def test_the_instruction_is_a_step_line_of_past_writes_up_to_now():
    city = small_city()
    loop = city.traits["S001"].loops[0]
    writes = [write(3, NOW - 600, 61.0), write(2, NOW - 7200, 60.0), write(1, NOW - 200_000, 58.0)]
    history = History(
        station="S001", point="1/T_supply_secondary", start=NOW - 86_400, end=NOW, bucket_s=60.0, stored=3,
        measured_at=[NOW - 80_000, NOW - 60, NOW - 30], value=[60.0, None, 61.0],
        quality=[2, 0, 2], reason=["ok", "sentinel", "ok"], damaged=[],
    )  # fmt: skip
    drawn = past.day_trend(EN, city, loop, {"T_supply_secondary": history}, writes, 200)
    steps, supply = drawn.lines
    assert steps.kind == "step"
    assert steps.times == (NOW - 86_400, NOW - 7200, NOW - 600, NOW)
    assert steps.values == (58.0, 60.0, 61.0, 61.0)
    present = city.reading("S001", "1/T_supply_secondary")
    assert supply.values == (60.0, None, 61.0, present.value), "a trend is read now and then; its end is live"
    assert supply.times[-1] == present.measured_at
    lost = with_reading(city, "S001", "1/T_supply_secondary", None)
    ended = past.day_trend(EN, lost, loop, {"T_supply_secondary": history}, writes, 200).lines[1]
    assert ended.times[-1] == NOW - 30, "what is not measured now is not drawn up to now"
    assert supply.gap_s == 180.0
    assert [panel.title for panel in drawn.panels] == ["°C"], "no flow, no empty panel"


def history(start, end, times, **changes):
    fields = {
        "station": "S001", "point": "1/T_supply_secondary", "start": start, "end": end, "bucket_s": None,
        "stored": len(times), "measured_at": times, "value": [60.0] * len(times), "quality": [2] * len(times),
        "reason": ["ok"] * len(times), "damaged": [],
    }  # fmt: skip
    return History.model_validate(fields | changes)


def test_what_has_come_since_is_joined_to_what_was_read_and_the_oldest_goes():
    before = history(0.0, 100.0, [10.0, 50.0, 90.0], bucket_s=40.0, damaged=[(1.0, 2.0), (60.0, 70.0)])
    news = history(90.0, 120.0, [90.0, 110.0], value=[61.0, None], quality=[2, 0], reason=["ok", "sentinel"])
    whole = past.joined(before, news, 20.0)
    assert whole.measured_at == [50.0, 90.0, 110.0]
    assert whole.value == [60.0, 61.0, None]
    assert (whole.start, whole.end, whole.bucket_s, whole.damaged) == (20.0, 120.0, 40.0, [(60.0, 70.0)])


def test_until_the_trend_is_read_quarter_hour_means_stand_for_it():
    means = Sparklines(
        point="m_flow_secondary", start=NOW - 2700, step_s=900.0, lines={"S001/2": [30.0, None, 31.0]}
    )
    found = past.coarse("S001", 2, [None, means], NOW)["m_flow_secondary"]
    assert found.measured_at == [NOW - 2250, NOW - 450]
    assert found.value == [30.0, 31.0]
    assert past.coarse("S001", 1, [None, means], NOW) == {}


def test_a_part_of_a_day_is_read_as_densely_as_the_day():
    assert past.points_for(86_400.0, 400) == 400
    assert past.points_for(43_200.0, 400) == 200
    assert past.points_for(60.0, 400) == 3


def test_a_station_without_history_has_an_empty_picture_with_words():
    city = small_city()
    drawn = past.day_trend(EN, city, city.traits["S001"].loops[0], {}, [], 200)
    assert drawn.lines == ()
    assert drawn.texts.empty


def test_past_writes_tell_old_and_new_author_and_outcome():
    table = past.write_rows(EN, small_city(), [write(2, NOW, 61.0, 60.0, author="operator:olga")])
    texts = [cell.text for cell in table.rows[0].cells]
    assert texts[3:] == ["60.0 → 61.0", "108.0", "olga", "confirmed"]
    assert past.write_rows(EN, small_city(), []).empty


def test_past_caps_of_a_station_are_told_as_its_own_and_as_most():
    ones = [
        write(2, NOW, None, None, loop=0, m_flow_set=flow, previous_m_flow_set=before)
        for flow, before in ((10.0, None), (9.0, 10.0), (None, 9.0))
    ]
    rows = past.write_rows(EN, small_city(), ones).rows
    assert [tuple(cell.text for cell in row.cells[2:5]) for row in rows] == [
        ("station", "", "≤ 36.0"),
        ("station", "", "≤ 32.4"),
        ("station", "", "no cap"),
    ]


def test_alarms_of_a_station_stand_worst_first_and_are_only_its_own():
    city = with_alarms(
        small_city(),
        alarm(station="S001", priority=3, rule="a"),
        alarm(station="S001", priority=1, rule="b"),
        alarm(),
    )
    assert [row.id for row in past.alarm_rows(EN, city, "S001").rows] == ["b:S001", "a:S001"]


def test_a_value_is_aged_by_the_poll_period_of_the_site():
    city = with_reading(small_city(), "S001", "1/T_supply_secondary", 60.0, age_s=120.0)
    slow = replace(city, site=city.site.model_copy(update={"poll_s": 60.0}))
    reading = city.reading("S001", "1/T_supply_secondary")
    assert shown(EN, city, reading, "degC").quality == "aged"
    assert shown(EN, slow, reading, "degC").quality == "good"
    called = replace(city, site=city.site.model_copy(update={"slowest_poll_s": 60.0}))
    assert shown(EN, called, reading, "degC").quality == "good"


def test_a_doubted_value_in_a_line_of_text_says_why_and_how_old_it_is():
    city = with_reading(small_city(), "S001", "1/T_supply_secondary", 60.0, Quality.UNCERTAIN, Reason.SPIKE)
    assert (
        shown(EN, city, city.reading("S001", "1/T_supply_secondary"), "degC").told
        == "60.0 °C · spike · 0 s old"
    )


def test_the_trend_of_a_day_has_supply_return_effective_value_and_flow_on_its_own_axis():
    city = small_city()
    loop = city.traits["S001"].loops[0]
    points = [entry[0] for entry in past.HISTORY]
    read = {point: history(NOW - 86_400, NOW, [NOW - 3600, NOW - 60], point=f"1/{point}") for point in points}
    drawn = past.day_trend(EN, city, loop, read, [write(1, NOW - 7200, 61.0)], 200)
    lines = {line.id: line for line in drawn.lines}
    assert set(points) < set(lines), "and the instruction"
    assert {lines[point].panel for point in points} == {0, 1}
    assert lines["m_flow_secondary"].panel == 1
    assert lines["m_flow_secondary"].values[0] == 216.0, "60 kg/s in t/h"
    assert lines["T_supply_secondary_set_effective"].kind == "effective"
    assert [panel.title for panel in drawn.panels] == ["°C", "t/h"]


def test_the_primary_side_stands_in_the_diagram_with_area_and_heat_per_area():
    city = small_city()
    for point, value in (
        ("T_return_primary", 48.0), ("p_supply_primary", 620.0), ("p_return_primary", 310.0),
        ("m_flow_primary", 25.0), ("y_valve_primary", 0.4), ("E_heat_primary", 1000.0),
        ("T_supply_primary", 95.0), ("Q_flow_primary", 3000.0),
    ):  # fmt: skip
        city = with_reading(city, "S001", f"0/{point}", value)
    tags = diagram(EN, city, "S001").primary
    said = {slot: f"{tag.text} {tag.unit}".strip() for slot, tag in tags.items()}
    assert said["T_supply"] == "95.0 °C"
    assert (said["p_supply"], said["p_return"]) == ("0.62 MPa", "0.31 MPa")
    assert (said["m_flow"], said["valve"], said["E_heat"]) == ("90.0 t/h", "40 %", "3.6 GJ")
    assert said["meter"] == "3.00 MW"
    area = city.traits["S001"].A_heated_m2
    assert said["heat_per_m2"] == f"{3.0e6 / area:.1f} W/m²"
    assert EN.measured(area, "m2") in model.subtitle(EN, city, city.traits["S001"])
    loop = city.traits["S001"].loops[0]
    assert EN.measured(loop.A_heated_m2, "m2") in model.faceplate_title(EN, city.traits["S001"], loop)


def test_a_source_has_its_pump_and_what_it_can_give_in_the_diagram():
    city = small_city()
    source = city.traits["S004"].model_copy(update={"kind": "source", "loops": []})
    city = replace(city, traits={**city.traits, "S004": source})
    city = with_reading(city, "S004", "0/P_pump_source", 180.0)
    city = with_reading(city, "S004", "0/Q_flow_source_max", 58_000.0)
    tags = diagram(EN, city, "S004").primary
    assert (tags["P_pump"].text, tags["P_pump"].unit) == ("180.0", "kW")
    assert tags["Q_flow_max"].text == "58.00"
