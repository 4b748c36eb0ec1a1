"""Orders of people to a heat source that is written to: held back, set by hand, and no loop of a district."""

import pytest

from controller.decisions import LoopKey, Mode
from stations.model.identity import Point
from stations.model.reading import good
from tests.support.api_bench import NOW
from tests.support.control_room import ControlRoomBench, committed, order, reason_ids
from tests.support.source_city import BASE, source_readings, written_source

KEY = LoopKey(BASE, 1)


@pytest.fixture
async def bench(tmp_path):
    source, planning = written_source()
    bench = ControlRoomBench(tmp_path, sources=(source,), planning=planning)
    held = {"T_supply_source_set_effective": 90.0, "dp_source_set_effective": 380.0}
    control = {Point(1, name): good(value, NOW) for name, value in held.items()}
    water = source_readings(NOW, T=90.0) | {Point(0, "P_pump_source"): good(40.0, NOW)}
    bench.answers(BASE, readings=control | water)
    bench.state.loops[KEY].circulation_value = 380.0
    bench.cycle(T_outdoor=-5.0)
    await bench.add_people()
    yield bench
    bench.close()


async def writes_of(bench):
    async with bench.as_person("olga") as client:
        (source,) = (await client.get("plan/sources")).json()["sources"]
    return source["writes"]


async def test_an_operator_holds_the_writes_back_and_lets_them_go_on(bench):
    told = await writes_of(bench)
    assert (told["mode"], told["held"], told["T_supply_set"], told["dp_set"]) == ("auto", True, 60.0, 380.0)
    async with bench.as_person("olga") as olga:
        for mode in ("local", "auto"):
            seen = bench.seen(BASE, told["loop"], order=told["order"], mode=told["mode"])
            await committed(olga, order({"kind": "mode", "mode": mode, "loops": [seen]}))
            told = await writes_of(bench)
            assert (told["mode"], bench.state.loops[KEY].mode) == (mode, Mode(mode))


async def test_a_supply_is_set_by_hand_within_the_limits_of_the_site_only(bench):
    async with bench.as_person("olga") as olga:
        far = order({"kind": "setpoint", "loops": [bench.seen(BASE)], "T_supply": 110.0})
        refused = await olga.post("commands", json=far)
        assert (refused.status_code, reason_ids(refused)) == (422, ["beyond_supply"])
        near = order({"kind": "setpoint", "loops": [bench.seen(BASE)], "T_supply": 91.0})
        told = await committed(olga, near)
    assert bench.state.loops[KEY].mode is Mode.MANUAL
    (loop,) = told["preview"]["loops"]
    assert (loop["T_supply_new"], loop["T_supply_min"], loop["T_supply_max"]) == (91.0, 82.0, 98.0)
    wish = bench.room.orders.wishes(NOW)[KEY]
    assert (wish.T_supply, wish.author) == (91.0, "operator:olga")


async def test_a_district_that_goes_local_leaves_the_source_of_all_districts_alone(bench):
    async with bench.as_person("olga") as olga:
        body = {"key": "a-key-of-its-own", "reason": "leak in Xinjian road"}
        assert (await olga.post("districts/north/local", json=body)).json()["state"] == "committed"
    modes = {key: status.mode for key, status in bench.state.loops.items()}
    assert modes.pop(KEY) is Mode.AUTO
    assert set(modes.values()) == {Mode.LOCAL}


async def test_a_source_has_no_plan_of_loops_to_follow(bench):
    loops = [{"station": BASE, "loop": 1, "order": 0}]
    body = order({"kind": "plan", "choice": "hold", "loops": loops, "duration_s": 3600})
    async with bench.as_person("olga") as olga:
        refused = await olga.post("commands", json=body)
    assert (refused.status_code, reason_ids(refused)) == (422, ["source_no_plans"])
