"""What travels from the screen to its drawings."""

import base64
import json
import math
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hmi.components import city_map, histogram, indicators, process_diagram, trend
from hmi.components.wire import forms, packed, plain

TEXTS = trend.Texts(zoom_in="放大", zoom_out="缩小", whole="全部", now="现在", empty="没有数据", bad="不可信")


def unpacked(text):
    raw = base64.b64decode(text)
    return struct.unpack(f"<{len(raw) // 4}f", raw)


def test_what_has_its_usual_value_stays_at_home():
    place = city_map.Place(id="S1", latitude=37.8, longitude=112.5, name="北坡")
    assert plain(place) == {"id": "S1", "latitude": 37.8, "longitude": 112.5, "name": "北坡"}


def test_a_value_that_differs_from_the_usual_travels_even_when_it_is_falsy():
    entry = indicators.Indicator(id="a", label="a", text="0.0", scale=(0.0, 1.0), value=0.0, look="unack")
    assert plain(entry)["value"] == 0.0
    assert plain(entry)["look"] == "unack"
    column = indicators.Indicators(rows=(entry,), label="a", seq=0)
    assert plain(column)["seq"] == 0


def test_every_drawing_is_plain_json_and_takes_a_hostile_name_as_text():
    name = '<img src=x onerror="alert(1)">'
    tag = process_diagram.Tag(id="1/T_supply_secondary", label=name, text="52.0", unit="°C")
    loop = process_diagram.Loop(id="1", title=name, kind="散热器", tags={"T_supply": tag})
    words = process_diagram.Texts(
        primary_supply="一次供", primary_return="一次回", makeup="补水箱", empty="无"
    )
    diagram = process_diagram.ProcessDiagram(primary={}, loops=(loop,), texts=words, label=name, seq=7)
    city = city_map.CityMap(
        places=(city_map.Place(id="S1", latitude=37.8, longitude=112.5, name=name),),
        pipes=(city_map.Pipe(points=((37.8, 112.5), (37.9, 112.6)), diameter_m=0.3),),
        legend=(city_map.Key(symbol="normal", text="正常 1"),),
        texts=city_map.Texts(zoom_in="放大", zoom_out="缩小", whole="全部", empty="无"),
        label="热网图",
        seq=1,
    )
    bars = histogram.Histogram(
        bins=(histogram.Bin(low=-1.0, high=1.0, count=3),),
        scale=(-3.0, 3.0),
        ticks=((0.0, "0"),),
        label="偏差",
        empty="无",
        seq=1,
    )
    for drawing in (diagram, city, bars):
        assert json.loads(json.dumps(plain(drawing), allow_nan=False)) == plain(drawing)
    assert plain(diagram)["loops"][0]["tags"]["T_supply"]["label"] == name


def test_samples_travel_relative_to_the_start_and_a_missing_one_is_no_number():
    line = trend.Line(id="a", label="供温", times=(1000.0, 1010.0), values=(52.5, None))
    sent = trend.payload(
        trend.Trend(
            lines=(line,),
            panels=(trend.Panel(title="°C"),),
            start=1000.0,
            end=2000.0,
            timezone="Asia/Shanghai",
            texts=TEXTS,
            label="供温",
            seq=3,
        )
    )
    json.dumps(sent, allow_nan=False)
    assert unpacked(sent["lines"][0]["times"]) == (0.0, 10.0)
    first, second = unpacked(sent["lines"][0]["values"])
    assert first == 52.5
    assert math.isnan(second)
    assert (sent["seq"], sent["start"], sent["offsets"]) == (3, 1000.0, [(1000.0, 28800.0)])


def test_lines_of_one_poll_share_their_times():
    lines = tuple(
        trend.Line(id=name, label=name, times=times, values=(1.0,) * len(times))
        for name, times in {"a": (0.0, 10.0), "b": (0.0, 10.0), "c": (0.0, 20.0), "d": (0.0, 20.0)}.items()
    )
    sent = trend.payload(
        trend.Trend(
            lines=lines,
            panels=(trend.Panel(title="°C"),),
            start=0.0,
            end=20.0,
            timezone="UTC",
            texts=TEXTS,
            label="lines",
            seq=1,
        )
    )["lines"]
    assert [line.get("times_of") for line in sent] == [None, 0, None, 2]
    assert [unpacked(line["times"]) for line in sent if "times" in line] == [(0.0, 10.0), (0.0, 20.0)]


def test_a_day_of_samples_keeps_its_seconds():
    times = [1_768_500_000.0 + 10 * i for i in range(8640)]
    assert unpacked(packed(times, times[0]))[-1] == 86390.0


@pytest.mark.parametrize(
    ("zone", "span", "offsets"),
    [
        ("Asia/Shanghai", ((2026, 1, 15), (2026, 1, 16)), [28800.0]),
        ("Europe/Berlin", ((2026, 3, 28), (2026, 3, 30)), [3600.0, 7200.0]),
        ("Europe/Berlin", ((2026, 10, 24), (2026, 10, 26)), [7200.0, 3600.0]),
        ("UTC", ((2026, 1, 15), (2026, 1, 15)), [0.0]),
    ],
)
def test_the_offset_of_the_site_is_told_with_each_change_of_the_clocks(zone, span, offsets):
    start, end = (datetime(*day, tzinfo=UTC).timestamp() for day in span)
    assert [offset for _, offset in trend.offsets(zone, start, end)] == offsets


def test_texts_travel_as_sentences_and_numbers_and_nothing_is_lost():
    hints = ["online\nradiators: 50.1 °C / −2 °C", "no data", "online\nradiators: 48.0 °C / −12 °C", ""]
    sent = forms(hints)
    assert sent["forms"] == ["online\nradiators: \0 °C / −\0 °C", "no data", ""]
    assert sent["which"] == [0, 1, 0, 2]
    assert sent["numbers"] == "50.1 2 48.0 12"


def test_a_refresh_of_the_map_says_nothing_of_a_station_that_is_as_usual():
    places = [city_map.Place(id=f"S{n}", latitude=37.8, longitude=112.5, name="北坡") for n in range(3)]
    alarm = replace(places[2], priority=2, look="unack", detail="证书无效", hint="在线")
    drawn = city_map.CityMap(
        places=(*places[:2], alarm),
        pipes=(),
        legend=(),
        texts=city_map.Texts(zoom_in="放大", zoom_out="缩小", whole="全部", empty="无"),
        label="热网图",
        seq=1,
    )
    ground = city_map.ground(drawn)
    sent = city_map.live(drawn, ground)
    assert sent["unusual"] == {"2": {"priority": 2, "look": "unack", "detail": "证书无效"}}
    assert sent["ground"] == ground.id
    calm = replace(drawn, places=tuple(places), seq=2)
    assert city_map.ground(calm).id == ground.id
    moved = replace(calm, places=(replace(places[0], latitude=37.9), *places[1:]))
    assert city_map.ground(moved).id != ground.id
