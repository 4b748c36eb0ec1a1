"""``dhc world``: the controller among stations and faults in virtual time, judged from outside."""

import argparse
import gc
import json
import math
import shlex
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

from simulators.faults.scenario import ScenarioFaults
from simulators.plant_choice import PLANTS
from simulators.world.line import PROFILES_HERE
from simulators.world.run import EVERY_S, Outcome, play, quiet_from
from simulators.world.scenario import read_planned
from simulators.world.world import WorldOptions

DESCRIPTION = (
    "Run the controller against simulated stations in virtual time, with faults drawn from a seed, and judge "
    "what must always hold. The same seed, options and version of the code do the same, byte for byte."
)
OK, FAILED, WRONG_USE = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--seed", type=int, default=1, metavar="S", help="first seed (default: 1)")
    parser.add_argument("--seeds", type=_count, default=1, metavar="N", help="so many in a row (default: 1)")
    parser.add_argument("--hours", type=_hours, default=2.0, metavar="H", help="virtual hours (default: 2)")
    parser.add_argument("--stations", type=_count, default=10, metavar="N", help="stations (default: 10)")
    parser.add_argument(
        "--opcua", type=_whole, default=0, metavar="N", help="so many of them speak OPC UA (default: 0)"
    )
    parser.add_argument(
        "--plant", choices=PLANTS, default="simple", help="what is behind the stations (default: simple)"
    )
    parser.add_argument(
        "--link", choices=sorted(PROFILES_HERE), default="city", help="mobile link (default: city)"
    )
    parser.add_argument(
        "--scenario", type=Path, metavar="FILE",
        help="faults by name at their times, as of `dhc simulate`; besides those that the seed draws",
    )  # fmt: skip
    parser.add_argument(
        "--every",
        type=_pause,
        default=EVERY_S,
        metavar="S",
        help="mean seconds between faults (default: 240); 0 draws none",
    )
    parser.add_argument("--alarms", action="store_true", help="let the controller watch for alarms, too")
    parser.add_argument("--trace", type=Path, metavar="FILE", help="write every event of the last seed there")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each seed")


def run(options: argparse.Namespace) -> int:
    """Run the worlds and tell what came of them."""
    world = WorldOptions(
        seed=options.seed,
        stations=options.stations,
        opcua=min(options.opcua, options.stations),
        plant=options.plant,
        link=options.link,
        alarms=options.alarms,
    )
    try:
        if options.scenario is not None:
            world = replace(world, scenario=options.scenario.read_bytes())
        for seed in range(options.seed, options.seed + options.seeds):
            read_planned(replace(world, seed=seed), quiet_from(options.hours))
    except OSError as error:
        return _refuse([f"{options.scenario}: {error.strerror}"])
    except ScenarioFaults as wrong:
        return _refuse([f"{options.scenario}: {line}" for line in wrong.faults])
    commit, broken = _commit(), 0
    gc.collect()
    gc.freeze()  # what has been imported stays, and need not be walked at the end of each world
    for seed in range(options.seed, options.seed + options.seeds):
        outcome = _play(replace(world, seed=seed), options)
        broken += bool(outcome.broken)
        if options.json:
            print(json.dumps(as_json(outcome, commit, replay_command(options, seed))), flush=True)
        else:
            print(_line(outcome), flush=True)
            if outcome.broken:
                print(story(outcome, replay_command(options, seed), commit), file=sys.stderr, flush=True)
    return FAILED if broken else OK


def _refuse(lines: list[str]) -> int:
    print("\n".join(f"world: {line}" for line in lines), file=sys.stderr)
    return WRONG_USE


def _play(world: WorldOptions, options: argparse.Namespace) -> Outcome:
    if options.trace is None:
        return play(world, options.hours, every_s=options.every)
    with options.trace.open("w", encoding="ascii") as file:
        return play(world, options.hours, every_s=options.every, trace_file=file)


def replay_command(options: argparse.Namespace, seed: int) -> str:
    """Return the command that does the same again."""
    parts = [
        f"dhc world --seed {seed} --hours {options.hours:g} --stations {options.stations}",
        f"--link {options.link} --every {options.every:g}",
    ]
    if options.opcua:
        parts.insert(1, f"--opcua {options.opcua}")
    if options.plant != "simple":
        parts.append(f"--plant {options.plant}")
    if options.scenario is not None:
        parts.append(f"--scenario {shlex.quote(str(options.scenario))}")
    return " ".join([*parts, *(["--alarms"] if options.alarms else [])])


def story(outcome: Outcome, command: str, commit: str) -> str:
    """Return what an engineer needs to find out what went wrong."""
    lines = [f"seed {outcome.seed}: {len(outcome.broken)} things do not hold"]
    lines += [f"  {broken}" for broken in outcome.broken[:20]]
    first = outcome.broken[0].at
    lines.append("faults until then:")
    before = sorted((*outcome.plan, *outcome.scenario), key=lambda fault: fault.at)
    lines += [f"  {fault}" for fault in before if fault.at <= first][-12:]
    lines.append(f"trace {outcome.digest} of {outcome.events} events, code {commit}")
    lines.append(f"again: {command} --trace FILE")
    return "\n".join(lines)


def as_json(outcome: Outcome, commit: str, command: str) -> dict[str, object]:
    """Return the outcome as plain values, with the command that does the same again."""
    plain = asdict(outcome)
    plain.pop("last_events")
    told = {name: [str(fault) for fault in getattr(outcome, name)] for name in ("plan", "scenario")}
    return {"commit": commit, **plain, **told, "again": command}


def _line(outcome: Outcome) -> str:
    intents = ", ".join(f"{count} {state}" for state, count in sorted(outcome.intents.items()))
    return (
        f"seed {outcome.seed}: {outcome.digest[:16]} {outcome.events} events, {outcome.faults} faults, "
        f"{outcome.starts} starts, {outcome.polls} reads, {outcome.writes} writes, intents: {intents}; "
        f"{outcome.cpu_s:.1f} s CPU, {'BROKEN' if outcome.broken else 'holds'}"
    )


def _commit() -> str:
    """Return the version of the code, as far as it can be told."""
    try:
        found = subprocess.run(
            ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return f"unknown, {time.strftime('%Y-%m-%d')}"
    return found.stdout.strip()


def _whole(text: str) -> int:
    if not (text.isdigit() and int(text) <= 100_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number >= 0")
    return int(text)


def _count(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 100_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number >= 1")
    return int(text)


def _pause(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (value == 0.0 or 1.0 <= value <= 1e9):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds from 1, nor 0 for no faults")
    return value


def _hours(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.25 <= value <= 24 * 365:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of hours from 0.25 (the last sixth is quiet)"
        )
    return value
