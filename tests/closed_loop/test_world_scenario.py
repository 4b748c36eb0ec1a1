"""Faults by name in virtual time, and the command that a broken world prints: it plays the same again."""

import argparse
import asyncio
import json
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from controller import cli
from controller.image import Link
from simulators.faults.scenario import ScenarioFaults, read_scenario
from simulators.faults.site import facts_of
from simulators.sitefile import load_site
from simulators.world import command, watch
from simulators.world.run import play, quiet_from
from simulators.world.scenario import play_scenario, read_planned
from simulators.world.world import WorldOptions, open_world
from stations.model.identity import Point
from tests.support.worlds import broken, worlds

EVERYTHING = """
title = "plant, values, frames and links"
[[fault]]
name = "pipe_burst"
at_s = 300
duration_s = 300
stations = ["S001"]
[[fault]]
name = "frozen_sensor"
at_s = 320
duration_s = 300
stations = ["S002"]
[[fault]]
name = "late_answer"
at_s = 340
duration_s = 200
stations = ["S004"]
[[fault]]
name = "closes_in_answer"
at_s = 400
duration_s = 60
stations = ["S003"]
[[fault]]
name = "modbus_exception"
at_s = 500
duration_s = 200
stations = ["S001"]
[[fault]]
name = "latency"
at_s = 600
duration_s = 200
[[fault]]
name = "reconnect_storm"
at_s = 900
duration_s = 60
"""
ONE_STATION = Path(__file__).resolve().parents[2] / "examples" / "one_station"
OUTAGE = '[[fault]]\nname = "outage"\nat_s = 400\nduration_s = 200\nstations = ["S001"]\n'


def options(*arguments):
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args([str(argument) for argument in arguments])


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_scenario_breaks_no_rule_and_does_the_same_byte_for_byte_twice(tmp_path):
    file = tmp_path / "every thing.toml"
    file.write_text(EVERYTHING, encoding="utf-8")
    given = ("--seed", 3, "--hours", 0.45, "--stations", 4, "--opcua", 1, "--every", 0)
    (first,) = worlds(*given, "--scenario", file)
    assert broken([first]) == []
    assert len(first["scenario"]) == 5 + 4 + 4
    again = shlex.split(first["again"])
    assert again[:2] == ["dhc", "world"]
    (second,) = worlds(*again[2:], hash_seed="4711")
    assert {**second, "cpu_s": 0} == {**first, "cpu_s": 0}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_world_that_is_broken_on_purpose_prints_a_command_that_plays_it_again(tmp_path, monkeypatch, capfd):
    # a station of class A holds what it was told for 180 s; a rule that grants it 20 s is broken
    monkeypatch.setattr(watch, "FALLBACK_S", 20.0)
    file = tmp_path / "an outage.toml"
    file.write_text(OUTAGE, encoding="utf-8")
    given = options(
        "--seed", 11, "--hours", 0.35, "--stations", 3, "--opcua", 1, "--every", 0, "--scenario", file
    )
    assert command.run(given) == command.FAILED
    told = capfd.readouterr().err
    assert "fallback: S001/1 follows a centre unheard of" in told
    assert "at 400.0 s: outage S001 for 200.0 s" in told
    printed = next(line for line in told.splitlines() if line.startswith("again: "))
    trace = next(line for line in told.splitlines() if line.startswith("trace ")).split()[1]
    words = shlex.split(printed.removeprefix("again: "))
    assert words[:2] == ["dhc", "world"]
    words[words.index("FILE")] = str(tmp_path / "trace")

    # the printed command itself, in a process that grants the usual time: the same events, no rule broken
    done = subprocess.run(
        [sys.executable, "-m", "controller.cli", *words[1:], "--json"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == command.OK, done.stderr
    replayed = json.loads(done.stdout)
    assert replayed["digest"] == trace
    assert shlex.split(replayed["again"]) == words[: words.index("--trace")]
    assert (tmp_path / "trace").read_text("ascii").count("\n") == replayed["events"]

    # and under the same rule the same things are broken
    assert command.run(options(*words[2:])) == command.FAILED
    assert capfd.readouterr().err == told


def test_dhc_takes_every_option_of_the_world():
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    there = {action.dest for action in parser._actions} - {"help"}
    given = argparse.ArgumentParser()
    cli._add_world(given)
    assert {action.dest for action in given._actions} - {"help"} == there


def test_a_fault_of_the_plant_of_values_and_of_the_link_each_reach_their_station():
    text = "".join(
        f'[[fault]]\nname = "{name}"\nat_s = 60\nduration_s = 120\nstations = ["{station}"]\n'
        for name, station in (("pipe_burst", "S001"), ("missing_sensor", "S002"), ("outage", "S003"))
    )
    world_options = WorldOptions(stations=3, centre=False, scenario=text.encode())
    seen = {}

    async def look(world):
        stations = world.field.stations
        await world.begin()
        world.keep(play_scenario(world, read_planned(world_options, 600.0)), "scenario")
        for at in (50.0, 150.0, 200.0):
            await asyncio.sleep(at - world.loop.time())
            seen[at] = (
                stations["S001"].sim.values()[Point(1, "p_return_secondary")],
                stations["S002"].device.spoils,
                world.line("S003").hole,
                world.reachable_until("S003") < world.clock.now(),
            )
        await world.end()

    with open_world(world_options) as world:
        world.run(look(world))
    before, during, after = seen.values()
    assert during[0] < before[0] - 10.0
    assert after[0] == pytest.approx(before[0], abs=3.0)
    assert [one[1:3] for one in seen.values()] == [(False, False), (True, True), (False, False)]
    assert during[3]


def test_the_centres_one_clock_is_set_wrong_by_name_and_right_again_whatever_stations_are_named():
    text = "".join(
        f'[[fault]]\nname = "D6_centre_clock"\nat_s = {at}\nduration_s = {lasts}\nahead_s = {ahead}\n'
        for at, lasts, ahead in ((60, 120, 3600), (100, 40, -1800))
    )
    world_options = WorldOptions(stations=3, centre=False, scenario=text.encode())
    seen = []

    async def look(world):
        await world.begin()
        world.keep(play_scenario(world, read_planned(world_options, 600.0)), "scenario")
        for at in (50.0, 90.0, 120.0, 150.0, 200.0):
            await asyncio.sleep(at - world.loop.time())
            seen.append(world.centre_clock.now() - world.clock.now())
        await world.end()

    with open_world(world_options) as world:
        world.run(look(world))
    assert seen == pytest.approx([0.0, 3600.0, -1800.0, 3600.0, 0.0], abs=1e-6)
    named = text.replace("ahead_s", 'stations = "S001"\nahead_s')
    with pytest.raises(ScenarioFaults, match=r"S001 cannot have centre_clock: .* in virtual time only"):
        read_scenario(tomllib.loads(named), facts_of(load_site(ONE_STATION)), 1)


NAMELESS = """
[[fault]]
name = "L8_name_service"
at_s = 60
duration_s = 200
stations = ["S001", "S002"]

[[fault]]
name = "L8_name_service"
at_s = 60
duration_s = 200
stations = ["S003"]
how = "slow"
answer_s = 3

[[fault]]
name = "reconnect_storm"
at_s = 100
duration_s = 1
stations = ["S001", "S003"]
"""


@pytest.mark.slow
def test_who_cannot_be_found_by_name_is_lost_alone_and_who_is_connected_already_never_notices():
    world_options, seen = WorldOptions(stations=4, scenario=NAMELESS.encode()), {}

    async def look(world):
        await world.begin()
        world.keep(play_scenario(world, read_planned(world_options, 600.0)), "scenario")
        for at in (95.0, 250.0, 350.0):
            await asyncio.sleep(at - world.loop.time())
            image = world.centre.state.image.freeze()
            seen[at] = [(one.link, world.centre_clock.now() - one.polled_at) for one in image.values()]
        await world.end()

    with open_world(world_options) as world:
        world.run(look(world))
        assert [str(broken) for broken in world.watch.broken] == []
    fresh_s = 25.0
    assert all(link is Link.ONLINE and age < fresh_s for at in (95.0, 350.0) for link, age in seen[at])
    dead, connected, slow, other = seen[250.0]
    assert dead[0] is Link.LOST
    assert dead[1] > 140.0
    # a connect has five seconds: an answer after three will do
    assert all(link is Link.ONLINE and age < fresh_s for link, age in (connected, slow, other))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[fault]]\nname = "meteor"\nat_s = 5\n', "there is no fault 'meteor'; known are: latency"),
        (OUTAGE.replace("= 200", "= 900"), "lasts until 1300 s; this world is quiet from 1200 s on"),
        (OUTAGE.replace("S001", "S009"), "'S009' is not simulated here"),
        ('[[fault]]\nname = "main_burst"\nat_s = 5\nstations = ["S001"]\n', "has no network of pipes"),
        ("[[fault", "Expected ']]'"),
        ("", "at least one table"),
    ],
    ids=["unknown", "too long", "no station", "no pipes", "no TOML", "empty"],
)
def test_a_scenario_that_can_not_be_played_is_refused_in_words_before_anything_runs(
    tmp_path, capfd, text, said
):
    file = tmp_path / "night.toml"
    file.write_text(text, encoding="utf-8")
    assert command.run(options("--hours", 0.5, "--stations", 3, "--scenario", file)) == command.WRONG_USE
    told = capfd.readouterr()
    assert said in told.err
    assert told.err.startswith(f"world: {file}: ")
    assert told.out == ""


def test_a_scenario_that_is_not_there_is_refused_with_its_path(tmp_path, capfd):
    assert command.run(options("--scenario", tmp_path / "none.toml")) == command.WRONG_USE
    assert f"{tmp_path / 'none.toml'}: No such file" in capfd.readouterr().err


@pytest.mark.parametrize("pause", ["nan", "-1", "0.5", "inf", "often"])
def test_a_pause_between_faults_that_can_not_be_is_refused(pause, capfd):
    with pytest.raises(SystemExit):
        options("--every", pause)
    assert "is not a number of seconds" in capfd.readouterr().err


def test_play_refuses_a_wrong_scenario_too_and_the_second_from_which_all_is_quiet_is_told():
    assert quiet_from(0.5) == 1200.0
    with pytest.raises(ScenarioFaults, match="quiet from 1200 s"):
        play(WorldOptions(stations=3, scenario=OUTAGE.replace("= 200", "= 900").encode()), 0.5)
