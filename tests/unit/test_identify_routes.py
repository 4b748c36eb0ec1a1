"""Identification that somebody asks for: who may, what it tells, and what becomes of a process that dies."""

import asyncio
import shutil
from dataclasses import replace

import numpy as np
import pytest

from controller.accounts import store
from controller.accounts.roles import Role
from controller.api import identify_routes
from controller.api import plan_schema as schema
from controller.decisions import LoopKey
from controller.knowing.apart import Limits, identify_apart
from controller.knowing.gathered import SERIES, Quarter
from controller.knowing.keeper import introduced
from controller.knowing.known import first_known
from controller.knowing.nightly import identified
from controller.knowing.store import KnowingStore
from controller.knowing.worker import identify_stored
from controller.wiring import loop_traits
from tests.support import guard_world
from tests.support.control_room import ControlRoomBench, token_of
from tests.support.gathered_houses import gathered, two_houses

HOUSES = two_houses()


@pytest.fixture
async def bench(tmp_path):
    """A controller that has gathered nine days of its first station."""
    made = ControlRoomBench(tmp_path)
    await made.add_people()
    record, key = KnowingStore(made.site.data), LoopKey("S001", 1)
    _, end = gathered({key: HOUSES[key]}, record, days=9)
    traits = loop_traits(made.site)
    record.introduce(introduced(first_known(traits, -3.0), traits, end - 9 * 86_400.0))
    yield made
    made.close()


async def test_a_lead_has_a_station_identified_now_and_reads_what_came_of_it(bench):
    statuses = []
    for who, station in (("olga", "S001"), ("lei", "S099"), ("lei", "S001")):
        async with bench.as_person(who) as client:
            answer = await client.post(f"plan/{station}/identify")
            statuses.append(answer.status_code)
    assert statuses == [403, 404, 200]
    told = schema.StationIdentified.model_validate_json(answer.content)
    (loop,) = [one for one in told.loops if one.loop == 1]
    assert loop.reasons[0].id == f"identify.{loop.outcome}"
    assert loop.reasons[0].zh != loop.reasons[0].en
    beliefs, _ = KnowingStore(bench.site.data).believed()
    assert beliefs[LoopKey("S001", 1)].identified.state == loop.outcome
    assert {key.station for key in beliefs} == {"S001"}
    await bench.room.round()
    await bench.room.audit.append([])
    events = [entry.event for entry in bench.room.audit.newest(100)]
    (noted,) = [event for event in events if event.kind == "station_identified"]
    assert (noted.actor, noted.data["loops"]["1"]) == ("lei", loop.outcome)


async def test_a_person_of_another_district_may_not(bench):
    with bench.room.accounts.kept.writing() as connection:
        who = {"name": "zoe", "role": Role.ENGINEER, "districts": ["elsewhere"], "password_hash": "-"}
        store.add(connection, **who, at=bench.utc, actor="test")
        store.begin_session(connection, "zoe", token_of("zoe"), bench.utc, "test")
    async with bench.as_person("zoe") as client:
        answer = await client.post("plan/S001/identify")
    assert answer.status_code == 403
    assert answer.json()["error"]["reasons"][0]["id"] == "learn.zone"


async def test_nothing_gathered_is_refused_with_the_reason(bench):
    async with bench.as_person("lei") as client:
        answer = await client.post("plan/S002/identify")
    told = schema.StationIdentified.model_validate_json(answer.content)
    assert [one.outcome for one in told.loops] == ["refused"] * len(told.loops)
    assert all(one.reasons for one in told.loops)


async def test_a_process_that_dies_is_told_and_costs_nothing(bench, monkeypatch):
    async def dies(*asked):
        return await identify_apart(*asked, worker=("-c", "raise SystemExit(7)"))

    monkeypatch.setattr(identify_routes, "identify_apart", dies)
    async with bench.as_person("lei") as client:
        answer = await client.post("plan/S001/identify")
    assert answer.status_code == 503
    assert "(exit 7); what was known stays" in answer.json()["error"]["message"]
    assert KnowingStore(bench.site.data).believed()[0] == {}


async def test_a_second_one_at_the_same_time_is_told_to_wait(bench, monkeypatch):
    begun, over = asyncio.Event(), asyncio.Event()

    async def slow(*_):
        begun.set()
        await over.wait()
        return {}

    monkeypatch.setattr(identify_routes, "identify_apart", slow)
    async with bench.as_person("lei") as client, asyncio.TaskGroup() as tasks:
        first = tasks.create_task(client.post("plan/S001/identify"))
        await begun.wait()
        second = await client.post("plan/S002/identify")
        over.set()
    assert (first.result().status_code, second.status_code) == (200, 409)
    assert second.json()["error"]["reasons"][0]["id"] == "learn.running"


async def test_it_is_killed_when_it_takes_too_long(bench):
    hangs = ("-c", "import time; time.sleep(60)")  # until the limit kills it
    told = await identify_apart(bench.site.data, bench.clock.now(), Limits(wall_s=0.2), "S001", worker=hangs)
    assert told == "not done after 0.2 s"


def stored_town(folder, houses, *, blind=False):
    """Return a store with nine days of ``houses`` (``blind``: the last one without sensors) and their end."""
    record, end = gathered(houses, days=9)
    window = record.window(tuple(houses))
    if blind:
        window.loops[:, -1, SERIES.index("T_indoor")] = np.nan
    folder.mkdir()
    store = KnowingStore(folder)
    rows = zip(window.times, window.loops, window.shared, strict=True)
    store.add(window.keys, *(Quarter(int(at), *values) for at, *values in rows))
    town = {key: replace(guard_world.loop_traits(1), key=key) for key in houses}
    store.introduce(introduced(first_known(town, -3.0), town, end - 9 * 86_400.0))
    return store, end


def test_a_station_without_sensors_is_judged_by_the_rooms_of_all_others_as_at_night(tmp_path):
    houses = two_houses(UA=(1.9, 1.5, 1.7, 1.6))
    blind = list(houses)[-1]
    kept, end = stored_town(tmp_path / "night", houses, blind=True)
    shutil.copytree(tmp_path / "night", tmp_path / "now")
    at_night = {one.key: one for one in identify_stored(kept, end)}
    (now,) = identify_stored(KnowingStore(tmp_path / "now"), end, blind.station)
    assert now.key == blind
    assert now.identified.reasons == at_night[blind].identified.reasons
    assert now.identified.building.UA == at_night[blind].identified.building.UA
    record = kept.window((blind,))
    alone = next(identified(record, kept.introduced(), {}, end))
    assert alone.identified.building.UA != now.identified.building.UA


def test_what_a_loop_told_or_a_person_asked_for_during_the_night_stays(tmp_path):
    houses = two_houses(UA=(1.9, 1.5))
    one, two = houses
    store, end = stored_town(tmp_path / "town", houses)
    night = identify_stored(store, end)
    first = next(night)
    store.believe([replace(first, source="asked", at=end + 1.0)])  # the loop itself, in the same minute
    assert {belief.key for belief in night} == {two}
    beliefs, _ = store.believed()
    assert (beliefs[one].source, beliefs[two].source) == ("asked", "night")

    wanted = identify_stored(store, end + 2.0, one.station)
    next(wanted)
    store.believe([replace(first, source="asked", at=end + 3.0)])
    assert list(wanted) == []
    assert store.believed()[0][one].at == end + 2.0  # what a person wants of one station is laid down last
