"""Libraries of another language as the other side: a Node process that reads when it is told to."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.reads import Side
from benchmarks.report import ROOT

SOURCES = Path(__file__).with_name("peers")
INSTALLED = ROOT / "build" / "peers"
INSTALL_S = 180.0
ANSWER_S = 120.0


class PeerUnavailable(Exception):
    """The other side cannot run here; the text says why."""


async def install() -> Path:
    """Return the folder with the Node packages, as pinned in ``peers/package-lock.json``; installs them once.

    Raises PeerUnavailable without Node, without npm, or where npm cannot reach its registry.
    """
    if shutil.which("node") is None:
        raise PeerUnavailable("node is not installed")
    modules, lock = INSTALLED / "node_modules", (SOURCES / "package-lock.json").read_bytes()
    stamp = INSTALLED / "installed-lock.json"
    if modules.is_dir() and stamp.is_file() and stamp.read_bytes() == lock:
        return modules
    if shutil.which("npm") is None:
        raise PeerUnavailable("npm is not installed")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(SOURCES / name, INSTALLED / name)
    npm = await asyncio.create_subprocess_exec(
        *("npm", "ci", "--omit=optional", "--no-audit", "--no-fund", "--ignore-scripts"),
        cwd=INSTALLED,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        said, _ = await asyncio.wait_for(npm.communicate(), INSTALL_S)
    except TimeoutError:
        npm.kill()
        await npm.wait()
        raise PeerUnavailable(f"npm ci did not end within {INSTALL_S:.0f} s") from None
    if npm.returncode != 0:
        last = said.decode(errors="replace").strip().splitlines()[-3:]
        raise PeerUnavailable(f"npm ci failed: {' / '.join(last)}")
    stamp.write_bytes(lock)
    return modules


@asynccontextmanager
async def talking(name: str, *command: str, env: Mapping[str, str]) -> AsyncIterator[Side]:
    """Run another process as a side for the length of a block.

    It prints a line when it is ready, and then answers each line ``COUNT`` with ``{"cpu_s": SECONDS}``.
    Raises PeerUnavailable, with the file of its complaints, when it ends before it has answered.
    """
    said = INSTALLED / f"{name}.log"
    with said.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            env=os.environ | dict(env),
        )
    assert process.stdin is not None
    assert process.stdout is not None
    requests, answers = process.stdin, process.stdout

    async def answered() -> str:
        line = await asyncio.wait_for(answers.readline(), ANSWER_S)
        if not line:
            raise PeerUnavailable(f"{name} ended with status {await process.wait()}, see {said}")
        return line.decode()

    async def run(total: int) -> float:
        requests.write(f"{total}\n".encode())
        await requests.drain()
        return float(json.loads(await answered())["cpu_s"])

    try:
        await answered()
        yield run
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def node_side(script: str, *arguments: object) -> AsyncIterator[Side]:
    """Run ``peers/<script>`` as a side for the length of a block, see ``talking``."""
    modules = await install()
    command = ("node", str(SOURCES / script), *map(str, arguments))
    async with talking(script, *command, env={"NODE_PATH": str(modules)}) as side:
        yield side
