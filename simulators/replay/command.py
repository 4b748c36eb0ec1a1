"""``python -m simulators replay``: a recorded table as a station on a real socket."""

import argparse
import asyncio
import contextlib
import json
import sys
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulators.plc.curve import HeatingCurve
from simulators.plc.limits import T_SUPPLY_MAX
from simulators.post import PortsInUse, Post, bind_all
from simulators.replay.columns import ReplayError
from simulators.replay.reading import utc_text
from simulators.replay.station import ReplayStation
from simulators.replay.table import Table, read_table, table_report
from simulators.servers.opcua_space import standard_nodes
from simulators.sitefile import SimLoop, SimStation
from simulators.told import Told
from stations.model.clock import Clock, ScaledClock
from stations.profile import ProfileError, builtin_profile

OK, WRONG_USE = 0, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayPlace:
    """Where a replay station listens and what it passes itself off as. OPC UA is without security."""

    profile: str
    host: str = "127.0.0.1"
    port: int
    unit: int = 1
    link: str = "none"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options that ``replay`` has of its own; clock, link and parent come from its caller."""
    parser.add_argument("tables", type=Path, nargs="+", metavar="TABLE.csv")
    parser.add_argument(
        "--columns",
        type=Path,
        action="append",
        metavar="TOML",
        help="what the columns mean, once for each table in order (default: TABLE.toml beside it)",
    )
    parser.add_argument("--profile", required=True, help="device type that the station passes itself off as")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--unit", type=int, default=1, help="Modbus unit (default: 1)")
    parser.add_argument("--begin", metavar="TIME", help="time of the table at which the clock starts")
    parser.add_argument("--speed", type=float, default=1.0, help="factor of the clock without --clock")
    parser.add_argument(
        "--check", action="store_true", help="print what is odd about the tables, serve nothing"
    )


def run(options: argparse.Namespace) -> int:
    """Replay until told to stop; returns the exit code."""
    try:
        tables = _tables(options.tables, options.columns)
        reports = [table_report(table) for table in tables]
        if options.check:
            print(json.dumps(reports, indent=2, ensure_ascii=False))
            return OK
        clock, shift_s = _time(options, tables[0])
        station = ReplayStation(builtin_profile(options.profile), tables, clock, shift_s)
        place = ReplayPlace(
            profile=options.profile,
            host=options.host,
            port=options.port,
            unit=options.unit,
            link=options.link,
        )
        return asyncio.run(_serve(station, place, clock, reports, options.die_with_parent))
    except (ReplayError, ProfileError) as error:
        return _wrong_use("\n".join(error.faults))
    except PortsInUse as error:
        return _wrong_use(f"the port is in use, nothing was started: {error}")


@contextlib.asynccontextmanager
async def replaying(station: ReplayStation, place: ReplayPlace, clock: Clock) -> AsyncIterator[Post]:
    """Serve a replay station for the length of a ``with`` block; raises PortsInUse."""
    described = SimStation(
        id="replay",
        name_en="Recorded station",
        district="",
        kind="station",
        profile=place.profile,
        host=place.host,
        port=place.port,
        unit=place.unit,
        security="none",
        certificate=None,
        loops=tuple(_loop(number) for number in range(1, station.n_loops + 1)),
    )
    sockets = bind_all({described.id: described})
    post = Post(
        station=described,
        served=station,
        driven=station,
        clock=clock,
        link_profile=place.link,
        seed=1,
        nodes=await standard_nodes() if builtin_profile(place.profile).protocol == "opcua" else None,
    )
    try:
        await post.start(sockets[described.id])
        yield post
    finally:
        await post.stop()


def _loop(number: int) -> SimLoop:
    """Return a loop by which the recorder judges writes; a recording has no design data and takes none."""
    return SimLoop(
        number=number,
        emitter="radiator",
        A_heated=1.0,
        m_flow_design=1.0,
        T_supply_max=T_SUPPLY_MAX["radiator"],
        curve=HeatingCurve((-20.0, 10.0), (75.0, 35.0)),
    )


async def _serve(
    station: ReplayStation,
    place: ReplayPlace,
    clock: Clock,
    reports: list[dict[str, object]],
    die_with_parent: bool,
) -> int:
    told = Told(die_with_parent=die_with_parent)
    async with replaying(station, place, clock) as post:
        ready = {
            "ready": True,
            "port": post.link.port,
            "protocol": post.protocol,
            "now": utc_text(clock.now()),
            "unfit": {str(point): n for point, n in station.unfit.items()},
            "tables": reports,
        }
        print(json.dumps(ready, ensure_ascii=False), flush=True)
        await told.wait()
    return OK


def _tables(paths: Sequence[Path], columns: Sequence[Path] | None) -> list[Table]:
    if columns is not None and len(columns) != len(paths):
        raise ReplayError([f"--columns: {len(columns)} files for {len(paths)} tables"])
    faults: list[str] = []
    tables = []
    for index, path in enumerate(paths):
        try:
            tables.append(read_table(path, None if columns is None else columns[index]))
        except ReplayError as error:
            faults += error.faults
    if faults:
        raise ReplayError(faults)
    return tables


def _time(options: argparse.Namespace, first: Table) -> tuple[Clock, float]:
    """Return the clock, and how much later than in the table things happen on it."""
    begin = None if options.begin is None else _begin(options.begin, first)
    if options.clock is not None:
        return options.clock, 0.0 if begin is None else options.clock.start_utc - begin
    if not options.speed > 0.0:
        raise ReplayError([f"--speed: {options.speed} must be > 0"])
    start = first.times[0] if begin is None else begin
    return ScaledClock(start_utc=start, anchor=time.monotonic(), factor=options.speed), 0.0


def _begin(text: str, table: Table) -> float:
    try:
        moments = table.layout.moments(text)
    except ValueError as error:
        raise ReplayError([f"--begin: {error}"]) from error
    if not moments:
        raise ReplayError([f"--begin: {text} does not exist in {table.layout.timezone}"])
    return moments[0]


def _wrong_use(text: str) -> int:
    print(f"simulators: {text}", file=sys.stderr)
    return WRONG_USE
