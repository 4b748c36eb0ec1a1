"""Programs that tests need beside Python: what is missing fails a test, and never passes for a skip."""

import shutil
from pathlib import Path

SERVERS = Path(__file__).resolve().parents[2] / "build" / "servers" / "usr" / "bin"
"""Where ``make deps`` unpacks the server historians."""


def program(name):
    """Return the path of a program; fails the test where there is none."""
    unpacked = SERVERS / name
    found = str(unpacked) if unpacked.exists() else shutil.which(name)
    assert found is not None, f"{name} is missing: make deps"
    return found
