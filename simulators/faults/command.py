"""``python -m simulators fault``: switch faults of running simulators on and off, from a terminal."""

import argparse
import asyncio
import json
import sys
from typing import Any

from simulators.control import ControlError, ask
from simulators.faults.registry import FAULTS

OK, FAILED, WRONG_USE = 0, 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(dest="action", required=True)
    on = actions.add_parser("on", help="begin a fault now")
    on.add_argument("name", help="name of a fault; `known` lists them")
    on.add_argument("--duration", type=float, metavar="S", help="simulated seconds (default: until off)")
    on.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", type=_setting, help="option of the fault"
    )
    off = actions.add_parser("off", help="end faults")
    off.add_argument("name", nargs="?", help="name of a fault (default: all)")
    actions.add_parser("known", help="list all faults with what they do")
    listing = actions.add_parser("list", help="list what is on and what is planned")
    for action in (on, off):
        action.add_argument(
            "--stations",
            default="all",
            help="ids with commas, a share such as '25 %%', or all (default)",
        )
    for action in (on, off, listing):
        action.add_argument(
            "--control",
            type=int,
            required=True,
            metavar="PORT",
            help="control_port of the simulators",
        )


def run(options: argparse.Namespace) -> int:
    """Carry the command out and return its exit code."""
    if options.action == "known":
        width = max(map(len, FAULTS))
        for fault in FAULTS.values():
            print(f"{fault.name:{width}}  {' '.join(fault.rows) or '-':9} {fault.does}")
        return OK
    try:
        answer = asyncio.run(ask(options.control, "fault", action=options.action, **_request(options)))
    except ControlError as error:
        print(f"simulators: {error}", file=sys.stderr)
        return WRONG_USE
    except OSError as error:
        print(f"simulators: nobody answers on port {options.control}: {error.strerror}", file=sys.stderr)
        return FAILED
    del answer["ok"]
    print(json.dumps(answer, indent=1))
    return OK


def _request(options: argparse.Namespace) -> dict[str, Any]:
    if options.action == "list":
        return {}
    stations: object = options.stations
    if options.stations != "all" and "%" not in options.stations:
        stations = [name.strip() for name in options.stations.split(",")]
    request: dict[str, Any] = {"stations": stations}
    if options.name is not None:
        request["name"] = options.name
    if options.action == "on":
        request["options"] = dict(options.set)
        if options.duration is not None:
            request["duration_s"] = options.duration
    return request


def _setting(text: str) -> tuple[str, object]:
    """Read KEY=VALUE; a value is a number, a list with commas, or text."""
    key, sign, value = text.partition("=")
    if not sign or not key:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    try:
        return key, float(value)
    except ValueError:
        return key, value.split(",") if "," in value else value
