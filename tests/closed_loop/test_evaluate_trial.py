"""A short run of the judge: the controller's own code in the loop, judged alike each time."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulators.evaluate.case import Case
from simulators.evaluate.contestants import Contestant, Offsets, registered
from simulators.evaluate.door import StationDoor, polled_profile
from simulators.evaluate.kpis import key_figures
from simulators.evaluate.quick_city import QuickCity
from simulators.evaluate.quick_driver import QuickDriver
from simulators.evaluate.trial import run_trial
from simulators.evaluate.verdict import verdict
from simulators.evaluate.virtual_clock import VirtualClock
from simulators.plc.station import StationPlc
from simulators.scenario import load_scenario
from stations.drivers.memory import MemoryDriver
from stations.model.identity import Point
from stations.model.setpoint import Instruction, LoopCommand, StationClass
from stations.profile import builtin_profile
from tests.support.judged_apart import judged

ROOT = Path(__file__).resolve().parents[2]
SEED, STATIONS = 2, 6


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    return Case(
        scenario=load_scenario("january"),
        stations=STATIONS,
        seed=SEED,
        uncounted_days=1 / 8,
        counted_days=1 / 8,
        folder=tmp_path_factory.mktemp("cities"),
    )


def is_class_A(station):  # noqa: N802 - the class's name
    return builtin_profile(station.profile).station_class is StationClass.A


def run(case, *contestants, cycle_s=300.0):
    trial = case.trial(contestants)
    object.__setattr__(trial, "cycle_s", cycle_s)
    return trial, run_trial(trial, lambda done: None)


@pytest.fixture(scope="module")
def side_by_side(case):
    town = case.town(2.0)
    return run(case, Contestant(name="curve", town=town), Contestant(name="staged_curve", town=town))


def test_the_same_seed_gives_the_same_json_twice(case, side_by_side):
    town = case.town(2.0)
    again = run(case, Contestant(name="curve", town=town), Contestant(name="staged_curve", town=town))
    assert json.dumps(verdict(*again)) == json.dumps(verdict(*side_by_side))


def test_another_process_with_other_hashes_gives_the_same_json_with_balance_too():
    """Sets and dicts of names come in another order there; nothing of it may reach a figure."""
    environment = {**os.environ, "PYTHONHASHSEED": "77"}
    command = [sys.executable, "-m", "tests.support.judged_apart"]
    told = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout == judged()


def test_every_driven_loop_is_driven_confirmed_and_inside_the_contract(side_by_side):
    for record in side_by_side[1]:
        figures = key_figures(record)
        assert record.control.breaks == []
        assert figures["setpoints_rejected"] == figures["setpoints_expired"] == 0
        assert figures["setpoint_moves"] > 0
        assert figures["setpoints_confirmed"] == pytest.approx(figures["setpoint_moves"], abs=6)
        assert figures["tracking_T_supply_p95_K"] < 1.0
        assert figures["tracking_flow_p95_percent"] < 5.0


def test_a_cycle_of_one_minute_and_one_of_five_say_the_same(case, side_by_side):
    _, (by_minute,) = run(case, Contestant(name="curve", town=case.town(2.0)), cycle_s=60.0)
    minute, usual = key_figures(by_minute), key_figures(side_by_side[1][0])
    assert minute["heat_GJ"] == pytest.approx(usual["heat_GJ"], rel=0.01)
    assert minute["indoor_p10_degC"] == pytest.approx(usual["indoor_p10_degC"], abs=0.02)
    assert minute["pump_kWh_per_m2"] == pytest.approx(usual["pump_kWh_per_m2"], rel=0.01)


def test_a_station_that_is_told_more_by_its_own_offset_gets_more_heat(case):
    town = case.town(2.0)
    told = next(station.id for station in town.simulated.stations if is_class_A(station))
    _, (plain, tuned) = run(
        case,
        Contestant(name="curve", town=town),
        Contestant(name="tuned_curve", town=town, offsets=Offsets(by_station_K={told: 4.0})),
    )
    warmer = (tuned.T_supply - plain.T_supply).mean(axis=0)
    for loop, station in enumerate(plain.station_of_loop):
        if plain.stations[station] == told:
            assert 2.0 < warmer[loop] < 4.5
        else:
            assert abs(warmer[loop]) < 0.3


def test_offsets_come_in_at_one_kelvin_an_hour():
    offsets = Offsets(common_K=-3.0, by_station_K={"S1": 5.0})
    assert offsets.at("S1", 0.0) == 0.0
    assert offsets.at("S1", 1800.0) == 0.5
    assert offsets.at("S1", 36_000.0) == 2.0
    assert offsets.at("S2", 7200.0) == -2.0


def test_baselines_leave_the_registry_as_it_was(case):
    from controller.strategies.registry import STRATEGIES

    before = dict(STRATEGIES)
    with registered([Contestant(name="tuned_curve", town=case.town(2.0))]) as names:
        assert names == ["tuned_curve@0"]
        assert "tuned_curve@0" in STRATEGIES
    assert dict(STRATEGIES) == before


def test_a_write_that_no_centre_may_send_is_counted_at_the_door(case):
    site = case.town(2.0).simulated
    city = QuickCity([site], start=case.scenario.start, weather=case.scenario.weather(SEED))
    index = next(i for i, plc in enumerate(city.plcs[0]) if plc.station_class is StationClass.A)
    clock = VirtualClock(case.scenario.start)
    door = StationDoor(site.stations[index], city.plcs[0][index], clock)
    driver = QuickDriver("S", builtin_profile(site.stations[index].profile), 1, door, clock)
    wild = LoopCommand(loop=1, token=1, sequence=1, instruction=Instruction(heat=80.0, circulation=0.1))

    async def write():
        await driver.connect()
        await driver.apply(wild)

    asyncio.run(write())
    assert {breach.what for breach in door.breaks} >= {"T_supply step", "flow share"}


@pytest.mark.parametrize("index", range(STATIONS))
@pytest.mark.parametrize(
    "strange", [None, float("nan"), float("inf"), -1e9, 1e9, 0.0, 19.987654321, 327.67, 899.29, 32767.0]
)
def test_the_quick_driver_reads_what_the_memory_driver_reads(case, index, strange):
    site = case.town(2.0).simulated
    station = site.stations[index]
    profile = polled_profile(station.profile)
    clock = VirtualClock(case.scenario.start)

    class Door(StationDoor):
        def values(self):
            return {point: strange for point, _ in profile.polled(1)} | {Point(1, "remote_level"): 1.0}

    door = Door(station, StationPlc(profile.station_class, ()), clock)
    quick, memory = (driver("S", profile, 1, door, clock) for driver in (QuickDriver, MemoryDriver))

    async def both():
        await quick.connect()
        await memory.connect()
        return await quick.read(), await memory.read()

    mine, theirs = asyncio.run(both())
    assert mine.keys() == theirs.keys()
    for point, reading in theirs.items():
        assert (mine[point].quality, mine[point].reason) == (reading.quality, reading.reason)
        assert mine[point].value == pytest.approx(reading.value, abs=1e-9)
