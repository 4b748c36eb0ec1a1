"""Orders that meet: of two people one wins, and what was seen must still be so."""

import asyncio

import pytest

from tests.support.control_room import LOOP, prepared, reason_ids, standing


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
