"""How loops take plans, by a person's word: held back, following by themselves, or as their district."""

from dataclasses import replace

import pytest

from controller.decisions import LoopKey
from controller.modes import PlanChoice
from controller.orders.store import all_standing
from stations.model.setpoint import StationClass
from tests.support.api_bench import NOW, control_room
from tests.support.control_room import LOOP, committed, order, prepared, reason_ids

DAY_S = 86_400.0


def plans(choice, *, seen=0, stations=("S001",), **fields):
    loops = [{"station": station, "loop": 1, "order": seen} for station in stations]
    return order({"kind": "plan", "loops": loops, "choice": choice, **fields})


async def listed(client):
    return (await client.get("modes")).json()["plan_orders"]


async def test_an_operator_holds_a_loop_back_and_everybody_sees_who_why_and_until_when(bench, people):
    told = await prepared(people["olga"], plans("hold", duration_s=2 * DAY_S))
    assert await listed(people["vera"]) == []
    (loop,) = told["preview"]["loops"]
    assert (loop["choice"], loop["choice_new"], loop["strategy"]) == ("district", "hold", "curve")
    assert told["preview"]["until"] == NOW + 2 * DAY_S
    await people["olga"].post(f"commands/{told['id']}/commit")
    (held,) = await listed(people["vera"])
    assert held == {
        "station": "S001",
        "loop": 1,
        "order": told["id"],
        "choice": "hold",
        "author": "olga",
        "reason": "residents complain of cold",
        "until": NOW + 2 * DAY_S,
    }


async def test_a_hold_ends_by_itself_and_the_audit_says_so(bench, people):
    held = await committed(people["olga"], plans("hold"))
    assert bench.room.orders.plan_orders(NOW + DAY_S - 1.0)[LOOP].choice is PlanChoice.HOLD
    assert bench.room.orders.plan_orders(NOW + DAY_S) == {}
    bench.clock.time = NOW + DAY_S
    assert await listed(people["olga"]) == []
    for _ in range(2):
        await bench.room.round()
    await bench.room.audit.append([])
    told = [entry.event for entry in bench.room.audit.newest(100)]
    ended = [event.data for event in told if event.kind == "plan_choice_ended"]
    assert ended == [{"loop": "S001/1", "order": held["id"], "choice": "hold"}]
    await committed(people["olga"], plans("hold", seen=held["id"]))


async def test_to_follow_plans_takes_who_may_approve_and_to_stop_does_not(bench, people):
    answer = await people["olga"].post("commands", json=plans("follow"))
    assert (answer.status_code, reason_ids(answer)) == (403, ["right"])
    follows = await committed(people["lei"], plans("follow"))
    assert bench.room.orders.plan_orders(NOW)[LOOP].choice is PlanChoice.FOLLOW
    ended = await committed(people["olga"], plans("district", seen=follows["id"]))
    assert bench.room.orders.plan_orders(NOW) == {}
    again = await people["olga"].post("commands", json=order({"kind": "undo", "order": ended["id"]}))
    assert (again.status_code, reason_ids(again)) == (403, ["right"])
    await committed(people["lei"], order({"kind": "undo", "order": ended["id"]}))
    assert bench.room.orders.plan_orders(NOW)[LOOP].choice is PlanChoice.FOLLOW


async def test_of_two_people_at_one_loop_the_second_looks_again(bench, people):
    await committed(people["olga"], plans("hold"))
    answer = await people["otto"].post("commands", json=plans("hold"))
    assert (answer.status_code, reason_ids(answer)) == (409, ["plan_changed"])
    waiting = await prepared(people["lei"], plans("hold", stations=("S002",)))
    await committed(people["lin"], plans("follow", stations=("S002",)))
    answer = await people["lei"].post(f"commands/{waiting['id']}/commit")
    assert (answer.status_code, reason_ids(answer)) == (409, ["changed_by"])
    answer = await people["lei"].post("commands", json=plans("district", stations=("S003",)))
    assert (answer.status_code, reason_ids(answer)) == (409, ["plan_as_it_is"])


async def test_many_loops_at_once_ask_for_a_second_person(bench, people, monkeypatch):
    monkeypatch.setattr("controller.orders.draft.BULK_LOOPS", 2)
    both = plans("hold", stations=("S001", "S002", "S003"))
    told = await prepared(people["olga"], both)
    assert [why["id"] for why in told["needs_second"]] == ["bulk"]


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"station_class": StationClass.C}, "class_c"),
        ({"proven": False}, "not_proven"),
        ({"emitter": "dhw"}, "hot_water"),
    ],
)
async def test_where_plans_are_advice_at_most_there_is_nothing_to_hold(
    bench, people, monkeypatch, changes, why
):
    look, traits = bench.room.desk.look, bench.traits | {LOOP: replace(bench.traits[LOOP], **changes)}
    monkeypatch.setattr(bench.room.desk, "look", lambda *who: replace(look(*who), traits=traits))
    answer = await people["lei"].post("commands", json=plans("hold"))
    assert (answer.status_code, reason_ids(answer)) == (422, [why])


@pytest.mark.parametrize("duration_s", [599.0, 31 * DAY_S])
async def test_a_hold_lasts_ten_minutes_at_least_and_thirty_days_at_most(people, duration_s):
    answer = await people["lei"].post("commands", json=plans("hold", duration_s=duration_s))
    assert answer.status_code == 422


async def test_a_hold_survives_a_restart_and_goes_with_its_loop(bench, people):
    await committed(people["olga"], plans("hold"))
    with bench.room.desk.kept.reading() as connection:
        (kept,) = all_standing(connection).values()
    assert kept.choice is PlanChoice.HOLD
    bench.close()
    with control_room(bench.site, bench.fresh_state(), bench.clock) as room:
        assert room.orders.plan_orders(NOW)[LOOP] == kept
        room.orders.modes = {LoopKey("S009", 1): room.orders.modes[LOOP]}
        assert [subject.name for subject in room.orders.overtaken()] == ["S001/1"]
