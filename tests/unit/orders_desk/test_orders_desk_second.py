"""Large changes and many loops at once need a second person."""

import pytest

from tests.support.control_room import ControlRoomBench, prepared, reason_ids


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
