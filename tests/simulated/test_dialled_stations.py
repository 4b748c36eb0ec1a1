"""Stations behind DTUs under control: they call, are polled and written, and come back after a storm."""

import asyncio
import signal
import subprocess
import sys
from contextlib import asynccontextmanager

import pytest

from controller.check import check_online
from controller.config.loader import load_site
from stations.model.clock import SystemClock
from stations.profile import builtin_profile
from tests.support import modbus_server as wire
from tests.support.dtu import FakeDtu
from tests.support.polling import until
from tests.support.ports import free_block
from tests.support.running_city import controller_process, running_city
from tests.support.sites import SITE_TOML, station_row, write_site

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


def that_call(city):
    """The ids of the stations that call."""
    stations = city.simulated().stations
    calls = {one.id for one in stations if builtin_profile(one.profile).protocol == "modbus"}
    assert calls
    return calls


@asynccontextmanager
async def called_centre(folder):
    """A city whose Modbus stations call, its controller with all of them online, and who calls."""
    with running_city(
        folder / "city", stations=STATIONS, speed=SPEED, prepare=calling(free_block(1))
    ) as city:
        calls = that_call(city)
        async with controller_process(city, folder / "data") as controller:
            await controller.all_confirmed()
            await wait_until_online(controller, calls)
            yield city, controller, calls


async def polls(controller):
    stations = (await controller.get("stations"))["stations"]
    names = [one["id"] for one in stations if one["kind"] == "station"]
    return {name: (await controller.get(f"stations/{name}"))["polls"] for name in names}


async def wait_until_online(controller, names):
    async def online():
        stations = (await controller.get("snapshot"))["stations"]
        return {s["id"] for s in stations if s["link"] == "online"} >= names

    await until(online, 60.0, f"{sorted(names)} online")


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_stations_that_call_are_polled_and_hold_what_they_were_told(tmp_path):
    async with called_centre(tmp_path) as (city, controller, calls):
        held = {name for (name, _), loop in (await city.loops()).items() if loop["state"] == "remote"}
        assert held & calls, "a station that calls holds what it was told"
        first = await polls(controller)
        assert any(name not in calls for name in first)

        async def polled_often():
            return min(count - first[name] for name, count in (await polls(controller)).items()) >= 4

        await until(polled_often, 60.0, "four polls of those that call, every 30 s")
        since = {name: count - first[name] for name, count in (await polls(controller)).items()}
        most, least = (
            max(since[name] for name in calls),
            min(n for name, n in since.items() if name not in calls),
        )
        assert most + 3 < least, f"every 30 s and every 10 s: {since}"
        assert (await controller.get("kpis"))["stations_fresh"] == STATIONS
        code, _ = await controller.stop(signal.SIGTERM)
        assert code == 0


@pytest.mark.long
@pytest.mark.plug
@pytest.mark.timeout(600)
async def test_stations_that_call_come_back_after_a_storm_and_nobody_else_takes_their_port(tmp_path):
    async with called_centre(tmp_path) as (city, controller, calls):
        checked = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "controller.cli", "check", str(city.folder), "--online"],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert checked.returncode == 2
        assert "a running controller does" in checked.stderr
        storm = {"name": "reconnect_storm", "stations": sorted(calls), "duration_s": 900.0}
        await city.ask("fault", action="on", **storm)

        async def away():
            stations = (await controller.get("snapshot"))["stations"]
            return any(s["id"] in calls and s["link"] != "online" for s in stations)

        await until(away, 30.0, "a station that is away")
        await wait_until_online(controller, calls)
        await controller.all_confirmed()
    assert "quarantin" not in (tmp_path / "data" / "controller.log").read_text()


async def test_check_online_waits_until_a_station_has_called(tmp_path):
    port = free_block(1)
    section = f'[dial_in]\nport = {port}\nregistration = "DTU-{{station}}"\n'
    site = load_site(write_site(tmp_path, [station_row()], f"{SITE_TOML}\n{section}"))
    async with wire.FakeModbusServer() as server, FakeDtu(server.port, port):
        report = await check_online(site, SystemClock())
    (station,) = report.stations
    assert station.read_ms is not None
    assert len(station.readings) > 20
