"""Around every request: security headers, the way to the login for who has no session, files from memory."""

import re

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hmi.grounds import newest
from hmi.guard_paths import login_url
from hmi.live import work_ahead
from hmi.navigation import DEFAULT_PAGE, existing
from hmi.preload import fetched, links_of
from hmi.session import TOKEN_COOKIE, known_token, language_of
from hmi.standing import StandingFiles

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
        self._files = StandingFiles(HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a page without session with the login, else go on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        if scope["method"] == "GET" and await self._files.answer(scope["path"], send):
            return
        headers = HEADERS

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(headers)
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
            headers = {**HEADERS, "link": _prepared(name or DEFAULT_PAGE, request)}
        await self._app(scope, receive, with_headers)


def _prepared(page: str, request: Request) -> str:
    """Begin to work out what a page will show, and return the header that names what it will need."""
    language = language_of(request.cookies)
    work_ahead(page, known_token(request.cookies[TOKEN_COOKIE]), language)
    ground = newest(language) if page == DEFAULT_PAGE else None
    return links_of(page) if ground is None else f"{links_of(page)}, {fetched(ground)}"
