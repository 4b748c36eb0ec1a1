"""The operators' screen of a demo: an account to log in with, and the process that serves the pages.

The screen is a convenience of the demo, not a part of the city: when it ends it is started anew, and control
does not notice.
"""

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.accounts import store
from controller.accounts.passwords import PasswordHashes
from controller.accounts.roles import Role
from controller.children import Child, ChildDied, first_line, start_child

USER = "operator"
ACCOUNTS = {
    USER: Role.SHIFT_LEAD,
    "engineer": Role.ENGINEER,
    "admin": Role.ADMIN,
    "auditor": Role.AUDITOR,
    "viewer": Role.VIEWER,
}
"""One for each duty: a large order needs a second person, and only some read the audit."""
USUAL_PORT = 8641
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike."""
START_LIMIT_S = 180.0
AGAIN_S = 2.0
LOGIN_FILE = "login.json"
FONTS_LIMIT_S = 10.0
NO_FONT = (
    "no Chinese font on this machine: a browser here draws boxes for Chinese; "
    "apt-get install fonts-noto-cjk, or press EN on the screen"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """Where the screen is and how to get in."""

    url: str
    name: str
    password: str


def make_accounts(data: Path) -> str:
    """Make the demo's accounts, all of the whole city, and return the new password of them all."""
    password = "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(3))
    hashes = PasswordHashes()
    try:
        digests = {name: hashes.make_now(password) for name in ACCOUNTS}
    finally:
        hashes.close()
    data.mkdir(parents=True, exist_ok=True)
    with store.open_accounts(data).writing() as connection:
        for name, role in ACCOUNTS.items():
            store.add(
                connection,
                name=name,
                role=role,
                districts=None,
                password_hash=digests[name],
                at=time.time(),
                actor="demo",
            )
    return password


def no_chinese_font() -> bool:
    """Tell whether this machine surely has no Chinese font; False where nobody can tell."""
    program = shutil.which("fc-list")
    if program is None:
        return False
    try:
        found = subprocess.run([program, ":lang=zh"], capture_output=True, timeout=FONTS_LIMIT_S, check=False)
    except subprocess.TimeoutExpired:
        return False
    return found.returncode == 0 and not found.stdout.strip()


class DemoHmi:
    """Owner of the screen's process."""

    def __init__(self, api_url: str, token_file: str, password: str, port: int | None, folder: Path) -> None:
        """``port`` None takes the usual one where it is free; ``folder`` is that of this run."""
        self._api_url = api_url
        self._token_file = token_file
        self._password = password
        self._port = _usual_or_free() if port is None else port
        self._folder = folder
        self._child: Child | None = None

    async def start(self) -> Login:
        """Start it, return once its pages answer, and keep the login beside the data for its owner."""
        self._child = await start_child(
            "screen",
            [
                *("hmi", "--api", self._api_url, "--token-file", self._token_file),
                *("--port", str(self._port), "--die-with-parent"),
            ],
            self._folder / "logs" / "screen.log",
        )
        try:
            line = await first_line(self._child, START_LIMIT_S)
        except TimeoutError:
            raise ChildDied("screen", None, "its pages do not answer") from None
        url = str(json.loads(line)["hmi"])
        self._port = int(url.rpartition(":")[2])
        login = Login(url=url, name=USER, password=self._password)
        await asyncio.to_thread(self._keep, login)
        return login

    async def keep(self, say: Callable[[str], None]) -> None:
        """Start it anew whenever it ends, until cancelled."""
        while True:
            assert self._child is not None
            code = await self._child.process.wait()
            say(f"the screen ended with exit code {code}; control goes on, the screen is started again")
            await asyncio.sleep(AGAIN_S)
            try:
                await self.start()
            except ChildDied as error:
                say(f"the screen does not start: {error}")

    async def stop(self) -> None:
        """End the process."""
        if self._child is not None:
            await self._child.stop()

    def _keep(self, login: Login) -> None:
        file = self._folder / LOGIN_FILE
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            json.dump({"url": login.url, "name": login.name, "password": login.password}, stream)


@asynccontextmanager
async def kept(hmi: DemoHmi | None, say: Callable[[str], None]) -> AsyncIterator[Login | None]:
    """Run the screen for the length of a block; None without one."""
    if hmi is None:
        yield None
        return
    try:
        login = await hmi.start()
        keeper = asyncio.create_task(hmi.keep(say), name="screen")
        try:
            yield login
        finally:
            keeper.cancel()
            await asyncio.wait({keeper})
    finally:
        await hmi.stop()


def _usual_or_free() -> int:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", USUAL_PORT))
        except OSError:
            return 0
    return USUAL_PORT
