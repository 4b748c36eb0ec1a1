"""``dhc city``: the site of a synthetic city from a seed, and a judgement of a site's network."""

import argparse
import os
import sys
from typing import NoReturn


def execute(options: argparse.Namespace) -> NoReturn:
    """Become the process that does it: output and exit code are then its own."""
    arguments = [sys.executable, "-m", "simulators", "city", options.action, str(options.folder)]
    for name in ("stations", "seed", "spread", "base_port", "picture"):
        value = getattr(options, name, None)
        if value is not None:
            arguments += [f"--{name.replace('_', '-')}", str(value)]
    for name in ("boosters", "station_pumps", "quiet"):
        if getattr(options, name, False):
            arguments.append(f"--{name.replace('_', '-')}")
    sys.stdout.flush()
    os.execv(sys.executable, arguments)
