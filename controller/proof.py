"""Commissioning records: what was tried at a station, what it did, and with which software.

A record is a JSON file in the folder ``proofs`` of the site. The station list names it in its column
``proof``; only loops with one are driven. A record is never overwritten: a new trial makes a new file.
"""

import hashlib
import importlib.metadata
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from controller.config.model import SiteConfig, StationConfig
from stations.driver import DialInAddress, OpcUaAddress

FOLDER = "proofs"
FORMAT = 1
SIMULATED = "simulator"
"""What the station list of a simulated city names instead: its stations are proven by our own tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that was tried."""

    at: float
    """UTC second."""
    name: str
    loop: int | None
    """None where it concerns the whole station."""
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Everything about one commissioning of one station."""

    station: str
    name_en: str
    site: str
    simulation: bool
    """True for a simulated station: worth nothing at a real one."""
    profile: str
    station_class: str
    address: Mapping[str, object]
    loops: tuple[int, ...]
    """Loops that were tried."""
    began_at: float
    ended_at: float
    """UTC seconds of the system's (scaled) clock."""
    watchdog_s: float
    heartbeat_s: float
    token: int
    """Fencing token under which was written."""
    version: str
    by: str
    """Who ran it, as the operating system knows them."""
    wire: Mapping[str, object]
    """Measured facts: times to connect, to read, to fall back, the ramp."""
    device: Mapping[str, float]
    """What the device says of itself: id, firmware."""
    steps: tuple[Step, ...]
    remarks: tuple[str, ...] = field(default=())
    """Warnings that stop nothing."""

    @property
    def passed(self) -> bool:
        """True when every step passed."""
        return bool(self.steps) and all(step.passed for step in self.steps)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, with a digest by which a changed file is noticed."""
        body = {"format": FORMAT, "passed": self.passed, **asdict(self)}
        return {**body, "sha256": digest(body)}


class ProofFault(Exception):
    """A record that can not be used; the text says which and why."""


def digest(body: Mapping[str, Any]) -> str:
    """Return the SHA-256 over a record's content without its digest."""
    kept = {key: value for key, value in body.items() if key != "sha256"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def write_record(folder: Path, record: Record) -> Path:
    """Write a record into ``folder``/proofs and return its path; an existing file is never touched."""
    proofs = folder / FOLDER
    proofs.mkdir(exist_ok=True)
    moment = datetime.fromtimestamp(record.ended_at, UTC).strftime("%Y%m%dT%H%M%SZ")
    path = proofs / f"{record.station}-{moment}.json"
    text = json.dumps(record.to_json(), indent=2, ensure_ascii=False) + "\n"
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return path


def load_record(path: Path) -> dict[str, Any]:
    """Read a record; raises ProofFault where it can not be read, was changed or did not pass."""
    try:
        body = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ProofFault(f"{path}: can not be read: {error}") from error
    if not isinstance(body, dict) or body.get("format") != FORMAT:
        raise ProofFault(f"{path}: is not a commissioning record of format {FORMAT}")
    if body.get("sha256") != digest(body):
        raise ProofFault(f"{path}: was changed after it was written")
    if body.get("passed") is not True:
        raise ProofFault(f"{path}: the trial did not pass")
    return body


def proof_fault(site: SiteConfig, station: StationConfig) -> str | None:
    """Return why the records that a station's driven loops name prove nothing, or None.

    A reference that is no path into the folder of records stands for a proof on paper and is not judged.
    """
    for loop, proof in proofs_named(station):
        if not proof.startswith(f"{FOLDER}/"):
            continue
        try:
            body = load_record(site.folder / proof)
        except ProofFault as fault:
            return str(fault)
        expected = {
            "station": station.id,
            "profile": station.profile.name,
            "station_class": station.profile.station_class.value,
            "address": address_facts(station),
            "simulation": site.simulation,
        }
        for key, value in expected.items():
            if body.get(key) != value:
                return f"{proof}: {key} was {body.get(key)}, now it is {value}: commission it again"
        if loop not in body.get("loops", ()):
            return f"{proof}: loop {loop} was not tried"
    return None


def proofs_named(station: StationConfig) -> list[tuple[int, str]]:
    """Return by loop the references of proofs, those of a heat source that is written to included."""
    named = [(loop.loop, loop.proof) for loop in station.loops]
    if station.writes is not None:
        named.append((station.n_loops, station.writes.proof))
    return [(loop, proof) for loop, proof in named if proof is not None]


def address_facts(station: StationConfig) -> dict[str, object]:
    """Return where and how the station is reached, with the fingerprint of a pinned certificate."""
    address = station.address
    if isinstance(address, DialInAddress):
        return {"registration": f"hex:{address.registration.hex()}", "unit": address.unit}
    if not isinstance(address, OpcUaAddress):
        return {"host": address.host, "port": address.port, "unit": address.unit}
    facts: dict[str, object] = {"url": address.url, "security": address.security}
    if address.server_certificate is not None:
        pinned = Path(address.server_certificate).read_bytes()
        facts["server_certificate_sha256"] = hashlib.sha256(pinned).hexdigest()
    return facts


def software_version() -> str:
    """Return the version of this software."""
    return importlib.metadata.version("district-heating-control")


def safe_name(text: str) -> str:
    """Return a name of a person or machine without anything that could break a line or a file."""
    return re.sub(r"[^\w.@-]", "_", text)[:64]
