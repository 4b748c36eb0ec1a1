"""``dhc simulate``: simulated stations of a site on real sockets."""

import argparse
import os
import sys
import time
from typing import NoReturn

from stations.model.clock import ScaledClock


def execute(options: argparse.Namespace) -> NoReturn:
    """Become the process that serves them: signals and exit code are then its own."""
    clock = ScaledClock(start_utc=time.time(), anchor=time.monotonic(), factor=options.speed)
    arguments = [sys.executable, "-m", "simulators", "serve", str(options.site), "--clock", clock.to_text()]
    arguments += ["--link", options.link, "--control", str(options.control)]
    if options.plant is not None:
        arguments += ["--plant", options.plant]
    if options.scenario is not None:
        arguments += ["--scenario", str(options.scenario)]
    if options.dial is not None:
        arguments += ["--dial", options.dial]
    if options.dial_stations is not None:
        arguments += ["--dial-stations", options.dial_stations]
    sys.stdout.flush()
    os.execv(sys.executable, arguments)
