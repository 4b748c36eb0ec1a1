"""``dhc city``: write the site of a synthetic city from a seed, and judge the network of a site."""

import argparse
import sys
import time
from pathlib import Path

from simulators.certificates import ensure_certificates
from simulators.citygen.generate import SPREAD_MAX_K, STATIONS_MAX, generate
from simulators.citygen.judgement import DesignDay, design_day_of, refuse_dry, summary
from simulators.citygen.model import SPREAD_K
from simulators.citygen.network_files import FOLDER, NetworkFileError, read_network
from simulators.citygen.pumping import NoPlaceForPump, boosted, distributed
from simulators.citygen.site_files import write_site
from simulators.plant.network.errors import NetworkError
from simulators.sitefile import SiteFileError, load_site

OK, FAILED, WRONG_USE = 0, 1, 2


def run(arguments: list[str]) -> int:
    """Run ``city new`` or ``city check``; return 0 ok, 1 the network cannot do it, 2 wrong use."""
    options = _parser().parse_args(arguments)
    return _new(options) if options.action == "new" else _check(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="dhc city", description=__doc__)
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    text = "write the site folder of a synthetic city; the same numbers give the same city"
    new = actions.add_parser("new", help=text, description=text)
    new.add_argument("folder", type=Path, help="folder to write; new or empty")
    new.add_argument("--stations", type=_stations, default=40, metavar="N", help="1..5000 (default: 40)")
    new.add_argument("--seed", type=_seed, default=1, metavar="S", help="default: 1")
    new.add_argument(
        "--spread", type=_spread, default=SPREAD_K, metavar="K",
        help="how far stations' indoor temperatures shall differ on their own curves, standard deviation, "
        f"0..{SPREAD_MAX_K:g} K (default: {SPREAD_K})",
    )  # fmt: skip
    new.add_argument(
        "--base-port", type=_port, default=20_000, metavar="PORT", help="of the first device (default: 20000)"
    )
    pumps = new.add_mutually_exclusive_group()
    pumps.add_argument(
        "--boosters", action="store_true",
        help="booster pumps in pipes to stations that lack pressure; the sources hold so much less",
    )  # fmt: skip
    pumps.add_argument(
        "--station-pumps", action="store_true",
        help="distributed primary pumps: in each station that the sources, holding much less, do not reach",
    )  # fmt: skip
    text = "solve the design day of a site's network and say what it does, or what is wrong"
    check = actions.add_parser("check", help=text, description=text)
    check.add_argument("folder", type=Path, help="site folder with network/")
    for action in (new, check):
        action.add_argument("--picture", type=Path, metavar="PNG", help="draw map and pressure profile")
    new.add_argument("--quiet", action="store_true", help="no progress")
    return parser


def _new(options: argparse.Namespace) -> int:
    folder: Path = options.folder
    last = options.base_port + options.stations
    try:
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            return _wrong_use(f"{folder} is not empty; name a new folder, or empty this one")
    except OSError as error:
        return _wrong_use(f"{folder}: {error.strerror}")
    if last > 65_000:
        return _wrong_use(f"{options.stations} stations from port {options.base_port} end too high; "
                          f"--base-port may be up to {65_000 - options.stations}")  # fmt: skip
    began = time.monotonic()

    def progress(text: str) -> None:
        if not options.quiet:
            print(f"{time.monotonic() - began:6.1f} s  {text}", file=sys.stderr, flush=True)

    try:
        city = generate(options.stations, options.seed, options.spread, progress)
        if options.boosters or options.station_pumps:
            progress("pumps in the network")
            city = (boosted if options.boosters else distributed)(city)
        write_site(city, folder, base_port=options.base_port, progress=progress)
        progress("certificates of stations that sign and encrypt")
        ensure_certificates(load_site(folder))
    except NoPlaceForPump as error:
        return _wrong_use(str(error))
    except OSError as error:
        return _wrong_use(f"{error.filename or folder}: {error.strerror}; nothing more was written")
    return _judge(folder, options.picture)


def _check(options: argparse.Namespace) -> int:
    if not (options.folder / FOLDER).is_dir():
        return _wrong_use(f"{options.folder} has no folder {FOLDER}/; `dhc city new` writes one")
    return _judge(options.folder, options.picture)


def _judge(folder: Path, picture: Path | None) -> int:
    try:
        day = design_day_of(read_network(folder / FOLDER), _listed(folder))
    except NetworkFileError as error:
        return _wrong_use(str(error))
    except SiteFileError as error:
        return _wrong_use(str(error))
    except NetworkError as error:
        print(f"dhc city: {folder / FOLDER}: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    print(folder)
    for line in summary(day):
        print(f"  {line}")
    try:
        refuse_dry(day)
    except NetworkError as error:
        print(f"dhc city: {folder / FOLDER}: {type(error).__name__}: {error}", file=sys.stderr)
        return FAILED
    return OK if picture is None else _draw(folder, day, picture)


def _draw(folder: Path, day: DesignDay, picture: Path) -> int:
    try:
        from simulators.citygen.picture import draw  # matplotlib belongs to the tools of development
    except ImportError:
        return _wrong_use("pictures need matplotlib, which `make deps` installs; all else was done")
    try:
        draw(day, f"{folder.name}: {len(day.pipes.consumers)} stations on the design day", picture)
    except OSError as error:
        return _wrong_use(f"{picture}: {error.strerror}")
    print(f"  picture: {picture}")
    return OK


def _listed(folder: Path) -> list[str]:
    """Return the stations of the site's own list, each of which the network must serve."""
    return [station.id for station in load_site(folder).stations]


def _stations(text: str) -> int:
    return _whole(text, 1, STATIONS_MAX, "a number of stations")


def _seed(text: str) -> int:
    return _whole(text, 0, 2**63 - 1, "a seed")


def _port(text: str) -> int:
    return _whole(text, 1, 65_000, "a port")


def _whole(text: str, low: int, high: int, what: str) -> int:
    if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
        raise argparse.ArgumentTypeError(f"{text!r} is not {what}, {low}..{high}")
    return int(text)


def _spread(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= SPREAD_MAX_K:
        raise argparse.ArgumentTypeError(f"{text!r} is not a spread, 0..{SPREAD_MAX_K:g} K")
    return value


def _wrong_use(text: str) -> int:
    print(f"dhc city: {text}", file=sys.stderr)
    return WRONG_USE
