"""``python -m simulators``: serve a site's stations on real sockets, or make a city to simulate."""

import argparse
import asyncio
import contextlib
import json
import logging
import os
import signal
import sys
import time
from pathlib import Path

from simulators.link import PROFILES
from simulators.post import PortsInUse
from simulators.serve import ServeOptions, Simulation, serving
from simulators.sitefile import SimSite, SiteFileError, load_site
from simulators.weather import read_csv
from stations.model.clock import ScaledClock
from stations.profile import ProfileError

OK, FAILED, WRONG_USE = 0, 1, 2
PARENT_CHECK_S = 0.5


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 ok, 1 failed, 2 wrong use."""
    options = _parser().parse_args(arguments)
    if options.command == "serve":
        return _serve(options)
    return _city(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the stations of a site folder until SIGTERM or Ctrl-C")
    serve.add_argument("site", type=Path, help="site folder or its site.toml")
    serve.add_argument(
        "--clock", type=_clock, metavar="START:ANCHOR:FACTOR", help="default: now, at factor 1"
    )
    serve.add_argument("--link", choices=sorted(PROFILES), default="none", help="mobile link (default: none)")
    serve.add_argument(
        "--control", type=_port, default=0, metavar="PORT", help="control channel (default: free)"
    )
    serve.add_argument("--seed", type=int, help="replaces the seed of simulation.toml")
    serve.add_argument("--weather", type=Path, metavar="CSV", help="hourly weather; default: generated")
    serve.add_argument(
        "--die-with-parent", action="store_true", help="stop when the parent process has ended"
    )
    city = commands.add_parser("city", help="write the site folder of a synthetic city")
    city.add_argument("folder", type=Path, help="folder to write")
    city.add_argument("--stations", type=_positive, default=40)
    city.add_argument("--seed", type=int, default=1)
    city.add_argument("--base-port", type=_port, default=20000)
    return parser


def _clock(text: str) -> ScaledClock:
    try:
        return ScaledClock.from_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _port(text: str) -> int:
    if not (text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0..65535)")
    return int(text)


def _positive(text: str) -> int:
    if not (text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number >= 1")
    return int(text)


def _serve(options: argparse.Namespace) -> int:
    try:
        site = load_site(options.site)
        weather = None if options.weather is None else read_csv(options.weather)
    except (SiteFileError, ProfileError, OSError, ValueError) as error:
        return _wrong_use(f"{options.site} cannot be simulated: {error}")
    clock = options.clock or ScaledClock(start_utc=time.time(), anchor=time.monotonic(), factor=1.0)
    serve_options = ServeOptions(
        link=options.link, control_port=options.control, seed=options.seed, weather=weather
    )
    # pymodbus and asyncua report every refused request and lost connection; here those are made on purpose
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    try:
        asyncio.run(_until_told(site, clock, serve_options, options.die_with_parent))
    except PortsInUse as error:
        return _wrong_use(f"ports are in use, nothing was started:\n{error}")
    return OK


async def _until_told(
    site: SimSite, clock: ScaledClock, options: ServeOptions, die_with_parent: bool
) -> None:
    """Serve until SIGTERM, SIGINT or, if wanted, the end of the parent; a failing plant raises its error."""
    parent = os.getppid()
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    async with serving(site, clock, options) as simulation:
        print(json.dumps(_ready(simulation)), flush=True)
        async with asyncio.TaskGroup() as group:
            watch = [group.create_task(simulation.failed())]
            if die_with_parent:
                watch.append(group.create_task(_orphaned(parent, told)))
            await told.wait()
            for task in watch:
                task.cancel()


async def _orphaned(parent: int, told: asyncio.Event) -> None:
    while os.getppid() == parent:  # noqa: ASYNC110  (the kernel tells nobody)
        await asyncio.sleep(PARENT_CHECK_S)
    told.set()


def _ready(simulation: Simulation) -> dict[str, object]:
    protocols = [post.protocol for post in simulation.posts.values()]
    return {
        "ready": True,
        "control_port": simulation.control_port,
        "stations": len(simulation.site.stations),
        "sources": len(simulation.site.sources),
        "modbus": protocols.count("modbus"),
        "opcua": protocols.count("opcua"),
    }


def _city(options: argparse.Namespace) -> int:
    from simulators.city import write_city  # the generator pulls in what serving does not need

    last = options.base_port + options.stations
    if last > 65_535:
        return _wrong_use(f"{options.stations} stations from port {options.base_port} end at {last} > 65535")
    try:
        write_city(options.folder, stations=options.stations, seed=options.seed, base_port=options.base_port)
    except OSError as error:
        return _wrong_use(f"{options.folder}: {error}")
    print(options.folder)
    return OK


def _wrong_use(text: str) -> int:
    print(f"simulators: {text}", file=sys.stderr)
    return WRONG_USE


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
