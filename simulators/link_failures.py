"""Lets the links of a running simulation fail when their profiles say so, on the simulated clock."""

import heapq
import itertools
from typing import TYPE_CHECKING, Protocol

from simulators.link_profile import Disturbance, DisturbanceKind, LinkProfile

if TYPE_CHECKING:
    from collections.abc import Iterator


class _Link(Protocol):
    def hold(self, key: object, on: bool, *, half_open: bool = False) -> None: ...
    def rebind(self) -> None: ...
    def drop(self) -> None: ...


class LinkFailures:
    """The scheduled failures of all links. Owner: who moves the simulated time and calls ``advance``."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._order = itertools.count()
        self._due: list[tuple[float, int, str, Disturbance, bool]] = []
        """(UTC second, order, station, failure, True for its end)."""
        self._links: dict[str, _Link] = {}
        self._streams: dict[str, tuple[float, Iterator[Disturbance]]] = {}

    def follow(self, station: str, link: _Link, profile: LinkProfile, start: float) -> None:
        """Let a link fail as ``profile`` says from UTC second ``start`` on; a failure that lasts ends now."""
        link.hold(self, False)
        self._due = [entry for entry in self._due if entry[2] != station]
        heapq.heapify(self._due)
        self._links[station] = link
        self._streams[station] = start, profile.disturbances(self._seed, station)
        self._next(station)

    def advance(self, now: float) -> None:
        """Let everything fail and recover that is due at UTC second ``now``."""
        while self._due and self._due[0][0] <= now:
            _, _, station, failure, over = heapq.heappop(self._due)
            link = self._links[station]
            if over:
                link.hold(self, False, half_open=failure.half_open)
                continue
            match failure.kind:
                case DisturbanceKind.OUTAGE:
                    link.hold(self, True)
                    self._push(self._streams[station][0] + failure.end_s, station, failure, over=True)
                case DisturbanceKind.REBIND:
                    link.rebind()
                case DisturbanceKind.RESET:
                    link.drop()
            self._next(station)

    def _next(self, station: str) -> None:
        start, stream = self._streams[station]
        failure = next(stream, None)
        if failure is not None:
            self._push(start + failure.begin_s, station, failure, over=False)

    def _push(self, at: float, station: str, failure: Disturbance, *, over: bool) -> None:
        heapq.heappush(self._due, (at, next(self._order), station, failure, over))
