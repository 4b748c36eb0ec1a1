"""The mobile link between centre and station, as a TCP proxy: delay, jitter, stalls, black holes.

One link stands before each station's server and listens on the port that the site file names; before a
station that dials out it listens to that station and connects to the centre. Bytes keep their order in each
direction. All times are wall seconds: sockets and deadlines live in wall time.
"""

import asyncio
import random
import socket
from collections.abc import Callable
from dataclasses import replace

from simulators.link_connection import Connection, Piece, Tap
from simulators.link_profile import Lane, LinkProfile

Override = Callable[[LinkProfile], LinkProfile]
"""Makes another profile of the one below it."""

Edit = Callable[[bytes], list[Piece]]
"""Makes something else of the bytes that a station has answered."""


class Link:
    """The link of one station. Owner of its listening socket and of all connections through it.

    Faults stand on top of the profile: ``override`` changes how it delays, ``edit`` what the answers say.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        profile: LinkProfile,
        rng: random.Random,
        new_tap: Callable[[], Tap] | None = None,
        outward: bool = False,
    ) -> None:
        self.host = host
        self.port = port
        """Port that the centre connects to, or a station that dials out; 0 until a free one is bound."""
        self.outward = outward
        """The station opens the connections, and who is connected to is the centre."""
        self.profile = profile
        self.rng = rng
        self.base_s = profile.base_delay_s(rng)
        self._plain = profile
        self._overrides: dict[object, Override] = {}
        self._edits: dict[object, Edit] = {}
        self._holes: set[object] = set()
        self.new_tap = new_tap
        self.target_host, self.target_port = "127.0.0.1", 0
        """Where the station's server listens, or the centre to a station that dials out."""
        self.hole = False
        self.garble = False
        """While True the centre receives random bytes in place of each answer."""
        self.stalled_until = 0.0
        """Loop time before which nothing is delivered."""
        self._server: asyncio.Server | None = None
        self._in_service = False
        self._refuses = False
        self._open: set[Connection] = set()

    @property
    def connections(self) -> int:
        """Number of connections that are open."""
        return len(self._open)

    async def open(
        self, target_port: int, sock: socket.socket | None = None, *, target_host: str = "127.0.0.1"
    ) -> None:
        """Listen, on ``sock`` if it is bound already; raises OSError when the port is taken."""
        self.target_host, self.target_port = target_host, target_port
        loop = asyncio.get_running_loop()
        if sock is None:
            sock = socket.create_server((self.host, self.port))
        self.port = int(sock.getsockname()[1])
        self._in_service = True
        self._server = await loop.create_server(lambda: Connection(self), sock=sock)
        if self._refuses:
            await self.refuse(True)

    async def close(self) -> None:
        """Stop listening (connects are refused from now on) and reset every connection."""
        self._in_service = False
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
        self._refuses = on
        if on and self._server is not None:
            server, self._server = self._server, None
            server.close()
            await server.wait_closed()
        elif not on and self._server is None and self._in_service:
            await self.open(self.target_port, target_host=self.target_host)

    def change(self, profile: LinkProfile) -> None:
        """Behave as another profile from now on."""
        self._plain = profile
        self._apply()

    def override(self, key: object, change: Override | None) -> None:
        """Let ``change`` stand over the profile under ``key``, or end it (None)."""
        if change is None:
            self._overrides.pop(key, None)
        else:
            self._overrides[key] = change
        self._apply()

    def edit(self, key: object, edit: Edit | None) -> None:
        """Let ``edit`` make something else of each answer of the station under ``key``, or end it (None)."""
        if edit is None:
            self._edits.pop(key, None)
        else:
            self._edits[key] = edit

    def edited(self, data: bytes) -> list[Piece]:
        """Return what becomes of an answer: all edits in the order of their beginning."""
        pieces = [Piece(data)]
        for edit in list(self._edits.values()):
            pieces = [
                replace(new, after_s=new.after_s + old.after_s)
                for old in pieces
                for new in ((old,) if old.cut else edit(old.data))
            ]
        return pieces

    @property
    def edits(self) -> bool:
        """True while answers are edited."""
        return bool(self._edits)

    def drop(self) -> None:
        """Reset every connection (RST), as a carrier does that forgets its address translation."""
        for connection in list(self._open):
            connection.reset()

    def stall(self, wall_s: float) -> None:
        """Deliver nothing for ``wall_s`` seconds; nothing is lost."""
        self.stalled_until = asyncio.get_running_loop().time() + wall_s

    def blackhole(self, on: bool, *, half_open: bool = False) -> None:
        """Swallow all bytes without a word while on.

        Connections that lost bytes are reset when it ends; with ``half_open`` they stay dead without a word.
        """
        self.hole = on
        if not on:
            for connection in list(self._open):
                if half_open and connection.lost_bytes:
                    connection.deaden()
                else:
                    connection.wake()

    def hold(self, key: object, on: bool, *, half_open: bool = False) -> None:
        """Be a black hole while any ``key`` holds it so; ``half_open`` as for ``blackhole``."""
        if on:
            self._holes.add(key)
        elif key not in self._holes:
            return
        else:
            self._holes.discard(key)
        self.blackhole(bool(self._holes), half_open=half_open)

    def rebind(self) -> None:
        """Forget the address translation: what is open is dead without a word, new connections work."""
        for connection in list(self._open):
            connection.deaden()

    def join(self, connection: Connection) -> None:
        """Count a connection; called by the connection itself."""
        self._open.add(connection)

    def leave(self, connection: Connection) -> None:
        """Forget a connection that has ended on both sides."""
        self._open.discard(connection)

    def lane(self) -> Lane:
        """Return a direction of a new connection."""
        return Lane(self.profile, self.base_s, self.rng)

    def _apply(self) -> None:
        """Work out the profile in force; the base delay is drawn anew where its range has changed."""
        before = self.profile.base_s
        self.profile = self._plain
        for change in self._overrides.values():
            self.profile = change(self.profile)
        if self.profile.base_s != before:
            self.base_s = self.profile.base_delay_s(self.rng)
        for connection in self._open:
            connection.change(self.profile, self.base_s)
