"""An undo is judged like the order it stands for: limits, second person, a free way to the safe side."""

import pytest

from controller.decisions import Mode, Season
from controller.orders.season import CHECKLIST
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW
from tests.support.control_room import (
    LOOP,
    ControlRoomBench,
    committed,
    order,
    prepared,
    reason_ids,
    standing,
)

MANY = [f"S{i:03}" for i in range(1, 8)]


@pytest.fixture
async def bench(tmp_path):
    bench = ControlRoomBench(tmp_path, n_stations=7)
    await bench.add_people()
    yield bench
    bench.close()


@pytest.fixture
async def olga(bench):
    async with bench.as_person("olga") as client:
        yield client


@pytest.fixture
async def lei(bench):
    async with bench.as_person("lei") as client:
        yield client


def undo(of):
    return order({"kind": "undo", "order": of["id"]}, reason="")


def mode(bench, name, stations=("S001",)):
    return order({"kind": "mode", "mode": name, "loops": [bench.seen(station) for station in stations]})


async def taken_from_manual(bench, olga, name):
    """A loop that was manual at 61 degC and now is not: undoing that makes it manual again."""
    await committed(olga, bench.setpoint(61.0))
    return await committed(olga, mode(bench, name))


def stale(bench):
    bench.clock.time = NOW + 200


def no_pump(bench):
    bench.answers("S001", readings={Point(1, "y_pump_secondary"): good(0.0, NOW)})


def wrong_season(bench):
    bench.state.loops[LOOP].season = Season.FILLING


def cold_primary(bench):
    bench.answers("S001", readings={Point(0, "T_supply_primary"): good(60.0, NOW)})


SPOILT = [
    (stale, "stale_data"),
    (no_pump, "pump"),
    (wrong_season, "wrong_season"),
    (cold_primary, "beyond_supply"),
]


@pytest.mark.parametrize("left", ["auto", "local"])
@pytest.mark.parametrize(("spoil", "expected"), SPOILT)
async def test_an_undo_to_manual_meets_the_limits_of_this_moment(bench, olga, spoil, expected, left):
    away = await taken_from_manual(bench, olga, left)
    spoil(bench)
    answer = await olga.post("commands", json=undo(away))
    assert (answer.status_code, reason_ids(answer)) == (422, [expected])
    assert standing(bench).mode is Mode(left)


@pytest.mark.parametrize(("spoil", "expected"), SPOILT)
async def test_an_undo_to_manual_meets_them_at_its_commit_too(bench, olga, spoil, expected):
    away = await taken_from_manual(bench, olga, "local")
    number = (await prepared(olga, undo(away)))["id"]
    spoil(bench)
    answer = await olga.post(f"commands/{number}/commit")
    assert (answer.status_code, reason_ids(answer)) == (422, [expected])
    assert standing(bench).mode is Mode.LOCAL


@pytest.mark.parametrize("spoil", [stale, no_pump, wrong_season, cold_primary])
async def test_an_undo_to_the_strategy_is_open_whatever_the_station_says(bench, olga, spoil):
    manual = await committed(olga, bench.setpoint(61.0))
    spoil(bench)
    told = await committed(olga, undo(manual))
    assert told["needs_second"] == []
    assert standing(bench).mode is Mode.AUTO


async def test_an_undo_to_manual_waits_for_the_first_cycle(bench, olga, lei):
    away = await taken_from_manual(bench, olga, "local")
    bench.state.context = None
    bench.room.desk.not_now = lambda: None
    answer = await olga.post("commands", json=undo(away))
    assert reason_ids(answer) == ["not_started"]


async def test_an_undo_to_manual_shows_limits_effect_and_end(bench, olga):
    away = await taken_from_manual(bench, olga, "local")
    told = await prepared(olga, undo(away))
    (loop,) = told["preview"]["loops"]
    assert (loop["T_supply_held"], loop["T_supply_new"]) == (60.0, 61.0)
    assert (loop["mode"], loop["mode_new"]) == ("local", "manual")
    assert loop["T_supply_max"] == pytest.approx(67.0)
    assert 0.2 < loop["effect"]["dT_indoor_K"] < 1.0
    assert told["preview"]["until"] == NOW + 4 * 3600


@pytest.mark.parametrize(("was", "second"), [(63.0, []), (63.5, ["large_supply"]), (56.5, ["large_supply"])])
async def test_an_undo_that_moves_a_loop_far_needs_a_second_person(bench, olga, lei, was, second):
    await committed(olga, bench.setpoint(was), lei)
    away = await committed(olga, mode(bench, "local"))
    told = await prepared(olga, undo(away))
    assert [reason["id"] for reason in told["needs_second"]] == second
    if second:
        answer = await olga.post(f"commands/{told['id']}/commit")
        assert (answer.status_code, reason_ids(answer)) == (403, ["needs_second"])
        assert standing(bench).mode is Mode.LOCAL
        await lei.post(f"commands/{told['id']}/approve")
    assert (await olga.post(f"commands/{told['id']}/commit")).json()["state"] == "committed"
    assert standing(bench).T_supply == was


async def test_an_undo_of_the_flow_needs_one_too(bench, olga, lei):
    await committed(olga, bench.setpoint(None, flow=0.6), lei)
    away = await committed(olga, mode(bench, "local"))
    told = await prepared(olga, undo(away))
    assert [reason["id"] for reason in told["needs_second"]] == ["large_flow"]


async def test_to_take_many_loops_by_an_undo_needs_a_second_person_and_to_let_them_go_does_not(
    bench, olga, lei
):
    group = bench.setpoint(None, loops=[bench.seen(station) for station in MANY], dT_supply=1.0)
    manual = await committed(olga, group, lei)
    local = await committed(olga, mode(bench, "local", MANY))
    again = await prepared(olga, undo(local))
    assert [reason["id"] for reason in again["needs_second"]] == ["bulk"]
    assert (await lei.post(f"commands/{again['id']}/approve")).status_code == 200
    again = (await olga.post(f"commands/{again['id']}/commit")).json()
    assert standing(bench).T_supply == 61.0

    away = await committed(olga, undo(again))
    assert away["needs_second"] == []
    assert standing(bench).mode is Mode.LOCAL
    assert (await olga.get(f"commands/{manual['id']}")).json()["state"] == "committed"


@pytest.mark.parametrize(("stations", "second"), [(MANY[:5], []), (MANY[:6], ["bulk"])])
async def test_to_take_more_than_five_loops_back_from_local_needs_a_second_person(
    bench, olga, lei, stations, second
):
    local = await committed(olga, mode(bench, "local", stations))
    told = await prepared(olga, undo(local))
    assert [reason["id"] for reason in told["needs_second"]] == second


async def test_a_group_back_to_its_strategy_needs_nobody(bench, olga, lei):
    group = bench.setpoint(None, loops=[bench.seen(station) for station in MANY], dT_supply=1.0)
    manual = await committed(olga, group, lei)
    assert (await committed(olga, undo(manual)))["needs_second"] == []
    assert standing(bench).mode is Mode.AUTO


async def test_the_strategy_of_a_large_district_is_undone_by_two(bench, lei):
    body = order({"kind": "strategy", "district": "north", "strategy": "balance", "seen": "curve"})
    async with bench.as_person("lin") as lin:
        chosen = await committed(lei, body, lin)
        told = await prepared(lei, undo(chosen))
        assert [reason["id"] for reason in told["needs_second"]] == ["bulk"]


# ------------------------------------------------------- the same for orders that are not an undo


async def test_many_loops_to_the_strategy_need_a_second_person_and_to_local_none(bench, olga, lei):
    await committed(olga, mode(bench, "local", MANY))
    told = await prepared(olga, mode(bench, "auto", MANY))
    assert [reason["id"] for reason in told["needs_second"]] == ["bulk"]
    told = await prepared(olga, mode(bench, "auto", MANY[:5]))
    assert told["needs_second"] == []


async def test_a_season_of_more_than_five_loops_needs_a_second_person(bench, lei):
    confirmed = [item.id for item in CHECKLIST[Season.STOPPING]]
    body = {"kind": "season", "season": "stopping", "seen": "heating", "confirmed": confirmed}
    assert [reason["id"] for reason in (await prepared(lei, order(body)))["needs_second"]] == ["bulk"]
    assert (await prepared(lei, order(body | {"station": "S001"})))["needs_second"] == []


async def test_a_strategy_for_more_than_five_loops_needs_a_second_person(bench, lei):
    body = {"kind": "strategy", "district": "north", "strategy": "balance", "seen": "curve"}
    told = await prepared(lei, order(body))
    assert [reason["id"] for reason in told["needs_second"]] == ["bulk"]
    answer = await lei.post(f"commands/{told['id']}/commit")
    assert (answer.status_code, reason_ids(answer)) == (403, ["needs_second"])
