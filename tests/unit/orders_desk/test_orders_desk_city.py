"""Orders for more than a loop: strategy, season by its checklist, a mass change."""

import json

from controller.api import order_schema
from controller.decisions import Season
from controller.orders.season import CHECKLIST
from tests.support.api_bench import NOW
from tests.support.control_room import committed, order, reason_ids, season


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


def test_every_checklist_item_has_two_languages_and_ids_are_unique():
    for items in CHECKLIST.values():
        assert len({item.id for item in items}) == len(items)
        assert all(item.phrase.en != item.phrase.zh for item in items)
    assert json.dumps({s: [i.id for i in items] for s, items in CHECKLIST.items()})
