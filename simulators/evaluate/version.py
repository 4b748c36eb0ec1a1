"""The version of the code that figures belong to."""

import subprocess
from functools import cache
from pathlib import Path


@cache
def commit() -> str:
    """Return the short hash of the commit, a ``+`` if files were changed since; unknown outside a clone."""
    try:
        found, changed = (_git("rev-parse", "--short", "HEAD"), _git("status", "--porcelain", "-uno"))
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return found + ("+" if changed else "")


def _git(*arguments: str) -> str:
    folder = Path(__file__).parent
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()
