"""``python -m simulators``: serve a site's stations on real sockets, replay a recorded one, make a city."""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

from simulators.dialling import DialGroup, Dialling, DiallingError, address
from simulators.faults import command as fault_command
from simulators.faults.scenario import ScenarioFaults, load_scenario
from simulators.faults.site import facts_of
from simulators.link_profile import PROFILES
from simulators.plant.network.errors import NetworkError
from simulators.plant_choice import PLANTS, plant_of
from simulators.post import PortsInUse
from simulators.replay import command as replay_command
from simulators.replay.columns import ReplayError
from simulators.replay.weather import read_weather
from simulators.serve import ServeOptions, Simulation, serving
from simulators.sitefile import SimSite, SiteFileError, dialling_out, load_site
from simulators.told import Told
from simulators.weather import Weather, read_csv
from stations.model.clock import ScaledClock
from stations.profile import ProfileError

OK, FAILED, WRONG_USE = 0, 1, 2


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code: 0 ok, 1 failed, 2 wrong use."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["evaluate"]:
        return _evaluate(given[1:])  # has a parser of its own, loaded when it is asked for
    if given[:1] == ["world"]:
        return _world(given[1:])
    if given[:1] == ["city"]:
        return _city(given[1:])
    if given[:1] == ["season"]:
        return _season(given[1:])
    if given[:1] == ["savings"]:
        return _savings(given[1:])
    options = _parser().parse_args(given)
    if options.command == "serve":
        return _serve(options)
    if options.command == "fault":
        return fault_command.run(options)
    if options.command == "replay":
        _quiet_libraries()
        return replay_command.run(options)
    return _demo_city(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m simulators", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve the stations of a site folder until SIGTERM or Ctrl-C")
    serve.add_argument("site", type=Path, help="site folder or its site.toml")
    serve.add_argument(
        "--control", type=_port, default=0, metavar="PORT", help="control channel (default: free)"
    )
    serve.add_argument("--seed", type=int, help="replaces the seed of simulation.toml")
    serve.add_argument("--weather", type=Path, metavar="CSV", help="hourly weather; default: generated")
    serve.add_argument(
        "--forecast",
        type=Path,
        metavar="CSV",
        help="keep a forecast of its weather there, with the errors of one, another every 6 h",
    )
    serve.add_argument(
        "--dial",
        type=_address,
        metavar="HOST:PORT",
        help="stations dial out to a centre that listens there, with Modbus RTU",
    )
    serve.add_argument(
        "--dial-stations",
        metavar="IDS",
        help="with --dial: which ones, ids with commas (default: all on Modbus)",
    )
    serve.add_argument(
        "--plant",
        choices=PLANTS,
        help="what is behind the stations (default: physical where `dhc city new` made the site)",
    )
    serve.add_argument("--scenario", type=Path, metavar="TOML", help="faults that happen at their times")
    fault_command.add_arguments(
        commands.add_parser("fault", help="switch faults of running simulators on and off, or list them")
    )
    replay = commands.add_parser("replay", help="serve a recorded table as a station until SIGTERM or Ctrl-C")
    replay_command.add_arguments(replay)
    replay.add_argument("--port", type=_port, default=0, help="where it listens (default: free)")
    for command, start in ((serve, "now"), (replay, "--begin or the first row")):
        command.add_argument(
            "--clock", type=_clock, metavar="START:ANCHOR:FACTOR", help=f"default: {start}, at factor 1"
        )
        command.add_argument(
            "--link", choices=sorted(PROFILES), default="none", help="mobile link (default: none)"
        )
        command.add_argument(
            "--die-with-parent", action="store_true", help="stop when the parent process has ended"
        )
    city = commands.add_parser("demo-city", help="write the site folder of the demo's city")
    city.add_argument("folder", type=Path, help="folder to write")
    city.add_argument("--stations", type=_positive, default=40)
    city.add_argument("--seed", type=int, default=1)
    city.add_argument("--base-port", type=_port, default=20000)
    commands.add_parser("city", help="write a synthetic city with its network, or judge a network")
    commands.add_parser("season", help="run a synthetic city through a winter on its stations' own curves")
    commands.add_parser("evaluate", help="judge strategies on a simulated city in virtual time")
    commands.add_parser("savings", help="table and picture of what verdicts say of several spreads")
    commands.add_parser("world", help="run the controller among faults in virtual time")
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


def _address(text: str) -> tuple[str, int]:
    try:
        return address(text)
    except DiallingError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _positive(text: str) -> int:
    if not (text.isdigit() and int(text) >= 1):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number >= 1")
    return int(text)


def _serve(options: argparse.Namespace) -> int:
    try:
        site = _dialling(load_site(options.site), options)
        weather = None if options.weather is None else _weather(options.weather)
        seed = site.seed if options.seed is None else options.seed
        facts = facts_of(site, pipes=plant_of(site, options.plant) == "physical")
        faults = [] if options.scenario is None else load_scenario(options.scenario, facts, seed)
    except (SiteFileError, ProfileError, ReplayError, OSError, ValueError) as error:
        return _wrong_use(f"{options.site} cannot be simulated: {error}")
    except ScenarioFaults as wrong:
        return _wrong_use(f"{options.scenario} cannot be used:\n{wrong}")
    clock = options.clock or ScaledClock(start_utc=time.time(), anchor=time.monotonic(), factor=1.0)
    serve_options = ServeOptions(
        link=options.link,
        control_port=options.control,
        seed=options.seed,
        weather=weather,
        faults=faults,
        forecast=options.forecast,
        plant=options.plant,
    )
    _quiet_libraries()
    try:
        asyncio.run(_until_told(site, clock, serve_options, options.die_with_parent))
    except PortsInUse as error:
        return _wrong_use(f"ports are in use, nothing was started:\n{error}")
    except SiteFileError as error:
        return _wrong_use(f"{options.site} cannot be simulated: {error}")
    except NetworkError as error:
        told = f"{options.site} can go on no longer: {type(error).__name__}: {error}"
        print(f"simulators: {told}", file=sys.stderr)
        return FAILED
    return OK


def _dialling(site: SimSite, options: argparse.Namespace) -> SimSite:
    """Let stations dial where the command line says so; it stands over the site's own groups."""
    if options.dial is None:
        if options.dial_stations is not None:
            raise DiallingError("--dial-stations: --dial HOST:PORT is missing")
        return site
    host, port = options.dial
    stations = None
    if options.dial_stations is not None:
        stations = tuple(name.strip() for name in options.dial_stations.split(","))
    group = DialGroup(how=Dialling(host=host, port=port), stations=stations)
    return replace(site, stations=tuple(dialling_out(site.stations, [group])))


async def _until_told(
    site: SimSite, clock: ScaledClock, options: ServeOptions, die_with_parent: bool
) -> None:
    """Serve until SIGTERM, SIGINT or, if wanted, the end of the parent; a failing plant raises its error."""
    told = Told(die_with_parent=die_with_parent)
    async with serving(site, clock, options) as simulation:
        _settle_memory()
        print(json.dumps(_ready(simulation)), flush=True)
        await told.wait(simulation.failed())


def _settle_memory() -> None:
    """Leave out of the search for garbage what has been made at the start: a million objects that all stay.

    With them the interpreter looks for old garbage only when there is a quarter as much of it, and grows till
    then. The second collection is quick and tells it that there is nothing old.
    """
    gc.collect()
    gc.freeze()
    gc.collect()


def _weather(path: Path) -> Weather:
    """Read weather by the TOML file beside the table, or where there is none by ``read_csv``'s columns."""
    return read_weather(path) if path.with_suffix(".toml").exists() else read_csv(path)


def _quiet_libraries() -> None:
    """Mute pymodbus and asyncua, which report every refused request and lost link: made on purpose here."""
    logging.basicConfig(level=logging.ERROR, format="%(levelname)s %(name)s: %(message)s")
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)


def _ready(simulation: Simulation) -> dict[str, object]:
    protocols = [post.protocol for post in simulation.posts.values()]
    dialling = [post for post in simulation.posts.values() if post.station.dial is not None]
    return {
        "ready": True,
        "control_port": simulation.control_port,
        "stations": len(simulation.site.stations),
        "sources": len(simulation.site.sources),
        "modbus": protocols.count("modbus"),
        "opcua": protocols.count("opcua"),
        "dialling": len(dialling),
        "plant": simulation.plant,
    }


def _city(arguments: list[str]) -> int:
    from simulators.citygen import command  # scipy, which serving does not need

    return command.run(arguments)


def _season(arguments: list[str]) -> int:
    from simulators.fieldtruth import command  # scipy, as above

    return command.run(arguments)


def _demo_city(options: argparse.Namespace) -> int:
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


def _evaluate(arguments: list[str]) -> int:
    from simulators.evaluate import command  # holds a whole controller, which serving does not need

    parser = argparse.ArgumentParser(prog="dhc evaluate", description=command.DESCRIPTION)
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments))


def _savings(arguments: list[str]) -> int:
    from simulators.evaluate import savings  # matplotlib

    return savings.run(arguments)


def _world(arguments: list[str]) -> int:
    gc.disable()  # while a controller is imported nothing becomes garbage, and worlds look after their own
    from simulators.world import command  # holds a whole controller, which serving does not need

    parser = argparse.ArgumentParser(prog="dhc world", description=command.DESCRIPTION)
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments))


def _wrong_use(text: str) -> int:
    print(f"simulators: {text}", file=sys.stderr)
    return WRONG_USE


if __name__ == "__main__":
    if sys.argv[1:2] in (["city"], ["season"]):
        # they print and use no sockets: where the reader of a pipe goes (`| head`), they go without a word
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(main())
