"""The stream of changes (server-sent events): encoded once for all clients, bounded, slow ones dropped.

Written by hand and not with sse-starlette, which starts a task of its own that nobody owns and patches
uvicorn's signal handling; the format is ten lines.
"""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from controller.api.snapshot import SnapshotCache

TICK_S = 1.0
"""Wall seconds between two looks for changes."""
HEARTBEAT_S = 15.0
"""Wall seconds after which a silent stream says that it lives."""
KEPT = 32
"""Frames that a client may lag behind; then its stream ends and it begins anew with a snapshot."""
MAX_CLIENTS = 200


def frame(event: str, data: bytes, version: str) -> bytes:
    """Return one server-sent event; JSON has no line breaks, so the data is one line."""
    return b"event: " + event.encode() + b"\nid: " + version.encode() + b"\ndata: " + data + b"\n\n"


@dataclass(slots=True)
class EventHub:
    """The frames that all clients share. Used on the event loop only.

    It has no task of its own: whichever client's turn comes first looks for changes on behalf of all, so
    nobody listening costs nothing and a bug here ends streams, not the controller.
    """

    cache: SnapshotCache
    clients: int = 0
    _closing: asyncio.Event = field(default_factory=asyncio.Event)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    _frames: deque[bytes] = field(default_factory=lambda: deque(maxlen=KEPT))
    _made: int = 0
    """Frames made so far; the newest in ``_frames`` has this number."""
    _version: str | None = None
    """Up to which version changes are in the frames; None while nobody listens."""
    _due: float = 0.0
    """When the next look for changes is due, seconds of the loop's clock."""
    _spoke_at: float = 0.0

    def close(self) -> None:
        """End all streams: the controller stops."""
        self._closing.set()

    async def join(self, since: str | None) -> tuple[bytes, int]:
        """Return a client's first frame (changes since ``since``, else everything) and its place in line."""
        await self.cache.refresh()
        if self._version is None:
            self._version = self.cache.version
            self._spoke_at = asyncio.get_running_loop().time()
        # What changed between the last look and now comes twice, here and in the next frame: harmless.
        return frame("snapshot", self.cache.message(since), self.cache.version), self._made

    async def after(self, place: int) -> tuple[list[bytes], int] | None:
        """Wait for frames beyond ``place``; None when the client was too slow or the stream ends."""
        while self._made == place and not self._closing.is_set():
            await self._next_look()
        missed = self._made - place
        if self._closing.is_set() or missed > len(self._frames):
            return None
        return list(self._frames)[-missed:], self._made

    def leave(self) -> None:
        """Note that a client is gone."""
        self.clients -= 1
        if self.clients == 0:
            self._version = None

    async def _next_look(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout_at(self._due):
                await self._closing.wait()
        except TimeoutError:
            async with self._turn:
                if loop.time() >= self._due:
                    self._due = loop.time() + TICK_S
                    await self._look(loop.time())

    async def _look(self, now: float) -> None:
        await self.cache.refresh()
        version = self.cache.version
        if version != self._version:
            self._publish(frame("delta", self.cache.message(self._version), version), now)
        elif now - self._spoke_at >= HEARTBEAT_S:
            self._publish(frame("heartbeat", b"{}", version), now)
        self._version = version

    def _publish(self, text: bytes, now: float) -> None:
        self._frames.append(text)
        self._made += 1
        self._spoke_at = now


class EventStream(Response):
    """The endless answer to one client. Its two tasks end with it."""

    media_type = "text/event-stream"

    def __init__(self, hub: EventHub, since: str | None) -> None:
        super().__init__(headers={"x-accel-buffering": "no"})
        del self.headers["content-length"]
        self._hub = hub
        self._since = since

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the client leaves, is too slow, or the controller stops."""
        self._hub.clients += 1
        stream = asyncio.create_task(self._stream(send), name="api-events")
        gone = asyncio.create_task(_left(receive), name="api-events-left")
        try:
            await asyncio.wait({stream, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._hub.leave()
            stream.cancel()
            gone.cancel()
            await asyncio.wait({stream, gone})
        if not stream.cancelled():
            await stream

    async def _stream(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        text, place = await self._hub.join(self._since)
        await send({"type": "http.response.body", "body": text, "more_body": True})
        while (news := await self._hub.after(place)) is not None:
            texts, place = news
            await send({"type": "http.response.body", "body": b"".join(texts), "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
