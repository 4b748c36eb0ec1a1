"""``dhc check``: a site's configuration, and with ``--online`` what every station answers. Writes nothing."""

import argparse
import asyncio
import json
from dataclasses import replace

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from controller.check import OnlineReport, StationCheck, check_online
from controller.commands.exit_codes import FAILED, OK, WRONG_USE, fail, site_or_faults
from controller.config.loader import effective
from controller.config.model import SiteConfig
from controller.logs import configure_logs
from stations.drivers.modbus.dialin import DialInPortError
from stations.drivers.opcua.identity import IdentityFault
from stations.model.clock import SystemClock
from stations.model.quality import Quality

STYLE = {"ok": "green", "warn": "yellow", "fail": "red"}


def execute(options: argparse.Namespace) -> int:
    """Return 2 for a faulty configuration, 1 when a station fails, else 0."""
    site = site_or_faults(options.site)
    if site is None:
        return WRONG_USE
    if not options.online:
        if options.json:
            print(json.dumps(effective(site), ensure_ascii=False))
        else:
            loops = sum(len(station.loops) for station in site.stations)
            print(f"{site.folder}: no fault found; {len(site.stations)} stations, {loops} loops")
        return OK
    if options.station is not None:
        chosen = tuple(station for station in site.stations if station.id == options.station)
        if not chosen:
            return fail(WRONG_USE, f"station {options.station!r} is not in the station list of {site.folder}")
        site = replace(site, stations=chosen)
    configure_logs("console")
    try:
        report = asyncio.run(_online(site))
    except (DialInPortError, IdentityFault) as error:
        return fail(WRONG_USE, str(error))
    if options.json:
        print(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        _print(report)
        if options.station is not None:
            _print_points(report.stations[0])
    return OK if report.ok else FAILED


async def _online(site: SiteConfig) -> OnlineReport:
    columns = (TextColumn("asking stations"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("stations", total=len(site.stations))
        return await check_online(site, SystemClock(), on_done=lambda _: progress.advance(task))


def _print(report: OnlineReport) -> None:
    table = Table("station", "name", "verdict", "connect ms", "read ms", "good", "bad", "remarks")
    for station in report.stations:
        table.add_row(*_row(station))
    Console().print(table)


def _print_points(station: StationCheck) -> None:
    """Print what an engineer compares with the display of the station, point by point."""
    table = Table("point", "on the wire", "wire unit", "value", "quality", "believable", "design")
    for point, view in sorted(station.points.items()):
        quality = view.quality if view.reason == "ok" else f"{view.quality}: {view.reason}"
        believable = f"{view.low:g}..{view.high:g}"
        scaled = f"{view.wire_unit} x {view.scale:g}" if view.scale != 1.0 else view.wire_unit
        table.add_row(
            str(point),
            _number(view.wire),
            scaled,
            _number(view.value),
            quality,
            believable,
            _number(view.design),
        )
    Console().print(table)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.7g}"


def _row(station: StationCheck) -> tuple[str, ...]:
    qualities = [reading.quality for reading in station.readings.values()]
    style = STYLE[station.verdict.value]
    return (
        station.station,
        station.name_en,
        f"[{style}]{station.verdict.value}[/{style}]",
        _ms(station.connect_ms),
        _ms(station.read_ms),
        str(qualities.count(Quality.GOOD)),
        str(qualities.count(Quality.BAD)),
        "\n".join(remark.text for remark in station.remarks),
    )


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.0f}"
