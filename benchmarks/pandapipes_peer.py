"""pandapipes as the other side: our network as arrays in a file, solved by it in a process of its own."""

import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.peers import INSTALLED, SOURCES, PeerUnavailable, talking
from benchmarks.reads import Side
from simulators.plant.network.graph import Network
from simulators.plant.network.operation import Operation

INSTALL_S = 600.0
ENVIRONMENT = INSTALLED / "pandapipes"


def case_arrays(network: Network, now: Operation) -> dict[str, Any]:
    """Return what describes a network with prescribed flows and one temperature on each side."""
    assert now.prescribed.all()
    return {
        "elevation": network.elevation,
        "link_start": network.link_start,
        "link_end": network.link_end,
        "length": network.length,
        "diameter": network.diameter,
        "roughness": network.roughness,
        "zeta": network.zeta,
        "m_flow": now.m_flow,
        "source_dp": now.source_dp[0],
        "source_m_flow": now.source_m_flow,
        "p_return": now.p_return,
        "T_supply": now.T_pipe[0],
        "T_return": now.T_pipe[-1],
    }


def install() -> Path:
    """Return the interpreter that has pandapipes, as pinned in ``peers/pandapipes.txt``; installs it once.

    Raises PeerUnavailable where pip cannot.
    """
    pins, stamp, python = (
        SOURCES / "pandapipes.txt",
        ENVIRONMENT / "installed.txt",
        ENVIRONMENT / "bin/python",
    )
    if python.exists() and stamp.is_file() and stamp.read_bytes() == pins.read_bytes():
        return python
    commands = (
        (sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)),
        (str(python), "-m", "pip", "--quiet", "--no-input", "install", "--require-hashes", "-r", str(pins)),
    )
    for command in commands:
        try:
            ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
        except subprocess.TimeoutExpired:
            raise PeerUnavailable(f"{' '.join(command[1:5])} did not end within {INSTALL_S:.0f} s") from None
        if ran.returncode != 0:
            last = (ran.stderr or ran.stdout).strip().splitlines()[-3:]
            raise PeerUnavailable(f"{' '.join(command[1:5])} failed: {' / '.join(last)}")
    shutil.copyfile(pins, stamp)
    return python


@asynccontextmanager
async def pandapipes_side(
    case: Mapping[str, Any], folder: Path
) -> AsyncIterator[tuple[Side, dict[str, Any]]]:
    """Run pandapipes on a case for the length of a block; yields the side and its own solution."""
    python = install()
    question, answer = folder / "case.npz", folder / "answer.npz"
    np.savez(question, **case)
    script = "pandapipes_side.py"
    command = (str(python), str(SOURCES / script), str(question), str(answer))
    async with talking(script, *command, env={"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}) as side:
        yield side, dict(np.load(answer))
