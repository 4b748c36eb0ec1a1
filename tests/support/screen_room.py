"""A whole control room in processes of their own: simulated city, controller, screen. For a real browser."""

import csv
import json
import secrets
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx

from controller.accounts import store
from controller.accounts.roles import Role
from simulators.control import HOST
from tests.support.api_bench import QUICK
from tests.support.ports import free_block
from tests.support.running_city import run_command, running_city

PASSWORD = "a winter of 6 months"
PEOPLE = {
    "olga": Role.OPERATOR,
    "lei": Role.SHIFT_LEAD,
    "eva": Role.ENGINEER,
    "vera": Role.VIEWER,
    "ada": Role.ADMIN,
}
START_S = 60.0
BAD_STATION = "S003"
BAD_NAME = "<img src=x onerror=\"document.title='owned'\"><b>bold</b>"
"""What a station list may say, and no browser may do."""


def until(condition, wall_s=30.0, what="condition"):
    """Poll until something is true and return it; fails the test after ``wall_s`` wall seconds."""
    deadline = time.monotonic() + wall_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < deadline, f"{what} did not come true within {wall_s} s"
        time.sleep(0.05)  # between two looks: the processes that are looked at need the processor


class ScreenRoom:
    """The processes of one control room. ``screen`` is the address for a browser."""

    def __init__(self, city, folder):
        self.city, self.folder, self.data = city, folder, folder / "data"
        self.data.mkdir()
        self.api_port = free_block(1)
        self.api = f"http://{HOST}:{self.api_port}"
        self.screen = ""
        self._controller = self._screen = None
        self._add_people()

    def _add_people(self):
        digest = QUICK.hash(PASSWORD)
        with self._accounts() as connection:
            for name, role in PEOPLE.items():
                store.add(
                    connection,
                    name=name,
                    role=role,
                    districts=None,
                    password_hash=digest,
                    at=time.time(),
                    actor="console",
                )

    def _accounts(self):
        return store.open_accounts(self.data).writing()

    def session_of(self, name):
        """A session token of a person, as a login gives it."""
        token = secrets.token_urlsafe(24)
        with self._accounts() as connection:
            store.begin_session(connection, name, token, time.time(), HOST)
        return token

    def disable(self, name, disabled=True):
        """Shut an account: its sessions end."""
        with self._accounts() as connection:
            store.set_disabled(connection, name, disabled, time.time(), "console")

    # ---------------------------------------------------------------------------------------- processes

    def start_controller(self):
        command = [*run_command(self.city, self.data), "--api-port", str(self.api_port)]
        self._controller = self._spawn(command, "controller")

    def kill_controller(self):
        self._controller.send_signal(signal.SIGKILL)
        self._controller.wait(10)
        self._controller.stdout.close()

    def start_screen(self):
        token = self.data / "api_token"
        command = [sys.executable, "-m", "hmi", "--api", self.api, "--token-file", str(token)]
        self._screen = self._spawn([*command, "--port", "0", "--die-with-parent"], "screen")
        self.screen = self._hello["hmi"]

    def _spawn(self, command, name):
        log = self.folder / f"{name}.log"
        with log.open("ab") as stream:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stream)
        line = process.stdout.readline()
        assert line, log.read_text()
        self._hello = json.loads(line)
        return process

    def stop(self):
        for process in (self._screen, self._controller):
            if process is not None and process.poll() is None:
                process.terminate()
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
            if process is not None:
                process.stdout.close()

    # --------------------------------------------------------------------------------------------- eyes

    def get(self, path):
        token = (self.data / "api_token").read_text().strip()
        answer = httpx.get(f"{self.api}/api/v1/{path}", headers={"authorization": f"Bearer {token}"})
        answer.raise_for_status()
        return answer.json()

    def loop(self, station, number=1):
        """The control state of one loop, as the API tells it."""
        return next(one for one in self.get(f"stations/{station}")["loops"] if one["loop"] == number)

    def ask(self, op, **arguments):
        """One request to the simulators; without asyncio, whose loop a browser holds."""
        with socket.create_connection((HOST, self.city.control_port), 10) as connection:
            connection.sendall(json.dumps({"op": op, **arguments}).encode() + b"\n")
            answer = json.loads(connection.makefile("rb").readline())
        assert answer["ok"], answer
        return answer

    def driven(self):
        """Wait until every driven loop has had a setpoint confirmed."""

        def done():
            kpis = self.get("kpis")
            return kpis["loops_confirmed"] == kpis["loops_driven"] > 0

        until(done, 90.0, "confirmation of every driven loop")

    def log(self, name="screen"):
        return (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")


def spoil_a_name(folder: Path) -> None:
    """Give one station a name that is code for a browser."""
    file = folder / "stations.csv"
    with file.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        if row["station"] == BAD_STATION:
            row["name_zh"] = row["name_en"] = BAD_NAME
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def screen_room(folder, *, stations, speed, seed=1, prepare=None):
    """A control room under control, for the length of a block; ``prepare`` may change its site before."""
    with running_city(folder, stations=stations, speed=speed, seed=seed, prepare=prepare) as city:
        room = ScreenRoom(city, folder)
        try:
            room.start_controller()
            room.start_screen()
            room.driven()
            yield room
        finally:
            room.stop()
