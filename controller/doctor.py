"""``dhc doctor``: is this machine fit to run a controller, and is a site's folder? Changes nothing."""

import dataclasses
import importlib.metadata
import os
import resource
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptography import x509

from controller.api.auth import TOKEN_FILE
from controller.config.faults import SiteError
from controller.config.loader import load_site
from controller.config.model import InfluxConfig, SiteConfig
from controller.forwarding import influx_server, token_of
from controller.historian.cursor import read_refused
from controller.historian.forwarder_faults import Fault, FaultKind
from controller.historian.forwarder_thread import READER
from controller.historian.journal import FILE as JOURNAL_FILE
from controller.proof import FOLDER, SIMULATED, proof_fault, proofs_named
from stations.driver import OpcUaAddress

PYTHON_MIN = (3, 11)
PACKAGES = (
    "asyncua",
    "cryptography",
    "fastapi",
    "numpy",
    "openpyxl",
    "pydantic",
    "pymodbus",
    "scipy",
    "uvicorn",
)
EARLIEST = datetime(2025, 1, 1, tzinfo=UTC).timestamp()
LATEST = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
SQLITE_RACE = ((3, 7, 0), (3, 51, 2))
"""First and last version with the WAL-reset race: two connections of one file that write or checkpoint in the
same instant can lose a transaction."""
SQLITE_FIXED = {(3, 44): 6, (3, 50): 7}
"""Older branches that carry the fix, from this patch on."""
DISK_FAIL_BYTES, DISK_WARN_BYTES = 300 * 2**20, 2 * 2**30
"""The command log needs 64 MiB at once; a week of a large city's journal some GiB."""
FILES_PER_STATION, FILES_BESIDE = 2, 256
"""A connection and its successor; API clients, databases and logs."""
EXPIRY_WARN_DAYS = 30
NETWORK_FILE_SYSTEMS = frozenset({"nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One finding."""

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    """What was found."""
    advice: str = ""
    """What to do; empty when all is well."""


def run_doctor(site_path: Path | None) -> list[Check]:
    """Return all findings about this machine and, if given, about a site folder."""
    checks = [
        _python(sys.version_info[:3]),
        _sqlite(sqlite3.sqlite_version_info),
        _packages(),
        _clock(time.time()),
    ]
    if site_path is None:
        return [*checks, _open_files(0)]
    try:
        site = load_site(site_path)
    except SiteError as error:
        first = f"{len(error.faults)} faults, the first: {error.faults[0]}"
        advice = f"run: dhc check {site_path}"
        return [*checks, _open_files(0), Check(name="site", status="fail", detail=first, advice=advice)]
    about_site: list[Callable[[SiteConfig], Check]] = [
        _site,
        _data_folder,
        _file_system,
        _disk,
        _token,
        _port,
        _proofs,
    ]
    checks += [_open_files(len(site.stations)), *(check(site) for check in about_site)]
    checks += _certificates(site, time.time())
    return [*checks, *([] if site.influxdb is None else _influxdb(site, site.influxdb))]


# ------------------------------------------------------------------ the machine


def _python(version: Sequence[int]) -> Check:
    text = ".".join(map(str, version))
    if tuple(version) >= PYTHON_MIN:
        return Check(name="python", status="ok", detail=text)
    return Check(name="python", status="fail", detail=text, advice="install Python 3.11 or newer")


def _sqlite(version: tuple[int, int, int]) -> Check:
    text = ".".join(map(str, version))
    first, last = SQLITE_RACE
    fixed_from = SQLITE_FIXED.get(version[:2])
    if not first <= version <= last or (fixed_from is not None and version[2] >= fixed_from):
        return Check(name="sqlite", status="ok", detail=text)
    return Check(
        name="sqlite",
        status="warn",
        detail=f"{text} has the WAL-reset race; safe here, where one connection alone writes each file",
        advice="never write or checkpoint its files with another program; 3.51.3 and newer have the fix",
    )


def _packages() -> Check:
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        detail = f"missing: {', '.join(missing)}"
        return Check(name="packages", status="fail", detail=detail, advice="install requirements.txt")
    return Check(name="packages", status="ok", detail=", ".join(found))


def _clock(now: float) -> Check:
    text = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    if EARLIEST <= now <= LATEST:
        return Check(name="clock", status="ok", detail=text)
    advice = "set the clock (timedatectl set-ntp true): certificates and readings are dated by it"
    return Check(name="clock", status="fail", detail=text, advice=advice)


def _open_files(n_stations: int) -> Check:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    need = FILES_PER_STATION * n_stations + FILES_BESIDE
    detail = f"limit {soft}, needed {need}"
    if soft == resource.RLIM_INFINITY or soft >= need:
        return Check(name="open files", status="ok", detail=detail)
    advice = f"raise it: ulimit -n {need}, or LimitNOFILE={need} in the service unit"
    return Check(name="open files", status="fail", detail=detail, advice=advice)


# ------------------------------------------------------------------ the site


def _site(site: SiteConfig) -> Check:
    loops = sum(len(station.loops) for station in site.stations)
    kind = ", synthetic data" if site.simulation else ""
    detail = f"{site.name}: {len(site.stations)} stations, {loops} loops{kind}"
    return Check(name="site", status="ok", detail=detail)


def _data_folder(site: SiteConfig) -> Check:
    folder = _existing(site.data)
    if not os.access(folder, os.W_OK | os.X_OK):
        detail = f"{folder} is not writable for user {os.getuid()}"
        return Check(
            name="data folder", status="fail", detail=detail, advice=f"chown it, or name another: {site.data}"
        )
    if folder == site.data and site.data.stat().st_mode & 0o002:
        detail = f"{site.data} is writable for everybody"
        return Check(name="data folder", status="warn", detail=detail, advice=f"chmod o-w {site.data}")
    state = "" if folder == site.data else " (will be made)"
    return Check(name="data folder", status="ok", detail=f"{site.data}{state}")


def _file_system(site: SiteConfig) -> Check:
    kind = _file_system_of(_existing(site.data), Path("/proc/mounts").read_text(encoding="utf-8"))
    if kind not in NETWORK_FILE_SYSTEMS:
        return Check(name="file system", status="ok", detail=kind)
    advice = "put the data folder on a local disk: SQLite's locks and WAL do not hold over a network"
    return Check(name="file system", status="fail", detail=kind, advice=advice)


def _file_system_of(path: Path, mounts: str) -> str:
    """Return the type of the file system that holds ``path``, from the text of /proc/mounts."""
    best, found = -1, "unknown"
    for line in mounts.splitlines():
        _, point, kind, *_ = line.split(" ")
        mount = Path(point.replace("\\040", " "))
        if path.is_relative_to(mount) and len(mount.parts) >= best:
            best, found = len(mount.parts), kind
    return found


def _disk(site: SiteConfig) -> Check:
    free = shutil.disk_usage(_existing(site.data)).free
    detail = f"{free / 2**30:.1f} GiB free"
    if free >= DISK_WARN_BYTES:
        return Check(name="disk", status="ok", detail=detail)
    status: Literal["warn", "fail"] = "fail" if free < DISK_FAIL_BYTES else "warn"
    return Check(
        name="disk", status=status, detail=detail, advice="make room: a week of journal needs some GiB"
    )


def _token(site: SiteConfig) -> Check:
    path = site.data / TOKEN_FILE
    if not path.exists():
        return Check(name="api token", status="ok", detail="will be made at first start")
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        detail = f"{path} has mode {mode:04o}: others can read it"
        return Check(
            name="api token", status="fail", detail=detail, advice="remove it; a new one is made at start"
        )
    return Check(name="api token", status="ok", detail=f"{path}, mode {mode:04o}")


def _port(site: SiteConfig) -> Check:
    host, port = site.api.host, site.api.port
    detail = f"{host}:{port}"
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        advice = "fine if it is this site's controller that runs; else stop the other or change [api] port"
        return Check(name="api port", status="warn", detail=f"{detail}: {error.strerror}", advice=advice)
    return Check(name="api port", status="ok", detail=f"{detail} is free")


def _proofs(site: SiteConfig) -> Check:
    """Look whether the commissioning records that the station list names still prove what they did."""
    faults = [fault for station in site.stations if (fault := proof_fault(site, station)) is not None]
    if faults:
        advice = "commission these stations again, or blank their column proof"
        return Check(name="proofs", status="fail", detail="; ".join(faults[:3]), advice=advice)
    named = [proof for station in site.stations for _, proof in proofs_named(station)]
    records = sum(proof.startswith(f"{FOLDER}/") for proof in named)
    if SIMULATED in named and not site.simulation:
        detail = f"a real site names the proof {SIMULATED!r}"
        advice = "run: dhc commission, and name its record"
        return Check(name="proofs", status="fail", detail=detail, advice=advice)
    return Check(name="proofs", status="ok", detail=f"{len(named)} loops proven, {records} by a record here")


def _certificates(site: SiteConfig, now: float) -> list[Check]:
    """Return a finding for each certificate that is near its end, or one that all are well."""
    paths = {
        station.id: Path(station.address.server_certificate)
        for station in site.stations
        if isinstance(station.address, OpcUaAddress) and station.address.server_certificate is not None
    }
    if site.opcua.certificate.exists():
        paths["controller"] = site.opcua.certificate
    findings = [_certificate(owner, path, now) for owner, path in paths.items()]
    bad = [finding for finding in findings if finding.status != "ok"]
    return bad or [Check(name="certificates", status="ok", detail=f"{len(findings)} looked at")]


def _certificate(owner: str, path: Path, now: float) -> Check:
    name = f"certificate of {owner}"
    try:
        data = path.read_bytes()
        pem = data.lstrip().startswith(b"-----BEGIN")
        certificate = x509.load_pem_x509_certificate(data) if pem else x509.load_der_x509_certificate(data)
    except (OSError, ValueError) as error:
        return Check(
            name=name, status="fail", detail=f"{path}: {error}", advice="replace it by a DER or PEM file"
        )
    days = (certificate.not_valid_after_utc.timestamp() - now) / 86_400.0
    until = f"{path}: valid until {certificate.not_valid_after_utc:%Y-%m-%d}"
    if certificate.not_valid_before_utc.timestamp() > now:
        return Check(
            name=name, status="fail", detail=f"{path}: not valid yet", advice="check this machine's clock"
        )
    if days < 0:
        return Check(
            name=name, status="fail", detail=until, advice="renew it, then export and pin the new one"
        )
    if days < EXPIRY_WARN_DAYS:
        return Check(name=name, status="warn", detail=until, advice=f"renew it: {days:.0f} days are left")
    return Check(name=name, status="ok", detail=until)


def _influxdb(site: SiteConfig, config: InfluxConfig) -> list[Check]:
    """Look whether the server historian would take what it is sent; writes nothing there.

    None of it is a failure: control goes on without the server, and the journal keeps what it lacks.
    """
    token, where = token_of(config)
    found = [Check(name="influxdb token", status="ok", detail=where if token else f"{where}; none is sent")]
    if config.token_file is not None:
        found = [_token_file(Path(config.token_file), token, where)]
    # Half the time that it may take when it works: people wait here.
    server = influx_server(dataclasses.replace(config, timeout_s=max(1.0, config.timeout_s / 2.0)))
    # Nothing but an empty line: some take it, some say that it is none; both have let us in by then.
    fault = server.write([""])
    if fault is None or fault.kind is FaultKind.REFUSED:
        product = server.product()
        known = "does not say what it is" if isinstance(product, Fault) else product
        detail = f"{config.url}, bucket {config.bucket}: {known}"
        if server.keeps_doubles():
            detail += " that keeps twice what is sent twice"
            advice = "start VictoriaMetrics with -dedup.minScrapeInterval=1ms"
            found.append(Check(name="influxdb", status="warn", detail=detail, advice=advice))
        else:
            found.append(Check(name="influxdb", status="ok", detail=detail))
    else:
        found.append(Check(name="influxdb", status="warn", detail=fault.text_en, advice=fault.advice))
    server.renew()
    return [*found, *_refused(site)]


def _token_file(path: Path, token: str | None, where: str) -> Check:
    name = "influxdb token"
    if token is None:
        return Check(name=name, status="warn", detail=where, advice="put the server's token into this file")
    mode = path.stat().st_mode & 0o777
    if mode & 0o007:
        detail = f"{path} has mode {mode:04o}: everybody can read it"
        return Check(name=name, status="warn", detail=detail, advice=f"chmod o-rwx {path}")
    return Check(name=name, status="ok", detail=f"{path}, mode {mode:04o}")


def _refused(site: SiteConfig) -> list[Check]:
    """Show what the server would not take, in its words."""
    path = site.data / JOURNAL_FILE
    try:
        refused = read_refused(path, READER) if path.exists() else []
    except sqlite3.Error:
        # A journal of an earlier version, or a damaged one, which the controller puts aside when it starts.
        return []
    if not refused:
        return []
    detail = f"{len(refused)} kept; the newest: {refused[-1].line}: {refused[-1].why}"
    advice = "compare the bucket's field types with docs/reference/influxdb.md"
    return [Check(name="influxdb refused points", status="warn", detail=detail, advice=advice)]


def _existing(path: Path) -> Path:
    """Return the path or its nearest parent that exists."""
    return next(candidate for candidate in (path, *path.parents) if candidate.exists())
