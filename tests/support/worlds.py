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


LINKS = ("city", "cell_edge", "congested", "outage")
"""The link profile of each quarter of the seeds: what breaks behind one may hold behind another."""
QUARTERS = len(LINKS)
"""A quarter of the seeds is a process: where one breaks something, the others are played nevertheless."""


def play_quarter(soak, quarter):
    """Play worlds of two hours, in full of a day, and ask that nothing is broken in any of them."""
    seeds, hours = soak.pick(reduced=60, full=200) // QUARTERS, soak.pick(reduced=2, full=24)
    of_quarter = ("--seed", 1 + quarter * seeds, "--seeds", seeds, "--link", LINKS[quarter])
    outcomes = worlds(*of_quarter, "--hours", hours)
    figures = {
        "seeds": seeds,
        "hours": hours,
        "faults": sum(outcome["faults"] for outcome in outcomes),
        "starts": sum(outcome["starts"] for outcome in outcomes),
        "reads": sum(outcome["polls"] for outcome in outcomes),
        "cpu_s": round(sum(outcome["cpu_s"] for outcome in outcomes), 1),
    }
    print(figures)
    soak.record(**figures)
    assert len(outcomes) == seeds
    assert broken(outcomes) == []
    assert all(outcome["polls"] > 2000 * hours and outcome["faults"] > 4 * hours for outcome in outcomes)


def broken(outcomes):
    """What does not hold, each with the command that does it again."""
    return [
        f"{what['rule']} at {what['at']} s: {what['what']} -- {outcome['again']}"
        for outcome in outcomes
        for what in outcome["broken"]
    ]
