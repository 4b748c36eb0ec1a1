"""The mobile link between centre and station, as a TCP proxy: delay, jitter, stalls, black holes.

One link stands before each station's server and listens on the port that the site file names. Bytes keep
their order in each direction. All times are wall seconds: sockets and deadlines live in wall time.
"""

import asyncio
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass

from simulators.link_connection import Connection, Tap


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProfile:
    """One-way behaviour of a link. A station's base delay is drawn once, jitter and stalls per segment."""

    base_s: tuple[float, float]
    """Range of the base delay over the stations."""
    jitter_mean_s: float
    """Mean of the exponential jitter on top."""
    stall_share: float = 0.0
    """Share of segments that are held up, as TCP sees a lost packet on a bad cell."""
    stall_s: tuple[float, float] = (0.0, 0.0)

    def delay_s(self, base_s: float, rng: random.Random) -> float:
        """Draw the delay of one segment."""
        delay = base_s
        if self.jitter_mean_s > 0:
            delay += rng.expovariate(1.0 / self.jitter_mean_s)
        if self.stall_share > 0 and rng.random() < self.stall_share:
            delay += rng.uniform(*self.stall_s)
        return delay


PROFILES: dict[str, LinkProfile] = {
    "none": LinkProfile(base_s=(0.0, 0.0), jitter_mean_s=0.0),
    # round trip 30..50 ms: 5G in good coverage
    "good": LinkProfile(base_s=(0.012, 0.022), jitter_mean_s=0.003),
    # round trip 60..300 ms and one segment in twenty late by 1..3 s: the edge of a cell
    "cell_edge": LinkProfile(base_s=(0.03, 0.12), jitter_mean_s=0.015, stall_share=0.05, stall_s=(1.0, 3.0)),
}


class Link:
    """The link of one station. Owner of its listening socket and of all connections through it."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        profile: LinkProfile,
        rng: random.Random,
        new_tap: Callable[[], Tap] | None = None,
    ) -> None:
        self.host = host
        self.port = port
        """Port that the centre connects to; 0 until a free one is bound."""
        self.profile = profile
        self.rng = rng
        self.base_s = rng.uniform(*profile.base_s)
        self.new_tap = new_tap
        self.target_port = 0
        """Port of the station's server on the loopback."""
        self.hole = False
        self.garble = False
        """While True the centre receives random bytes in place of each answer."""
        self.stalled_until = 0.0
        """Loop time before which nothing is delivered."""
        self._server: asyncio.Server | None = None
        self._open: set[Connection] = set()

    @property
    def connections(self) -> int:
        """Number of connections from the centre that are open."""
        return len(self._open)

    async def open(self, target_port: int, sock: socket.socket | None = None) -> None:
        """Listen, on ``sock`` if it is bound already; raises OSError when the port is taken."""
        self.target_port = target_port
        loop = asyncio.get_running_loop()
        if sock is None:
            sock = socket.create_server((self.host, self.port))
        self.port = int(sock.getsockname()[1])
        self._server = await loop.create_server(lambda: Connection(self), sock=sock)

    async def close(self) -> None:
        """Stop listening (connects are refused from now on) and reset every connection."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        connections = list(self._open)
        self.drop()
        await asyncio.gather(*(connection.dialled() for connection in connections))
        if server is not None:
            await server.wait_closed()

    async def refuse(self, on: bool) -> None:
        """Refuse new connections while on; those that exist stay."""
        if on and self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None
        elif not on and self._server is None:
            await self.open(self.target_port)

    def change(self, profile: LinkProfile) -> None:
        """Behave as another profile from now on."""
        self.profile = profile
        self.base_s = self.rng.uniform(*profile.base_s)

    def drop(self) -> None:
        """Reset every connection (RST), as a carrier does that forgets its address translation."""
        for connection in list(self._open):
            connection.reset()

    def stall(self, wall_s: float) -> None:
        """Deliver nothing for ``wall_s`` seconds; nothing is lost."""
        self.stalled_until = asyncio.get_running_loop().time() + wall_s

    def blackhole(self, on: bool) -> None:
        """Swallow all bytes without a word while on. Connections that lost bytes are reset when it ends."""
        self.hole = on
        if not on:
            for connection in list(self._open):
                connection.wake()

    def join(self, connection: Connection) -> None:
        """Count a connection; called by the connection itself."""
        self._open.add(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended on both sides."""
        self._open.discard(connection)

    def due(self, after: float) -> float:
        """Return the loop time at which a segment that arrives now is delivered, not before ``after``."""
        now = asyncio.get_running_loop().time()
        return max(after, self.stalled_until, now + self.profile.delay_s(self.base_s, self.rng))
