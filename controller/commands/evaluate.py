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
    for name in ("stations", "days", "seed", "picture"):
        value = getattr(options, name)
        if value is not None:
            arguments += [f"--{name}", str(value)]
    arguments += [f"--{name}" for name in ("calibrate", "json") if getattr(options, name)]
    sys.stdout.flush()
    os.execv(sys.executable, arguments)
