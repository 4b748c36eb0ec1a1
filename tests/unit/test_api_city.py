"""Paths that screens draw the city from: the map's pipes, small lines of the last day, past writes."""

import json
from dataclasses import replace

import httpx
import pytest

from controller.api import city_schema as schema
from controller.config.faults import SiteError
from controller.config.loader import load_site
from controller.config.model import PipeConfig
from controller.historian.records import Intent, State
from controller.image import Link
from controller.past_day import STEP_S, STEPS, PastDay, Ring
from controller.words.phrase import noted, said, stored
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from stations.model.setpoint import CirculationChannel, HeatChannel
from tests.support.api_bench import BEARER, NOW, ApiBench
from tests.support.sites import SITE_TOML, toml_with, write_site

NAN = float("nan")


@pytest.fixture
def bench(tmp_path):
    bench = ApiBench(tmp_path, n_stations=2)
    yield bench
    bench.close()


async def ask(bench, path, **query):
    transport = httpx.ASGITransport(bench.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api/api/v1/", headers=BEARER) as api:
        return await api.get(path, params=query)


# ------------------------------------------------------------------------------------------- the last day


def test_a_ring_keeps_means_of_the_last_day_and_gaps_stay_gaps():
    ring = Ring(2)
    assert ring.line(0, 2) == [None] * STEPS
    ring.note(STEP_S * 10, [1.0, NAN])
    ring.note(STEP_S * 10 + 60, [3.0, NAN])
    ring.note(STEP_S * 12, [7.0, 1.0])
    assert ring.start == STEP_S * (12 - STEPS + 1)
    assert ring.line(0, 2)[-3:] == [2.0, None, 7.0]
    assert ring.line(1, 2)[-3:] == [None, None, 1.0]


def test_a_ring_forgets_what_is_older_than_a_day_and_ignores_a_clock_that_goes_back():
    ring = Ring(1)
    ring.note(STEP_S * 10, [1.0])
    ring.note(STEP_S * (10 + 3 * STEPS), [5.0])
    ring.note(STEP_S * 10, [9.0])
    assert ring.line(0, 2) == [None] * (STEPS - 1) + [5.0]


async def test_the_last_day_of_a_point_is_told_for_every_station_and_loop(bench):
    past = bench.api.past
    await past.look()
    bench.clock.time += STEP_S
    image = bench.state.image["S002"]
    bench.state.image.put(replace(image, link=Link.LOST))
    await past.look()
    answer = schema.Sparklines.model_validate_json(
        (await ask(bench, "sparklines", point="T_supply_secondary")).content
    )
    assert answer.start is not None
    assert answer.start + STEPS * STEP_S > NOW + STEP_S
    assert answer.lines["S001/1"][-2:] == [60.0, 60.0]
    assert answer.lines["S002/1"][-2:] == [60.0, None]


async def test_the_heat_of_the_city_is_not_told_where_a_meter_is_silent(bench):
    past = bench.api.past
    await past.look()
    bench.clock.time += STEP_S
    at = bench.clock.time
    image = bench.state.image["S002"]
    readings = dict(image.readings) | {Point(0, "Q_flow_primary"): bad(Reason.SENTINEL, at)}
    bench.state.image.put(replace(image, readings=readings))
    await past.look()
    answer = schema.CityLines.model_validate_json((await ask(bench, "sparklines/city")).content)
    assert answer.lines["Q_flow_kW"][-2:] == [3000.0, None]
    assert answer.lines["T_outdoor_degC"][-1] == -5.0
    assert answer.lines["online"][-1] == 1.0


async def test_the_heat_of_the_source_is_told_apart_from_that_of_the_stations(bench):
    image = bench.state.image["S002"]
    readings = {Point(0, "Q_flow_source"): good(5400.0, NOW)}
    bench.state.image.put(replace(image, readings=readings, link=Link.ONLINE))
    past = PastDay(bench.site, bench.state, bench.clock)
    await past.look()
    _, totals = past.totals()
    assert totals["Q_flow_source_kW"][-1] == 5400.0
    assert totals["Q_flow_kW"][-1] == 1500.0


async def test_a_point_that_is_not_kept_is_refused_by_name(bench):
    answer = await ask(bench, "sparklines", point="alarm_word")
    assert answer.status_code == 422
    assert "T_supply_secondary" in answer.json()["error"]["message"]


async def test_before_the_first_look_every_line_is_empty(bench):
    answer = (await ask(bench, "sparklines", point="T_supply_secondary")).json()
    assert answer["start"] is None
    assert set(answer["lines"]["S001/1"]) == {None}


def test_lines_exist_for_what_a_station_reports_and_nothing_else(bench):
    bench.state.image.put(
        replace(bench.state.image["S001"], readings={Point(0, "alarm_word"): good(0.0, NOW)})
    )
    past = PastDay(bench.site, bench.state, bench.clock)
    assert list(past.of_point("T_supply_secondary")[1]) == [("S002", Point(1, "T_supply_secondary"))]


# ------------------------------------------------------------------------------------------- past writes


INTENT = Intent(
    id=7,
    at=NOW - 60,
    station="S001",
    loop=1,
    token=7,
    sequence=3,
    T_supply_set=61.0,
    m_flow_set=30.0,
    heat_channel=HeatChannel.T_SUPPLY,
    heat_value=61.0,
    circulation_channel=CirculationChannel.M_FLOW,
    circulation_value=30.0,
    author="operator:olga",
    reason=("own_curve: at most 61", f"hard_temperature: {stored(said('guard.at_least', T_supply=25.0))}"),
    previous_T_supply_set=60.0,
    previous_m_flow_set=None,
    valid_until=NOW + 60,
    state=State.CONFIRMED,
    state_at=NOW - 50,
    detail=stored(said("write.refused", detail="exception 4")),
    why=(noted(said("plan.loop_model")),),
)


class Log:
    def recent(self, limit, station=None):
        self.asked = (limit, station)
        return (INTENT,)


async def test_the_last_writes_of_a_station_are_told_with_what_became_of_them(tmp_path):
    log = Log()
    bench = ApiBench(tmp_path, n_stations=1, writes=log)
    try:
        answer = await ask(bench, "stations/S001/writes", limit=5)
        told = schema.WriteList.model_validate_json(answer.content)
        assert log.asked == (5, "S001")
        assert [(w.author, w.previous_T_supply_set, w.T_supply_set, w.state) for w in told.writes] == [
            ("operator:olga", 60.0, 61.0, "confirmed")
        ]
        (write,) = told.writes
        assert write.cuts == ["own_curve: at most 61", "hard_temperature: at least 25 °C"]
        assert [cut.zh for cut in write.cut_sentences] == ["at most 61", "供水最低 25 °C"]
        assert [(why.id, why.zh) for why in write.why] == [("plan.loop_model", "建筑模型不成立")]
        assert (write.detail, write.detail_sentence.zh) == ("refused: exception 4", "被拒绝：exception 4")
        assert (await ask(bench, "stations/S999/writes")).status_code == 404
    finally:
        bench.close()


# ------------------------------------------------------------------------------------------------- pipes


def geojson(*features):
    return json.dumps({"type": "FeatureCollection", "features": list(features)})


def line(*corners, **properties):
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "LineString", "coordinates": list(corners)},
    }


def site_with_pipes(folder, text):
    write_site(folder, toml=toml_with(('season = "heating"', 'season = "heating"\npipes = "pipes.geojson"')))
    if text is not None:
        (folder / "pipes.geojson").write_text(text, "utf-8")
    return folder


def test_pipes_are_read_with_latitude_first(tmp_path):
    site = load_site(site_with_pipes(tmp_path, geojson(line([112.9, 37.4], [112.91, 37.41], diameter_m=0.4))))
    assert site.pipes == (PipeConfig(positions=((37.4, 112.9), (37.41, 112.91)), diameter_m=0.4),)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (None, "No such file"),
        ("{", "not a GeoJSON file"),
        ("[]", "FeatureCollection"),
        (geojson({"type": "Feature", "geometry": {"type": "Point"}}), "feature 1: not a LineString"),
        (geojson(line([112.9, 37.4])), "fewer than two"),
        (geojson(line([37.4, 112.9], [37.5, 112.9])), "in this order"),
        (geojson(line([112.9, None], [112.9, 37.4])), "position 1"),
        (geojson(line([112.9, 37.4], [112.9, 37.5], diameter_m="big")), "diameter_m"),
        (geojson(line([112.9, 37.4], [10**400, 37.5])), "position 2"),
    ],
)
def test_a_faulty_file_of_pipes_is_refused_with_what_is_wrong(tmp_path, text, fault):
    with pytest.raises(SiteError) as refusal:
        load_site(site_with_pipes(tmp_path, text))
    assert any(fault in line for line in refusal.value.faults), refusal.value.faults


async def test_the_map_tells_the_pipes(bench):
    told = schema.MapMessage.model_validate_json((await ask(bench, "map")).content)
    assert told.pipes == []


def test_a_site_without_pipes_has_none(tmp_path):
    assert "pipes" not in SITE_TOML
    assert load_site(write_site(tmp_path)).pipes == ()
