"""A simulated city in processes of its own, and controllers to start, kill and look into beside it."""

import asyncio
import json
import signal
import sqlite3
import struct
import subprocess
import sys
import time
from contextlib import asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import httpx

from controller import service
from controller.config.loader import load_site
from controller.historian.command_log import FILE, CommandLog
from controller.historian.command_rows import read_intents
from simulators import sitefile
from simulators.city import write_city
from simulators.control import ask
from stations.model.clock import ScaledClock
from tests.support.polling import until
from tests.support.ports import free_block

START_UTC = 1_768_406_400.0
START_S = 60.0
"""Wall seconds for a process to import all it needs, beside others that do the same."""


@dataclass
class RunningCity:
    """Simulated stations on real sockets, and the clock that they and their controllers share."""

    folder: Path
    clock: ScaledClock
    control_port: int
    pid: int

    async def ask(self, op, **arguments):
        return await ask(self.control_port, op, **arguments)

    async def loops(self, station=None):
        """{(station, loop): what its PLC is doing} of driven stations; see simulators/trace.py."""
        arguments = {} if station is None else {"station": station}
        answer = await self.ask("control_state", **arguments)
        return {
            (name, int(number)): {**loop, "class": state["class"]}
            for name, state in answer["stations"].items()
            for number, loop in state["loops"].items()
        }

    def simulated(self):
        """The site as the simulators read it."""
        return sitefile.load_site(self.folder)

    def site(self, data):
        return load_site(self.folder, data=data)


@contextmanager
def running_city(folder, *, stations, speed, link="good", seed=1, prepare=None, write=write_city):
    """Write a city, let ``prepare`` change its folder, and serve it until the end of the block."""
    write(folder, stations=stations, seed=seed, base_port=free_block(stations + 2))
    if prepare is not None:
        prepare(folder)
    clock = ScaledClock(start_utc=START_UTC, anchor=time.monotonic(), factor=speed)
    command = [sys.executable, "-m", "simulators", "serve", str(folder), "--clock", clock.to_text()]
    with (
        (folder / "simulators.log").open("wb") as log,
        subprocess.Popen(
            [*command, "--link", link, "--die-with-parent"], stdout=subprocess.PIPE, stderr=log
        ) as process,
    ):
        try:
            line = process.stdout.readline()
            assert line, (folder / "simulators.log").read_text()
            yield RunningCity(folder, clock, json.loads(line)["control_port"], process.pid)
        finally:
            process.terminate()
            try:
                process.wait(30)  # a second, but on a machine where everybody tests at once
            except subprocess.TimeoutExpired:
                process.kill()  # leaving the block waits for its end, however long
                raise


class ControllerProcess:
    """``dhc run`` as a child process, seen through its API."""

    def __init__(self, city, data, process, hello):
        self.city, self.data, self.process = city, data, process
        token = Path(hello["token_file"]).read_text().strip()
        self.api = httpx.AsyncClient(
            base_url=hello["api"], headers={"Authorization": f"Bearer {token}"}, timeout=10
        )

    async def get(self, path):
        answer = await self.api.get(f"/api/v1/{path}")
        answer.raise_for_status()
        return answer.json()

    async def all_confirmed(self, wall_s=120.0):
        """Wait until every driven loop has had a setpoint confirmed."""

        async def done():
            kpis = await self.get("kpis")
            return (
                kpis["loops_confirmed"] == kpis["loops_driven"] > 0 and kpis["held"] == kpis["loops_driven"]
            )

        await until(done, wall_s, "confirmation of every driven loop")

    async def stop(self, number=signal.SIGTERM):
        """Send a signal and return (exit code, wall seconds it took)."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = await asyncio.wait_for(self.process.wait(), 20.0)
        return code, time.monotonic() - began


def run_command(city, data):
    return [
        *(sys.executable, "-m", "controller.cli", "run", str(city.folder), "--clock", city.clock.to_text()),
        *("--data", str(data), "--api-port", "0", "--die-with-parent"),
    ]


@asynccontextmanager
async def controller_process(city, data, start_s=START_S):
    """Run a controller service for the length of a block; killed at its end if it still runs."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "controller.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *run_command(city, data), stdout=asyncio.subprocess.PIPE, stderr=log
        )
    controller = None
    try:
        line = await asyncio.wait_for(process.stdout.readline(), start_s)
        assert line, (data / "controller.log").read_text()
        controller = ControllerProcess(city, data, process, json.loads(line))
        yield controller
    finally:
        if controller is not None:
            await controller.api.aclose()
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


@asynccontextmanager
async def controller_inside(city, data, monkeypatch):
    """Run the controller in this process, so that a test can break one part of it; yields its Service."""
    made = []

    class Watched(service.Service):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr(service, "Service", Watched)
    monkeypatch.setattr(service, "_say_hello", lambda *_: None)
    site = city.site(data)
    site = replace(site, api=replace(site.api, port=0))
    running = asyncio.create_task(service.run_service(site, city.clock), name="controller under test")
    try:
        await until(lambda: running.done() or made, START_S, "start of the controller")
        if running.done():
            running.result()
        yield made[0]
    finally:
        if not running.done():
            signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(running, 20.0)


def intents_of(data, now):
    """All intents in the command log of a controller that has ended."""
    log = CommandLog.open(data, now)
    try:
        return log.since(0.0)
    finally:
        log.close()


def intents_read_only(data):
    """All intents as a killed controller left them: opening its log would close some."""
    with closing(sqlite3.connect(f"file:{data / FILE}?mode=ro", uri=True)) as log:
        return tuple(read_intents(log.execute("SELECT * FROM intents ORDER BY id")))


async def setpoints_on_the_wire(city):
    """Every setpoint that reached a class A station lately: (moment, station, loop, token, sequence)."""
    answer = await city.ask("frames")
    profiles = {station.id: station.profile for station in city.site(None).stations}
    found = []
    for station, frames in answer["frames"].items():
        lease = profiles[station].modbus_lease
        for frame in frames:
            if frame["what"] == "ApplySetpoint":
                loop, _, numbers = frame["content"].removeprefix("loop ").partition(" ")
                token, sequence = (int(float(n)) for n in numbers.strip("[]").split(",")[:2])
                found.append((frame["at"], station, int(loop), token, sequence))
            elif frame["what"] == "FC16" and lease is not None:
                body = bytes.fromhex(frame["content"])[7:]
                _, address, _, _, *words = struct.unpack(f">BHHB{(len(body) - 6) // 2}H", body)
                loop, rest = divmod(address - lease.setpoint_address, profiles[station].modbus.loop_stride)
                if rest == 0 and loop >= 0:
                    # 32-bit numbers have their low word first in this profile
                    token, sequence = words[1] << 16 | words[0], words[3] << 16 | words[2]
                    found.append((frame["at"], station, loop + 1, token, sequence))
    return found
