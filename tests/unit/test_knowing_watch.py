"""Beside the cycle: what was heard becomes record, a night becomes beliefs, and what dies costs a night."""

import asyncio
import json
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from controller.cli import main
from controller.knowing.apart import Limits
from controller.knowing.belief import first_belief
from controller.knowing.keeper import Keeper, introduced
from controller.knowing.known import first_known, heard
from controller.knowing.store import KnowingStore
from controller.knowing.watch import NIGHT, Heard, KnowingWatch, last_night
from controller.memory import ControlMemory
from controller.strategies.inputs import StrategyInputs
from optimizer.identify.nightly import believed
from stations.model.reading import good
from tests.support.clocks import ManualClock
from tests.support.gathered_houses import gathered, two_houses
from tests.support.guard_world import MONOTONIC, NOW, loop_traits, observation
from tests.support.sites import write_site

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOUSES = two_houses()
TOWN = {one.key: one for one in (loop_traits(1), loop_traits(2))}
FIRST = first_known(TOWN, -3.0)
DIES = ("-c", "raise SystemExit(7)")
HANGS = ("-c", "import time; time.sleep(60)")  # until the limit of a night kills it
SPEAKS = ("-c", "print('no json')")


def cycle(at):
    inputs = StrategyInputs(
        now=at,
        monotonic=MONOTONIC + at - NOW,
        laws={},
        T_outdoor=-3.0,
        T_outdoor_filtered={},
        observations={
            key: replace(
                observation(),
                key=key,
                T_supply=good(50.0, at),
                T_return=good(40.0, at),
                m_flow=good(40.0, at),
            )
            for key in TOWN
        },
        readings={},
        sent={},
    )
    return Heard(known=heard(FIRST, inputs, None, None), inputs=inputs, sun=None, wind=None)


def watch(store, clock, heard=lambda: None, **how):
    keeper = Keeper(FIRST, introduced(FIRST, TOWN, NOW))
    return KnowingWatch(keeper, store, clock, "Asia/Shanghai", heard, ControlMemory(TOWN, {}), **how)


async def until(condition, seconds=60.0):
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - another thread or process changes it
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("utc_hour", "day"),
    [(17.9, date(2025, 1, 14)), (18.1, date(2025, 1, 15)), (41.9, date(2025, 1, 15))],
)
def test_a_night_begins_at_two_in_the_morning_of_the_place(utc_hour, day):
    assert last_night(1_736_812_800.0 + 3600.0 * utc_hour, SHANGHAI) == day


async def ended(task):
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_the_cycle_heard_becomes_record_and_no_cycle_counts_twice(tmp_path):
    clock, store, cycles = ManualClock(), KnowingStore(tmp_path), []
    one = watch(store, clock, lambda: cycles[-1] if cycles else None)
    task = asyncio.create_task(one.run())
    for minute in range(17):
        await until(lambda: clock.sleepers == 2)
        cycles.append(cycle(NOW + 60.0 * minute))
        clock.advance(60.0)
        if minute == 3:  # no new cycle
            await until(lambda: clock.sleepers == 2)
            cycles.append(cycle(NOW + 60.0 * minute))
            clock.advance(60.0)
    await until(lambda: store.last_quarter() is not None)
    await ended(task)
    window = store.window(tuple(TOWN))
    assert window.times.tolist() == [NOW]
    assert window.of(1, "T_supply").tolist() == [50.0]


async def test_what_somebody_else_found_is_believed_within_a_minute(tmp_path):
    store, clock = KnowingStore(tmp_path), ManualClock()
    one = watch(store, clock)
    task = asyncio.create_task(one.run())
    await until(lambda: clock.sleepers == 2)
    key = next(iter(TOWN))
    told = first_belief(key, introduced(FIRST, TOWN, NOW)[key])
    building = replace(told.identified.building, UA=np.array([2.2]))
    store.believe([replace(told, identified=replace(told.identified, candidate=believed(building)))])
    clock.advance(60.0)
    await until(lambda: one.keeper.beliefs)
    await ended(task)
    assert one.keeper.believe(FIRST).buildings.UA[0] == 2.2


async def test_a_night_identifies_every_loop_in_a_process_of_its_own(tmp_path):
    store = KnowingStore(tmp_path)
    _, end = gathered(HOUSES, store, days=9)
    store.introduce(introduced(FIRST, TOWN, end - 9 * 86_400.0))
    one = watch(store, ManualClock(start_utc=end))
    await one.night()
    assert (one.status.nights, one.status.failures, one.status.running) == (1, 0, False)
    assert sum(one.status.last.values()) == 2
    assert set(store.believed()[0]) == set(TOWN)


@pytest.mark.parametrize(
    ("worker", "wall_s", "how"),
    [(DIES, 60.0, "exit 7"), (HANGS, 0.2, "not done after 0.2 s"), (SPEAKS, 60.0, "no json")],
)
async def test_a_night_that_dies_or_hangs_costs_a_night_and_says_so(tmp_path, worker, wall_s, how):
    one = watch(
        KnowingStore(tmp_path),
        ManualClock(),
        worker=worker,
        limits=Limits(wall_s=0.2 if worker is HANGS else 60.0),
    )
    await one.night()
    assert one.status.failures == 1
    assert how in one.status.last_failure
    assert not one.status.running


async def test_the_first_day_has_no_night_behind_it_and_the_next_one_has(tmp_path):
    store, clock = KnowingStore(tmp_path), ManualClock(start_utc=1_736_812_800.0)
    one = watch(store, clock, worker=("-c", "print('{}')"))
    task = asyncio.create_task(one.run())
    await until(lambda: clock.sleepers == 2)
    clock.advance(60.0)
    await until(lambda: store.noted(NIGHT) is not None)
    assert one.status.nights == 0
    await until(lambda: clock.sleepers == 2)
    clock.advance(86_400.0)
    await until(lambda: one.status.nights == 1)
    await ended(task)


# ------------------------------------------------------------------------------------------ the command line


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A site whose first station was gathered for nine days."""
    folder = tmp_path_factory.mktemp("site")
    write_site(folder)
    (folder / "data").mkdir()
    store = KnowingStore(folder / "data")
    key = next(iter(TOWN))
    _, end = gathered({key: HOUSES[key]}, store, days=9)
    store.introduce({key: introduced(FIRST, TOWN, end - 86_400.0)[key]})
    return folder


def test_an_engineer_asks_for_it_now_and_gets_numbers_with_reasons(site, capsys):
    assert main(["identify", str(site), "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert (one["station"], one["loop"]) == ("S001", 1)
    assert one["reasons"][0][0] == f"identify.{one['state']}"
    assert one["building"]["UA"] > 0.5
    assert set(KnowingStore(site / "data").believed()[0]) == set(list(TOWN)[:1])


def test_a_table_tells_people_the_same(site, capsys):
    main(["identify", str(site), "--station", "S001"])
    told = capsys.readouterr().out
    assert "S001/1" in told


def test_a_station_that_is_not_there_is_wrong_use(site, capsys):
    assert main(["identify", str(site), "--station", "S999"]) == 2
    assert "S999" in capsys.readouterr().err


def test_a_site_that_gathered_nothing_says_what_to_do(tmp_path, capsys):
    write_site(tmp_path)
    assert main(["identify", str(tmp_path)]) == 1
    assert "dhc run" in capsys.readouterr().err
    (tmp_path / "data").mkdir()
    KnowingStore(tmp_path / "data")
    assert main(["identify", str(tmp_path)]) == 1
    assert "nothing gathered" in capsys.readouterr().err
