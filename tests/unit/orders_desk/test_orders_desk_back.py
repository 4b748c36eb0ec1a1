"""The way back: to local, to auto, and to what was ordered before."""

from controller.accounts.roles import Role
from controller.decisions import Mode
from tests.support.control_room import (
    LOOP,
    PASSWORD,
    ControlRoomBench,
    committed,
    order,
    reason_ids,
    standing,
)


async def test_one_order_returns_a_district_to_its_own_controllers(bench, people):
    body = {"key": "a-key-of-its-own", "reason": "leak in Xinjian road"}
    first = (await people["olga"].post("districts/north/local", json=body)).json()
    assert first["state"] == "committed"
    assert {status.mode for status in bench.state.loops.values()} == {Mode.LOCAL}
    assert (await people["olga"].post("districts/north/local", json=body)).json()["id"] == first["id"]
    undone = await committed(people["olga"], order({"kind": "undo", "order": first["id"]}))
    assert {status.mode for status in bench.state.loops.values()} == {Mode.AUTO}
    assert undone["preview"]["undoes"] == first["id"]
    assert (await people["olga"].get(f"commands/{first['id']}")).json()["undone_by"] == "olga"


async def test_a_manual_loop_goes_back_to_auto_or_local(bench, people):
    await committed(people["olga"], bench.setpoint(61.0))
    for mode in ("auto", "local"):
        body = order({"kind": "mode", "mode": mode, "loops": [bench.seen()]})
        await committed(people["otto"], body)
        assert bench.state.loops[LOOP].mode is Mode(mode)


async def test_only_an_undo_needs_no_reason_since_the_order_it_takes_back_tells(bench, people):
    first = await committed(people["olga"], bench.setpoint(61.0))
    undo = order({"kind": "undo", "order": first["id"]})
    await committed(people["olga"], undo | {"reason": ""})
    await bench.room.round()
    await bench.room.audit.append([])
    told = [entry.event for entry in bench.room.audit.newest(100)]
    undone = next(one.data for one in told if one.kind == "order_committed" and one.data["kind"] == "undo")
    assert (undone["undoes"], undone["reason"]) == (first["id"], "")
    silent = await people["olga"].post("commands", json=bench.setpoint(62.0) | {"reason": ""})
    assert silent.status_code == 422
    assert "3 to 200 characters" in silent.text


async def test_undo_restores_the_manual_order_before(bench, people):
    await committed(people["olga"], bench.setpoint(61.0))
    second = await committed(people["otto"], bench.setpoint(62.0))
    assert standing(bench).T_supply == 62.0
    await committed(people["otto"], order({"kind": "undo", "order": second["id"]}))
    assert (standing(bench).mode, standing(bench).T_supply) == (Mode.MANUAL, 61.0)


async def test_what_somebody_has_ordered_since_is_not_undone(bench, people):
    first = await committed(people["olga"], bench.setpoint(61.0))
    await committed(people["otto"], bench.setpoint(62.0))
    answer = await people["olga"].post("commands", json=order({"kind": "undo", "order": first["id"]}))
    assert (answer.status_code, reason_ids(answer)) == (409, ["changed_by"])
    assert "otto" in answer.json()["error"]["message"]


async def test_a_manual_order_that_has_ended_is_not_undone(bench, people):
    first = await committed(people["olga"], bench.setpoint(61.0, duration_s=600))
    bench.clock.time += 600
    answer = await people["olga"].post("commands", json=order({"kind": "undo", "order": first["id"]}))
    assert (answer.status_code, reason_ids(answer)) == (409, ["nothing_to_undo"])


async def test_a_zone_ends_at_its_districts(tmp_path):
    bench = ControlRoomBench(tmp_path)
    await bench.room.accounts.add("zoe", PASSWORD, Role.OPERATOR, {"south"}, "test")
    zoe = await bench.as_user("zoe")
    answer = await zoe.post("commands", json=bench.setpoint(61.0))
    assert (answer.status_code, reason_ids(answer)) == (403, ["not_your_zone"])
    body = {"key": "a-key-of-its-own", "reason": "leak in Xinjian road"}
    assert (await zoe.post("districts/north/local", json=body)).status_code == 403
    await zoe.aclose()
    bench.close()
