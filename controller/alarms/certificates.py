"""Rules of certificates: each one that a connection needs is looked at several times a day, in real time."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from controller.alarms.definitions import definitions
from controller.alarms.model import AlarmKey, Finding, because
from controller.config.model import SiteConfig
from controller.words.phrase import Phrase, verbatim
from stations.driver import OpcUaAddress
from stations.drivers.opcua.certificates import read_certificate

LOOK_S = 6 * 3600.0
"""Wall seconds between two looks at the files."""
DAY_S = 86_400.0


@dataclass(slots=True)
class CertificateWatch:
    """Certificates of a site by whom they belong to; the empty name is the controller's own."""

    files: Sequence[tuple[str, Path]]
    _looked_at: float = -math.inf
    _found: list[Finding] = field(default_factory=list)

    @classmethod
    def of_site(cls, site: SiteConfig) -> "CertificateWatch":
        """Return the watch over every pinned certificate and, where one is secured, over our own."""
        files = [
            (station.id, Path(station.address.server_certificate))
            for station in site.stations
            if isinstance(station.address, OpcUaAddress) and station.address.server_certificate is not None
        ]
        return cls([*files, ("", site.opcua.certificate)] if files else [])

    def due(self, wall: float) -> bool:
        """Tell whether it is time to look at the files again; ``wall`` is real UTC seconds."""
        return bool(self.files) and wall - self._looked_at >= LOOK_S

    def look(self, wall: float) -> None:
        """Read all files. Blocks for some milliseconds each: call it in a thread."""
        self._looked_at = wall
        self._found = [finding for name, path in self.files for finding in judge(name, path, wall)]

    def findings(self) -> Iterator[Finding]:
        """Return what the last look found."""
        yield from self._found


def judge(name: str, path: Path, wall: float) -> Iterator[Finding]:
    """Judge one certificate file at real UTC second ``wall``."""
    now = datetime.fromtimestamp(wall, UTC)
    try:
        certificate = read_certificate(path)
    except (OSError, ValueError) as error:
        yield _invalid(name, path, verbatim(str(error)))
        return
    if now > certificate.not_valid_after_utc:
        day = f"{certificate.not_valid_after_utc:%Y-%m-%d}"
        yield _invalid(name, path, Phrase("certificate.expired", {"day": day}))
        return
    if now < certificate.not_valid_before_utc:
        day = f"{certificate.not_valid_before_utc:%Y-%m-%d}"
        yield _invalid(name, path, Phrase("certificate.not_yet", {"day": day}))
        return
    days = (certificate.not_valid_after_utc.timestamp() - wall) / DAY_S
    if days < (definitions()["certificate_expiring"].limit or 0.0):
        key = AlarmKey("certificate_expiring", name)
        yield Finding(key=key, params={"file": path.name, "days": math.floor(days)})


def _invalid(name: str, path: Path, why: Phrase) -> Finding:
    return Finding(key=AlarmKey("certificate_expired", name), params={"file": path.name, **because(why)})
