"""The gate before all routes: who may enter, how large a body may be, which headers leave (pure ASGI)."""

import sqlite3
from collections.abc import Awaitable, Callable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from controller.accounts.roles import Principal, Right
from controller.api.refusals import HEADERS, not_stored, refusal
from controller.api.rights import NoPath, RightsTable

MAX_BODY = 256 * 1024
DRAINED = 4 * MAX_BODY
"""A body up to this is read to its end and dropped, so that the client sees the refusal and not a reset."""
Recognise = Callable[[str | None], Awaitable[Principal | None]]
"""From an ``Authorization`` header to who is behind it; None for nobody known."""


class Gate:
    """Wraps the app; refuses before anything of a request is parsed.

    It leaves the caller in ``request.state.principal``; paths ask for more than their right (zones) there.
    """

    def __init__(
        self, app: ASGIApp, rights: RightsTable, recognise: Recognise, count: Callable[[int], None]
    ) -> None:
        self._app = app
        self._rights = rights
        self._recognise = recognise
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            return  # no websockets here, and a lifespan of its own the app has none
        answered = self._with_headers(send)
        headers = Headers(scope=scope)
        refused = await self._refused(scope, headers)
        if refused is not None:
            await refused(scope, receive, answered)
            return
        if "content-length" not in headers and "transfer-encoding" not in headers:
            await self._app(scope, receive, answered)
            return
        body = await _read_body(headers, receive)
        if body is None:
            response = refusal(413, f"the body is larger than {MAX_BODY} bytes")
            response.headers["connection"] = "close"
            await response(scope, receive, answered)
            return
        await self._app(scope, _replay(body, receive), answered)

    async def _refused(self, scope: Scope, headers: Headers) -> Response | None:
        """Return the refusal of a caller who may not do this, or None."""
        needed = self._rights.right(scope["method"], scope["path"])
        if needed is Right.OPEN:
            return None
        try:
            caller = await self._recognise(headers.get("authorization"))
        except sqlite3.Error as error:
            return not_stored(error)
        if caller is None:
            response = refusal(401, "a valid bearer token is needed")
            response.headers["www-authenticate"] = "Bearer"
            return response
        if isinstance(needed, NoPath):
            if not needed.allowed:
                return refusal(404, f"no such path: {scope['path'][:200]}")
            response = refusal(405, f"{scope['method'][:20]} is not taken here")
            response.headers["allow"] = ", ".join(needed.allowed)
            return response
        if needed is None or not caller.may(needed):
            return refusal(403, f"the role {caller.role.value} may not do this")
        scope.setdefault("state", {})["principal"] = caller
        return None

    def _with_headers(self, send: Send) -> Send:
        async def answered(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._count(message["status"])
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        return answered


async def _read_body(headers: Headers, receive: Receive) -> bytes | None:
    """Return the whole body, or None when it is too large (or the client left before its end)."""
    announced = headers.get("content-length", "0")
    if not announced.isdigit() or int(announced) > DRAINED:
        return None
    body = bytearray()
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= MAX_BODY:
            body += chunk
        if size > DRAINED:
            return None
        if not message.get("more_body", False):
            return bytes(body) if size <= MAX_BODY else None


def _replay(body: bytes, receive: Receive) -> Callable[[], Awaitable[Message]]:
    """Return a ``receive`` that gives the body first and then what the connection says (its end)."""
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
