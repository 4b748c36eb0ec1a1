"""``dhc commission``: try one station end to end and keep the record."""

import argparse
import asyncio
import getpass
import json
import os
import socket
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from controller.audit.entry import Event
from controller.audit.log import AuditError, AuditLog
from controller.commands.exit_codes import FAILED, OK, WRONG_USE, fail, site_or_faults
from controller.commissioning import Commissioning
from controller.config.model import SiteConfig, StationConfig
from controller.coordinator import HeldByAnother, SqliteCoordinator, TokensExhausted
from controller.dial_in import CALL_WITHIN_S, opened_dial_in
from controller.historian.command_log import CommandLog
from controller.historian.records import CommandLogError
from controller.logs import configure_logs
from controller.proof import FOLDER, Record, Step, safe_name, write_record
from controller.wiring import driver_factory
from stations.driver import OpcUaAddress
from stations.drivers.modbus.dialin import DialInPortError
from stations.drivers.opcua.identity import ClientIdentity, IdentityFault
from stations.model.clock import Clock, SystemClock

LEASE_TTL_S = 7200.0
"""Wall seconds, longer than any trial; the file lock ends with this process in any case."""


def execute(options: argparse.Namespace) -> int:
    """Return 0 for a passed trial, 1 for a failed one or where a controller runs, 2 for a wrong use."""
    site = site_or_faults(options.site, options.data)
    if site is None:
        return WRONG_USE
    station = next((s for s in site.stations if s.id == options.station), None)
    if station is None:
        return fail(WRONG_USE, f"station {options.station!r} is not in the station list of {site.folder}")
    if not station.profile.station_class.driven or not station.n_loops:
        what = f"class {station.profile.station_class}, profile {station.profile.name}"
        more = ""
        if station.kind == "source" and station.profile.station_class.driven:
            more = f"; the site file has no section [planning.sources.{station.id}.writes]"
        return fail(WRONG_USE, f"{station.id} is read only ({what}{more}): there is nothing to prove")
    configure_logs("console")
    show = _tell_nobody if options.json else _tell
    try:
        record, path = asyncio.run(_commission(site, station, options.clock or SystemClock(), show))
    except HeldByAnother as error:
        return fail(FAILED, f"{error} Its stations would be driven twice; stop it for the time of the trial.")
    except (AuditError, CommandLogError, TokensExhausted, OSError, sqlite3.Error) as error:
        return fail(FAILED, f"{site.data}: {error}")
    except (DialInPortError, IdentityFault) as error:
        return fail(WRONG_USE, str(error))
    except KeyboardInterrupt:
        return fail(FAILED, f"{station.id}: interrupted; what was written has been handed back or runs out")
    if options.json:
        print(
            json.dumps({**record.to_json(), "file": None if path is None else str(path)}, ensure_ascii=False)
        )
    else:
        _conclude(station, record, path)
    return OK if record.passed else FAILED


async def _commission(
    site: SiteConfig, station: StationConfig, clock: Clock, on_step: Callable[[Step], None]
) -> tuple[Record, Path | None]:
    site.data.mkdir(parents=True, exist_ok=True)
    coordinator = SqliteCoordinator(site.data)
    lease = await coordinator.acquire("controller", LEASE_TTL_S)
    by = safe_name(f"{_user()}@{socket.gethostname()}")
    try:
        command_log = CommandLog.open(site.data, clock.now())
        try:
            async with opened_dial_in(site, CALL_WITHIN_S) as calls:
                trial = Commissioning(
                    site,
                    station,
                    clock,
                    driver_factory(station, clock, _identity(site, station), port=calls),
                    command_log,
                    token=lease.token,
                    by=by,
                    on_step=on_step,
                )
                record = await trial.run()
        finally:
            command_log.close()
        path = write_record(site.folder, record) if record.passed else None
        await _note_in_audit(site, record, path, by, lease.token)
    finally:
        await coordinator.release(lease)
    return record, path


async def _note_in_audit(site: SiteConfig, record: Record, path: Path | None, by: str, token: int) -> None:
    """Let the audit tell who tried which station, and with what result."""
    audit = AuditLog(site.data)
    try:
        data = {
            "station": record.station,
            "passed": record.passed,
            "by": by,
            "proof": None if path is None else path.name,
        }
        key = f"commissioned-{token}"
        await audit.append(
            [Event(key=key, at=time.time(), kind="station_commissioned", actor="console", data=data)]
        )
    finally:
        audit.close()


def _identity(site: SiteConfig, station: StationConfig) -> ClientIdentity | None:
    address, own = station.address, site.opcua
    if not isinstance(address, OpcUaAddress) or address.security == "none":
        return None
    return ClientIdentity.load_or_create(own.certificate, own.private_key, own.application_uri)


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without an entry, as in containers
        return str(os.getuid())


def _tell(step: Step) -> None:
    loop = "" if step.loop is None else f" of loop {step.loop}"
    print(f"{'ok  ' if step.passed else 'FAIL'} {step.name}{loop}: {step.detail}", flush=True)


def _tell_nobody(_: Step) -> None:
    """Print nothing: the JSON object at the end holds all steps."""


def _conclude(station: StationConfig, record: Record, path: Path | None) -> None:
    for remark in record.remarks:
        print(f"note {remark}")
    if path is None:
        fail(FAILED, f"{record.station}: not proven; nothing was recorded, and it will not be driven")
        return
    print(f"{record.station} is proven: {path}")
    if station.writes is not None:
        print(
            f'Write proof = "{FOLDER}/{path.name}" into [planning.sources.{station.id}.writes] '
            "of the site file."
        )
        return
    print(f"Write {FOLDER}/{path.name} into the column proof of its rows in the station list.")
