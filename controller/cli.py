"""The command line ``dhc``. Exit codes: 0 ok, 1 failed, 2 wrong use; errors on stderr say what to do."""

import argparse
import importlib
import os
import re
import select
import sys
from collections.abc import Sequence
from pathlib import Path

from stations.model.clock import ScaledClock

SPEED_MAX = 60.0
READER_GONE = 141
"""Exit code of a program that a closed pipe ended: 128 and the number of the signal."""
PLANTS = ("physical", "simple")
"""What can stand behind simulated stations."""
LINKS = ["none", "good", "cell_edge", "congested", "outage"]
"""Profiles of the simulated mobile link; the simulators know what they mean."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - a source tree is run by whatever interpreter is at hand
        print("dhc needs Python 3.11 or newer", file=sys.stderr)
        return 2
    options = _parser().parse_args(arguments)
    # imported when asked for: --help need not load protocol stacks
    command = importlib.import_module(f"controller.commands.{options.command}")
    try:
        code = int(command.execute(options))
        sys.stdout.flush()
    except BrokenPipeError:
        if not _reader_gone():
            raise
        return READER_GONE
    return code


def _reader_gone() -> bool:
    """Tell whether nobody reads what is printed any more (`| head`); what is left of it is dropped then."""
    watch = select.poll()
    watch.register(sys.stdout.fileno(), 0)
    gone = any(event & select.POLLERR for _, event in watch.poll(0))
    if gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return gone


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="dhc",
        description="Control centre of a city's heat network.",
        epilog="dhc COMMAND --help says more.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_demo(
        commands.add_parser("demo", help="run a simulated city and its controller, shown in the terminal")
    )
    _add_run(commands.add_parser("run", help="run the controller service of a site"))
    _add_simulate(commands.add_parser("simulate", help="serve simulated stations of a site on real sockets"))
    _add_evaluate(
        commands.add_parser("evaluate", help="judge strategies on a simulated city, in virtual time")
    )
    _add_world(commands.add_parser("world", help="run the controller among faults, in virtual time"))
    _add_city(commands.add_parser("city", help="make a synthetic city from a seed, or judge a network"))
    check = commands.add_parser("check", help="check a site's configuration, with --online its stations too")
    check.add_argument("site", type=Path, help="site folder or its site.toml")
    check.add_argument(
        "--online",
        action="store_true",
        help="connect to every station and read every point once; writes nothing",
    )
    check.add_argument(
        "--station", metavar="ID", help="with --online: this station alone, with each of its points"
    )
    check.add_argument("--json", action="store_true", help="print one JSON object")
    _add_hmi(commands.add_parser("hmi", help="serve the operators' screen of a site's controller"))
    _add_user(commands.add_parser("user", help="accounts of the people who use a site's controller"))
    _add_audit(commands.add_parser("audit", help="check the audit of a site's controller"))
    _add_commission(
        commands.add_parser(
            "commission", help="try one station end to end, and record the proof that it obeys"
        )
    )
    _add_identify(
        commands.add_parser("identify", help="learn from the gathered record what a site's houses are like")
    )
    _add_plan(commands.add_parser("plan", help="make one plan of what a site's controller knew last"))
    doctor = commands.add_parser("doctor", help="check this machine and, if given, a site's data folder")
    doctor.add_argument("site", type=Path, nargs="?", help="site folder or its site.toml")
    doctor.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _add_demo(demo: argparse.ArgumentParser) -> None:
    demo.add_argument("--stations", type=_count, default=40, metavar="N", help="heat stations (default: 40)")
    demo.add_argument(
        "--speed",
        type=_speed,
        default=10.0,
        metavar="X",
        help="simulated per real second, 1..60 (default: 10)",
    )
    demo.add_argument(
        "--duration", type=_seconds, metavar="WALL_S",
        help="stop after so many real seconds from all stations ready; exit 0 only if every station "
        "stayed fresh and every driven loop has a confirmed setpoint",
    )  # fmt: skip
    demo.add_argument(
        "--strategy",
        choices=["curve", "balance", "optimizer"],
        default="curve",
        help="strategy of all districts",
    )
    demo.add_argument(
        "--plant", choices=PLANTS, default="simple",
        help="physical: a generated city with network, sources and houses (default: simple)",
    )  # fmt: skip
    demo.add_argument("--no-hmi", action="store_true", help="terminal and API only, no operators' screen")
    demo.add_argument(
        "--hmi-port", type=_port, metavar="PORT", help="port of the screen (default: 8641 where it is free)"
    )
    demo.add_argument("--json", action="store_true", help="no table; print one JSON object at the end")
    demo.add_argument(
        "--data", type=Path, default=Path("build/demo"), metavar="DIR",
        help="each run gets a new folder in it (default: build/demo)",
    )  # fmt: skip
    demo.add_argument("--seed", type=int, default=1, metavar="S", help="seed of the city (default: 1)")
    demo.add_argument(
        "--link", choices=["good", "cell_edge", "none"], default="good", help="mobile link profile"
    )
    demo.add_argument(
        "--api-port", type=_port, default=0, metavar="PORT", help="port of the API (default: free)"
    )


def _add_run(run: argparse.ArgumentParser) -> None:
    run.add_argument("site", type=Path, help="site folder or its site.toml")
    run.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: the site file's)")
    run.add_argument(
        "--api-port", type=_port, metavar="PORT", help="port of the API (default: the site file's)"
    )
    run.add_argument("--log", choices=["json", "console"], default="json", help="form of the log on stderr")
    run.add_argument("--clock", type=_clock, metavar="START:ANCHOR:FACTOR", help=argparse.SUPPRESS)
    run.add_argument("--die-with-parent", action="store_true", help=argparse.SUPPRESS)


def _add_hmi(hmi: argparse.ArgumentParser) -> None:
    hmi.add_argument("site", type=Path, nargs="?", help="site folder or its site.toml")
    hmi.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: the site file's)")
    hmi.add_argument("--api", metavar="URL", help="address of the controller's API (default: the site's)")
    hmi.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="token for reading (default: data/api_token)",
    )
    hmi.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    hmi.add_argument("--port", type=_port, default=8641, help="0 for any that is free (default: 8641)")


def _add_commission(commission: argparse.ArgumentParser) -> None:
    commission.add_argument("site", type=Path, help="site folder or its site.toml")
    commission.add_argument("station", help="id of the station; it is written to and must be attended")
    commission.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: the site file's)")
    commission.add_argument("--json", action="store_true", help="print one JSON object")
    commission.add_argument("--clock", type=_clock, metavar="START:ANCHOR:FACTOR", help=argparse.SUPPRESS)


def _add_simulate(simulate: argparse.ArgumentParser) -> None:
    simulate.add_argument("site", type=Path, help="site folder or its site.toml")
    simulate.add_argument("--speed", type=_speed, default=1.0, metavar="X", help="1..60 (default: 1)")
    simulate.add_argument("--link", choices=LINKS, default="none", help="mobile link")
    simulate.add_argument(
        "--control", type=_port, default=0, metavar="PORT", help="control channel for faults"
    )
    simulate.add_argument(
        "--plant",
        choices=PLANTS,
        help="what is behind the stations (default: physical where `dhc city new` made the site)",
    )
    simulate.add_argument(
        "--scenario",
        type=Path,
        metavar="TOML",
        help="faults at their times: docs/reference/faults.md",
    )
    simulate.add_argument(
        "--dial",
        metavar="HOST:PORT",
        help="Modbus stations dial out to a centre that listens there: docs/how-to/dial-out.md",
    )
    simulate.add_argument(
        "--dial-stations", metavar="IDS", help="with --dial: which ones, ids with commas (default: all)"
    )


def _add_identify(identify: argparse.ArgumentParser) -> None:
    _site_and_data(identify)
    identify.add_argument("--station", metavar="ID", help="this station alone")
    identify.add_argument(
        "--at-once",
        action="store_true",
        help="take all of what the record says; otherwise numbers move by a tenth a day at most",
    )
    identify.add_argument("--json", action="store_true", help="print one JSON array, a loop each")


def _add_plan(plan: argparse.ArgumentParser) -> None:
    _site_and_data(plan)
    plan.add_argument("--json", action="store_true", help="print one JSON object")


def _add_user(user: argparse.ArgumentParser) -> None:
    actions = user.add_subparsers(dest="action", required=True, metavar="ACTION")
    texts = {
        "add": "add an account; the password is asked for, or is the first line of standard input",
        "list": "list the accounts",
        "disable": "shut an account and end its sessions",
        "enable": "open an account again, also one that is locked after wrong passwords",
        "password": "give an account another password and end its sessions",
    }
    for name, text in texts.items():
        action = actions.add_parser(name, help=text, description=text)
        _site_and_data(action)
        if name == "list":
            action.add_argument("--json", action="store_true", help="print one JSON array")
        else:
            action.add_argument("name", help="user name, a-z 0-9 . _ -")
        if name == "add":
            roles = ["viewer", "operator", "shift_lead", "engineer", "admin", "auditor"]
            action.add_argument("--role", choices=roles, required=True)
            action.add_argument(
                "--district", action="append", metavar="D", help="zone; may be repeated (default: the city)"
            )


def _add_audit(audit: argparse.ArgumentParser) -> None:
    actions = audit.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "recompute the chain of hashes from the first entry to the last"
    verify = actions.add_parser("verify", help=text, description=text)
    _site_and_data(verify)
    verify.add_argument(
        "--head", type=_anchor, metavar="SEQ:HASH", help="an anchor from the log stream (event audit_head)"
    )
    verify.add_argument("--json", action="store_true", help="print one JSON object")


def _site_and_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site", type=Path, help="site folder or its site.toml")
    parser.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: the site file's)")


def _add_evaluate(evaluate: argparse.ArgumentParser) -> None:
    evaluate.add_argument("scenario", help="january, cold_wave, plant_70, ...; a wrong one lists all")
    evaluate.add_argument(
        "--strategy", action="append", default=[], metavar="NAME",
        help="what to judge, once for each; default: the baselines curve and staged_curve, and balance",
    )  # fmt: skip
    evaluate.add_argument(
        "--plant", choices=("simple", "physical"),
        help="physical: a generated city with its network, calibrated to field audits (default); simple: the "
        "demo city, which is not",
    )  # fmt: skip
    evaluate.add_argument(
        "--site", type=Path, metavar="DIR",
        help="site of `dhc city new`, as it stands there, in place of --stations and --seed",
    )  # fmt: skip
    evaluate.add_argument(
        "--spread", metavar="K", help="physical plant: 1.0, 1.5, 2.0 or 2.5 K between stations (default: 2.3)"
    )
    evaluate.add_argument(
        "--stations", type=_count, metavar="N",
        help="heat stations (default: 40); on the simple plant any other number needs --calibrate once",
    )  # fmt: skip
    evaluate.add_argument("--days", type=_count, metavar="N", help="3 of them do not count (default: 10)")
    evaluate.add_argument(
        "--seed", type=int, action="append", default=[], metavar="S",
        help="seed of the city (default: 1); several: mean and worst of these cities",
    )  # fmt: skip
    evaluate.add_argument(
        "--calibrate",
        action="store_true",
        help="simple plant: first find the offsets of the baselines anew, and keep them",
    )
    evaluate.add_argument(
        "--write-sources",
        action="store_true",
        help="physical plant: heat sources take orders of strategies that plan (default: advice only)",
    )
    evaluate.add_argument("--json", action="store_true", help="print one JSON object instead of tables")
    evaluate.add_argument(
        "--picture", type=Path, metavar="PNG", help="default: build/evaluate/SCENARIO.png; - for none"
    )


def _add_world(world: argparse.ArgumentParser) -> None:
    # ``python -m simulators world`` checks what these may say, and has the defaults
    for name, metavar, text in (
        ("seed", "S", "first seed (default: 1)"),
        ("seeds", "N", "so many seeds in a row (default: 1)"),
        ("hours", "H", "virtual hours (default: 2)"),
        ("stations", "N", "stations (default: 10)"),
        ("opcua", "N", "so many of them speak OPC UA (default: 0)"),
        ("link", "NAME", "mobile link profile (default: city)"),
        ("plant", "NAME", "what flows behind the stations: simple (default) or physical"),
        ("scenario", "FILE", "faults by name at their times, besides those that the seed draws"),
        ("every", "S", "mean seconds between drawn faults (default: 240); 0 draws none"),
        ("trace", "FILE", "write every event of the last seed there"),
    ):
        world.add_argument(f"--{name}", metavar=metavar, help=text)
    world.add_argument("--alarms", action="store_true", help="let the controller watch for alarms, too")
    world.add_argument("--json", action="store_true", help="print one JSON object for each seed")


def _add_city(city: argparse.ArgumentParser) -> None:
    actions = city.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "write the site folder of a synthetic city; the same numbers give the same city"
    new = actions.add_parser("new", help=text, description=text)
    new.add_argument("folder", type=Path, help="folder to write; new or empty")
    new.add_argument("--stations", metavar="N", help="1..5000 (default: 40)")
    new.add_argument("--seed", metavar="S", help="default: 1")
    new.add_argument(
        "--spread", metavar="K",
        help="how far stations' indoor temperatures shall differ on their own curves, standard deviation "
        "(default: 2.3)",
    )  # fmt: skip
    new.add_argument("--base-port", metavar="PORT", help="of the first device (default: 20000)")
    pumps = new.add_mutually_exclusive_group()
    pumps.add_argument(
        "--boosters", action="store_true", help="booster pumps in pipes to stations that lack pressure"
    )
    pumps.add_argument(
        "--station-pumps", action="store_true", help="primary pumps in the stations that sources do not reach"
    )
    new.add_argument("--quiet", action="store_true", help="no progress")
    text = "solve the design day of a site's network and say what it does, or what is wrong"
    check = actions.add_parser("check", help=text, description=text)
    check.add_argument("folder", type=Path, help="site folder with network/")
    for action in (new, check):
        action.add_argument("--picture", type=Path, metavar="PNG", help="draw map and pressure profile")


def _count(text: str) -> int:
    if not (text.isdigit() and 1 <= int(text) <= 500):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number 1..500")
    return int(text)


def _speed(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 1.0 <= value <= SPEED_MAX:
        raise argparse.ArgumentTypeError(f"{text!r} is not a speed 1..{SPEED_MAX:g}")
    return value


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.0 < value <= 86_400.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of seconds 0..86400")
    return value


def _port(text: str) -> int:
    if not (text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port 0..65535")
    return int(text)


def _anchor(text: str) -> tuple[int, str]:
    match = re.fullmatch(r"([1-9][0-9]{0,15}):([0-9a-f]{64})", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not SEQ:HASH, a number and 64 hexadecimal digits")
    return int(match[1]), match[2]


def _clock(text: str) -> ScaledClock:
    try:
        return ScaledClock.from_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


if __name__ == "__main__":
    sys.exit(main())
