"""The process image: the newest reading of every point of every station, and how each link is doing.

Supervisors write it, one station each; the control cycle freezes it once and decides on the frozen copy.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from controller.words.phrase import Phrase
from stations.model.identity import Point
from stations.model.quick import quickly_made
from stations.model.reading import Reading


class Link(StrEnum):
    """State of the connection to a station, as its supervisor sees it."""

    NEVER = "never"
    ONLINE = "online"
    LOST = "lost"
    QUARANTINED = "quarantined"
    REFUSED = "refused"
    """Security or configuration refuses: people must act; tried again every 10 min."""


@quickly_made
@dataclass(frozen=True, slots=True, kw_only=True)
class StationImage:
    """What is known of one station; replaced as a whole by its supervisor, never changed in place."""

    station: str
    link: Link = Link.NEVER
    link_since: float = 0.0
    """UTC second of the last link transition."""
    link_why: Phrase | None = None
    """Why the link is not online; None while it is, and before the first attempt."""
    readings: Mapping[Point, Reading]
    polled_at: float | None = None
    """UTC second of the last answered poll."""
    rtt_s: float | None = None
    """Wall seconds of the last poll."""
    polls: int = 0
    polls_ok: int = 0
    missed_ticks: int = 0


class ProcessImage:
    """All station images by station id. One writer per station (its supervisor); anyone may read."""

    def __init__(self, stations: Mapping[str, StationImage]) -> None:
        self._stations = dict(stations)
        self.version = 0
        """Grows with every change; lets a stream send only what moved."""
        self._changed: dict[str, int] = dict.fromkeys(self._stations, 0)
        self.faults: Counter[str] = Counter()
        """Faults of links and devices since the start, by the name of their class; for the metrics."""

    def __getitem__(self, station: str) -> StationImage:
        """Return the newest image of one station."""
        return self._stations[station]

    def put(self, image: StationImage) -> None:
        """Replace one station's image."""
        self.version += 1
        self._changed[image.station] = self.version
        self._stations[image.station] = image

    def update(self, station: str, **changes: object) -> StationImage:
        """Replace some fields of one station's image and return the new one."""
        image = replace(self._stations[station], **changes)  # type: ignore[arg-type]
        self.put(image)
        return image

    def answered(
        self,
        station: str,
        readings: Mapping[Point, Reading],
        polled_at: float,
        rtt_s: float,
        missed_ticks: int = 0,
    ) -> None:
        """Replace one station's image after an answered poll; every poll asks, so it is written out."""
        before = self._stations[station]
        self.put(
            StationImage(
                station=station,
                link=Link.ONLINE,
                link_since=before.link_since if before.link is Link.ONLINE else polled_at,
                readings=readings,
                polled_at=polled_at,
                rtt_s=rtt_s,
                polls=before.polls + 1,
                polls_ok=before.polls_ok + 1,
                missed_ticks=missed_ticks,
            )
        )

    def freeze(self) -> Mapping[str, StationImage]:
        """Return a copy that no supervisor can move; station images themselves are immutable."""
        return dict(self._stations)

    def changed_since(self, version: int) -> dict[str, StationImage]:
        """Return the stations whose image changed after ``version``."""
        return {s: self._stations[s] for s, v in self._changed.items() if v > version}
