"""The how-to about profiles: each of its examples is carried out as it stands on the page."""

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from stations.driver import Deadlines, ModbusAddress
from stations.drivers.modbus.driver import ModbusDriver
from stations.model.setpoint import HeatChannel, StationClass
from stations.profile import ProfileError, load_profile
from tests.support.modbus_golden import FAST, alike, frame, values
from tests.support.modbus_server import FakeModbusServer

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "how-to" / "write-a-station-profile.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, flags=re.MULTILINE | re.DOTALL)


READ_ONLY, NEW_CLASS, NEW_POINTS, NEW_SECTIONS = blocks("toml")
LISTED, FAULTS = blocks("text")


@pytest.fixture
def profile_file(tmp_path):
    file = tmp_path / "stations" / "profiles" / "hx-20.toml"
    file.parent.mkdir(parents=True)
    file.write_text(READ_ONLY, encoding="utf-8")
    return file


def test_the_script_prints_the_points_that_the_page_shows(profile_file):
    (script,) = blocks("python")
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=profile_file.parents[2],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout == LISTED


def test_the_faults_that_the_page_makes_are_told_as_it_says(profile_file):
    register_0 = 'address = 0, type = "int16", scale = 0.1, unit = '
    wrong = READ_ONLY.replace(f'{register_0}"degC"', f'{register_0}"bar"')
    moved = wrong.replace("address = 8", "address = 12")
    profile_file.write_text(moved, encoding="utf-8")
    with pytest.raises(ProfileError) as caught:
        load_profile(profile_file)
    assert str(caught.value) + "\n" == FAULTS
    profile_file.write_text(READ_ONLY.replace("address = 8", "address = 12"), encoding="utf-8")
    with pytest.raises(ProfileError, match="block"):
        load_profile(profile_file)


async def test_the_bytes_of_the_page_become_the_values_beside_them(profile_file):
    (exchange,) = blocks("hex")
    (expected,) = blocks("json")
    request, answer = (frame(part) for part in exchange.split("---"))
    async with FakeModbusServer() as server:
        server.behave = lambda *_: [answer]
        driver = ModbusDriver(
            "S001",
            load_profile(profile_file),
            1,
            ModbusAddress(host="127.0.0.1", port=server.port, unit=1),
            FAST,
            Deadlines(connect_s=1.0, request_s=0.5),
        )
        await driver.connect()
        readings = await driver.read()
        await driver.close()
        assert [sent.hex() for sent in server.frames] == [request.hex()]
    assert values(readings) == alike(json.loads(expected))


def test_the_additions_of_the_last_step_make_it_a_station_that_takes_an_offset(profile_file):
    points = NEW_POINTS.removeprefix("points = [\n").removesuffix("]\n")
    assert len(tomllib.loads(NEW_POINTS)["points"]) == 2
    driven = READ_ONLY.replace('station_class = "C"\n', NEW_CLASS).replace(
        "]\n\n[modbus]", f"{points}]\n\n[modbus]"
    )
    profile_file.write_text(driven + "\n" + NEW_SECTIONS, encoding="utf-8")
    profile = load_profile(profile_file)
    assert (profile.station_class, profile.heat) == (StationClass.B, HeatChannel.DT_OFFSET)
    assert profile.writable_setpoints == {"dT_supply_secondary_offset"}
