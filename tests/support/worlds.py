"""Worlds in processes of their own: beside each other, without the tracer, with a hash seed of their own.

Time is virtual in them, so they give way to the tests beside them that wait for a browser or a socket.
"""

import json
import os
import subprocess
import sys


def worlds(*arguments, hash_seed="0"):
    """Run ``dhc world`` and return what it says of each seed."""
    done = subprocess.run(
        ["nice", "-n", "10", sys.executable, "-m", "simulators", "world", "--json", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )
    assert done.returncode in (0, 1), done.stderr
    assert done.stderr == ""
    return [json.loads(line) for line in done.stdout.splitlines()]


def broken(outcomes):
    """What does not hold, each with the command that does it again."""
    return [
        f"{what['rule']} at {what['at']} s: {what['what']} -- {outcome['again']}"
        for outcome in outcomes
        for what in outcome["broken"]
    ]
