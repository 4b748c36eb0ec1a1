"""The mobile link of one station in virtual time: delay, stalls, and everything that breaks links.

The profiles are those of the sockets' link emulator; what draws the delays is a seed.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING

from simulators.link_connection import Piece
from simulators.link_profile import PROFILES, Lane, LinkProfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from simulators.link_connection import Tap
    from simulators.world.wire import Wire

PROFILES_HERE = {
    **PROFILES,
    # round trip 20..300 ms over the stations of a city, a little jitter
    "city": LinkProfile(base_s=(0.01, 0.14), jitter_mean_s=0.005),
}


class Line:
    """State of one link. Owner of the connections through it; ``wake`` must follow the end of a hole."""

    def __init__(
        self,
        *,
        station: str,
        port: int,
        profile: LinkProfile,
        seed: object,
        new_tap: Callable[[], Tap] | None,
    ) -> None:
        self.station = station
        self.port = port
        """Where the centre believes the station to listen."""
        self.target_port = 0
        """Where its server listens; 0 while it is off."""
        self.rng = random.Random(f"{seed}:{station}")
        self.profile = profile
        self.base_s = profile.base_delay_s(self.rng)
        self.new_tap = new_tap
        self.hole = False
        """Swallows all bytes, and answers no connection attempt."""
        self.refusing = False
        self.garble = False
        """The centre receives random bytes in place of each answer."""
        self.swallow = 0
        """So many segments more vanish, one at a time: a device that ignores a request."""
        self.stalled_until = 0.0
        self.wires: dict[int, Wire] = {}
        self._plain = profile
        self._overrides: dict[object, Callable[[LinkProfile], LinkProfile]] = {}
        self.edits: dict[object, Callable[[bytes], list[Piece]]] = {}
        """What faults make of each answer; see ``edit``."""
        self._holes: set[object] = set()

    def lane(self) -> Lane:
        """Return a direction of a new connection."""
        return Lane(self.profile, self.base_s, self.rng)

    def handshake_s(self, now: float) -> float:
        """Return how long a connection takes to be made: there and back."""
        stalled_s = max(0.0, self.stalled_until - now)
        return stalled_s + sum(self.profile.delay_s(self.base_s, self.rng) for _ in range(2))

    def change(self, profile: LinkProfile) -> None:
        """Behave as another profile from now on, below what stands over it."""
        self._plain = profile
        self._apply(draw=True)

    def override(self, key: object, change: Callable[[LinkProfile], LinkProfile] | None) -> None:
        """Let ``change`` stand over the profile under ``key``; None ends it."""
        if change is None:
            self._overrides.pop(key, None)
        else:
            self._overrides[key] = change
        self._apply(draw=False)

    def edit(self, key: object, edit: Callable[[bytes], list[Piece]] | None) -> None:
        """Let ``edit`` make something else of each answer under ``key``; None ends it."""
        if edit is None:
            self.edits.pop(key, None)
        else:
            self.edits[key] = edit

    def edited(self, data: bytes) -> list[Piece]:
        """Return what becomes of an answer: all edits in the order of their beginning."""
        pieces = [Piece(data)]
        for edit in self.edits.values():
            pieces = [
                replace(new, after_s=new.after_s + old.after_s)
                for old in pieces
                for new in ((old,) if old.cut else edit(old.data))
            ]
        return pieces

    def hold(self, key: object, on: bool) -> None:
        """Be a hole while any ``key`` holds it so."""
        if on:
            self._holes.add(key)
            self.hole = True
        elif key in self._holes:
            self._holes.discard(key)
            if not self._holes:
                self.wake()

    def takes_away(self) -> bool:
        """Tell whether the segment at hand is lost."""
        if self.hole:
            return True
        if self.swallow > 0:
            self.swallow -= 1
            return True
        return False

    def reset(self) -> None:
        """Reset every connection."""
        for wire in list(self.wires.values()):
            wire.reset()

    def forget(self) -> None:
        """Let every connection become half open: neither end hears of the other again."""
        for wire in self.wires.values():
            wire.forgotten = True

    def _apply(self, *, draw: bool) -> None:
        """Work out the profile in force; the delay is drawn anew if told or where its range has changed."""
        before, self.profile = self.profile.base_s, self._plain
        for change in self._overrides.values():
            self.profile = change(self.profile)
        if draw or self.profile.base_s != before:
            self.base_s = self.profile.base_delay_s(self.rng)
        for wire in self.wires.values():
            wire.up.change(self.profile, self.base_s)
            wire.down.change(self.profile, self.base_s)

    def wake(self) -> None:
        """Leave a hole: connections that lost bytes are of no use any more."""
        self.hole = False
        for wire in list(self.wires.values()):
            if wire.lost_bytes:
                wire.reset()
