"""Around every request: security headers, and the way to the login for who has no session."""

import re

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hmi.guard_paths import login_url
from hmi.navigation import DEFAULT_PAGE, existing
from hmi.session import TOKEN_COOKIE

POLICY = (
    "default-src 'self' data: blob:; script-src 'self' 'unsafe-inline' 'unsafe-eval' blob: data:; "
    "style-src 'self' 'unsafe-inline'; worker-src 'self' blob:; object-src 'none'; base-uri 'self'; "
    "form-action 'self'; frame-ancestors 'none'"
)
"""The browser itself refuses whatever is not from this machine. Streamlit needs inline styles and blobs."""
_PAGE = re.compile(r"[a-z]*")
OURS = frozenset({"login", "logout"})
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class PageGuard:
    """Middleware. Pages need a session cookie; whether it is a good one, the controller says."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._pages = {"", *existing()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a page without session with the login, else go on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        request = Request(scope)
        name = request.url.path.strip("/")
        if request.method == "GET" and _PAGE.fullmatch(name) and name not in OURS:
            if name not in self._pages:
                await RedirectResponse("/", status_code=303)(scope, receive, with_headers)
                return
            if TOKEN_COOKIE not in request.cookies:
                away = RedirectResponse(login_url(request.url.path, request.url.query), status_code=303)
                await away(scope, receive, with_headers)
                return
            if name == DEFAULT_PAGE:
                query = f"?{request.url.query}" if request.url.query else ""
                await RedirectResponse(f"/{query}", status_code=307)(scope, receive, with_headers)
                return
        await self._app(scope, receive, with_headers)
