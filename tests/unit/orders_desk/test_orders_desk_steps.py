"""The way of an order over the API: prepared, committed, ended, kept over a restart, and in the audit."""

import pytest

from controller.decisions import LoopKey, Mode, Season
from tests.support.api_bench import NOW, control_room
from tests.support.control_room import LOOP, committed, order, prepared, reason_ids, season, standing


async def test_a_prepared_order_changes_nothing_and_shows_limits_and_effect(bench, people):
    told = await prepared(people["olga"], bench.setpoint(61.0))
    assert standing(bench).mode is Mode.AUTO
    (loop,) = told["preview"]["loops"]
    assert (loop["T_supply_held"], loop["T_supply_new"], loop["mode_new"]) == (60.0, 61.0, "manual")
    assert loop["T_supply_min"] == pytest.approx(51.0)  # 59 degC own curve at 0 degC, less 8 K
    assert loop["T_supply_max"] == pytest.approx(67.0)
    assert loop["reached_in_s"] == 300
    assert loop["effect"]["kind"] == "steady-state estimate"
    assert 0.2 < loop["effect"]["dT_indoor_K"] < 1.0
    assert told["needs_second"] == []
    assert told["preview"]["until"] == NOW + 4 * 3600


async def test_a_committed_order_makes_the_loop_manual_until_its_end_and_then_as_before(bench, people):
    told = await committed(people["olga"], bench.setpoint(61.0, duration_s=3600))
    assert told["state"] == "committed"
    assert bench.state.loops[LOOP].mode is Mode.MANUAL
    wish = bench.room.orders.wishes(NOW + 3599)[LOOP]
    assert (wish.T_supply, wish.m_flow, wish.author) == (61.0, 30.0, "operator:olga")
    assert bench.room.orders.wishes(NOW + 3600) == {}
    bench.clock.time = NOW + 3600
    bench.state.follow(bench.room.orders, NOW + 3600)
    assert bench.state.loops[LOOP].mode is Mode.AUTO


async def test_a_commit_again_is_harmless_and_a_lost_answer_can_be_asked_again(bench, people):
    body = bench.setpoint(61.0)
    first = await prepared(people["olga"], body)
    assert await prepared(people["olga"], body) == first
    commits = [await people["olga"].post(f"commands/{first['id']}/commit") for _ in range(3)]
    assert [answer.json()["state"] for answer in commits] == ["committed"] * 3
    assert standing(bench).order == first["id"]
    again = await prepared(people["olga"], body)
    assert (again["id"], again["state"]) == (first["id"], "committed")


async def test_an_idempotency_key_serves_one_order_only(bench, people):
    await prepared(people["olga"], {**bench.setpoint(61.0), "key": "the-same-key"})
    answer = await people["olga"].post("commands", json={**bench.setpoint(62.0), "key": "the-same-key"})
    assert (answer.status_code, reason_ids(answer)) == (409, ["key_reused"])
    await prepared(people["otto"], {**bench.setpoint(62.0), "key": "the-same-key"})


async def test_a_replayed_commit_does_not_bring_back_what_was_undone(bench, people):
    first = await committed(people["olga"], bench.setpoint(61.0))
    await committed(people["olga"], order({"kind": "undo", "order": first["id"]}))
    answer = await people["olga"].post(f"commands/{first['id']}/commit")
    assert (answer.status_code, reason_ids(answer)) == (409, ["over"])
    assert standing(bench).mode is Mode.AUTO


async def test_only_who_prepared_an_order_commits_it(bench, people):
    number = (await prepared(people["olga"], bench.setpoint(61.0)))["id"]
    answer = await people["lei"].post(f"commands/{number}/commit")
    assert (answer.status_code, reason_ids(answer)) == (403, ["not_yours"])


@pytest.mark.parametrize(("after_s", "status"), [(119.0, 200), (121.0, 410)])
async def test_a_prepared_order_expires_after_two_minutes(bench, people, after_s, status):
    number = (await prepared(people["olga"], bench.setpoint(61.0)))["id"]
    bench.utc += after_s
    answer = await people["olga"].post(f"commands/{number}/commit")
    assert answer.status_code == status
    if status == 410:
        assert reason_ids(answer) == ["expired"]
        answer = await people["olga"].post(f"commands/{number}/commit")
        assert reason_ids(answer) == ["over"]
        assert standing(bench).order == 0


# ------------------------------------------------------------------ what survives


async def test_orders_in_force_survive_a_restart_and_prepared_ones_do_not(bench, people):
    await committed(people["olga"], bench.setpoint(61.0))
    await committed(people["lei"], season("maintenance", station="S002"))
    waiting = await prepared(people["olga"], bench.setpoint(62.0, loops=[bench.seen("S003")]))
    before = dict(bench.room.orders.standing)
    bench.room.accounts.close()
    bench.room.audit.close()
    state = bench.fresh_state()
    with control_room(bench.site, state, bench.clock) as room:
        assert room.orders.standing == before
        assert state.loops[LOOP].mode is Mode.MANUAL
        assert state.loops[LoopKey("S002", 1)].season is Season.MAINTENANCE
        assert (await room.desk.order(waiting["id"])).state == "expired"


async def test_a_site_file_that_was_changed_since_wins_over_the_order(bench, people):
    await committed(people["olga"], bench.setpoint(61.0))
    state = bench.fresh_state()
    state.loops[LOOP].mode = Mode.LOCAL
    with control_room(bench.site, state, bench.clock) as room:
        assert state.loops[LOOP].mode is Mode.LOCAL
        assert room.orders.standing == {}


async def test_every_step_is_in_the_audit_once(bench, people):
    first = await committed(people["olga"], bench.setpoint(61.0, duration_s=600))
    for _ in range(2):
        await bench.room.round()
    bench.clock.time += 600
    for _ in range(2):
        await bench.room.round()
    await bench.room.audit.append([])
    entries = [entry.event for entry in bench.room.audit.newest(100)]
    kinds = [entry.kind for entry in reversed(entries) if "order" in entry.kind or "manual" in entry.kind]
    assert kinds == ["order_prepared", "order_committed", "manual_ended"]
    told = next(entry.data for entry in entries if entry.kind == "order_committed")
    kind, name, before, after = told["changes"][0]
    assert (told["order"], kind, name) == (first["id"], "loop", "S001/1")
    assert (before["mode"], after["mode"], after["T_supply"]) == ("auto", "manual", 61.0)
