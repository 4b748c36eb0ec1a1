"""What stands against an order is said in words, and nothing is done."""

import pytest

from controller.decisions import Season
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW
from tests.support.control_room import LOOP, ControlRoomBench, prepared, reason_ids, standing


def stale(bench):
    bench.clock.time = NOW + 200


def silent(bench):
    bench.state.image.update("S001", polled_at=None)


def no_pump(bench):
    bench.answers("S001", readings={Point(1, "y_pump_secondary"): good(0.0, NOW)})


def wrong_season(bench):
    bench.state.loops[LOOP].season = Season.FILLING


def cold_primary(bench):
    bench.answers("S001", readings={Point(0, "T_supply_primary"): good(63.5, NOW)})


@pytest.mark.parametrize(
    ("spoil", "order_of", "expected", "text"),
    [
        (stale, {}, "stale_data", "too old"),
        (silent, {}, "stale_data", "never answered"),
        (no_pump, {}, "pump", "stands still"),
        (wrong_season, {}, "wrong_season", "filling"),
        (None, {"T_supply": 90.0}, "beyond_supply", "51 to 67 °C"),
        (None, {"T_supply": 20.0}, "beyond_supply", "51 to 67 °C"),
        (cold_primary, {"T_supply": 62.0}, "beyond_supply", "51 to 60.5 °C"),
        (None, {"T_supply": None, "flow": 1.2}, "beyond_flow", "10.5 to 35 kg/s"),
        (None, {"T_supply": None, "flow": 0.1}, "beyond_flow", "10.5 to 35 kg/s"),
    ],
)
async def test_what_stands_against_an_order_is_said_in_words_and_nothing_is_done(
    bench, people, spoil, order_of, expected, text
):
    if spoil is not None:
        spoil(bench)
    answer = await people["olga"].post("commands", json=bench.setpoint(**({"T_supply": 61.0} | order_of)))
    assert (answer.status_code, reason_ids(answer)) == (422, [expected])
    reason = answer.json()["error"]["reasons"][0]
    assert text in reason["en"]
    assert reason["zh"] != reason["en"]
    assert (await people["olga"].get("commands")).json()["orders"] == []


@pytest.mark.parametrize(
    ("profile", "changes", "expected"),
    [
        ("ecl-310", {}, "class_c"),
        ("plc-a", {"emitter": "dhw"}, "hot_water"),
        ("plc-a", {"proof": None}, "not_proven"),
    ],
)
async def test_a_loop_that_is_never_driven_says_why(tmp_path, profile, changes, expected):
    bench = ControlRoomBench(tmp_path, profile=profile, loop=changes)
    await bench.add_people()
    client = bench.as_person("olga")
    answer = await client.post("commands", json=bench.setpoint(61.0))
    assert (answer.status_code, reason_ids(answer)) == (422, [expected])
    await client.aclose()
    bench.close()


async def test_a_class_b_loop_takes_no_flow_and_only_its_offset(tmp_path):
    bench = ControlRoomBench(tmp_path, profile="plc-b")
    await bench.add_people()
    client = bench.as_person("olga")
    answer = await client.post("commands", json=bench.setpoint(None, flow=0.8))
    assert reason_ids(answer) == ["no_flow_channel"]
    answer = await client.post("commands", json=bench.setpoint(67.0))
    assert reason_ids(answer) == ["beyond_supply"]
    assert "offset within" in answer.json()["error"]["message"]
    await client.aclose()
    bench.close()


async def test_an_order_that_has_become_impossible_since_the_preview_is_refused_at_its_commit(bench, people):
    number = (await prepared(people["olga"], bench.setpoint(61.0)))["id"]
    no_pump(bench)
    answer = await people["olga"].post(f"commands/{number}/commit")
    assert (answer.status_code, reason_ids(answer)) == (422, ["pump"])
    assert standing(bench).order == 0


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda bench: setattr(bench.state, "stopping", True), "stopping"),
        (lambda bench: setattr(bench.room.audit, "fault", "disk full"), "audit_down"),
        (lambda bench: setattr(bench.state, "context", None), "not_started"),
    ],
)
async def test_a_controller_that_can_not_take_orders_says_so(bench, people, spoil, expected):
    spoil(bench)
    assert reason_ids(await people["olga"].post("commands", json=bench.setpoint())) == [expected]


async def test_without_an_audit_the_way_to_local_is_still_open(bench, people):
    bench.room.audit.fault = "disk full"
    body = {"key": "a-key-of-its-own", "reason": "leak in Xinjian road"}
    answer = await people["olga"].post("districts/north/local", json=body)
    assert answer.json()["state"] == "committed"
