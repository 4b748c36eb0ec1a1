"""Faults as an engineer meets them: a scenario given to the process, and the switch from a terminal."""

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulators.control import ask
from stations.model.clock import ScaledClock
from tests.support.polling import until
from tests.support.ports import free_block
from tests.support.raw_modbus import RawModbus

REPOSITORY = Path(__file__).parents[2]
EXAMPLE = REPOSITORY / "examples" / "one_station"


@pytest.fixture
def site(tmp_path):
    """The one-station example on a free port."""
    folder = tmp_path / "site"
    folder.mkdir()
    port = free_block(1)
    for file in EXAMPLE.iterdir():
        if file.is_file():
            text = file.read_text("utf-8")
            (folder / file.name).write_text(text.replace(",20000,", f",{port},"), "utf-8")
    return folder, port


def simulators(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "simulators", *map(str, arguments)],
        cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


async def test_a_scenario_happens_at_its_time_and_the_switch_shows_and_ends_it(site, tmp_path):
    folder, port = site
    night = tmp_path / "night.toml"
    night.write_text(
        '[[fault]]\nname = "half_open"\nat_s = 1\n'
        '[[fault]]\nname = "modbus_exception"\nat_s = 60\nduration_s = 1e6\ncode = 6\n'
        '[[fault]]\nname = "outage"\nat_s = 1e6\nstations = ["S001"]\n'
    )
    clock = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic(), factor=60.0)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "serve", str(folder), "--clock", clock.to_text(),
        "--scenario", str(night), cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        line = await asyncio.wait_for(process.stdout.readline(), 30.0)
        assert line, (await process.stderr.read()).decode()
        control = json.loads(line)["control_port"]

        async def refused():
            on = (await ask(control, "fault", action="list"))["on"]
            return [one["name"] for one in on if one["name"] == "modbus_exception"]

        await until(refused, 20.0, "the fault's time")
        client = await RawModbus.connect(port)
        assert await client.ask(bytes.fromhex("03 0000 0001")) == bytes([0x83, 6])

        listed = await asyncio.to_thread(simulators, "fault", "list", "--control", control)
        assert listed.returncode == 0
        planned = json.loads(listed.stdout)["planned"]
        assert [(one["name"], one["stations"]) for one in planned] == [("outage", ["S001"])]

        off = await asyncio.to_thread(simulators, "fault", "off", "modbus_exception", "--control", control)
        assert json.loads(off.stdout) == {"ended": 1}
        assert (await client.registers(3, 0, 1))[0] > 4000

        on = await asyncio.to_thread(
            simulators, "fault", "on", "modbus_exception", "--control", control, "--stations", "S001",
            "--set", "code=2", "--set", "on=reads",
        )  # fmt: skip
        assert json.loads(on.stdout) == {"name": "modbus_exception", "stations": ["S001"]}
        assert await client.ask(bytes.fromhex("03 0000 0001")) == bytes([0x83, 2])

        wrong = await asyncio.to_thread(simulators, "fault", "on", "outag", "--control", control)
        assert wrong.returncode == 2
        assert "did you mean outage" in wrong.stderr
        await client.close()
    finally:
        process.terminate()
        await process.communicate()


def test_a_scenario_that_cannot_be_used_is_refused_before_anything_starts(site, tmp_path):
    folder, _ = site
    night = tmp_path / "night.toml"
    night.write_text('[[fault]]\nname = "outag"\nat_s = 1\n[[fault]]\nname = "latency"\nat_s = -1\n')
    refused = simulators("serve", folder, "--scenario", night)
    assert refused.returncode == 2
    assert "ready" not in refused.stdout
    assert "night.toml: fault 1 (outag): there is no fault 'outag', did you mean outage" in refused.stderr
    assert "night.toml: fault 2 (latency): at_s = -1: must be 0..31622400" in refused.stderr


def test_the_terminal_lists_all_faults_and_says_when_nobody_answers():
    known = simulators("fault", "known")
    assert "half_open" in known.stdout
    assert "L5" in known.stdout
    nobody = simulators("fault", "list", "--control", "1")
    assert nobody.returncode == 1
    assert "nobody answers on port 1" in nobody.stderr
    assert simulators("fault", "on", "outage", "--control", "1", "--set", "x").returncode == 2
