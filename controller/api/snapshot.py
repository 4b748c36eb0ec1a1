"""The city as one message, encoded once for all clients: a station is encoded anew only when it changed."""

import asyncio
import json
from dataclasses import dataclass, field

from controller.api.views import compact_reading, readings_text, station_frame
from controller.config.model import SiteConfig
from controller.decisions import Decision, LoopKey
from controller.image import StationImage
from controller.state import ControllerState, LoopStatus
from stations.model.clock import Clock

SLICE = 20
"""Stations encoded (about 1 ms) before the field loop gets its turn."""


_compact = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def encode(value: object) -> bytes:
    """Return compact JSON in UTF-8; raises ValueError rather than writing NaN."""
    return _compact.encode(value).encode()


def station_text(image: StationImage, loops: tuple[LoopStatus, ...]) -> bytes:
    """Return ``views.station_state`` as JSON; most of it are readings, which are written directly."""
    frame = encode(station_frame(image, loops))
    return frame[:-1] + b',"readings":{' + readings_text(image).encode() + b"}}"


@dataclass(slots=True)
class _Entry:
    """One station as last encoded. Compared by identity: images and decisions are immutable."""

    image: StationImage | None = None
    loops: tuple[object, ...] = ()
    changed: int = 0
    text: bytes = b""


@dataclass(slots=True)
class SnapshotCache:
    """Encoded stations with the version at which each changed. Owner: the API, on the event loop."""

    state: ControllerState
    site: SiteConfig
    clock: Clock
    _entries: dict[str, _Entry] = field(init=False)
    _loops: dict[str, tuple[LoopStatus, ...]] = field(init=False)
    _number: int = field(default=0, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    def __post_init__(self) -> None:
        """Prepare an entry per station of the site."""
        self._entries = {station.id: _Entry() for station in self.site.stations}
        self._loops = {
            station.id: tuple(
                self.state.loops[key]
                for loop in station.loops
                if (key := LoopKey(station.id, loop.loop)) in self.state.loops
            )
            for station in self.site.stations
        }

    @property
    def version(self) -> str:
        """Opaque version of what was last encoded; the token tells runs of the controller apart."""
        return f"{self.state.token}-{self._number}"

    async def refresh(self) -> None:
        """Encode what changed since the last call, in slices so that polls and leases are not held up."""
        async with self._lock:
            done = 0
            for station, entry in self._entries.items():
                if self._renew(station, entry):
                    done += 1
                    if done % SLICE == 0:
                        await asyncio.sleep(0)

    def _renew(self, station: str, entry: _Entry) -> bool:
        image = self.state.image[station]
        loops = tuple(_loop_mark(loop) for loop in self._loops[station])
        if image is entry.image and loops == entry.loops:
            return False
        text = station_text(image, self._loops[station])
        self._number += 1
        entry.image, entry.loops, entry.changed, entry.text = image, loops, self._number, text
        return True

    def number_of(self, version: str) -> int | None:
        """Return the change number in a version of this run; None for one of another run or a wrong text."""
        token, _, number = version.partition("-")
        if token != str(self.state.token) or not (number.isascii() and number.isdigit()):
            return None
        return int(number) if int(number) <= self._number else None

    def message(self, since: str | None = None) -> bytes:
        """Return the snapshot (``schema.Snapshot``), of all stations or of those changed after ``since``."""
        after = None if since is None else self.number_of(since)
        texts = [entry.text for entry in self._entries.values() if entry.changed > (after or 0)]
        outdoor = self.state.T_outdoor_centre
        head = encode(
            {
                "now": round(self.clock.now(), 3),
                "speed": self.clock.factor,
                "version": self.version,
                "full": after is None,
                "simulation": self.site.simulation,
                "T_outdoor_centre": None if outdoor is None else compact_reading(outdoor),
                "last_cycle_at": self.state.last_cycle_at,
                "alarms": [fault.en for fault in self.state.alarms],
                "alarm_sentences": [fault.to_json() for fault in self.state.alarms],
            }
        )
        return b"".join((head[:-1], b',"stations":[', b",".join(texts), b"]}"))


def _loop_mark(loop: LoopStatus) -> tuple[object, ...]:
    """Return what the message of a loop is made of; equal marks mean an equal message."""
    decision: Decision | None = loop.decision
    return (
        loop.mode,
        loop.season,
        None if decision is None else (decision.action, decision.author),
        loop.T_supply_set,
        loop.m_flow_set,
        loop.write_state,
        loop.write_state_at,
        loop.held,
        loop.ordered,
    )
