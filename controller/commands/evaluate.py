"""``dhc evaluate``: strategies side by side on a simulated city, in virtual time."""

import argparse
import os
import sys
from typing import NoReturn


def execute(options: argparse.Namespace) -> NoReturn:
    """Become the process that judges: output and exit code are then its own."""
    arguments = [sys.executable, "-m", "simulators", "evaluate", options.scenario]
    for strategy in options.strategy:
        arguments += ["--strategy", strategy]
    for name in ("plant", "site", "spread", "stations", "days"):
        arguments += _given(options, name)
    for seed in options.seed:
        arguments += ["--seed", str(seed)]
    arguments += _given(options, "picture")
    flags = (name for name in ("calibrate", "write_sources", "json") if getattr(options, name))
    arguments += [f"--{name.replace('_', '-')}" for name in flags]
    sys.stdout.flush()
    os.execv(sys.executable, arguments)


def _given(options: argparse.Namespace, name: str) -> list[str]:
    value = getattr(options, name)
    return [] if value is None else [f"--{name}", str(value)]
