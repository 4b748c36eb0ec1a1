"""What each path answers, and how it refuses."""

import asyncio
import json
import math
import re
from dataclasses import replace

import httpx
import pytest
import structlog
from prometheus_client.parser import text_string_to_metric_families

from controller.api import schema
from controller.api.history import MAX_WAITING
from controller.decisions import LoopKey
from controller.historian.slot import JournalStats
from controller.image import Link
from controller.words.phrase import verbatim
from stations.model.identity import Point
from stations.model.quality import Reason
from stations.model.reading import bad, good
from tests.support.api_bench import BEARER, NOW, ApiBench, decision


@pytest.fixture
def bench(tmp_path):
    bench = ApiBench(tmp_path)
    yield bench
    bench.close()


@pytest.fixture
async def client(bench):
    transport = httpx.ASGITransport(bench.app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=BEARER) as client:
        yield client


def strict(response):
    """The JSON of a response; NaN and Infinity are none."""
    return json.loads(response.content, parse_constant=pytest.fail)


# ------------------------------------------------------------------ what it answers


async def test_a_snapshot_holds_every_station_in_the_published_shape(client):
    response = await client.get("/api/v1/snapshot")
    assert response.status_code == 200
    message = schema.Snapshot.model_validate(strict(response))
    assert message.full
    assert message.simulation
    assert [station.id for station in message.stations] == ["S001", "S002", "S003"]
    station = message.stations[0]
    assert station.readings["0/T_supply_primary"].value == 95.123457
    absent = station.readings["1/m_flow_secondary"]
    assert (absent.value, absent.quality, absent.reason) == (None, 0, Reason.SENTINEL)
    assert station.loops[0].write_state == "confirmed"
    assert station.loops[0].author == "strategy:curve"
    assert message.T_outdoor_centre is not None


async def test_a_snapshot_since_a_version_holds_only_what_changed(bench, client):
    version = strict(await client.get("/api/v1/snapshot"))["version"]
    quiet = strict(await client.get("/api/v1/snapshot", params={"since": version}))
    assert (quiet["stations"], quiet["full"], quiet["version"]) == ([], False, version)

    bench.state.image.update("S002", readings={Point(1, "T_supply_secondary"): good(61.0, NOW)})
    changed = strict(await client.get("/api/v1/snapshot", params={"since": version}))
    assert [station["id"] for station in changed["stations"]] == ["S002"]
    assert changed["version"] != version


async def test_a_change_of_a_loop_alone_is_a_change_of_its_station(bench, client):
    version = strict(await client.get("/api/v1/snapshot"))["version"]
    bench.state.loops[LoopKey("S003", 1)].held = False
    changed = strict(await client.get("/api/v1/snapshot", params={"since": version}))
    assert [station["id"] for station in changed["stations"]] == ["S003"]


@pytest.mark.parametrize("since", ["6-1", "7-999999"], ids=["another run", "the future"])
async def test_a_version_of_another_run_gets_everything(client, since):
    answer = strict(await client.get("/api/v1/snapshot", params={"since": since}))
    assert answer["full"]
    assert len(answer["stations"]) == 3


async def test_the_station_list_holds_what_does_not_change(client):
    message = schema.StationList.model_validate(strict(await client.get("/api/v1/stations")))
    assert message.districts["north"].strategy == "curve"
    assert message.stations[0].station_class == "A"
    assert message.stations[0].loops[0].proven


async def test_one_station_shows_readings_with_reasons_and_ages_and_the_cuts_of_its_decision(bench, client):
    bench.clock.time = NOW + 25
    message = schema.StationDetail.model_validate(strict(await client.get("/api/v1/stations/S001")))
    by_point = {reading.point: reading for reading in message.readings}
    assert by_point["1/T_return_secondary"].quality == "uncertain"
    assert by_point["1/T_return_secondary"].reason is Reason.SPIKE
    assert by_point["0/T_supply_primary"].age_s == 25
    assert message.age_s == 25
    assert message.loops[0].cuts[0].rule == "hard_temperature"
    assert message.loops[0].cuts[0].detail == message.loops[0].cuts[0].sentence.en == "at least 60 °C"
    assert message.loops[0].cuts[0].sentence.zh == "供水最低 60 °C"
    assert message.loops[0].reason == "as cold as it is"
    assert [sentence.id for sentence in message.loops[0].why] == ["verbatim"]
    assert message.token == 7


async def test_a_number_that_is_none_never_reaches_a_message(bench, client):
    key = LoopKey("S001", 1)
    bench.state.loops[key].decision = decision(key, T_supply=math.nan)
    bench.state.loops[key].T_supply_set = math.inf
    detail = strict(await client.get("/api/v1/stations/S001"))
    assert detail["loops"][0]["T_supply_allowed"] is None
    assert strict(await client.get("/api/v1/snapshot"))["stations"][0]["loops"][0]["T_supply_set"] is None


async def test_history_gives_columns_with_marked_gaps(bench, client):
    query = {
        "station": "S001",
        "point": "T_supply_secondary",
        "start": NOW,
        "end": NOW + 60,
        "max_points": 100,
    }
    message = schema.History.model_validate(strict(await client.get("/api/v1/history", params=query)))
    assert bench.journal.asked == [("S001", Point(1, "T_supply_secondary"), NOW, NOW + 60, 100)]
    assert message.value == [60.0, None, 61.5]
    assert message.reason == [Reason.OK, Reason.SENTINEL, Reason.SPIKE]
    assert message.damaged == [(NOW, NOW + 5)]


async def test_history_of_a_primary_point_is_of_loop_0(bench, client):
    query = {"station": "S001", "point": "T_supply_primary", "start": NOW, "end": NOW + 60}
    assert (await client.get("/api/v1/history", params=query)).status_code == 200
    assert bench.journal.asked[0][1] == Point(0, "T_supply_primary")


async def test_too_many_trends_at_once_are_refused_not_queued(bench, client):
    bench.api.reader._waiting = MAX_WAITING
    query = {"station": "S001", "point": "T_supply_primary", "start": NOW, "end": NOW + 60}
    response = await client.get("/api/v1/history", params=query)
    assert response.status_code == 503
    assert strict(response)["error"]["hint"]


async def test_kpis_count_only_what_is_good_and_fresh(bench, client):
    bench.state.image.update("S002", readings={Point(0, "Q_flow_primary"): bad(Reason.SENTINEL, NOW)})
    bench.state.image.update("S003", link=Link.LOST)
    bench.state.loops[LoopKey("S001", 1)].ever_confirmed = True
    message = schema.Kpis.model_validate(strict(await client.get("/api/v1/kpis")))
    assert message.stations_fresh == 2
    assert message.modes == {"auto": 3}
    assert (message.loops, message.loops_driven, message.loops_confirmed) == (3, 3, 1)
    assert (message.polls, message.polls_ok) == (30, 27)
    assert (message.loop_lag_p99_ms, message.loop_lag_max_ms) == (1.0, 5.0)
    assert message.write_states == {"confirmed": 3}
    assert message.heat_W_per_m2_mean == pytest.approx(2 * 1500e3 / 100_000)
    assert message.A_metered_m2 == 100_000
    assert message.T_supply_mean == 60.0
    assert message.T_return_mean is None


async def test_metrics_have_no_label_per_station(bench, client):
    response = await client.get("/metrics")
    families = {family.name: family for family in text_string_to_metric_families(response.text)}
    assert families["dhc_loops_held"].samples[0].value == 3
    assert families["dhc_token"].samples[0].value == 7
    assert {s.labels["quantile"] for s in families["dhc_loop_lag_seconds"].samples} == {"0.99", "1.0"}
    assert families["dhc_guard_cuts"].samples[0].labels == {"rule": "hard_temperature"}
    assert families["dhc_resident_bytes"].samples[0].value > 1e6
    assert sum(len(family.samples) for family in families.values()) < 120
    assert "S001" not in response.text


async def test_openapi_describes_every_path_and_holds_every_message_that_it_refers_to(client):
    response = await client.get("/api/v1/openapi.json")
    described = strict(response)
    messages = described["components"]["schemas"]
    assert set(re.findall(r"#/components/schemas/(\w+)", response.text)) == set(messages)
    for model in (schema.Kpis, schema.ErrorMessage, schema.LoopState):  # answered, refused, part of an answer
        written = model.model_json_schema(mode="serialization")["properties"]
        assert messages[model.__name__]["properties"].keys() == written.keys()
    paths = described["paths"]
    assert {"/api/v1/snapshot", "/api/v1/events", "/api/v1/history", "/livez", "/readyz", "/metrics"} <= set(
        paths
    )


# ------------------------------------------------------------------ health


async def test_it_is_ready_with_token_journal_and_a_fresh_cycle(client):
    response = await client.get("/readyz")
    assert response.status_code == 200
    assert strict(response) == {"ready": True, "reasons": [], "sentences": []}


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda bench: setattr(bench.state, "token", 0), "no fencing token"),
        (lambda bench: setattr(bench.state, "last_cycle_at", None), "no control cycle has completed"),
        (lambda bench: setattr(bench.clock, "time", NOW + 151), "completed 151 s ago (limit 150 s)"),
        (lambda bench: setattr(bench.state, "stopping", True), "stopping"),
        (
            lambda bench: setattr(bench.journal, "stats", JournalStats(last_error="disk full")),
            "the journal can not store: disk full",
        ),
    ],
)
async def test_it_is_not_ready_and_says_why(bench, client, spoil, reason):
    spoil(bench)
    response = await client.get("/readyz")
    assert response.status_code == 503
    told = schema.Readiness.model_validate(strict(response))
    assert reason in told.reasons[0]
    assert [sentence.en for sentence in told.sentences] == told.reasons


async def test_it_lives_without_a_token(client):
    response = await client.get("/livez", headers={"authorization": ""})
    assert response.status_code == 200


# ------------------------------------------------------------------ refusals


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Basic YTpi",
        f"bearer  x{BEARER['authorization']}",
        "Bearer Ä€",
    ],
)
@pytest.mark.parametrize(
    "path", ["/api/v1/snapshot", "/metrics", "/readyz", "/api/v1/openapi.json", "/nowhere"]
)
async def test_nothing_but_livez_is_open_without_the_token(client, path, header):
    response = await client.get(path, headers={"authorization": header.encode()})
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    schema.ErrorMessage.model_validate(strict(response))


@pytest.mark.parametrize(
    ("path", "status", "text"),
    [
        ("/nowhere", 404, "no such path: /nowhere"),
        ("/api/v1/snapshot/", 404, "no such path"),
        ("/api/v1/stations/S999", 404, "no station 'S999'; GET /api/v1/stations lists them"),
        ("/api/v1/stations/%3Cscript%3E", 422, "station: "),
        ("/api/v1/stations/..%2f..%2fetc%2fpasswd", 404, "no such path"),
        ("/api/v1/snapshot?since=x", 422, "since: "),
        ("/api/v1/history", 422, "station: Field required; point: Field required"),
        ("/api/v1/history?station=S999&point=T_outdoor&start=0&end=1", 404, "no station 'S999'"),
        ("/api/v1/history?station=S001&point=x'--&start=0&end=1", 422, "point: not known"),
        ("/api/v1/history?station=S001&point=T_outdoor&start=nan&end=1", 422, "start: "),
        (
            "/api/v1/history?station=S001&point=T_outdoor&start=5&end=5",
            422,
            "end: allowed start..start + 691200",
        ),
        ("/api/v1/history?station=S001&point=T_outdoor&start=0&end=1e9", 422, "end: allowed"),
        ("/api/v1/history?station=S001&point=T_outdoor&start=0&end=1&loop=1", 422, "a point of loop 0"),
        ("/api/v1/history?station=S001&point=T_supply_secondary&start=0&end=1&loop=0", 422, "of loops 1..4"),
        ("/api/v1/history?station=S001&point=T_outdoor&start=0&end=1&max_points=2001", 422, "equal to 2000"),
    ],
)
async def test_a_wrong_request_is_refused_with_a_message_and_a_hint(client, path, status, text):
    response = await client.get(path)
    assert response.status_code == status, response.text
    error = schema.ErrorMessage.model_validate(strict(response)).error
    assert text in error.message
    assert error.hint


async def test_a_wrong_method_is_refused_and_the_right_one_named(client):
    response = await client.post("/api/v1/snapshot", content=b"{}")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    schema.ErrorMessage.model_validate(strict(response))


@pytest.mark.parametrize("size", [256 * 1024 + 1, 300 * 1024, 5 * 1024 * 1024])
@pytest.mark.parametrize("announced", [True, False], ids=["length announced", "chunked"])
async def test_a_body_above_256_kib_is_refused_before_anything_reads_it(client, size, announced):
    async def chunks():
        for _ in range(size // 1024):
            yield b"[" * 1024
        yield b"[" * (size % 1024)

    content = b"[" * size if announced else chunks()
    response = await client.post("/api/v1/login", content=content)
    assert response.status_code == 413
    assert strict(response)["error"]["code"] == "too_large"


async def test_a_fault_of_ours_is_a_number_for_the_client_and_no_traceback(bench, client, monkeypatch):
    monkeypatch.setattr(bench.state, "image", None)
    with structlog.testing.capture_logs() as logged:
        response = await client.get("/api/v1/kpis")
    assert response.status_code == 500
    assert logged[0]["error_id"] in response.text
    assert isinstance(logged[0]["exc_info"], AttributeError)
    assert "Traceback" not in response.text
    assert "AttributeError" not in response.text
    assert "logged as" in schema.ErrorMessage.model_validate(strict(response)).error.message


@pytest.mark.parametrize("path", ["/livez", "/api/v1/snapshot", "/nowhere"])
async def test_every_answer_carries_the_security_headers(client, path):
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "access-control-allow-origin" not in headers


async def test_a_text_from_a_station_is_data_in_a_message(bench, client):
    bench.state.image.put(replace(bench.state.image["S001"], link_why=verbatim('<script>\n\u2028"}')))
    answer = strict(await client.get("/api/v1/snapshot"))
    assert answer["stations"][0]["link_why"] == '<script>\n\u2028"}'
    assert answer["stations"][0]["link_why_sentence"]["zh"] == '<script>\n\u2028"}'


async def test_a_large_city_is_encoded_in_slices_and_only_once(tmp_path):
    bench = ApiBench(tmp_path, n_stations=120)
    turns = 0

    async def others():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(others())
    transport = httpx.ASGITransport(bench.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=BEARER) as client:
        first = strict(await client.get("/api/v1/snapshot"))
        text = bench.api.hub.cache._entries["S001"].text
        again = strict(await client.get("/api/v1/snapshot"))
    other.cancel()
    bench.close()
    assert turns >= 4
    assert first["stations"] == again["stations"]
    assert bench.api.hub.cache._entries["S001"].text is text
