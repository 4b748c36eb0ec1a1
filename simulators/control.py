"""The control channel of running simulators: one line of JSON in, one line out, one request per connection.

``ask`` is the client, for tests and for anyone who wants to break things on purpose. The requests are
listed in ``simulators.operations``.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

HOST = "127.0.0.1"
LINE_MAX_BYTES = 64 * 1024 * 1024
"""Traces of a whole city in one line."""
REQUEST_WALL_S = 10.0

Handler = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class ControlError(Exception):
    """The simulators refused a request; the text says why."""


async def ask(port: int, op: str, **arguments: object) -> dict[str, Any]:
    """Send one request and return the answer; raises ControlError if refused, OSError if nobody listens."""
    async with asyncio.timeout(REQUEST_WALL_S):
        reader, writer = await asyncio.open_connection(HOST, port, limit=LINE_MAX_BYTES)
        try:
            writer.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
            await writer.drain()
            answer: dict[str, Any] = json.loads(await reader.readline())
        finally:
            writer.close()
            await writer.wait_closed()
    if not answer.get("ok"):
        raise ControlError(answer.get("error", "no answer"))
    return answer


class ControlServer:
    """Listens on the loopback and passes requests to a handler."""

    def __init__(self, handle: Handler) -> None:
        self._handle = handle
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> int:
        """Listen on ``port`` (0: any free one) and return it; raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._serve, HOST, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_WALL_S):
                answer = await self._answer(await reader.readline())
                writer.write(json.dumps(answer, allow_nan=False).encode() + b"\n")
                await writer.drain()
        except (OSError, TimeoutError):  # the asker has gone; nothing is owed
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            if not isinstance(request, dict):
                raise ControlError("a request is one JSON object")
            return {"ok": True, **await self._handle(request)}
        except (ControlError, UnicodeDecodeError, json.JSONDecodeError) as error:
            return {"ok": False, "error": str(error)}
