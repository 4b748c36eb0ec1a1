"""``python -m simulators`` as a process: ready, stop, ports in use, wrong use, and no orphan."""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulators.__main__ import main
from simulators.control import ask
from simulators.sitefile import load_site
from stations.model.clock import ScaledClock
from tests.support.polling import until
from tests.support.ports import free_block
from tests.support.raw_modbus import RawModbus

REPOSITORY = Path(__file__).parents[2]
READY_WALL_S = 30.0


@pytest.fixture
def site(tmp_path):
    """The one-station example on a free port."""
    folder = tmp_path / "site"
    shutil.copytree(REPOSITORY / "examples" / "one_station", folder)
    stations = folder / "stations.csv"
    stations.write_text(stations.read_text("utf-8").replace(",20000,", f",{free_block(1)},"), "utf-8")
    return folder


def port_of(site):
    return load_site(site).stations[0].port


def run(*arguments):
    """Run the command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "simulators", *map(str, arguments)],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


async def started(*arguments):
    """Start ``serve`` and return the process and what it says when ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "simulators", "serve", *map(str, arguments),
        cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    line = await asyncio.wait_for(process.stdout.readline(), READY_WALL_S)
    assert line, (await process.stderr.read()).decode()
    return process, json.loads(line)


async def ended(process, wall_s):
    """Wait for the end; returns exit code, seconds and what stood on stderr."""
    start = time.monotonic()
    _, errors = await asyncio.wait_for(process.communicate(), wall_s)
    return process.returncode, time.monotonic() - start, errors.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_it_says_ready_serves_and_stops_cleanly_on_a_signal(site, number):
    clock = ScaledClock(start_utc=1_736_899_200.0, anchor=time.monotonic(), factor=30.0)
    process, ready = await started(site, "--clock", clock.to_text(), "--link", "good")
    assert ready | {"control_port": 0} == {
        "ready": True, "control_port": 0, "stations": 1, "sources": 0, "modbus": 1, "opcua": 0,
        "dialling": 0, "plant": "simple",
    }  # fmt: skip
    client = await RawModbus.connect(port_of(site))
    assert 4000 < (await client.registers(3, 0, 1))[0] < 13_000
    truth = await ask(ready["control_port"], "truth")
    assert abs(truth["clock"] - clock.now()) < 60.0
    process.send_signal(number)
    code, wall_s, errors = await ended(process, 10)
    assert (code, errors) == (0, "")
    assert wall_s < 3.0
    await client.close()


async def test_every_port_in_use_is_named_and_nothing_is_started(site):
    stations = site / "stations.csv"
    header, row = stations.read_text("utf-8").splitlines()
    first = free_block(3)
    rows = [row.replace("S001", f"S00{n}").replace(f",{port_of(site)},", f",{first + n},") for n in range(3)]
    stations.write_text("\n".join([header, *rows, ""]), "utf-8")
    with socket.create_server(("127.0.0.1", first)), socket.create_server(("127.0.0.1", first + 2)):
        result = await asyncio.to_thread(run, "serve", site)
    assert result.returncode == 2
    assert f"S000: 127.0.0.1:{first}" in result.stderr
    assert f"S002: 127.0.0.1:{first + 2}" in result.stderr
    assert "S001" not in result.stderr
    assert result.stdout == ""


async def test_a_control_port_in_use_is_named(site):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = await asyncio.to_thread(run, "serve", site, "--control", port)
    assert result.returncode == 2
    assert f"control channel: {port}" in result.stderr


def told(capsys, *arguments):
    """Run a command in this process; returns exit code and what stood on stderr."""
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as leaving:  # argparse
        code = leaving.code
    return code, capsys.readouterr().err


def test_wrong_use_exits_2_and_says_what_to_do(tmp_path, capsys):
    code, errors = told(capsys, "serve", tmp_path / "nowhere")
    assert (code, "nowhere" in errors) == (2, True)
    (tmp_path / "site.toml").write_text('[site\nname = "broken"', "utf-8")
    code, errors = told(capsys, "serve", tmp_path)
    assert (code, "site.toml" in errors) == (2, True)
    code, errors = told(capsys, "serve", tmp_path, "--clock", "noon")
    assert (code, "START_UTC:ANCHOR:FACTOR" in errors) == (2, True)
    code, errors = told(capsys, "serve", tmp_path, "--link", "6g")
    assert (code, "cell_edge" in errors) == (2, True)
    assert told(capsys, "serve", tmp_path, "--control", "70000")[0] == 2
    assert told(capsys, "demo-city", tmp_path, "--stations", "0")[0] == 2
    assert told(capsys, "demo-city", tmp_path, "--base-port", "65530", "--stations", "40")[0] == 2


def test_help_names_the_commands_and_a_city_can_be_written(tmp_path, capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["serve", "--help"])
    assert "--die-with-parent" in capsys.readouterr().out
    made = run("demo-city", tmp_path / "new", "--stations", "3", "--seed", "4", "--base-port", "21000")
    assert made.returncode == 0, made.stderr
    assert len(load_site(tmp_path / "new").stations) == 3


async def test_it_ends_by_itself_when_its_parent_has_died(site):
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-m', 'simulators', 'serve', sys.argv[1],"
        " '--die-with-parent'], stdout=subprocess.PIPE, text=True)\n"
        "print(child.pid, child.stdout.readline(), flush=True)\n"
        "time.sleep(60)\n"  # a parent that is busy with something else until the test kills it
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, str(site), cwd=REPOSITORY, stdout=subprocess.PIPE
    )
    line = await asyncio.wait_for(parent.stdout.readline(), READY_WALL_S)
    pid = int(line.split()[0])
    assert b'"ready": true' in line
    parent.kill()
    await parent.wait()

    def gone():
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        stat = Path(f"/proc/{pid}/stat")
        return not stat.exists() or stat.read_text().split()[2] == "Z"

    await until(gone, what="end of the orphan")
    with pytest.raises(ConnectionRefusedError):
        await RawModbus.connect(port_of(site))
