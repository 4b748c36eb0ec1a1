"""Orders over the API: two steps, limits in words, second person, conflicts, undo, and what survives."""

import asyncio
import json

import pytest

from controller.accounts.roles import Role
from controller.api import order_schema
from controller.decisions import LoopKey, Mode, Season
from controller.orders.season import CHECKLIST
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW, control_room
from tests.support.control_room import PASSWORD, ControlRoomBench, order, reason_ids

LOOP = LoopKey("S001", 1)


@pytest.fixture
async def bench(tmp_path):
    bench = ControlRoomBench(tmp_path)
    await bench.add_people()
    yield bench
    bench.close()


@pytest.fixture
async def people(bench):
    """Logged-in clients by name."""
    names = ("olga", "otto", "lei", "lin", "eva", "vera")
    clients = {name: bench.as_person(name) for name in names}
    yield clients
    for client in clients.values():
        await client.aclose()


async def prepared(client, body):
    answer = await client.post("commands", json=body)
    assert answer.status_code == 200, answer.text
    order_schema.OrderMessage.model_validate(answer.json())
    return answer.json()


async def committed(client, body):
    number = (await prepared(client, body))["id"]
    answer = await client.post(f"commands/{number}/commit")
    assert answer.status_code == 200, answer.text
    return answer.json()


def standing(bench, key=LOOP):
    return bench.room.orders.loop_at(key, bench.clock.now())


# ------------------------------------------------------------------ the way of an order


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


# ------------------------------------------------------------------ two operators


async def test_of_two_operators_on_one_setpoint_exactly_one_wins_and_the_other_is_told_who_and_what(
    bench, people
):
    numbers = {
        name: (await prepared(people[name], bench.setpoint(T)))["id"]
        for name, T in (("olga", 61.0), ("otto", 62.0))
    }
    answers = await asyncio.gather(
        *(people[name].post(f"commands/{number}/commit") for name, number in numbers.items())
    )
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    winner = next(answer.json() for answer in answers if answer.status_code == 200)
    loser = next(answer for answer in answers if answer.status_code == 409)
    assert reason_ids(loser) == ["changed_by"]
    assert winner["author"] in loser.json()["error"]["message"]
    assert f"{standing(bench).T_supply:.1f} °C" in loser.json()["error"]["message"]
    assert standing(bench).order == winner["id"]


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        ({"T_supply_set": 60.04}, []),
        ({"T_supply_set": 59.0}, ["moved_by"]),
        ({"T_supply_set": None}, ["moved_by"]),
        ({"m_flow_set": 25.0}, ["moved_by"]),
        ({"mode": "local"}, ["changed_by"]),
        ({"order": 7}, ["changed_by"]),
    ],
)
async def test_an_order_for_a_state_that_is_no_longer_so_is_a_conflict(bench, people, seen, expected):
    answer = await people["olga"].post("commands", json=bench.setpoint(loops=[bench.seen(**seen)]))
    assert answer.status_code == (409 if expected else 200)
    assert (reason_ids(answer) if expected else []) == expected


async def test_a_strategy_that_moved_the_loop_since_the_preview_is_a_conflict(bench, people):
    number = (await prepared(people["olga"], bench.setpoint(61.0)))["id"]
    bench.state.loops[LOOP].T_supply_set = 59.4
    answer = await people["olga"].post(f"commands/{number}/commit")
    assert (answer.status_code, reason_ids(answer)) == (409, ["moved_by"])
    assert "strategy curve" in answer.json()["error"]["message"]


# ------------------------------------------------------------------ refusals in words


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


# ------------------------------------------------------------------ second person and bulk


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"T_supply": 63.1}, "large_supply"),
        ({"T_supply": 56.9}, "large_supply"),
        ({"T_supply": None, "flow": 0.65}, "large_flow"),
    ],
)
async def test_a_large_change_needs_a_second_person(bench, people, fields, why):
    told = await prepared(people["olga"], bench.setpoint(**fields))
    assert [reason["id"] for reason in told["needs_second"]] == [why]
    path = f"commands/{told['id']}"
    answer = await people["olga"].post(f"{path}/commit")
    assert (answer.status_code, reason_ids(answer)) == (403, ["needs_second"])
    assert (await people["otto"].post(f"{path}/approve")).status_code == 403
    assert (await people["lei"].post(f"{path}/approve")).json()["approved_by"] == "lei"
    assert (await people["lei"].post(f"{path}/approve")).status_code == 200
    assert (await people["olga"].post(f"{path}/commit")).json()["state"] == "committed"


async def test_three_kelvin_and_a_fifth_of_the_flow_need_none(bench, people):
    told = await prepared(people["olga"], bench.setpoint(63.0, flow=0.8 * 30.0 / 35.0))
    assert told["needs_second"] == []
    answer = await people["lei"].post(f"commands/{told['id']}/approve")
    assert reason_ids(answer) == ["second_not_needed"]


async def test_nobody_is_the_own_second_person(bench, people):
    told = await prepared(people["lei"], bench.setpoint(65.0))
    answer = await people["lei"].post(f"commands/{told['id']}/approve")
    assert (answer.status_code, reason_ids(answer)) == (403, ["second_is_first"])


async def test_the_second_person_has_ten_minutes_and_the_first_then_two(bench, people):
    number = (await prepared(people["olga"], bench.setpoint(65.0)))["id"]
    bench.utc += 599
    assert (await people["lei"].post(f"commands/{number}/approve")).status_code == 200
    bench.utc += 119
    assert (await people["olga"].post(f"commands/{number}/commit")).status_code == 200
    number = (await prepared(people["olga"], bench.setpoint(61.0, loops=[bench.seen("S002")])))["id"]
    bench.utc += 121
    assert (await people["olga"].post(f"commands/{number}/commit")).status_code == 410


async def test_a_bulk_order_needs_a_second_person_and_says_which_loops_it_leaves_out(tmp_path):
    bench = ControlRoomBench(tmp_path, n_stations=7)
    await bench.add_people()
    olga = bench.as_person("olga")
    loops = [bench.seen(f"S{i:03}") for i in range(1, 8)]
    told = await prepared(olga, bench.setpoint(None, loops=loops, dT_supply=-1.0))
    assert [reason["id"] for reason in told["needs_second"]] == ["bulk"]
    assert {loop["T_supply_new"] for loop in told["preview"]["loops"]} == {59.0}

    bench.state.image.update("S007", polled_at=None)
    answer = await olga.post("commands", json=bench.setpoint(None, loops=loops, dT_supply=-1.0))
    assert reason_ids(answer) == ["stale_data"]
    body = bench.setpoint(None, loops=loops, dT_supply=-4.0, leave_out=True)
    told = await prepared(olga, body)
    assert len(told["preview"]["loops"]) == 6
    assert told["preview"]["left_out"][0]["station"] == "S007"
    assert [note["id"] for note in told["preview"]["notes"]] == ["mass_change"]
    await olga.aclose()
    bench.close()


# ------------------------------------------------------------------ modes, local, undo


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


# ------------------------------------------------------------------ strategy, season, mass change


async def test_a_strategy_is_chosen_by_a_shift_lead(bench, people):
    body = {"kind": "strategy", "district": "north", "strategy": "balance", "seen": "curve"}
    assert reason_ids(await people["olga"].post("commands", json=order(body))) == ["right"]
    await committed(people["lei"], order(body))
    assert bench.room.orders.ordered_strategies() == {"north": "balance"}
    answer = await people["lin"].post("commands", json=order(body))
    assert (answer.status_code, reason_ids(answer)) == (409, ["changed_by"])
    answer = await people["lin"].post("commands", json=order(body | {"strategy": "oracle"}))
    assert reason_ids(answer) == ["unknown_strategy"]
    assert "curve, balance" in answer.json()["error"]["message"]


def season(name, seen="heating", **fields):
    confirmed = [item.id for item in CHECKLIST[Season(name)]]
    return order({"kind": "season", "season": name, "seen": seen, "confirmed": confirmed} | fields)


async def test_a_season_changes_with_its_checklist_and_step_by_step(bench, people):
    answer = await people["lei"].post("commands", json=season("stopping", confirmed=["crew_told"]))
    assert reason_ids(answer) == ["checklist"]
    assert "announced" in answer.json()["error"]["message"]
    answer = await people["lei"].post("commands", json=season("filling"))
    assert reason_ids(answer) == ["season_step"]
    first = await committed(people["lei"], season("stopping"))
    assert {status.season for status in bench.state.loops.values()} == {Season.STOPPING}
    answer = await people["lei"].post("commands", json=order({"kind": "undo", "order": first["id"]}))
    assert reason_ids(answer) == ["season_no_undo"]
    modes = (await people["olga"].get("modes")).json()
    order_schema.Modes.model_validate(modes)
    assert modes["season"] == "stopping"


async def test_one_station_in_maintenance_leaves_the_others_heating(bench, people):
    await committed(people["lei"], season("maintenance", station="S002"))
    seasons = {key.station: status.season for key, status in bench.state.loops.items()}
    assert seasons == {"S001": "heating", "S002": "maintenance", "S003": "heating"}
    assert (await people["olga"].get("modes")).json()["station_seasons"] == {"S002": "maintenance"}


async def test_a_mass_change_is_confirmed_for_an_hour_and_only_while_one_is_held(bench, people):
    body = {"kind": "mass_change"}
    assert reason_ids(await people["lei"].post("commands", json=order(body))) == ["no_mass_change"]
    bench.hold_mass_change()
    await committed(people["lei"], order(body))
    assert bench.room.orders.mass_change_confirmed(NOW + 3599)
    assert not bench.room.orders.mass_change_confirmed(NOW + 3600)


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


def test_every_checklist_item_has_two_languages_and_ids_are_unique():
    for items in CHECKLIST.values():
        assert len({item.id for item in items}) == len(items)
        assert all(item.phrase.en != item.phrase.zh for item in items)
    assert json.dumps({s: [i.id for i in items] for s, items in CHECKLIST.items()})
