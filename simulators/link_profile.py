"""What a mobile link does, as pure draws: delay of a segment, airtime, and when it fails. No I/O, no loop.

The same profiles stand behind real sockets (``simulators.link``) and behind links in virtual time. Who uses
them gives the generator or the seed, and decides what second counts: delays are seconds as sockets live
them, disturbances are seconds since the start on whatever clock the user runs them.
"""

import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge

CELLS = 4
"""Stations share so many radio cells; what strikes a cell strikes all its stations in the same second."""

_ENDLESS_S = 1e12


class DisturbanceKind(StrEnum):
    """How a link fails for a while or for a moment."""

    OUTAGE = "outage"
    """Nothing passes either way and nobody is told; connects lead nowhere."""
    REBIND = "rebind"
    """The carrier forgets its address translation: what is open is dead without a word, new ones work."""
    RESET = "reset"
    """The cell's gateway restarts: every connection is reset at once, so that all reconnect together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Disturbance:
    """One failure of a link."""

    kind: DisturbanceKind
    begin_s: float
    """Seconds since the start."""
    end_s: float
    """The same as ``begin_s`` where it is a moment."""
    half_open: bool = False
    """After an outage: True, connections that lost bytes stay dead without a word; False, they are reset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProfile:
    """One-way behaviour of a link. A station's base delay is drawn once, jitter and stalls per segment."""

    base_s: tuple[float, float]
    """Range of the base delay over the stations."""
    jitter_mean_s: float
    """Mean of the exponential jitter on top."""
    delay_max_s: float = 0.3
    """Base and jitter together are never longer; stalls are."""
    stall_share: float = 0.0
    """Share of segments that are held up, as TCP sees a lost packet on a bad cell."""
    stall_s: tuple[float, float] = (0.0, 0.0)
    bits_per_s: float | None = None
    """Capacity of each direction; None where it never binds."""
    outage_every_s: float | None = None
    """Mean time between outages of one station's own link; None for none."""
    cell_outage_every_s: float | None = None
    """The same for the cell that it shares with others."""
    outage_s: tuple[float, float] = (60.0, 6 * 3600.0)
    """Range of an outage's duration, drawn log-uniformly: most are short."""
    half_open_share: float = 0.0
    """Share of outages after which connections stay half open instead of being reset."""
    rebind_every_s: float | None = None
    """Mean time between losses of the carrier's address translation."""
    reset_every_s: float | None = None
    """Mean time between restarts of the cell's gateway, each a storm of reconnects."""

    def base_delay_s(self, rng: random.Random) -> float:
        """Draw the base delay of one station."""
        return rng.uniform(*self.base_s)

    def delay_s(self, base_s: float, rng: random.Random) -> float:
        """Draw the delay of one segment."""
        delay = base_s
        if self.jitter_mean_s > 0:
            delay += rng.expovariate(1.0 / self.jitter_mean_s)
        if delay > self.delay_max_s:
            delay = self.delay_max_s
        if self.stall_share > 0 and rng.random() < self.stall_share:
            delay += rng.uniform(*self.stall_s)
        return delay

    def airtime_s(self, n_bytes: int) -> float:
        """Return how long a segment of so many bytes occupies its direction."""
        return 0.0 if self.bits_per_s is None else 8.0 * n_bytes / self.bits_per_s

    def disturbances(self, seed: int, station: str) -> Iterator[Disturbance]:
        """Yield when and how this station's link fails, by rising begin; no two outages overlap.

        Endless, or empty where the profile knows no failures. The same seed, profile and station give the
        same failures; stations of one cell (by name) share the failures of the cell.
        """
        cell = f"cell {cell_of(station)}"
        streams = (
            self._outages(random.Random(f"{seed}:{station}:outage"), self.outage_every_s),
            self._outages(random.Random(f"{seed}:{cell}:outage"), self.cell_outage_every_s),
            _moments(random.Random(f"{seed}:{station}:rebind"), self.rebind_every_s, DisturbanceKind.REBIND),
            _moments(random.Random(f"{seed}:{cell}:reset"), self.reset_every_s, DisturbanceKind.RESET),
        )
        over_at = 0.0
        for one in merge(*streams, key=lambda disturbance: disturbance.begin_s):
            if one.kind is DisturbanceKind.OUTAGE:
                if one.begin_s < over_at:
                    continue
                over_at = one.end_s
            yield one

    def _outages(self, rng: random.Random, every_s: float | None) -> Iterator[Disturbance]:
        if every_s is None:
            return
        now = 0.0
        shortest, longest = self.outage_s
        while now < _ENDLESS_S:
            now += rng.expovariate(1.0 / every_s)
            lasts = shortest * (longest / shortest) ** rng.random()
            half_open = rng.random() < self.half_open_share
            yield Disturbance(
                kind=DisturbanceKind.OUTAGE, begin_s=now, end_s=now + lasts, half_open=half_open
            )
            now += lasts


class Lane:
    """One direction of one connection: when does what is sent now arrive? Keeps order and capacity.

    Owner: who carries the bytes. ``now`` only ever rises.
    """

    __slots__ = ("_arrived", "_base_s", "_free_at", "_profile", "_rng")

    def __init__(self, profile: LinkProfile, base_s: float, rng: random.Random) -> None:
        self._profile = profile
        self._base_s = base_s
        self._rng = rng
        self._free_at = 0.0
        self._arrived = 0.0

    def arrival(self, now: float, n_bytes: int) -> float:
        """Return the time at which a segment of so many bytes that is sent at ``now`` arrives."""
        profile = self._profile
        if self._free_at < now:
            self._free_at = now
        if profile.bits_per_s is not None:
            self._free_at += profile.airtime_s(n_bytes)
        arrival = self._free_at + profile.delay_s(self._base_s, self._rng)
        if self._arrived < arrival:
            self._arrived = arrival
        return self._arrived

    def change(self, profile: LinkProfile, base_s: float) -> None:
        """Behave as another profile from now on; what is on the way stays on its way."""
        self._profile, self._base_s = profile, base_s


def cell_of(station: str) -> int:
    """Return the number of the radio cell that a station stands in."""
    return zlib.crc32(station.encode()) % CELLS


def _moments(rng: random.Random, every_s: float | None, kind: DisturbanceKind) -> Iterator[Disturbance]:
    if every_s is None:
        return
    now = 0.0
    while now < _ENDLESS_S:
        now += rng.expovariate(1.0 / every_s)
        yield Disturbance(kind=kind, begin_s=now, end_s=now)


_HOUR_S = 3600.0

PROFILES: dict[str, LinkProfile] = {
    "none": LinkProfile(base_s=(0.0, 0.0), jitter_mean_s=0.0),
    # round trip 30..50 ms: 5G in good coverage
    "good": LinkProfile(base_s=(0.012, 0.022), jitter_mean_s=0.003),
    # round trip 60..300 ms and one segment in twenty late by 1..3 s: the edge of a cell
    "cell_edge": LinkProfile(
        base_s=(0.03, 0.12),
        jitter_mean_s=0.015,
        stall_share=0.05,
        stall_s=(1.0, 3.0),
        bits_per_s=512_000.0,
        rebind_every_s=12 * _HOUR_S,
    ),
    # good coverage that too many share: long and uneven queues, little capacity, few losses
    "congested": LinkProfile(
        base_s=(0.02, 0.08),
        jitter_mean_s=0.06,
        stall_share=0.02,
        stall_s=(0.3, 1.5),
        bits_per_s=64_000.0,
        rebind_every_s=6 * _HOUR_S,
    ),
    # good while it works; own outages twice a day, the cell's once a day, and the carrier's box forgets
    "outage": LinkProfile(
        base_s=(0.012, 0.04),
        jitter_mean_s=0.01,
        outage_every_s=12 * _HOUR_S,
        cell_outage_every_s=24 * _HOUR_S,
        half_open_share=0.3,
        rebind_every_s=4 * _HOUR_S,
        reset_every_s=8 * _HOUR_S,
    ),
}
"""``none`` for tests that are about something else; the others by name on the command line."""
