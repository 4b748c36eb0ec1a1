"""The mobile link of one station in virtual time: delay, stalls, and everything that breaks links.

The profiles are those of the sockets' link emulator; what draws the delays is a seed.
"""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

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

    def lane(self) -> Lane:
        """Return a direction of a new connection."""
        return Lane(self.profile, self.base_s, self.rng)

    def handshake_s(self, now: float) -> float:
        """Return how long a connection takes to be made: there and back."""
        stalled_s = max(0.0, self.stalled_until - now)
        return stalled_s + sum(self.profile.delay_s(self.base_s, self.rng) for _ in range(2))

    def change(self, profile: LinkProfile) -> None:
        """Behave as another profile from now on."""
        self.profile, self.base_s = profile, profile.base_delay_s(self.rng)
        for wire in self.wires.values():
            wire.up.change(profile, self.base_s)
            wire.down.change(profile, self.base_s)

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

    def wake(self) -> None:
        """Leave a hole: connections that lost bytes are of no use any more."""
        self.hole = False
        for wire in list(self.wires.values()):
            if wire.lost_bytes:
                wire.reset()
