"""Stations behind DTUs under control: they call, are polled and written, and come back after a storm."""

import asyncio
import json
import signal
import subprocess
import sys

import pytest

from stations.profile import builtin_profile
from tests.support.polling import until
from tests.support.ports import free_block
from tests.support.running_city import controller_process, running_city

STATIONS, SPEED = 4, 30.0


def calling(port):
    """Let every Modbus station call the controller there."""

    def prepare(folder):
        with (folder / "site.toml").open("a", encoding="utf-8") as site:
            site.write(f'\n[dial_in]\nport = {port}\nregistration = "DTU-{{station}}"\n')
        with (folder / "simulation.toml").open("a", encoding="utf-8") as simulation:
            simulation.write(
                f'\n[[dial]]\nto = "127.0.0.1:{port}"\nregistration = "DTU-{{station}}"\n'
                'registration_before = "frames"\nretry_s = 0.3\nretry_max_s = 1.0\n'
            )

    return prepare


async def wait_until_online(controller, names):
    async def online():
        stations = (await controller.get("snapshot"))["stations"]
        return {s["id"] for s in stations if s["link"] == "online"} >= names

    await until(online, 60.0, f"{sorted(names)} online")


@pytest.mark.slow
@pytest.mark.plug
@pytest.mark.timeout(300)
async def test_stations_that_call_are_polled_and_written_and_come_back_after_a_storm(tmp_path):
    port = free_block(1)
    with running_city(tmp_path / "city", stations=STATIONS, speed=SPEED, prepare=calling(port)) as city:
        calls = {
            station.id
            for station in city.simulated().stations
            if builtin_profile(station.profile).protocol == "modbus"
        }
        assert calls
        async with controller_process(city, tmp_path / "data") as controller:
            await controller.all_confirmed()
            await wait_until_online(controller, calls)
            held = {station for (station, _), loop in (await city.loops()).items() if loop["remote"]}
            assert held & calls, "a station that calls holds what it was told"

            checked = await asyncio.to_thread(
                subprocess.run,
                [sys.executable, "-m", "controller.cli", "check", str(city.folder), "--online"],
                capture_output=True, text=True, check=False, timeout=60,
            )  # fmt: skip
            assert checked.returncode == 2
            assert "a running controller does" in checked.stderr

            await city.ask(
                "fault", action="on", name="reconnect_storm", stations=sorted(calls), duration_s=30.0
            )

            async def away():
                stations = (await controller.get("snapshot"))["stations"]
                return any(s["id"] in calls and s["link"] != "online" for s in stations)

            await until(away, 30.0, "a station that is away")
            await wait_until_online(controller, calls)
            await controller.all_confirmed()
            code, _ = await controller.stop(signal.SIGTERM)
            assert code == 0
        log = (tmp_path / "data" / "controller.log").read_text()
        assert "quarantin" not in log


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_check_online_waits_until_stations_have_called(tmp_path):
    port = free_block(1)
    with running_city(tmp_path / "city", stations=2, speed=1.0, link="none", prepare=calling(port)) as city:
        done = subprocess.run(
            [sys.executable, "-m", "controller.cli", "check", str(city.folder), "--online", "--json"],
            capture_output=True, text=True, check=False, timeout=90,
        )  # fmt: skip
        report = json.loads(done.stdout)
        assert [station["verdict"] for station in report["stations"]].count("fail") == 0, done.stdout
