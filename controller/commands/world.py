"""``dhc world``: the controller among stations and faults in virtual time, judged from outside."""

import argparse
import os
import sys
from typing import NoReturn

OPTIONS = ("seed", "seeds", "hours", "stations", "opcua", "link", "plant", "scenario", "every", "trace")
FLAGS = ("alarms", "json")


def execute(options: argparse.Namespace) -> NoReturn:
    """Become the process that does it: output and exit code are then its own."""
    arguments = [sys.executable, "-m", "simulators", "world"]
    for name in OPTIONS:
        value = getattr(options, name)
        if value is not None:
            arguments += [f"--{name}", str(value)]
    arguments += [f"--{name}" for name in FLAGS if getattr(options, name)]
    sys.stdout.flush()
    os.execv(sys.executable, arguments)
